"""A scene to be looked through in the page: its dates, its map at any threshold, and what each pixel says."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import PIL.Image
from markupsafe import Markup
from numpy.typing import NDArray

from hqnn.data.pixels.scene import UNLABELLED
from hqnn.report.data_block import data_block, packed
from hqnn.report.pixels.map_panel import FALSE_ALARM, HIT, MISS, RIGHT, STRETCH, WRONG, class_colours
from hqnn.report.pixels.scene_layers import SceneLayers

THRESHOLDS = np.arange(1001) / 1000  # of the slider
THOUSANDTHS = 1000  # of an expectation value, as whole numbers of 16 bits
MOST_EXPECTATIONS = 1_000_000  # values of a scene; of more observables the first ones stand in the page


def scene_viewer(layers: SceneLayers) -> Markup:
    """What the page's script makes a viewer of; nothing of it is shown without.

    A probability stands as a code: 0 where none is known, else one more than the number of `THRESHOLDS` below it. So
    what is above a threshold of the slider is told exactly. Of two classes it is that of the second, of more that of
    the likeliest.

    Args:
        layers: of one scene; labels that no class has are taken as unknown.
    """
    two = len(layers.classes) == 2
    known = np.isfinite(layers.probability).all(axis=2)
    certainty = layers.probability[..., 1] if two else layers.probability.max(axis=2)
    rows, columns = known.shape
    spoken = max(1, MOST_EXPECTATIONS // known.size)
    labelled = bool((layers.truth != UNLABELLED).any())
    told = {
        "rows": rows,
        "columns": columns,
        "step": layers.step,
        "classes": layers.classes,
        "bands": layers.bands,
        "dates": _dates(layers),
        "observables": layers.observables[:spoken],
        "silent": len(layers.observables[spoken:]),
        "code": packed(codes(certainty)),
        "likeliest": "" if two else packed(np.where(known, layers.probability.argmax(axis=2), 0).astype(np.uint8)),
        "expectation": [packed(_thousandths(values)) for values in np.moveaxis(layers.expectation, 2, 0)[:spoken]],
        "truth": packed(layers.truth) if labelled else "",
        "colours": {
            "classes": class_colours(len(layers.classes)),
            **({"hit": HIT, "miss": MISS, "false alarm": FALSE_ALARM} if two else {"right": RIGHT, "wrong": WRONG}),
        },
    }
    return data_block("scene", told)


def codes(probability: NDArray[Any]) -> NDArray[np.uint16]:
    """Of each probability one more than the number of thresholds below it; 0 where it is NaN."""
    below = np.searchsorted(THRESHOLDS, np.nan_to_num(probability).astype(np.float64), side="left")
    return np.where(np.isfinite(probability), below + 1, 0).astype(np.uint16)


def _thousandths(values: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.nan_to_num(np.clip(THOUSANDTHS * values, -32767, 32767)).round().astype(np.int16)


def _dates(layers: SceneLayers) -> list[dict[str, Any]]:
    """A picture of each date, all stretched alike, band by band, and the values of its darkest and lightest colour."""
    together = layers.values.reshape(-1, 3)
    low, high = np.zeros(3), np.ones(3)
    if np.isfinite(together).any():
        low, high = np.nanpercentile(together, STRETCH, axis=0)
    shown = np.clip((np.nan_to_num(layers.values) - low) / np.where(high > low, high - low, 1), 0, 1)
    pictures = (255 * shown).round().astype(np.uint8)
    several = len(layers.dates) > 1
    return [
        {
            "name": f"date {date}" if several else "false colour",
            "picture": _picture(pictures[:, :, place]),
            "low": low.tolist(),
            "high": high.tolist(),
        }
        for place, date in enumerate(layers.dates)
    ]


def _picture(image: NDArray[np.uint8]) -> str:
    """A picture as an address that holds it, without loss: the page reads values from it."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(image)).save(buffer, "WEBP", lossless=True, quality=25, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

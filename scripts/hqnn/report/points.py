"""Points of a figure that say what they are when a reader comes near, by mouse or by keyboard."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

SVG_DPI = 72  # units of an SVG by matplotlib in an inch
MOST = 80  # points of a long line that speak


@dataclass(frozen=True)
class Points:
    """Points of one line, or dots of one kind.

    Attributes:
        name: of the line.
        x: data coordinates, shape (points,).
        y: likewise.
        says: words of each point.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    says: Sequence[str]


def points_of_line(name: str, x: ArrayLike, y: ArrayLike, words: tuple[str, str]) -> Points:
    """Points of a line that say both their values; of a long line every so manieth.

    Args:
        name: of the line.
        x: shape (points,).
        y: likewise.
        words: what x and y are.
    """
    across, up = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    kept = np.unique(np.linspace(0, len(across) - 1, MOST).round().astype(int)) if len(across) > MOST else slice(None)
    said = [f"{words[0]} {one:.4g}, {words[1]} {other:.4g}" for one, other in zip(across[kept], up[kept], strict=True)]
    return Points(name, across[kept], up[kept], said)


def points_element(axes: Axes, points: Iterable[Points]) -> str:
    """The points of a figure that is laid out, as an element of its SVG that no viewer shows; empty where none speaks.

    Args:
        axes: of the figure, which has no others.
        points: in data coordinates; those that are no numbers are left out.
    """
    told = [_told(axes, one) for one in points]
    if not any(one["says"] for one in told):
        return ""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f'<metadata class="points">{html.escape(text, quote=False)}</metadata>'


def _told(axes: Axes, one: Points) -> dict[str, Any]:
    """Where the points lie in the SVG, whose axis of y points down."""
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes have no figure")
    data = np.stack([np.asarray(one.x, dtype=float), np.asarray(one.y, dtype=float)], axis=1)
    places = axes.transData.transform(data) * SVG_DPI / figure.dpi
    places[:, 1] = SVG_DPI * figure.get_figheight() - places[:, 1]
    kept = np.asarray(np.isfinite(places).all(axis=1))
    return {
        "name": one.name,
        "x": _tenths(places[kept, 0]),
        "y": _tenths(places[kept, 1]),
        "says": [words for words, known in zip(one.says, kept, strict=True) if known],
    }


def _tenths(values: NDArray[np.float64]) -> list[float]:
    return [round(value, 1) for value in values.tolist()]

"""The picture of a change map."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from hqnn.report.style import STYLE, png

HIT, FALSE_ALARM, MISS = "#009e73", "#d55e00", "#0072b2"
STRETCH = (2, 98)
WIDTH = 9.0  # inches
DPI = 130


def change_map_panel(
    before: NDArray[Any],
    after: NDArray[Any],
    truth: NDArray[Any],
    probability: NDArray[Any],
    *,
    threshold: float = 0.5,
    dates: tuple[str, str] = ("date 1", "date 2"),
) -> bytes:
    """Show a city: false-colour pair, truth, probability and errors.

    Args:
        before: three bands of date 1 to be shown as red, green and blue, shape (rows, columns, 3), any unit; both dates
            are stretched alike, band by band, between their 2 and 98 % percentiles.
        after: the same of date 2.
        truth: true where changed, shape (rows, columns).
        probability: of change, shape (rows, columns); NaN where there is no prediction.
        threshold: predicted as change above it.
        dates: what to call the two dates.

    Returns:
        PNG of two rows of three: pair and truth; probability, errors and the key to both.
    """
    known = np.isfinite(probability)
    changed, said = truth.astype(bool) & known, np.where(known, probability, 0) > threshold
    first, second = _stretched(before, after)
    rows, columns = truth.shape
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.25 * 2 + WIDTH * 2 / 3 * rows / columns), layout="constrained")
        panels = figure.subplots(2, 3)
        for axes, image, title in zip(panels[0], (first, second), (f"{dates[0]}", f"{dates[1]}"), strict=False):
            _show(axes, image, f"{title}, false colour")
        _show(panels[0, 2], _flagged(np.full(truth.shape, 0.96), {"#1c1d20": changed}), "truth")
        reach = max(float(np.abs(probability[known] - 0.5).max(initial=0.0)), 0.01)
        shown = panels[1, 0].imshow(probability, cmap="PuOr_r", vmin=0.5 - reach, vmax=0.5 + reach)
        _show(panels[1, 0], None, "probability of change")
        grey = 0.55 + 0.45 * second.mean(axis=2)
        flags = {HIT: changed & said, FALSE_ALARM: ~changed & said, MISS: changed & ~said}
        _show(panels[1, 1], _flagged(grey, flags), "predicted against truth")
        _key(figure, panels[1, 2], shown, flags)
        return png(figure, DPI)


def _stretched(before: NDArray[Any], after: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    both = np.concatenate([before.reshape(-1, 3), after.reshape(-1, 3)]).astype(float)
    low, high = np.nanpercentile(both, STRETCH, axis=0)
    first, second = ((np.nan_to_num(i) - low) / np.maximum(high - low, 1e-12) for i in (before, after))
    return np.clip(first, 0, 1), np.clip(second, 0, 1)


def _flagged(grey: NDArray[Any], flags: dict[str, NDArray[Any]]) -> NDArray[Any]:
    image = np.repeat(grey[..., None], 3, axis=2)
    for colour, where in flags.items():
        image[where] = mpl.colors.to_rgb(colour)
    return image


def _show(axes: Axes, image: NDArray[Any] | None, title: str) -> None:
    if image is not None:
        axes.imshow(image, interpolation="nearest")
    axes.set_title(title, fontweight="normal")
    axes.set_axis_off()


def _key(figure: Figure, axes: Axes, shown: Any, flags: dict[str, NDArray[Any]]) -> None:
    hits, false_alarms, misses = (int(where.sum()) for where in flags.values())
    words = (f"hit: {hits:,} pixels", f"false alarm: {false_alarms:,} pixels", f"miss: {misses:,} pixels")
    axes.set_axis_off()
    axes.legend(
        handles=[Patch(color=colour, label=word) for colour, word in zip(flags, words, strict=True)],
        loc="upper left",
        frameon=False,
        fontsize=9,
    )
    bar = figure.colorbar(shown, cax=axes.inset_axes((0.04, 0.5, 0.8, 0.05)), orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_label("probability of change", fontsize=9)

"""Curves along an axis: bands over seeds, and the same numbers as JSON for whoever wants to move along it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hqnn.report.data_block import data_block
from hqnn.report.panels import Image, svg
from hqnn.report.points import Points
from hqnn.report.style import FAINT, Mark, svg_panel
from hqnn.report.words import METRIC_NAMES

MOST_BANDS = 4  # of more curves that of the first alone, lest they hide each other
LOGARITHMIC = ("train_sizes", "shots")
AXIS_NAMES = {
    "train_sizes": "train samples",
    "qubits": "qubits",
    "layers": "layers",
    "noise": "times the calibration's noise",
    "shots": "shots",
}


@dataclass(frozen=True)
class Curve:
    """One series.

    Attributes:
        name: of the series.
        at: values on the axis, ascending.
        mean: over seeds, at each.
        deviation: standard deviation over seeds, at each.
        seeds: of each seed, its value at each; NaN where it has none.
    """

    name: str
    at: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    seeds: Mapping[int, tuple[float, ...]]


def curves(points: pd.DataFrame, metric: str, by: str) -> dict[str, Curve]:
    """A curve for each value of a column, in their order.

    Args:
        points: rows of the tidy table of one axis.
        metric: which.
        by: the column that tells series apart.
    """
    found = {}
    for name, rows in points[points["metric"] == metric].groupby(by, sort=False):
        values = rows.pivot_table("value", "at", "seed", sort=True)
        found[str(name)] = Curve(
            str(name),
            tuple(map(float, values.index)),
            tuple(values.mean(axis=1)),
            tuple(values.std(axis=1, ddof=0)),
            {int(seed): tuple(values[seed]) for seed in values.columns},
        )
    return found


def figure(
    name: str,
    axis: str,
    metric: str,
    drawn: Mapping[str, Curve],
    marks: Mapping[str, Mark],
    *,
    levels: Sequence[float] = (),
    about: Mapping[str, Any],
) -> Image:
    """Curves, of few with bands of a standard deviation over seeds, and their data as JSON beside.

    Args:
        name: of the figure, which no other figure of the page has.
        axis: a key of `AXIS_NAMES`.
        metric: what is drawn.
        drawn: the curves, by series.
        marks: of the series.
        levels: drawn as thin lines across.
        about: what else the JSON says, such as the data set.
    """
    title = METRIC_NAMES.get(metric, metric.replace("_", " "))

    first = next(iter(drawn), None)

    def draw(axes: Axes) -> Iterator[Points]:
        for level in levels:
            axes.axhline(level, color=FAINT, linewidth=0.9, linestyle="dashed")
        for series, curve in drawn.items():
            mark, mean, spread = marks[series], np.array(curve.mean), np.array(curve.deviation)
            axes.plot(curve.at, mean, color=mark.colour, linestyle=mark.dashes, marker="o", markersize=3)
            yield Points(
                series, curve.at, mean, [_said(axis, *point) for point in zip(curve.at, mean, spread, strict=True)]
            )
            if len(curve.seeds) > 1 and (len(drawn) <= MOST_BANDS or series == first):
                axes.fill_between(curve.at, mean - spread, mean + spread, color=mark.colour, alpha=0.15, linewidth=0)
        _ticks(axes, axis, sorted({at for curve in drawn.values() for at in curve.at}))
        axes.set(xlabel=AXIS_NAMES[axis], title=f"{title[:1].upper()}{title[1:]}")

    image = svg(svg_panel(f"curve-{name}-{metric}", draw), f"{title} by {AXIS_NAMES[axis]}")
    data = {"axis": axis, "unit": AXIS_NAMES[axis], "metric": metric, **about, "levels": list(levels)}
    series = [_plain(curve) for curve in drawn.values()]
    return Image(image.content + data_block("curve", {**data, "series": series}), image.caption)


def _said(axis: str, at: float, mean: float, spread: float) -> str:
    """What a point says; its spread where there is one."""
    return f"{at:,g} {AXIS_NAMES[axis]}, {mean:.3f}{f' ± {spread:.3f}' if spread else ''}"


def _ticks(axes: Axes, axis: str, values: Sequence[float]) -> None:
    if axis in LOGARITHMIC:
        axes.set_xscale("log")
    if axis != "noise":
        axes.set_xticks(values, [f"{value:,.0f}" for value in values])
        axes.minorticks_off()


def _plain(curve: Curve) -> dict[str, Any]:
    """A curve as JSON can say it, which has no NaN."""
    said = asdict(curve) | {"seeds": {str(seed): list(map(_or_none, own)) for seed, own in curve.seeds.items()}}
    return {key: list(map(_or_none, value)) if isinstance(value, tuple) else value for key, value in said.items()}


def _or_none(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None

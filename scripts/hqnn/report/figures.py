"""The figures of a report, each one panel: a page lets them wrap, a reader enlarges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from hqnn.metrics.table import POOLED
from hqnn.report.points import Points, points_of_line
from hqnn.report.style import FAINT, INK, Mark, svg_panel
from hqnn.report.words import METRIC_NAMES, PHASES, path_name, path_order

Scored = tuple[NDArray[Any], NDArray[Any]]
POINTS_OF_A_CURVE = 1200


def training_curves(
    runs: Mapping[str, Sequence[pd.DataFrame]], quantity: str, marks: Mapping[str, Mark], *, nested: bool = False
) -> bytes:
    """Loss or accuracy by epoch, one line a seed, one colour a model; validation, where recorded, in a lighter line.

    Args:
        runs: model to the histories of its seeds, each with a column epoch and one named after the quantity.
        quantity: loss or accuracy.
        marks: of the models.
        nested: draw each thinner than the one before, so that curves that coincide are all seen.

    Returns:
        SVG.
    """

    def draw(axes: Axes) -> Iterator[Points]:
        for place, (model, histories) in enumerate(runs.items()):
            style: dict[str, Any] = {"color": marks[model].colour, "linestyle": marks[model].dashes}
            if nested:
                style["linewidth"] = 1.2 + 1.3 * (len(runs) - 1 - place)
            for history in histories:
                axes.plot(history["epoch"], history[quantity], **style)
                yield points_of_line(model, history["epoch"], history[quantity], ("epoch", quantity))
                validated = f"validation_{quantity}"
                if validated in history:
                    axes.plot(history["epoch"], history[validated], alpha=0.45, **style)
                    words = ("epoch", f"validation {quantity}")
                    yield points_of_line(model, history["epoch"], history[validated], words)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"{quantity.capitalize()} while training")

    return svg_panel(f"training-{quantity}", draw)


def paths_comparison(metrics: pd.DataFrame, metric: str, marks: Mapping[str, Mark]) -> bytes:
    """One metric by execution path, on the same samples.

    Args:
        metrics: rows of the tidy table of one sampling, pooled.
        metric: which.
        marks: of the models.

    Returns:
        SVG; dots are means over seeds, bars the mean limits of their 95 % intervals.
    """
    rows = metrics[metrics["metric"] == metric]
    paths = sorted(rows["path"].unique(), key=path_order)
    return _intervals(
        f"paths-{metric}", rows, ("path", paths, path_name), ("model", marks), METRIC_NAMES.get(metric, metric)
    )


def phases_comparison(metrics: pd.DataFrame, metric: str, marks: Mapping[str, Mark]) -> bytes:
    """One metric under noise by the training phase of the weights.

    Args:
        metrics: rows of the noisy paths, pooled, of one sampling; phases without their backend.
        metric: which.
        marks: of the backends.

    Returns:
        SVG; dots are means over seeds, bars the mean limits of their 95 % intervals.
    """
    rows = metrics[metrics["metric"] == metric]
    found = [phase for phase in PHASES if phase in set(rows["phase"])]
    return _intervals(f"phases-{metric}", rows, ("phase", found, str), ("backend", marks), METRIC_NAMES[metric])


def per_city(metrics: pd.DataFrame, metric: str, marks: Mapping[str, Mark]) -> bytes:
    """One metric by scene and pooled.

    Args:
        metrics: rows of the tidy table of one sampling and one path.
        metric: which.
        marks: of the models.

    Returns:
        SVG; dots are means over seeds, bars the mean limits of their 95 % intervals.
    """
    rows = metrics[metrics["metric"] == metric]
    cities = [*sorted(set(rows["group"]) - {POOLED}), POOLED]
    return _intervals(
        f"city-{metric}", rows, ("group", cities, str), ("model", marks), METRIC_NAMES.get(metric, metric)
    )


def expectation_scatter(
    exact: NDArray[Any], other: NDArray[Any], name: str, standard_error: NDArray[Any] | None = None
) -> bytes:
    """Expectation values by another path against the exact ones, sample by sample.

    Args:
        exact: shape (samples,), in [-1, 1].
        other: of the same samples, in the same order.
        name: of the other path.
        standard_error: of the other values; where sampled, a band of two mean standard errors is drawn.

    Returns:
        SVG, with the slope of the least-squares line and the root mean square difference written in it.
    """

    def draw(axes: Axes) -> Iterator[Points]:
        limit = 1.05 * max(float(np.abs(exact).max()), float(np.abs(other).max()), 1e-3)
        line = np.array([-limit, limit])
        if standard_error is not None and standard_error.mean() > 0:
            width = 2 * float(standard_error.mean())
            axes.fill_between(line, line - width, line + width, color=FAINT, alpha=0.5, linewidth=0)
        axes.plot(line, line, color=INK, linewidth=0.8)
        axes.plot(exact, other, "o", color="#0072b2", markersize=2.2, alpha=0.45, markeredgewidth=0, rasterized=True)
        slope = float(np.polyfit(exact, other, 1)[0]) if np.ptp(exact) > 0 else float("nan")
        difference = float(np.sqrt(np.mean((other - exact) ** 2)))
        axes.text(0.04, 0.96, f"slope {slope:.2f}\nrms {difference:.3f}", transform=axes.transAxes, va="top", size=8)
        axes.set(xlim=line, ylim=line, xlabel="exact expectation value", title=name)
        yield points_of_line("", exact, other, ("exact", name))

    return svg_panel(f"expectation-{name}", draw)


def roc_curves(scored: Mapping[str, Sequence[Scored]], marks: Mapping[str, Mark], positive: str) -> bytes:
    """Recall of class 1 by false-alarm rate, one line a seed.

    Args:
        scored: model to (labels, probability) of each seed, both of shape (samples,).
        marks: of the models.
        positive: name of class 1.

    Returns:
        SVG.
    """

    def curve(labels: NDArray[Any], probability: NDArray[Any]) -> tuple[Any, Any]:
        false_alarms, recall, _ = roc_curve(labels, probability)
        return false_alarms, recall

    def chance(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6)

    words = ("false-alarm rate", f"Recall of {positive} by false-alarm rate (ROC)")
    return _curves("roc", scored, marks, curve, words, chance)


def precision_recall_curves(scored: Mapping[str, Sequence[Scored]], marks: Mapping[str, Mark], positive: str) -> bytes:
    """Precision by recall of class 1, one line a seed; the thin line is that class's share.

    Args:
        scored: model to (labels, probability) of each seed, both of shape (samples,).
        marks: of the models.
        positive: name of class 1.

    Returns:
        SVG.
    """

    def curve(labels: NDArray[Any], probability: NDArray[Any]) -> tuple[Any, Any]:
        precision, recall, _ = precision_recall_curve(labels, probability, drop_intermediate=True)
        return recall, precision

    def chance(axes: Axes) -> None:
        labels = next(iter(scored.values()))[0][0]
        axes.axhline(float(np.mean(labels)), color=INK, linewidth=0.6)

    words = (f"recall of {positive}", f"Precision by recall of {positive}")
    return _curves("precision-recall", scored, marks, curve, words, chance)


def _curves(
    name: str,
    scored: Mapping[str, Sequence[Scored]],
    marks: Mapping[str, Mark],
    curve: Callable[[NDArray[Any], NDArray[Any]], tuple[Any, Any]],
    words: tuple[str, str],
    chance: Callable[[Axes], None],
) -> bytes:
    def draw(axes: Axes) -> Iterator[Points]:
        chance(axes)
        for model, seeds in scored.items():
            for labels, probability in seeds:
                x, y = (_thinned(values) for values in curve(labels, probability))
                axes.plot(x, y, color=marks[model].colour, linestyle=marks[model].dashes, linewidth=1.1)
                yield points_of_line(model, x, y, (words[0], words[1].partition(" ")[0].lower()))
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), xlabel=words[0], title=words[1])

    return svg_panel(name, draw)


def _thinned(values: NDArray[Any]) -> NDArray[Any]:
    keep = np.unique(np.linspace(0, len(values) - 1, POINTS_OF_A_CURVE).astype(int))
    return np.asarray(values[keep])


def _intervals(
    name: str,
    rows: pd.DataFrame,
    category: tuple[str, Sequence[str], Callable[[str], str]],
    series: tuple[str, Mapping[str, Mark]],
    title: str,
) -> bytes:
    """Dots with bars, categories from top to bottom, the series of a category beside each other."""
    (by, categories, label), (kind, marks) = category, series
    means = rows.groupby([by, kind])[["value", "low", "high"]].mean()
    drawn = [s for s in marks if s in means.index.get_level_values(kind)]

    def draw(axes: Axes) -> Iterator[Points]:
        for place, one in enumerate(drawn):
            own = means.xs(one, level=kind).reindex(list(categories))
            y = np.arange(len(categories)) + (place - (len(drawn) - 1) / 2) * 0.62 / max(len(drawn), 3)
            axes.hlines(y, own["low"], own["high"], color=marks[one].colour, linewidth=1.6, alpha=0.55)
            axes.plot(own["value"], y, "o", color=marks[one].colour, markersize=4.2)
            says = [f"{label(c)}: {v:.3f} ({low:.3f} to {high:.3f})" for c, (v, low, high) in own.iterrows()]
            yield Points(one, own["value"], y, says)
        axes.set_yticks(range(len(categories)), [label(c) for c in categories])
        axes.set_ylim(len(categories) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_title(title)

    return svg_panel(name, draw, size=(3.7, 1.0 + 0.36 * max(len(categories), 3)))

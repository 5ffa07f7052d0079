"""The figures that stand together on the page, and what their captions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from hqnn.metrics.table import POOLED
from hqnn.report import figures
from hqnn.report.classes import has_two_classes
from hqnn.report.paths import on_every_path
from hqnn.report.runs import Predictions, paired, run_order
from hqnn.report.style import Mark, inline_svg
from hqnn.report.words import METRIC_NAMES, path_name
from hqnn.wording import plural

PATH_METRICS = ("balanced_accuracy", "roc_auc", "average_precision", "sureness")
MANY_PATH_METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc")
CITY_METRICS = ("balanced_accuracy", "roc_auc")
DRAWN = 12  # lines of a model
REM_A_POINT = 0.1
READABLE = 0.45  # of a drawing's own size; no smaller on narrow pages


@dataclass(frozen=True)
class Image:
    """A figure or map, ready to stand in the page."""

    content: Markup
    caption: str = ""


@dataclass(frozen=True)
class Panels:
    """Figures with one caption; none where there is nothing to show.

    Attributes:
        images: the figures.
        caption: what they show and on which samples.
        series: names whose marks a legend explains.
        small: whether three stand beside each other, however many there are.
    """

    images: tuple[Image, ...]
    caption: str
    series: tuple[str, ...] = ()
    small: bool = False


def training(
    histories: Mapping[str, Sequence[pd.DataFrame]], marks: Mapping[str, Mark], *, nested: bool = False
) -> Panels:
    """Loss and accuracy by epoch; nested, curves that coincide are all seen."""
    drawn = ("loss", "accuracy") if histories else ()
    few = {model: seeds[:DRAWN] for model, seeds in histories.items()}
    validated = any("validation_loss" in history for seeds in few.values() for history in seeds)
    lighter = " The lighter line is of the validation samples, after the epoch." if validated else ""
    widths = " Lines get thinner in the order of the legend, lest one hide another." if nested else ""
    return Panels(
        tuple(
            svg(figures.training_curves(few, quantity, marks, nested=nested), f"{quantity} by epoch")
            for quantity in drawn
        ),
        f"{_lines(histories)}. Loss: cross-entropy in nats; accuracy: share of right answers among the draws."
        f"{lighter}{widths}",
        tuple(histories),
    )


def curves(predictions: Sequence[Predictions], marks: Mapping[str, Mark]) -> Panels:
    """ROC and precision by recall of class 1, exact path; of two classes alone."""
    scored: dict[str, list[figures.Scored]] = {}
    for one in predictions:
        probability = _of_class_1(one)
        if one.path == "exact" and probability is not None and len(set(one.columns["label"].tolist())) == 2:
            scored.setdefault(one.run.model, []).append((one.columns["label"], probability))
    if not scored:
        return Panels((), "")
    positive = str(predictions[0].about.get("classes", ("class 0", "class 1"))[1]).replace("_", " ")
    samples = len(next(iter(scored.values()))[0][0])
    few = {model: seeds[:DRAWN] for model, seeds in scored.items()}
    return Panels(
        (
            svg(figures.roc_curves(few, marks, positive), "ROC curves"),
            svg(figures.precision_recall_curves(few, marks, positive), "precision by recall"),
        ),
        f"Exact path, {plural(samples, 'test sample')} as they are. {_lines(scored)}. Thin line: chance.",
        tuple(scored),
    )


def scenes(metrics: pd.DataFrame, marks: Mapping[str, Mark], bars: str) -> Panels:
    """Metrics by scene, exact path; none where there are no scenes. `bars` says what dots and bars are."""
    rows = metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")]
    rows = rows[rows["metric"].isin(CITY_METRICS)]
    drawn = CITY_METRICS if rows["group"].nunique() > 1 else ()
    return Panels(
        tuple(svg(figures.per_city(rows, metric, marks), f"{METRIC_NAMES[metric]} by scene") for metric in drawn),
        f"Exact path, test samples as they are. {bars}",
        tuple(rows["model"].unique()),
    )


def paths(metrics: pd.DataFrame, marks: Mapping[str, Mark], bars: str, names: Sequence[str] = ()) -> Panels:
    """Metrics by execution path on the same samples, of the models that ran on several.

    Args:
        metrics: the tidy table of one data set.
        marks: of the models.
        bars: what dots and bars are.
        names: of the metrics; those that suit the number of classes where none.
    """
    rows = on_every_path(metrics[metrics["phase"] == "ideal"])
    rows = rows[rows.groupby("model")["path"].transform("nunique") > 1]
    if rows.empty:
        return Panels((), "")
    return Panels(
        tuple(
            svg(figures.paths_comparison(rows, metric, marks), f"{METRIC_NAMES[metric]} by path")
            for metric in names or _path_metrics(metrics)
        ),
        f"The same {plural(int(rows['samples'].max()), 'sample')} on every path. {bars}",
        tuple(rows["model"].unique()),
    )


def phases(metrics: pd.DataFrame, marks: Mapping[str, Mark], bars: str) -> Panels:
    """What each training phase buys: metrics under every backend's noise, by the phase the weights come from.

    `bars` says what dots and bars are.
    """
    noisy = metrics["path"].str.startswith("noisy-") & (metrics["sampling"] == "all") & (metrics["group"] == POOLED)
    rows = metrics[noisy].assign(phase=metrics["phase"].str.split("-").str[0])
    if rows["phase"].nunique() < 2:
        return Panels((), "")
    samples = int(rows["samples"].max())
    return Panels(
        tuple(
            svg(figures.phases_comparison(rows, metric, marks), f"{METRIC_NAMES[metric]} under noise by phase")
            for metric in _path_metrics(metrics)
        ),
        f"Native circuit under the backend's noise and readout error, exact, {plural(samples, 'test sample')} as they "
        f"are; weights of the training phases. {bars}",
        tuple(rows["backend"].unique()),
    )


def expectation(predictions: Sequence[Predictions]) -> Panels:
    """Expectation values of every other path against the exact ones, for the first seed of each model."""
    exact = {one.run: one for one in predictions if one.quantum and one.path == "exact"}
    first = min((run.seed for run in exact), default=0)
    others = [one for one in predictions if one.quantum and one.path != "exact" and one.run.seed == first]
    return Panels(
        tuple(_scatter(exact[one.run], one) for one in sorted(others, key=run_order) if one.run in exact),
        f"Each dot is a sample; seed {first}. Line: equality; band: two mean standard errors of sampling, where values "
        "are sampled. A slope below one is signal lost to noise.",
    )


def _lines(of_seeds: Mapping[str, Sequence[Any]]) -> str:
    """What the lines of a model are."""
    most = max(map(len, of_seeds.values()), default=0)
    return "One line a seed" if most <= DRAWN else f"One line a seed, of the first {DRAWN} of {most:,}"


def _of_class_1(one: Predictions) -> NDArray[np.float64] | None:
    """The probability of class 1 of two, shape (samples,); nothing of more classes."""
    probability: NDArray[np.float64] = one.columns["probability"]
    if probability.ndim == 1:
        return probability
    return probability[:, 1] if probability.shape[1] == 2 else None


def _path_metrics(metrics: pd.DataFrame) -> Sequence[str]:
    return PATH_METRICS if has_two_classes(metrics) else MANY_PATH_METRICS


def _scatter(exact: Predictions, other: Predictions) -> Image:
    ours, theirs, error = paired(exact, other)
    name = path_name(other.path)
    words = f"{other.run.model} ({other.run.phase}), {plural(len(ours), 'sample')}"
    image = figures.expectation_scatter(ours, theirs, name, error)
    return svg(image, f"{name} against exact expectation values, {words}", words)


def svg(image: bytes, label: str, caption: str = "") -> Image:
    """A figure as it stands in the page.

    Args:
        image: as `hqnn.report.style.svg_panel` made it.
        label: what it shows, for screen readers.
        caption: below it.
    """
    return Image(Markup(inline_svg(image, label)), caption)  # noqa: S704 - labels are escaped there


def wide_svg(image: bytes, label: str, caption: str = "") -> Image:
    """A figure at its own size where the page is wide enough; a narrow page scrolls it."""
    drawn = Markup(inline_svg(image, label))  # noqa: S704 - our own figure; the label is escaped there
    most = float(image.decode().partition('width="')[2].partition("pt")[0]) * REM_A_POINT
    box = Markup(
        '<div class="wide" tabindex="0"><div style="max-width: {:.1f}rem; min-width: {:.1f}rem">{}</div></div>'
    )
    return Image(box.format(most, READABLE * most, drawn), caption)

"""Figures of small images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from hqnn.report.images.tables import (
    KERNEL_TWINS,
    PUBLISHED_DRAW,
    Kernel,
    draw_name,
    draws_of,
    exact,
    published_accuracy,
    ranked,
)
from hqnn.report.panels import Panels, svg
from hqnn.report.points import Points, points_of_line
from hqnn.report.runs import Predictions
from hqnn.report.style import INK, PALETTE, Mark, svg_panel
from hqnn.wording import plural

BLUE = PALETTE[0]
EPOCHS = {
    "loss": "Train loss",
    "test_loss": "Test loss",
    "accuracy": "Train accuracy, %",
    "test_accuracy": "Test accuracy, %",
}
LITTLE = 3  # a loss that falls by less is drawn on a linear axis
PUBLISHED_ROW = "circuit as published"


def by_epoch(histories: Mapping[str, Sequence[pd.DataFrame]], marks: Mapping[str, Mark]) -> Panels:
    """Loss and accuracy of train and test images by epoch.

    Args:
        histories: model to the histories of its seeds.
        marks: of the models.
    """
    known = [name for name in EPOCHS if any(name in one for seeds in histories.values() for one in seeds)]
    seeds = max((len(own) for own in histories.values()), default=0)
    bands = f"Lines: means over {plural(seeds, 'seed')}; bands: from the least to the greatest. " if seeds > 1 else ""
    return Panels(
        tuple(svg(_epochs(histories, name, marks), f"{EPOCHS[name]} by epoch") for name in known),
        f"{bands}Losses: cross-entropy in nats, on a logarithmic axis where they fall by more than a factor of "
        f"{LITTLE}. Of the train images each as the net was when it saw it, and varied where that is set; of the test "
        "images after the epoch.",
        tuple(histories),
    )


def kernels(metrics: pd.DataFrame, published: pd.DataFrame, marks: Mapping[str, Mark]) -> Panels:
    """Accuracy of circuits as kernels by CNOT layout, beside ordinary kernels; a panel a draw.

    Args:
        metrics: of the small draws of one raw set.
        published: the paper's figures.
        marks: of axis and place of rotations, see `turned`.
    """
    rows = exact(metrics).query("metric == 'accuracy'")
    if rows.empty:
        return Panels((), "")
    theirs = {name: published_accuracy(published, rows, name) for name in ("quanv", *KERNEL_TWINS)}
    known = {name: value for name, value in theirs.items() if value is not None}
    images = []
    for dataset in draws_of(rows):
        own, name = rows[rows["dataset"] == dataset], draw_name(dataset)
        image = _layouts(f"kernels-{dataset}", name, own, marks, known if PUBLISHED_DRAW in dataset else {})
        images.append(svg(image, f"accuracy by kernel, {name}"))
    beside = " Rings: published." if known else ""
    return Panels(
        tuple(images),
        f"Accuracy on the test images, in %. Dots: means over seeds; bars: standard deviation over seeds.{beside}",
        tuple(marks),
    )


def turned(metrics: pd.DataFrame) -> list[str]:
    """Axes and places of rotations that circuits have, such as ``RY first``."""
    found = (Kernel.of(model) for model in metrics["model"].unique())
    return sorted({kernel.turned for kernel in found if kernel}, key=lambda name: (name[1] != "Y", name))


def varied(predictions: Sequence[Predictions]) -> list[Predictions]:
    """The same predictions with that expectation value alone that differs most between samples on the exact path."""
    chosen = {
        one.run: int(one.columns["expectation"].std(axis=0).argmax()) for one in predictions if one.path == "exact"
    }
    kept = []
    for one in predictions:
        if one.run in chosen:
            only = {name: one.columns[name][:, [chosen[one.run]]] for name in ("expectation", "standard_error")}
            kept.append(replace(one, columns={**one.columns, **only}))
    return kept


def _epochs(histories: Mapping[str, Sequence[pd.DataFrame]], quantity: str, marks: Mapping[str, Mark]) -> bytes:
    share = quantity.endswith("accuracy")

    def draw(axes: Axes) -> Iterator[Points]:
        for model, seeds in histories.items():
            known = [history.set_index("epoch")[quantity] for history in seeds if quantity in history]
            if not known:
                continue
            values = pd.concat(known, axis=1) * (100 if share else 1)
            colour = marks[model].colour
            axes.fill_between(values.index, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.2, lw=0)
            axes.plot(values.index, values.mean(axis=1), color=colour, linestyle=marks[model].dashes)
            yield points_of_line(model, values.index, values.mean(axis=1), ("epoch", EPOCHS[quantity].lower()))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if not share:
            _logarithmic(axes)
        axes.set_title(EPOCHS[quantity])

    return svg_panel(f"epochs-{quantity}", draw)


def _logarithmic(axes: Axes) -> None:
    low, high = axes.dataLim.intervaly
    if high < LITTLE * low:
        return  # a logarithmic axis would have one tick
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _layouts(
    name: str, title: str, rows: pd.DataFrame, marks: Mapping[str, Mark], published: Mapping[str, float]
) -> bytes:
    models = ranked(rows)
    of_model = {model: Kernel.of(model) for model in models}
    layouts = list(dict.fromkeys(kernel.layout for kernel in of_model.values() if kernel))
    places = [*([PUBLISHED_ROW] if "quanv" in published else []), *layouts, *(m for m in models if not of_model[m])]
    found = 100 * rows.groupby("model")["value"].agg(["mean", lambda values: values.std(ddof=0)]).to_numpy()
    of_row = dict(zip(sorted(models), found, strict=True))

    def draw(axes: Axes) -> Iterator[Points]:
        for model, kernel in of_model.items():
            y = float(places.index(kernel.layout if kernel else model))
            if kernel:
                y += (list(marks).index(kernel.turned) - (len(marks) - 1) / 2) * 0.62 / max(len(marks), 3)
            mean, spread = of_row[model]
            colour = marks[kernel.turned].colour if kernel else INK
            axes.hlines(y, mean - spread, mean + spread, color=colour, linewidth=1.6, alpha=0.55)
            axes.plot(mean, y, "o", color=colour, markersize=4.2)
            yield Points(model, [mean], [y], [f"{mean:.2f} ± {spread:.2f} %"])
        for model, value in published.items():
            row = PUBLISHED_ROW if model == "quanv" else model
            if row in places:
                axes.plot(100 * value, places.index(row), "o", markersize=7.5, mfc="none", mec=BLUE)
        axes.set_yticks(range(len(places)), places)
        axes.set_ylim(len(places) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_title(title)

    return svg_panel(name, draw, size=(3.7, 0.9 + 0.3 * max(len(places), 3)))

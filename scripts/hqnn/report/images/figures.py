"""Figures and contact sheets of study C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from hqnn.metrics.multiclass import confusion_matrix
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
from hqnn.report.panels import Image, Panels, svg
from hqnn.report.runs import Predictions
from hqnn.report.sheets import contact_sheet, embedded
from hqnn.report.style import INK, PALETTE, Mark, inline_svg, svg_panel
from hqnn.report.thumbnails import ImageTable, is_wrong, surest, thumbnails
from hqnn.report.words import plural

BLUE, ORANGE = PALETTE[0], PALETTE[1]
SHEET = 40  # pictures of a contact sheet
EPOCHS = {
    "loss": "Train loss",
    "test_loss": "Test loss",
    "accuracy": "Train accuracy, %",
    "test_accuracy": "Test accuracy, %",
}
PUBLISHED_ROW = "circuit as published"
REM_A_POINT = 0.1
READABLE = 0.45  # of a drawing's own size; no smaller on narrow pages
LONG_NAME = 3  # letters of a class's name, above which names are turned


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
        f"{bands}Losses: cross-entropy in nats, on a logarithmic axis. Of the train images each as the net was when it "
        "saw it, and varied where that is set; of the test images after the epoch.",
        tuple(histories),
    )


def confusion(one: Predictions, classes: Sequence[str]) -> Panels:
    """How many images of each class were said to be of each class."""
    counts = confusion_matrix(one.columns["label"], one.columns["predicted"], len(classes))
    name = f"{one.run.model}, seed {one.run.seed}"
    return Panels(
        (svg(_heat_map(f"confusion-{one.run.dataset}-{name}", name, counts, classes), f"confusion matrix of {name}"),),
        f"{plural(int(counts.sum()), 'test image')}, exact path. Blue: share of the class that was recognised; orange: "
        "wrong, the shade relative to the commonest mistake.",
    )


def mistakes(images: ImageTable, one: Predictions) -> Image | None:
    """Test images that were taken for another class, the surest mistakes first; nothing where there are none."""
    wrong = np.flatnonzero(is_wrong(one))
    if not wrong.size:
        return None
    shown = surest(one, wrong, SHEET)
    some = "" if len(shown) == wrong.size else f", the {len(shown)} surest"
    caption = (
        f"{one.run.model}, seed {one.run.seed}: {plural(wrong.size, 'wrong test image')}{some}, with the predicted "
        "class, its probability and the true class."
    )
    return embedded(contact_sheet(thumbnails(images, one, shown, framed=False)), caption)


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


def wide(file: Path, label: str, caption: str = "") -> Image:
    """A figure from a file, at its own size where the page is wide enough; a narrow page scrolls it."""
    image = file.read_bytes()
    drawn = Markup(inline_svg(image, label))  # noqa: S704 - our own figure; the label is escaped there
    most = float(image.decode().partition('width="')[2].partition("pt")[0]) * REM_A_POINT
    box = Markup(
        '<div class="wide" tabindex="0"><div style="max-width: {:.1f}rem; min-width: {:.1f}rem">{}</div></div>'
    )
    return Image(box.format(most, READABLE * most, drawn), caption)


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

    def draw(axes: Axes) -> None:
        for model, seeds in histories.items():
            known = [history.set_index("epoch")[quantity] for history in seeds if quantity in history]
            if not known:
                continue
            values = pd.concat(known, axis=1) * (100 if share else 1)
            colour = marks[model].colour
            axes.fill_between(values.index, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.2, lw=0)
            axes.plot(values.index, values.mean(axis=1), color=colour, linestyle=marks[model].dashes)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if not share:
            _logarithmic(axes)
        axes.set_title(EPOCHS[quantity])

    return svg_panel(f"epochs-{quantity}", draw)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _heat_map(name: str, title: str, counts: NDArray[np.float64], classes: Sequence[str]) -> bytes:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    off = ~np.eye(len(classes), dtype=bool)
    commonest = max(float(counts[off].max()), 1.0)

    def draw(axes: Axes) -> None:
        for (truth, said), count in np.ndenumerate(counts):
            if not count:
                continue
            right = truth == said
            alpha = 0.55 * shares[truth, said] if right else 0.1 + 0.55 * count / commonest
            corner = (said - 0.48, truth - 0.48)
            axes.add_patch(Rectangle(corner, 0.96, 0.96, color=BLUE if right else ORANGE, alpha=alpha, lw=0))
            axes.text(said, truth, f"{count:,.0f}", ha="center", va="center", size=7)
        turn: dict[str, Any] = {"rotation": 45, "ha": "right"} if max(map(len, classes)) > LONG_NAME else {}
        axes.set_xticks(range(len(classes)), classes, **turn)
        axes.set_yticks(range(len(classes)), classes)
        axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), xlabel="said", ylabel="is")
        axes.set_aspect("equal")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_title(title)

    side = 1.2 + 0.33 * len(classes)
    return svg_panel(name, draw, size=(side, side))


def _layouts(
    name: str, title: str, rows: pd.DataFrame, marks: Mapping[str, Mark], published: Mapping[str, float]
) -> bytes:
    models = ranked(rows)
    of_model = {model: Kernel.of(model) for model in models}
    layouts = list(dict.fromkeys(kernel.layout for kernel in of_model.values() if kernel))
    places = [*([PUBLISHED_ROW] if "quanv" in published else []), *layouts, *(m for m in models if not of_model[m])]
    found = 100 * rows.groupby("model")["value"].agg(["mean", lambda values: values.std(ddof=0)]).to_numpy()
    of_row = dict(zip(sorted(models), found, strict=True))

    def draw(axes: Axes) -> None:
        for model, kernel in of_model.items():
            y = float(places.index(kernel.layout if kernel else model))
            if kernel:
                y += (list(marks).index(kernel.turned) - (len(marks) - 1) / 2) * 0.62 / max(len(marks), 3)
            mean, spread = of_row[model]
            colour = marks[kernel.turned].colour if kernel else INK
            axes.hlines(y, mean - spread, mean + spread, color=colour, linewidth=1.6, alpha=0.55)
            axes.plot(mean, y, "o", color=colour, markersize=4.2)
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

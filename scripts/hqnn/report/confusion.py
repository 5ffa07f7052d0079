"""What is taken for what: confusion matrices of any number of classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hqnn.metrics.multiclass import confusion_matrix
from hqnn.report.chapter import Block, Pictures, figures, folded
from hqnn.report.classes import FEW, shortened
from hqnn.report.panels import Image, Panels, svg, wide_svg
from hqnn.report.runs import Predictions
from hqnn.report.style import PALETTE, svg_panel
from hqnn.report.tables import Cell, Table
from hqnn.wording import plural

BLUE, ORANGE = PALETTE[0], PALETTE[1]
FAINTEST = 0.06  # opacity of what hardly ever happens
UPRIGHT = {True: 2, False: 8}  # letters of names that stand side by side below narrow columns and wide ones
LONGEST = 32  # letters of a title at its usual size
CELL, MARGIN = 0.37, 1.3  # inches
Counts = dict[str, NDArray[np.float64]]


def confusion_blocks(predictions: Sequence[Predictions], classes: Sequence[str], title: str = "") -> Iterator[Block]:
    """Confusion matrices as heat maps, mean over seeds, one a model; of few classes as a table, too.

    Args:
        predictions: of one data set and one path.
        classes: names, label = index.
        title: heading.
    """
    counts = mean_counts(predictions, len(classes))
    if not counts:
        return
    names, seeds = shortened(classes), max(sum(p.run.model == model for p in predictions) for model in counts)
    over = f"mean over {plural(seeds, 'seed')}" if seeds > 1 else f"seed {predictions[0].run.seed}"
    caption = (
        f"{plural(len(predictions[0].columns['label']), 'test sample')}, exact path, {over}. Rows: true classes; shade "
        "and percentages: share of the true class, blue where right, orange where wrong; all: numbers of samples."
    )
    drawn = {model: _heat_map(f"confusion-{predictions[0].run.dataset}-{model}", model, counts[model], names)
             for model in counts}  # fmt: skip
    if len(classes) > FEW:
        images = [wide_svg(image, f"confusion matrix of {model}") for model, image in drawn.items()]
        images[-1] = Image(images[-1].content, caption)
        yield Pictures(tuple(images), title)
        return
    images = [svg(image, f"confusion matrix of {model}") for model, image in drawn.items()]
    shown = figures(Panels(tuple(images), caption, small=True), {}, title)
    table = folded("The same as a table", counts_table(counts, classes, over))
    yield from (block for block in (shown, table) if block is not None)


def mean_counts(predictions: Sequence[Predictions], classes: int) -> Counts:
    """Model to its confusion matrix, true classes in rows, mean over the predictions given."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for one in predictions:
        counts = confusion_matrix(one.columns["label"], one.columns["predicted"], classes)
        found.setdefault(one.run.model, []).append(counts)
    return {model: np.mean(seeds, axis=0) for model, seeds in found.items()}


def counts_table(counts: Counts, classes: Sequence[str], over: str) -> Table:
    """Confusion matrices as rows of numbers."""
    rows = tuple(
        (Cell(model), Cell(name), *(Cell(_number(value)) for value in (*row, row.sum())))
        for model, matrix in counts.items()
        for name, row in zip(classes, matrix, strict=True)
    )
    head = ("model", "true class", *(f"predicted\n{name}" for name in classes), "all")
    return Table(f"Numbers of test samples, exact path, {over}.", head, rows, labels=2)


def _heat_map(name: str, title: str, counts: NDArray[np.float64], classes: Sequence[str]) -> bytes:
    many, last = len(classes) > FEW, len(classes)
    letters = UPRIGHT[many]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(axes: Axes) -> None:
        for (truth, said), share in np.ndenumerate(shares):
            if many and not share:
                continue
            colour, depth = BLUE if truth == said else ORANGE, FAINTEST * (share > 0) + 0.55 * share
            axes.add_patch(Rectangle((said - 0.48, truth - 0.48), 0.96, 0.96, color=colour, alpha=depth, lw=0))
            words = _percent(share) if many else f"{_number(float(counts[truth, said]))}\n{100 * share:.1f} %"
            axes.text(said, truth, words, ha="center", va="center", size=7 if many else 9)
        for place, (of_truth, of_said) in enumerate(zip(*_totals(counts), strict=True)):
            axes.text(last, place, _number(of_truth), ha="center", va="center", size=7)
            axes.text(place, last - 0.2, _number(of_said), ha="center", va="center", size=7)
        turned: dict[str, Any] = {"rotation": 45, "ha": "right"} if max(map(len, classes)) > letters else {}
        axes.set_xticks(range(last + 1), [*classes, "all"], **turned)
        axes.set_yticks([*range(last), last - 0.2], [*classes, "all"])
        axes.set(xlim=(-0.5, last + 0.4), ylim=(last + 0.1, -0.5), xlabel="predicted", ylabel="true")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_title(title, fontsize=min(8.0, 8 * LONGEST / len(title)))

    side = MARGIN + CELL * len(classes) if many else 2.2 + CELL * len(classes)
    return svg_panel(name, draw, size=(side + 0.4, side))


def _totals(counts: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Of true classes, and of what was said."""
    return counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()


def _percent(share: float) -> str:
    """A share in percent without its sign, short enough for a small cell."""
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")

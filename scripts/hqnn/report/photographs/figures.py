"""Figures of photographs, and which of these are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hqnn.metrics.facts import TRAINING
from hqnn.metrics.runs import Run
from hqnn.report.gallery import Gallery, mistakes, pictures_of
from hqnn.report.image_table import ImageTable, is_wrong
from hqnn.report.panels import Panels, svg
from hqnn.report.points import Points
from hqnn.report.runs import Predictions
from hqnn.report.style import INK, PALETTE, Mark, svg_panel
from hqnn.report.tables import tested
from hqnn.report.words import SIMULATORS, trainer_name, trainer_order
from hqnn.wording import plural

BLUE = PALETTE[0]
MOST = 48  # pictures
FEW_WRONG = 24  # pictures, up to which right ones stand beside
BOXED = 4  # seeds from which on a box says more than its dots
BOXES = {
    "train loss": (TRAINING, "train_loss"),
    "train accuracy": (TRAINING, "train_accuracy"),
    "validation accuracy": (TRAINING, "validation_accuracy"),
    "test accuracy": ("all", "accuracy"),
}


def bitstrings(counts: pd.DataFrame, run: Run) -> Panels:
    """How often each bitstring came on each simulator, and how often it should."""
    images = []
    for device, rows in counts.groupby("device", sort=False):
        name = SIMULATORS.get(str(device), str(device))
        images.append(svg(_bars(f"bitstrings-{run.dataset}-{run.model}-{device}", name, rows), f"bitstrings by {name}"))
    shots = int(counts.groupby("device")["count"].sum().iloc[0])
    return Panels(
        tuple(images),
        f"{run.model}, seed {run.seed}: bitstrings of the trained circuit for the first test image, {shots:,} shots on "
        "each simulator, wire 0 leftmost. Bars: share of shots; dashes: exact probability.",
    )


def final_values(metrics: pd.DataFrame, marks: Mapping[str, Mark]) -> Panels:
    """Loss and accuracies after training by trainer, over seeds; none where nobody but the engine trained.

    Args:
        metrics: of one model on one data set; phases ideal and those of the trainers.
        marks: of the phases.
    """
    rows = metrics[metrics["path"] == "exact"]
    series = {title: tested(rows, sampling).query("metric == @name") for title, (sampling, name) in BOXES.items()}
    drawn = {name: own for name, own in series.items() if own["phase"].nunique() > 1}
    boxed = min((own.groupby("phase")["seed"].nunique().max() for own in drawn.values()), default=0) >= BOXED
    boxes = "Boxes: median and quartiles over seeds; whiskers: extremes. " if boxed else ""
    return Panels(
        tuple(svg(_boxes(f"boxes-{title}", own, title, marks), f"{title} by trainer") for title, own in drawn.items()),
        f"After the last epoch. Dots: one a seed. {boxes}".strip(),
    )


def tested_images(images: ImageTable, one: Predictions) -> Gallery | None:
    """Test images with what was said of them: right ones, too, where few are wrong."""
    wrong = is_wrong(one)
    if wrong.sum() > FEW_WRONG:
        return mistakes(images, one, MOST)
    chosen = np.sort(np.argsort(~wrong, kind="stable")[:MOST])
    words = "all" if len(chosen) == len(wrong) else f"{len(chosen)} of"
    framed = f"Framed: the {plural(int(wrong.sum()), 'wrong one')}." if wrong.any() else "None is wrong."
    caption = (
        f"{one.run.model}, seed {one.run.seed}: {words} {plural(len(wrong), 'test image')} with the predicted class "
        f"and its probability. {framed}"
    )
    return Gallery(pictures_of(images, one, chosen), caption)


def _bars(name: str, title: str, rows: pd.DataFrame) -> bytes:
    def draw(axes: Axes) -> Iterator[Points]:
        places, shares = np.arange(len(rows)), rows["count"] / rows["count"].sum()
        axes.bar(places, shares, color=BLUE, width=0.72, alpha=0.8)
        axes.hlines(rows["probability"], places - 0.42, places + 0.42, color=INK, linewidth=1.6)
        axes.set_xticks(places, rows["bitstring"], rotation=90, family="monospace")
        axes.grid(visible=False, axis="x")
        axes.set_title(title)
        said = zip(rows["bitstring"], shares, rows["probability"], strict=True)
        says = [f"{bits}: {share:.3f}, exactly {probability:.3f}" for bits, share, probability in said]
        yield Points("", places, shares, says)

    return svg_panel(name, draw)


def _boxes(name: str, rows: pd.DataFrame, title: str, marks: Mapping[str, Mark]) -> bytes:
    phases = sorted(rows["phase"].unique(), key=trainer_order)

    def draw(axes: Axes) -> Iterator[Points]:
        for place, phase in enumerate(phases):
            values, colour = rows.loc[rows["phase"] == phase, "value"].to_numpy(), marks[phase].colour
            if len(values) >= BOXED:
                line = {"color": colour, "linewidth": 1.2}
                styles: dict[str, Any] = dict.fromkeys(("boxprops", "whiskerprops", "capprops", "medianprops"), line)
                axes.boxplot(values, positions=[place], widths=0.5, orientation="horizontal", whis=(0, 100), **styles)
            spread = np.linspace(-0.14, 0.14, len(values)) if len(values) > 1 else np.zeros(1)
            axes.plot(values, place + spread, "o", color=colour, markersize=3.2, alpha=0.7, markeredgewidth=0)
            yield Points(trainer_name(phase), values, place + spread, [f"{value:.4g}" for value in values])
        axes.set_yticks(range(len(phases)), [trainer_name(phase) for phase in phases])
        axes.set_ylim(len(phases) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_title(title.capitalize())

    return svg_panel(name, draw, size=(3.7, 0.9 + 0.42 * max(len(phases), 3)))

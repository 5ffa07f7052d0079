"""What a study shows on the page: chapters of sections, sections of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pandas as pd

from hqnn.metrics.runs import Run
from hqnn.metrics.table import COLUMNS
from hqnn.report.gallery import Gallery
from hqnn.report.panels import Image, Panels
from hqnn.report.runs import Predictions
from hqnn.report.style import Mark
from hqnn.report.tables import Table
from hqnn.settings.execution import MARGIN


@dataclass(frozen=True)
class Words:
    """Paragraphs; findings stand in a box."""

    kind: ClassVar[str] = "words"
    paragraphs: tuple[str, ...]
    findings: bool = False


@dataclass(frozen=True)
class Shown:
    """A table, with a heading where it has one."""

    kind: ClassVar[str] = "table"
    table: Table
    title: str = ""


@dataclass(frozen=True)
class Figures:
    """Panels with the marks of their series, and a heading where they have one."""

    kind: ClassVar[str] = "figures"
    panels: Panels
    marks: Mapping[str, Mark] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Pictures:
    """Pictures as wide as the page, such as maps and contact sheets."""

    kind: ClassVar[str] = "pictures"
    images: tuple[Image, ...]
    title: str = ""


@dataclass(frozen=True)
class Thumbnails:
    """Images with what was said of them, and a heading where they have one."""

    kind: ClassVar[str] = "gallery"
    gallery: Gallery
    title: str = ""


@dataclass(frozen=True)
class Folded:
    """A table that a reader unfolds."""

    kind: ClassVar[str] = "folded"
    summary: str
    table: Table


Block = Words | Shown | Figures | Pictures | Thumbnails | Folded


@dataclass(frozen=True)
class Section:
    """One heading and what stands under it.

    Attributes:
        name: of its anchor, within the chapter.
        title: its heading.
        blocks: in order.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Chapter:
    """What the page says of one study on one data set.

    Attributes:
        study: its name.
        dataset: its name.
        ran: what was run, a line each.
        findings: what came out, a sentence each.
        weights_agree: whether all paths of a run ran the same weights.
        weights: the sentence that says so.
        sections: in order; those without blocks are left out.
        warnings: what a reader must know before any number, a sentence each.
        doubts: see `hqnn.report.doubts`.
    """

    study: str
    dataset: str
    ran: tuple[str, ...]
    findings: tuple[str, ...]
    weights_agree: bool
    weights: str
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Material:
    """What there is of one study.

    Attributes:
        metrics: its rows of the tidy table; paths with their backend.
        predictions: its files, read.
        histories: its training runs.
        artefacts: files and folders that other rules made for the page, such as maps, scores and pictures.
        published: the paper's figures.
        margin: balanced accuracy by which a model may be worse and yet count as not worse.
        points: rows of the tidy table of points along axes.
        used: CPU seconds of the job that trained or fitted a run, where known.
        tuned: data set and model to the mean score of its searches, on folds of train samples, where there are some.
    """

    metrics: pd.DataFrame
    predictions: Sequence[Predictions]
    histories: Sequence[tuple[Run, pd.DataFrame]]
    artefacts: Sequence[Path]
    published: pd.DataFrame
    margin: float = MARGIN
    points: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))
    used: Mapping[Run, float] = field(default_factory=dict)
    tuned: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def of(self, dataset: str) -> Material:
        """What there is of one of its data sets."""
        return self._of(lambda name: name == dataset)

    def by_raw_set(self) -> dict[str, Material]:
        """What there is of each raw set: of all data sets called ``<raw set>`` or ``<raw set>-<split>``."""
        names = self.metrics["dataset"].str.partition("-")[0].unique()
        return {raw: self._of_raw(raw) for raw in names}

    def of_chapter(self, dataset: str) -> Material:
        """What there is of the data set of a chapter, which may be a raw set."""
        return self.by_raw_set().get(dataset) or self.of(dataset)

    def _of_raw(self, raw: str) -> Material:
        return self._of(lambda name: name.partition("-")[0] == raw)

    def ideal_histories(self, models: Iterable[str]) -> dict[str, list[pd.DataFrame]]:
        """Model to the histories of its training without noise, seed by seed; in the order of the models."""
        found: dict[str, list[pd.DataFrame]] = {}
        for run, history in sorted(self.histories, key=lambda pair: pair[0].seed):
            if run.phase == "ideal":
                found.setdefault(run.model, []).append(history)
        return {model: found[model] for model in models if model in found}

    def exact_predictions(self, models: Iterable[str]) -> list[Predictions]:
        """Exact predictions after training without noise, model by model in their order, seed by seed."""
        order = list(models)
        kept = [one for one in self.predictions if (one.run.phase, one.path) == ("ideal", "exact")]
        kept = [one for one in kept if one.run.model in order]
        return sorted(kept, key=lambda one: (order.index(one.run.model), one.run.seed))

    def _of(self, own: Callable[[str], bool]) -> Material:
        raw = {name.partition("-")[0] for name in self.metrics["dataset"].unique() if own(name)}
        return replace(
            self,
            metrics=self.metrics[self.metrics["dataset"].map(own)],
            points=self.points[self.points["dataset"].map(own).astype(bool)],
            predictions=[one for one in self.predictions if own(one.run.dataset)],
            histories=[(run, history) for run, history in self.histories if own(run.dataset)],
            artefacts=[path for path in self.artefacts if path.parent.name in raw or any(map(own, path.parts))],
        )


def section(name: str, title: str, *blocks: Block | None) -> Section:
    """A section of the blocks that there are."""
    return Section(name, title, tuple(block for block in blocks if block is not None))


def shown(table: Table | None, title: str = "") -> Shown | None:
    """A table, where it has rows."""
    return Shown(table, title) if table and table.rows else None


def folded(summary: str, table: Table) -> Folded | None:
    """A table that a reader unfolds, where it has rows."""
    return Folded(summary, table) if table.rows else None


def figures(panels: Panels, marks: Mapping[str, Mark], title: str = "") -> Figures | None:
    """Panels, where they have images."""
    return Figures(panels, marks, title) if panels.images else None


def thumbnails(gallery: Gallery | None, title: str = "") -> Thumbnails | None:
    """A gallery, where it has pictures."""
    return Thumbnails(gallery, title) if gallery else None

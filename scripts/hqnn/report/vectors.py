"""What the page says of samples that are vectors of features, pixels and rows of tables alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report import panels, tables
from hqnn.report.chapter import Block, Chapter, Material, Section, Words, figures, folded, section, shown
from hqnn.report.classes import FIELD_NAMES, MANY, classes_tested
from hqnn.report.confusion import confusion_blocks
from hqnn.report.difference import compared
from hqnn.report.findings import findings, weights_sentence
from hqnn.report.grid import grid_panels, grid_table
from hqnn.report.nets import Net, circuit_pictures, net_sentences, trained_nets
from hqnn.report.paths import on_every_path
from hqnn.report.runs import Predictions
from hqnn.report.samples import SampleNotes
from hqnn.report.style import Mark, marks
from hqnn.report.words import path_names
from hqnn.wording import plural, some

TERMS = (
    "Sureness is 2·mean|p − ½|, confidence 1 − mean|label − p| with its standard deviation over samples, imbalance the "
    "number predicted {} minus the number predicted {}. Where the sigmoid of an expectation value is the probability, "
    "p lies in [0.269, 0.731] and sureness cannot pass 0.462."
)
DOTS = "Dots: means over seeds; bars: their mean 95 % bootstrap intervals over "


@dataclass(frozen=True)
class Vectors:
    """One data set of samples that are vectors of features.

    Attributes:
        material: what there is of it.
        samples: what its table says.
    """

    material: Material
    samples: SampleNotes

    def chapter(self, *own: Section) -> Chapter:
        """The chapter; `own` are the sections of one kind of study alone."""
        agree, weights = weights_sentence(self.material.predictions)
        compare = compared(self.material, str(self.metrics["dataset"].iloc[0]))
        return Chapter(
            study=str(self.metrics["study"].iloc[0]),
            dataset=str(self.metrics["dataset"].iloc[0]),
            ran=tuple(self._what_ran()),
            findings=tuple(findings(self.metrics, self.references, compare)),
            weights_agree=agree,
            weights=weights,
            sections=tuple(self._sections(own)),
            warnings=self.samples.warnings,
        )

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names, label = index."""
        return self.material.predictions[0].classes

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The tidy table, in which all groups but one are scenes."""
        return tables.named_by_class(self.material.metrics, self.classes)

    @cached_property
    def references(self) -> list[str]:
        """Names of the models without a trained circuit."""
        return sorted({one.run.model for one in self.material.predictions if not one.quantum})

    @cached_property
    def quantum(self) -> list[str]:
        """Names of the quantum models, as they come in the table."""
        return [model for model in self.metrics["model"].unique() if model not in self.references]

    @cached_property
    def of_model(self) -> Mapping[str, Mark]:
        """Marks of all models."""
        return marks(list(self.metrics["model"].unique()))

    @cached_property
    def nets(self) -> Sequence[Net]:
        """The first trained one of each quantum model, as far as given."""
        return trained_nets(self.material.artefacts, self.quantum)

    @property
    def _scene_names(self) -> set[str]:
        return set(self.metrics["group"]) - {POOLED}

    @property
    def _two(self) -> bool:
        return len(self.classes) == 2

    def _sections(self, own: Sequence[Section]) -> Iterator[Section]:
        yield section("data", "The data", *self.samples.blocks)
        yield section("results", "Results", *self._results())
        papers = self.metrics["published"].notna().any()
        yield section("sureness", "On the paper's own terms" if papers else "Sureness and balance", *self._sureness())
        yield section("paths", "Execution paths on the same samples", *self._paths())
        yield section("phases", "What noise-aware training buys", self._phases())
        yield section("scenes", "Scenes", *self._scenes())
        yield from own
        yield section("circuit", "The circuit", circuit_pictures(self.nets))
        yield section("training", "Training", figures(panels.training(self._histories(), self.of_model), self.of_model))

    def _results(self) -> Iterator[Block | None]:
        columns = self._columns((*tables.OF_TWO, *tables.MORE_OF_TWO))
        yield shown(tables.results(self.metrics, "all", columns, self._of_what()))
        yield figures(panels.curves(self.material.predictions, self.of_model), self.of_model)
        if not self._two:
            yield from self._each_class()
        tested = classes_tested(self.material.predictions)
        yield shown(grid_table(self.metrics, tested), "Embeddings by ansätze")
        yield figures(grid_panels(self.metrics, tested), {})
        yield from confusion_blocks(self._exact, self.classes, "Confusion matrices")

    def _each_class(self) -> Iterator[Block | None]:
        if not self._exact:
            return
        counts = np.bincount(self._exact[0].columns["label"], minlength=len(self.classes)).tolist()
        recall, precision, f1 = (
            tables.of_classes(self.metrics, metric, self.classes, counts) for metric in tables.OF_CLASS
        )
        yield shown(recall, "Recall of each class")
        yield folded("Precision of each class", precision)
        yield folded("F1 of each class", f1)

    def _sureness(self) -> Iterator[Block | None]:
        """What one number between 0 and 1 says beside its rank, where a paper or a single observable asks for it."""
        beside = tables.beside_published(self.metrics, self.material.published)
        one_observable = any(one.quantum and one.columns["expectation"].shape[1] == 1 for one in self._exact)
        if self._two and (beside.rows or one_observable):
            sampling = "balanced" if "balanced" in set(self.metrics["sampling"]) else "all"
            yield Words((TERMS.format(*self.classes),))
            yield shown(tables.results(self.metrics, sampling, tables.SURENESS))
        yield shown(beside, "Published beside ours")

    def _paths(self) -> Iterator[Block | None]:
        rows = on_every_path(self.metrics)
        if rows["path"].nunique() < 2:
            return
        sampling = str(rows["sampling"].iloc[0])
        if sampling == "subset":
            yield shown(tables.results(self.metrics, sampling, self._columns(tables.OF_TWO), self._of_what()))
        yield figures(panels.paths(self.metrics, self.of_model, self._bars), self.of_model)
        if self._two and sampling == "subset":
            drawn = "subset_balanced" if "subset_balanced" in set(self.metrics["sampling"]) else sampling
            yield shown(tables.results(self.metrics, drawn, tables.SURENESS), "Sureness, confidence, imbalance")
        several = any(one.quantum and one.columns["expectation"].shape[1] > 1 for one in self.material.predictions)
        title = "Expectation values" + (" of the first observable" if several else "")
        yield figures(panels.expectation(self.material.predictions), {}, title)

    def _phases(self) -> Block | None:
        of_backend = marks(self.metrics.loc[self.metrics["path"].str.startswith("noisy-"), "backend"].unique())
        return figures(panels.phases(self.metrics, of_backend, self._bars), of_backend)

    def _scenes(self) -> Iterator[Block | None]:
        if len(self._scene_names) < 2:
            return
        for metric in panels.CITY_METRICS:
            yield shown(tables.by_scene(self.metrics, metric, self.classes))
        yield figures(panels.scenes(self.metrics, self.of_model, self._bars), self.of_model)

    def _columns(self, of_two: Sequence[str]) -> Sequence[str]:
        """Metrics of two classes, with the recall of each; or those of many."""
        return (*of_two, *(f"recall_{name}" for name in reversed(self.classes))) if self._two else MANY

    def _of_what(self) -> str:
        """Of which class the metrics of two are, or what the field calls those of many."""
        return f" Curves, F1, IoU and precision are of {self.classes[1]}." if self._two else FIELD_NAMES

    @property
    def _bars(self) -> str:
        return f"{DOTS}{self.samples.intervals_over}."

    @cached_property
    def _exact(self) -> list[Predictions]:
        return self.material.exact_predictions(self.of_model)

    def _histories(self) -> dict[str, list[pd.DataFrame]]:
        found: dict[str, list[pd.DataFrame]] = {}
        for run, history in sorted(self.material.histories, key=lambda p: (p[0].model, p[0].phase, p[0].seed)):
            found.setdefault(run.model, []).append(history)
        return found

    def _what_ran(self) -> Iterator[str]:
        noun, predictions = self.samples.noun, self.material.predictions
        seeds = sorted(self.metrics.loc[self.metrics["model"].isin(self.quantum), "seed"].unique())
        scenes = self._scene_names
        place = f" of {plural(len(scenes), 'scene')}" if scenes else ""
        yield (
            f"{plural(len(self.quantum), 'quantum model')}: {', '.join(self.quantum)}; "
            f"{plural(len(seeds), 'seed')} ({some(list(map(str, seeds)))})."
        )
        yield f"References on the same {noun}s: {', '.join(self.references) or 'none'}."
        yield (
            f"Execution paths: {path_names(one.path for one in predictions if one.quantum)}. Test set: "
            f"{plural(int(tables.tested(self.metrics)['samples'].max()), noun)}{place} in {len(self.classes)} classes."
        )
        yield from net_sentences(self.nets, len(self.classes))

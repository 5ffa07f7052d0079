"""What the page says of photographs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from hqnn.circuits.program import Program
from hqnn.metrics.facts import TRAINING
from hqnn.metrics.runs import Run
from hqnn.report import panels, tables
from hqnn.report.chapter import (
    Block,
    Chapter,
    Material,
    Pictures,
    Section,
    Words,
    figures,
    folded,
    section,
    shown,
    thumbnails,
)
from hqnn.report.circuits import circuit_image
from hqnn.report.confusion import confusion_blocks
from hqnn.report.difference import compared
from hqnn.report.findings import weights_sentence
from hqnn.report.nets import net_sentences, trained_nets
from hqnn.report.paths import path_findings
from hqnn.report.photographs import figures as drawn
from hqnn.report.photographs import findings as findings
from hqnn.report.photographs import tables as told
from hqnn.report.photographs.files import PhotographFiles
from hqnn.report.runs import Predictions
from hqnn.report.style import Mark, marks
from hqnn.report.words import metric_name, path_names, split_name, trainer_name, trainer_order
from hqnn.wording import plural, some

CURVES = 3  # seeds whose training is drawn
DRAWN = "x: inputs, θ: weights; wire 0 on top. Deeper circuits repeat what follows the inputs, with new weights."


def photograph_chapters(material: Material) -> list[Chapter]:
    """A chapter for each raw set, with all its splits."""
    return [RawSet(own, data).chapter() for data, own in material.by_raw_set().items()]


@dataclass(frozen=True)
class RawSet:
    """What there is of one raw set.

    Attributes:
        material: of all its splits.
        data: its name.
    """

    material: Material
    data: str

    @cached_property
    def files(self) -> PhotographFiles:
        """What lies beside the tables."""
        return PhotographFiles.read(self.material.artefacts)

    @cached_property
    def splits(self) -> list[str]:
        """Its data sets, in the order of the table."""
        return list(self.material.metrics["dataset"].unique())

    @cached_property
    def references(self) -> set[str]:
        """Names of its models without a trained circuit."""
        return {one.run.model for one in self.material.predictions if not one.quantum}

    @cached_property
    def quantum(self) -> list[str]:
        """Its quantum models, those alone that differ by more than their layers."""
        return told.principal(set(self.material.metrics["model"]) - self.references)

    @cached_property
    def of_model(self) -> Mapping[str, Mark]:
        """Marks of the models that are drawn."""
        return marks([*self.quantum, *sorted(self.references)])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, label = index."""
        return tuple(self.material.predictions[0].about["classes"])

    def chapter(self) -> Chapter:
        """The chapter."""
        metrics = self.material.metrics
        agree, weights = weights_sentence(self.material.predictions)
        return Chapter(
            study=str(metrics["study"].iloc[0]),
            dataset=self.data,
            ran=self._what_ran(),
            findings=tuple(self._findings()),
            weights_agree=agree,
            weights=weights,
            sections=tuple(self._sections()),
            warnings=tuple(self._warnings()),
        )

    def _sections(self) -> Iterator[Section]:
        yield section("images", "Images", *self._images())
        for dataset in self.splits:
            split = Split(self, self.material.of(dataset), dataset)
            name = dataset.partition("-")[2]
            title = f", split {split_name(dataset)}" if len(self.splits) > 1 else ""
            yield section(f"results-{name}", f"Results{title}", *split.results())
            yield section(f"trainers-{name}", f"Other trainers{title}", *split.trainers())
            yield section(f"depth-{name}", f"Layers and backbones{title}", *split.depths())
            yield section(f"paths-{name}", f"Execution paths{title}", *split.paths())
            yield section(f"training-{name}", f"Training{title}", *split.training())
        yield section("circuit", "The circuit", *self._circuit())

    def _images(self) -> Iterator[Block | None]:
        images = self.files.images
        if images is None:
            return
        words = findings.backbone_words(self.files.backbones)
        if words:
            yield Words((words,))
        yield shown(told.split_counts(images, self.files.splits))
        left_out, conflicts = told.left_out(images), told.conflicts(images)
        yield folded(f"{plural(len(left_out.rows), 'file')} left out, with reasons", left_out)
        yield folded(f"{plural(len(conflicts.rows), 'image')} alike with different labels", conflicts)

    def _circuit(self) -> Iterator[Block | None]:
        circuits: dict[str, tuple[str, Program]] = {}
        for model in self.quantum:
            program = self.files.program(model)
            if program is not None:
                circuits.setdefault(program.digest, (model, program))
        if circuits:
            yield Pictures(tuple(circuit_image(p, name, f"{name}. {DRAWN}") for name, p in circuits.values()))
        for run, counts in self.files.bitstrings.items():
            if run.dataset == self.splits[0] and run.model in self.quantum:
                yield figures(drawn.bitstrings(counts, run), {}, "Bitstrings")

    def _warnings(self) -> Iterator[str]:
        yield from findings.backbone_warnings(self.files.backbones)
        found = len(self.files.images.about["conflicts"]) if self.files.images else 0
        if found:
            yield f"{plural(found, 'image')} with a like in another class; see “Images”."

    def _findings(self) -> Iterator[str]:
        for dataset in self.splits:
            own = self.material.of(dataset)
            yield from findings.split_findings(own.metrics, self.references, compared(self.material, dataset))
        first = self.material.of(self.splits[0]).metrics
        for model in self.quantum[:1]:
            yield from findings.trainer_findings(first, model)
            yield from path_findings(first, model)

    def _what_ran(self) -> tuple[str, ...]:
        metrics = self.material.metrics
        quantum = sorted(set(metrics["model"]) - self.references)
        seeds = sorted(metrics["seed"].unique())
        phases = sorted(metrics.loc[metrics["phase"].str.startswith("ideal"), "phase"].unique(), key=trainer_order)
        paths = path_names(one.path for one in self.material.predictions if one.quantum)
        return (
            f"{plural(len(self.splits), 'split')}: {', '.join(map(split_name, self.splits))}; "
            f"{plural(len(seeds), 'seed')} ({some(list(map(str, seeds)))}).",
            f"{plural(len(quantum), 'quantum model')}: {', '.join(quantum)}; "
            f"twins and references: {', '.join(sorted(self.references)) or 'none'}.",
            f"Trained by {', '.join(map(trainer_name, phases))}. Execution paths: {paths}.",
            *net_sentences(trained_nets(self.material.artefacts, self.quantum), len(self.classes)),
        )


@dataclass(frozen=True)
class Split:
    """What there is of one split.

    Attributes:
        of: the raw set.
        material: of this split alone.
        dataset: its name.
    """

    of: RawSet
    material: Material
    dataset: str

    def results(self) -> Iterator[Block | None]:
        """Models beside their twins, curves, confusion matrices and what was wrong."""
        yield shown(told.results(self.material.metrics))
        exact = self.material.exact_predictions(self.of.of_model)
        yield figures(panels.curves(exact, self.of.of_model), self.of.of_model)
        yield from confusion_blocks(exact, self.of.classes, "Confusion matrices")
        yield from self._wrong(exact)
        beside = tables.beside_published(self.material.metrics, self.material.published)
        yield folded("Every number of ours that a published one stands beside", beside)

    def _wrong(self, exact: Sequence[Predictions]) -> Iterator[Block | None]:
        """Pictures of test images with what the first run of the first model said of them."""
        images = self.of.files.images
        if images is None:
            return
        for model in self.of.quantum[:1]:
            one = min((one for one in exact if one.run.model == model), key=lambda one: one.run.seed, default=None)
            if one is not None:
                yield thumbnails(drawn.tested_images(images, one), "Test images")

    def trainers(self) -> Iterator[Block | None]:
        """One model trained by the engine and by others."""
        for model in self.of.quantum:
            rows = self._of_model(model)
            phases = sorted(rows.loc[rows["phase"].str.startswith("ideal"), "phase"].unique(), key=trainer_order)
            if len(phases) < 2:
                continue
            alike = told.of_common_seeds(rows)
            yield shown(told.trainers(alike), model)
            names = marks([trainer_name(phase) for phase in phases])
            yield figures(panels.training(self._trained_by(model), names, nested=True), names)
            yield from self._epochs(alike)
            of_phase = {phase: names[trainer_name(phase)] for phase in phases}
            yield figures(drawn.final_values(rows, of_phase), {}, "Over seeds")
            yield shown(told.executions(self._executions(rows, model)), "Executions")

    def _epochs(self, rows: pd.DataFrame) -> Iterator[Block | None]:
        """Tables by epoch, open where the paper has one."""
        published = set(self.material.published["metric"])
        for quantity in told.BY_EPOCH:
            table, title = told.by_epoch(rows, quantity), f"{metric_name(quantity).capitalize()} by epoch"
            open_one = quantity == told.BY_EPOCH[0] and f"{quantity}_epoch_1" in published
            yield shown(table, title) if open_one else folded(title, table)

    def depths(self) -> Iterator[Block | None]:
        """Training times and accuracies by the layers of the circuit."""
        yield shown(told.depths(self.material.metrics, self.of.references))

    def paths(self) -> Iterator[Block | None]:
        """The same weights by every path."""
        metrics, predictions = self.material.metrics, self.material.predictions
        rows = metrics[metrics["model"].isin(self.of.quantum) & ~told.is_trainer(metrics["phase"])]
        ran = [one for one in predictions if one.run.model in self.of.quantum]
        split = self.dataset.partition("-")[2]
        yield shown(told.devices(rows, ran, self.material.published, split))
        ideal = [one for one in ran if (one.run.model, one.run.phase) == (self.of.quantum[0], "ideal")]
        yield figures(panels.expectation(ideal), {}, "Expectation values of the first observable")

    def training(self) -> Iterator[Block | None]:
        """Curves of the models that are drawn, of a few seeds."""
        found = self.material.ideal_histories(self.of.of_model)
        few = {model: seeds[:CURVES] for model, seeds in found.items()}
        yield figures(panels.training(few, self.of.of_model), self.of.of_model)

    def _of_model(self, model: str) -> pd.DataFrame:
        return self.material.metrics[self.material.metrics["model"] == model]

    def _histories(self) -> list[tuple[Run, pd.DataFrame]]:
        return sorted(self.material.histories, key=lambda pair: (trainer_order(pair[0].phase), pair[0].seed))

    def _trained_by(self, model: str) -> dict[str, list[pd.DataFrame]]:
        """Trainer to the history of its first seed."""
        found: dict[str, list[pd.DataFrame]] = {}
        for run, history in self._histories():
            if run.model == model and run.phase.startswith("ideal"):
                found.setdefault(trainer_name(run.phase), [history])
        return found

    def _executions(self, rows: pd.DataFrame, model: str) -> list[dict[str, Any]]:
        """What the first training run of each trainer ran, and what the formula says."""
        from hqnn.training.differentiation import METHODS, executions_per_image  # brings PennyLane

        facts = rows[rows["sampling"] == TRAINING]
        kept = []
        for phase in sorted(facts["phase"].unique(), key=trainer_order):
            own = facts[facts["phase"] == phase]
            first = own[own["seed"] == own["seed"].min()].set_index("metric")["value"]
            run = Run(str(own["study"].iloc[0]), self.dataset, model, phase, int(own["seed"].min()))
            about = self.of.files.models.get(run, {})
            method = about.get("training", {}).get("differentiation")
            if "executions_forward" not in first or method not in METHODS:
                continue
            each = executions_per_image(Program.from_json(about["program"]), method)
            trained, watched = self._images_seen(
                run, int(first["epochs"]), int(own["samples"].iloc[0]), set(first.index)
            )
            passes = [
                {"images": trained + watched, "run": each.forward, "counted": int(first["executions_forward"])},
                {"images": trained, "run": each.backward, "counted": int(first["executions_backward"])},
            ]
            kept.append({"trainer": trainer_name(phase), "method": method, "passes": passes})
        return kept

    def _images_seen(self, run: Run, epochs: int, samples: int, facts: Collection[str]) -> tuple[int, int]:
        """Images trained on, and those evaluated after epochs."""
        seeds = self.of.files.splits.get(self.dataset, {})
        counts = seeds.get(run.seed, next(iter(seeds.values()), {})).get("counts", {})
        watched = [part for part in ("validation", "test") if f"{part}_loss" in facts]
        return epochs * samples, epochs * sum(sum(counts.get(part, ())) for part in watched)

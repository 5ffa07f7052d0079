"""What the page says of small images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.report.chapter import (
    Block,
    Chapter,
    Figures,
    Material,
    Pictures,
    Section,
    Words,
    figures,
    section,
    shown,
    thumbnails,
)
from hqnn.report.circuits import circuit_image
from hqnn.report.confusion import confusion_blocks
from hqnn.report.difference import compared
from hqnn.report.findings import weights_sentence
from hqnn.report.gallery import mistakes
from hqnn.report.image_table import ImageTable
from hqnn.report.images import figures as drawn
from hqnn.report.images import findings as findings
from hqnn.report.images import tables as told
from hqnn.report.images.samples import image_notes
from hqnn.report.panels import Image, Panels, expectation, paths, svg, wide_svg
from hqnn.report.paths import path_findings
from hqnn.report.samples import SampleNotes
from hqnn.report.style import Mark, marks
from hqnn.report.words import path_names
from hqnn.store import open_table
from hqnn.wording import plural, some

PATH_METRICS = ("accuracy", "log_loss")
BARS = "Dots: means over seeds; bars: their mean 95 % bootstrap intervals over images."
MISTAKES = 60  # pictures
ANALYSIS = "analysis"  # the folder below a model's that its analysis lies in
DIAGRAM = (
    "{} reduction. Green: Z spiders, red: X spiders, dashed blue edges: Hadamard gates; θ: weights, x: inputs. A thick "
    "orange rim: several weights in one spider."
)
FOURIER = (
    "Coefficients of the two first inputs over draws of the weights, exact, of the observable that has most of them. "
    "Dashes: medians."
)
VARIANCE = (
    "Variance of the derivative by a weight over draws of weights and inputs, on a logarithmic axis; by qubits at the "
    "largest depth, by depth at the most qubits. Dotted: what a 2-design has."
)
CIRCUIT = "x: inputs, θ: weights; wire 0 on top."


def image_chapters(material: Material) -> list[Chapter]:
    """A chapter for each raw set, with all draws from it."""
    return [RawSet(own, data).chapter() for data, own in material.by_raw_set().items()]


@dataclass(frozen=True)
class RawSet:
    """What there is of one raw set.

    Attributes:
        material: of the whole set and of all draws from it.
        data: its name.
    """

    material: Material
    data: str

    @cached_property
    def whole(self) -> Material:
        """Of the whole set alone."""
        return self.material.of(self.data)

    @cached_property
    def family(self) -> pd.DataFrame:
        """Rows of the nets on the whole set, the printed figures beside."""
        return told.with_kin(self.whole.metrics, self.material.published, self.data)

    @cached_property
    def small(self) -> pd.DataFrame:
        """Rows of small kernels, on all draws."""
        return self.material.metrics[self.material.metrics["dataset"] != self.data]

    @cached_property
    def of_model(self) -> Mapping[str, Mark]:
        """Marks of the nets on the whole set."""
        present = dict.fromkeys(told.exact(self.family)["model"])
        return marks(sorted(present, key=lambda model: told.FAMILY.index(model) if model in told.FAMILY else 99))

    @cached_property
    def images(self) -> ImageTable | None:
        """The table of images, where it was given."""
        path = next((path for path in self.material.artefacts if path.name == "samples.h5"), None)
        return None if path is None else ImageTable.read(path)

    @cached_property
    def notes(self) -> SampleNotes:
        """What the table of images says."""
        return image_notes(self.images.path if self.images else None)

    @cached_property
    def programs(self) -> Mapping[str, Program]:
        """Model to its circuit, as far as given."""
        files = [path for path in self.material.artefacts if path.name == "program.json"]
        return {_model_of(path): read_program(path) for path in sorted(files)}

    def chapter(self) -> Chapter:
        """The chapter."""
        agree, weights = weights_sentence(self.material.predictions)
        return Chapter(
            study=str(self.material.metrics["study"].iloc[0]),
            dataset=self.data,
            ran=tuple(self._what_ran()),
            findings=tuple(self._findings()),
            weights_agree=agree,
            weights=weights,
            sections=tuple(self._sections()),
            warnings=(*findings.warnings(self.data, _endings(self.images)), *self.notes.warnings),
        )

    def _sections(self) -> Iterator[Section]:
        yield section("images", "Images", *self.notes.blocks)
        table = told.results(self.family, self.material.published, self.data)
        yield section("results", "Results on the whole set", shown(table))
        yield section("epochs", "Loss and accuracy by epoch", self._epochs())
        yield section("confusion", "What is taken for what", *self._confusion())
        yield section("paths", "The same weights by every path", *self._paths())
        yield section("kernels", "Circuits as kernels of a convolution", *self._kernels())
        for folder, files in self._analyses().items():
            model = folder.parent.name
            name = f"analysis-{folder.parents[1].name}-{model}"
            yield section(name, f"The circuit of {_circuit_words(model)}", *self._analysis(model, files))

    def _epochs(self) -> Figures | None:
        return figures(drawn.by_epoch(self.whole.ideal_histories(self.of_model), self.of_model), self.of_model)

    def _confusion(self) -> Iterator[Block | None]:
        exact = self.whole.exact_predictions(self.of_model)
        if not exact:
            return
        one = exact[0]
        classes = tuple(one.about["classes"])
        yield Words((findings.confused(one, classes),), findings=True)
        yield from confusion_blocks([other for other in exact if other.run.model == one.run.model], classes)
        yield thumbnails(mistakes(self.images, one, MISTAKES), "What was wrong") if self.images else None

    def _paths(self) -> Iterator[Block | None]:
        for dataset in self.material.metrics["dataset"].unique():
            own = self.material.of(str(dataset))
            several = [one for one in own.predictions if one.quantum and one.path != "exact"]
            if not several:
                continue
            models = list(dict.fromkeys(one.run.model for one in several))
            rows = own.metrics[own.metrics["model"].isin(models)]
            ran = [one for one in own.predictions if one.run.model in models]
            title = "" if dataset == self.data else f"Circuits as kernels: {told.draw_name(str(dataset))}"
            yield shown(told.by_path(rows, ran), title)
            names = marks(models)
            yield figures(paths(rows, names, BARS, PATH_METRICS), names)
            ideal = drawn.varied([one for one in ran if one.run.phase == "ideal"])
            yield figures(expectation(ideal), {}, "The expectation value that differs most between samples")

    def _kernels(self) -> Iterator[Block | None]:
        yield shown(told.kernels(self.small, self.material.published, self.programs))
        names = marks(drawn.turned(self.small))
        yield figures(drawn.kernels(self.small, self.material.published, names), names)
        said = findings.draw_findings(self.small)
        yield Words(tuple(said), findings=True) if said else None

    def _analyses(self) -> dict[Path, dict[str, Path]]:
        """Folder of an analysis to its files by name."""
        found: dict[Path, dict[str, Path]] = {}
        for path in sorted(self.material.artefacts):
            if path.parent.name == ANALYSIS:
                found.setdefault(path.parent, {})[path.name] = path
        return found

    def _analysis(self, model: str, files: Mapping[str, Path]) -> Iterator[Block | None]:
        if "sentences.json" in files:
            yield Words(tuple(json.loads(files["sentences.json"].read_text(encoding="utf-8"))), findings=True)
        if model in self.programs:
            yield Pictures((circuit_image(self.programs[model], model, CIRCUIT),), "Gates")
        diagrams = [(f"zx_{when}.svg", DIAGRAM.format(when.capitalize())) for when in ("before", "after")]
        yield _pictures("ZX diagram", files, dict(diagrams), model)
        yield _pictures("Fourier coefficients", files, {"fourier.svg": FOURIER}, model)
        curves = [files[name] for name in ("gradients_by_qubits.svg", "gradients_by_depth.svg") if name in files]
        images = tuple(svg(path.read_bytes(), f"gradient variance of {model}, {path.stem}") for path in curves)
        yield figures(Panels(images, VARIANCE), {}, "Variance of the gradient")

    def _findings(self) -> Iterator[str]:
        yield from findings.family_findings(self.family, compared(self.material, self.data))
        for model in self.of_model:
            yield from path_findings(self.family, model)
        compare_on = partial(compared, self.material)
        yield from findings.kernel_findings(self.small, self.material.published, compare_on)

    def _what_ran(self) -> Iterator[str]:
        if self.images:
            yield findings.image_words(self.images.about, self.images.counts)
        if self.of_model:
            seeds = sorted(self.family["seed"].unique())
            yield (
                f"Nets on the whole set: {', '.join(self.of_model)}; {plural(len(seeds), 'seed')} "
                f"({some(list(map(str, seeds)))})."
            )
        if not self.small.empty:
            models = told.ranked(told.exact(self.small).query("metric == 'accuracy'"))
            draws = "; ".join(told.draw_name(name) for name in told.draws_of(told.exact(self.small)))
            circuits = [model for model in models if told.Kernel.of(model)]
            twins = [model for model in models if model not in circuits]
            yield (
                f"Small kernels: {plural(len(circuits), 'circuit')}, beside {', '.join(twins) or 'no ordinary ones'}; "
                f"{plural(self.small['seed'].nunique(), 'seed')}; {draws}."
            )
        yield f"Execution paths: {path_names(one.path for one in self.material.predictions)}."


def _endings(images: ImageTable | None) -> set[str]:
    """How the names of the files end that a table is from."""
    if images is None:
        return set()
    with open_table(images.path) as file:
        return {str(name).lower().rpartition(".")[2] for name in file["source"].asstr()[()]}


def _circuit_words(model: str) -> str:
    kernel = told.Kernel.of(model)
    return f"quanv ({kernel.turned}, CNOTs {kernel.layout})" if kernel else model


def _pictures(title: str, files: Mapping[str, Path], captions: Mapping[str, str], model: str) -> Pictures | None:
    images: list[Image] = [
        wide_svg(files[name].read_bytes(), f"{title} of {model}: {name.partition('.')[0]}", caption)
        for name, caption in captions.items()
        if name in files
    ]
    return Pictures(tuple(images), title) if images else None


def _model_of(program: Path) -> str:
    """The model whose circuit lies there, in its own folder or in that of the settings that were chosen for a seed."""
    return program.parents[2 if program.parents[1].name == "tuned" else 0].name

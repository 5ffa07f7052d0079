"""The nets around a circuit: how many numbers come in, on how many wires, and what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.circuits.observables import wires_read
from hqnn.circuits.program import Program
from hqnn.circuits.sizes import observables_for
from hqnn.circuits.words import parse_observables, written
from hqnn.metrics.runs import run_of
from hqnn.report.chapter import Pictures
from hqnn.report.circuits import circuit_image
from hqnn.store import read_model
from hqnn.wording import plural

DRAWN = "x: inputs, θ: weights; wire 0 on top."
SHOWN = 4  # observables, before dots stand for the rest


@dataclass(frozen=True)
class Net:
    """A trained model with a circuit.

    Attributes:
        model: its name.
        features: numbers that a sample has.
        program: its circuit.
    """

    model: str
    features: int
    program: Program

    def words(self, classes: int) -> str:
        """What it takes and measures for so many classes."""
        words = [written(observable) for observable in self.program.observables]
        parts = _with_probabilities(self.program.observables)
        listed = ", ".join(parts if len(parts) <= SHOWN else [*parts[: SHOWN - 1], "…", parts[-1]])
        enough = 2 < classes <= len(words)
        chosen = enough and tuple(words) == observables_for(classes, self.program.wires)
        why = ", chosen by the number of classes" if chosen else ""
        few = "; these are fewer than the classes" if 1 < len(words) < classes else ""
        return (
            f"{plural(self.features, 'feature')} on {plural(self.program.wires, 'wire')}; "
            f"{plural(len(words), 'expectation value')} for {classes} classes ({listed}){why}{few}"
        )


def trained_nets(artefacts: Iterable[Path], models: Sequence[str]) -> list[Net]:
    """The first trained net of each model of which there is a file, in the order of the models.

    Raises:
        UserError: a file cannot be read.
    """
    files: dict[str, Path] = {}
    for path in sorted(artefacts):
        if path.name == "model.safetensors":
            files.setdefault(run_of(path).model, path)
    found = ((model, read_model(files[model])[1]) for model in models if model in files)
    return [Net(model, int(about["architecture"]["shape"][0]), Program.from_json(about["program"]))
            for model, about in found if "architecture" in about]  # fmt: skip


def net_sentences(nets: Sequence[Net], classes: int) -> list[str]:
    """A sentence for nets that are alike."""
    alike: dict[str, list[str]] = {}
    for net in nets:
        alike.setdefault(net.words(classes), []).append(net.model)
    whose = {words: "Circuit" if len(alike) == 1 else ", ".join(models) for words, models in alike.items()}
    return [f"{whose[words]}: {words}." for words in alike]


def circuit_pictures(nets: Sequence[Net]) -> Pictures | None:
    """The circuits, each once."""
    first: dict[str, Net] = {}
    for net in nets:
        first.setdefault(net.program.digest, net)
    images = tuple(circuit_image(net.program, net.model, f"{net.model}. {DRAWN}") for net in first.values())
    return Pictures(images) if images else None


def _with_probabilities(observables: Sequence[str]) -> list[str]:
    """How observables are written, those of all bitstrings of some wires as one."""
    parts: list[str] = []
    place = 0
    while place < len(observables):
        wires = sorted(wires_read([observables[place]]))
        together = f"probs@{','.join(map(str, wires))}"
        several = tuple(observables[place : place + 2 ** len(wires)])
        projects = wires and set(several[0]) <= set("IPQ") and len(several) == 2 ** len(wires)
        if projects and several == parse_observables([together], len(several[0])):
            parts.append(together)
            place += len(several)
        else:
            parts.append(written(several[0]))
            place += 1
    return parts

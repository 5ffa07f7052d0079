"""The classifier of pixels and of rows of a table: features, a perceptron, a circuit, and a reading; and its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from hqnn.circuits.observables import wires_read
from hqnn.circuits.program import Program
from hqnn.circuits.words import written
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.models.classifier import Architecture, ClassicalClassifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.models.layers import seeded_linear
from hqnn.models.widths import matched_width, outputs_of

_LEAST = 1e-9  # probability of which a logarithm is taken


ReadingKind: TypeAlias = Literal["sigmoid", "scaled", "born"]


class Reading(nn.Module):
    """One expectation value as the logit of a probability.

    Args:
        kind: ``"sigmoid"``: the value itself, so the probability stays within [.269, .731]; ``"scaled"``: a trainable
            factor times the value plus a trainable bias, which start as 1 and 0.
    """

    def __init__(self, kind: Literal["sigmoid", "scaled"]) -> None:
        super().__init__()
        if kind == "scaled":
            self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))
            self.bias = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.kind = kind

    def forward(self, expectations: Tensor) -> Tensor:
        """Read shape (batch, 1) as logits of shape (batch,)."""
        value = expectations[..., 0]
        return self.scale * value + self.bias if self.kind == "scaled" else value


class BornReading(nn.Module):
    """Probabilities of bitstrings as those of classes: bitstring i, as a binary number, is of class i modulo classes.

    Args:
        program: its observables are the probabilities of all bitstrings of some wires.
        classes: how many.

    Raises:
        UserError: the circuit measures something else, or there are fewer bitstrings than classes.
    """

    def __init__(self, program: Program, classes: int) -> None:
        super().__init__()
        wires, observables = program.wires_read, set(program.observables)
        projectors = all(set(o) <= set("IPQ") and wires_read([o]) == wires for o in observables)
        if not projectors or len(observables) < 2 ** len(wires):
            measured = ", ".join(map(written, program.observables[:3]))
            raise UserError(
                f"the reading 'born' takes the probabilities of all bitstrings of some wires, but the circuit measures "
                f"{measured}; write observables as in ['probs@0'], or take another reading"
            )
        if len(program.observables) < classes:
            raise UserError(
                f"the reading 'born' has {len(program.observables)} bitstrings for {classes} classes; name more wires "
                "in observables"
            )
        self.classes = classes

    def forward(self, probabilities: Tensor) -> Tensor:
        """Read shape (batch, bitstrings) as logits of shape (batch, classes), the logarithms of probabilities."""
        shares = [probabilities[..., one :: self.classes].sum(dim=-1) for one in range(self.classes)]
        return torch.stack(shares, dim=-1).clamp_min(_LEAST).log()


def pixel_classifier(
    architecture: Architecture, program: Program, generator: torch.Generator, memory_limit_mb: float
) -> HybridClassifier:
    """``features -> linear -> circuit -> reading``, in float64.

    Two classes are read of one expectation value as logits of shape (batch,); more classes, or several values, by a
    linear layer, or as probabilities, as logits of shape (batch, classes).

    Args:
        architecture: its option ``reading`` is a kind of `Reading`, where that is what reads, or ``born``.
        program: the circuit.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """
    encode = seeded_linear(architecture.shape[0], program.inputs, generator)
    quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, generator=generator, dtype=torch.float64)
    read = _reading(architecture.options["reading"], program, architecture.classes, generator)
    return HybridClassifier(encode, quantum, read, architecture, memory_limit_mb)


def _reading(kind: ReadingKind, program: Program, classes: int, generator: torch.Generator) -> nn.Module:
    if kind == "born":
        return BornReading(program, classes)
    observables = len(program.observables)
    return Reading(kind) if is_read_alone(classes, observables) else seeded_linear(observables, classes, generator)


def is_read_alone(classes: int, observables: int) -> bool:
    """Whether one expectation value is the logit, without a linear layer."""
    return classes == 2 and observables == 1


def pixel_parameters(program: Program, *, features: int, classes: int, reading: ReadingKind) -> int:
    """How many numbers `pixel_classifier` trains.

    Args:
        program: the circuit.
        features: numbers a sample has.
        classes: how many.
        reading: see `Reading` and `BornReading`.
    """
    observables = len(program.observables)
    alone = 2 if reading == "scaled" else 0
    read = alone if is_read_alone(classes, observables) else (observables + 1) * classes * (reading != "born")
    return (features + 1) * program.inputs + program.weights + read


def twin_of(architecture: Architecture, program: Program) -> Architecture:
    """The twin that trains as many numbers as the net with this circuit, or nearly so.

    Args:
        architecture: of the twin; its option ``reading`` is that of the net.
        program: the net's circuit.
    """
    reading = architecture.options["reading"]
    features, classes = architecture.shape[0], architecture.classes
    parameters = pixel_parameters(program, features=features, classes=classes, reading=reading)
    return replace(architecture, options={**architecture.options, "parameters": parameters})


def dense_twin_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """``features -> linear -> tanh -> linear -> logits``, in float64: the classifier of pixels without its circuit.

    Args:
        architecture: its option ``parameters`` is how many numbers the net trains that it is a twin of, see `twin_of`;
            the hidden layer is as wide as brings the twin nearest to it.
        generator: of the initial weights.

    Raises:
        UserError: the option is missing.
    """
    if "parameters" not in architecture.options:
        raise UserError("a dense_twin has as many parameters as another net; name that net's circuit, or their number")
    features, outputs = architecture.shape[0], outputs_of(architecture.classes)
    hidden = matched_width(architecture.options["parameters"], features, outputs)
    layers = [seeded_linear(features, hidden, generator), nn.Tanh(), seeded_linear(hidden, outputs, generator)]
    body = nn.Sequential(*layers, *([nn.Flatten(start_dim=0)] if outputs == 1 else []))
    return ClassicalClassifier(body, architecture)

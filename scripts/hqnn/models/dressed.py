"""The dressed quantum net of transfer learning, and its classical twins.

Source: A. Mari, T. R. Bromley, J. Izaac, M. Schuld, N. Killoran, Transfer learning in hybrid classical-quantum neural
networks, Quantum 4, 340 (2020), section 2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.models.classifier import Architecture, ClassicalClassifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.models.layers import seeded_linear


class Squash(nn.Module):
    """Any number to an angle in (-pi/2, pi/2): ``tanh(x) * pi/2``."""

    def forward(self, values: Tensor) -> Tensor:
        """Elementwise."""
        return torch.tanh(values) * (math.pi / 2)


def dressed_classifier(
    architecture: Architecture, program: Program, generator: torch.Generator, memory_limit_mb: float
) -> HybridClassifier:
    """``features -> linear -> tanh * pi/2 -> circuit -> linear -> logits``, in float64.

    Args:
        architecture: its option ``delta`` is the standard deviation of the circuit's first weights.
        program: the circuit; one input a wire, one observable a wire.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """
    quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, dtype=torch.float64)
    encode = nn.Sequential(seeded_linear(architecture.shape[0], program.inputs, generator), Squash())
    with torch.no_grad():
        quantum.weights.normal_(0, architecture.options["delta"], generator=generator)
    read = seeded_linear(len(program.observables), architecture.classes, generator)
    return HybridClassifier(encode, quantum, read, architecture, memory_limit_mb)


def linear_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """``features -> linear -> logits``, in float64."""
    return ClassicalClassifier(seeded_linear(architecture.shape[0], architecture.classes, generator), architecture)


def mlp_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """``features -> linear -> tanh -> linear -> logits``, in float64: the dressed net without its circuit.

    Args:
        architecture: its option ``hidden`` is the width, the qubits of the net it is a twin of.
        generator: of the initial weights.
    """
    hidden = architecture.options["hidden"]
    body = nn.Sequential(
        seeded_linear(architecture.shape[0], hidden, generator),
        nn.Tanh(),
        seeded_linear(hidden, architecture.classes, generator),
    )
    return ClassicalClassifier(body, architecture)

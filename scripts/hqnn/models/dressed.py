"""The dressed quantum net of transfer learning, and its classical twins.

Source: A. Mari, T. R. Bromley, J. Izaac, M. Schuld, N. Killoran, Transfer learning in hybrid classical-quantum neural
networks, Quantum 4, 340 (2020), section 2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.circuits.sizes import WIRES, wires_for
from hqnn.engine import QuantumLayer
from hqnn.models.classifier import Architecture, ClassicalClassifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.models.layers import FeatureReader, seeded_linear


class Squash(nn.Module):
    """Any number to an angle in (-pi/2, pi/2): ``tanh(x) * pi/2``."""

    def forward(self, values: Tensor) -> Tensor:
        """Elementwise."""
        return torch.tanh(values) * (math.pi / 2)


class Standardise(nn.Module):
    """Features less their means, over their standard deviations; as they are until `fit` was called.

    Args:
        features: how many.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(features, dtype=torch.float64))

    def fit(self, features: Tensor) -> None:
        """Take means and deviations from train features, shape (samples, features); what does not vary becomes 0."""
        values = features.double()
        deviation = values.std(0)
        varies = deviation > 1e-9 * values.abs().amax(0)  # the deviation of a constant is not quite 0
        self.shift.copy_(values.mean(0))
        self.scale.copy_(torch.where(varies, 1 / deviation, 0.0))

    def forward(self, features: Tensor) -> Tensor:
        """Shape (..., features)."""
        return (features - self.shift) * self.scale


class Consensus(nn.Module):
    """Logits of several views as those of their image: means of log-probabilities."""

    def forward(self, logits: Tensor) -> Tensor:
        """Shape (batch, classes) as it is, (batch, views, classes) to (batch, classes)."""
        return torch.log_softmax(logits, dim=-1).mean(dim=1) if logits.dim() == 3 else logits


def dressed_classifier(
    architecture: Architecture, program: Program, generator: torch.Generator, memory_limit_mb: float
) -> HybridClassifier:
    """``features -> linear -> tanh * pi/2 -> circuit -> linear -> logits``, in float64.

    Args:
        architecture: its option ``delta`` is the standard deviation of the circuit's first weights; with its option
            ``standardise`` features are standardised first.
        program: the circuit; one input a wire.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """
    quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, dtype=torch.float64)
    encode = nn.Sequential(*_reader(architecture, program.inputs, generator), Squash())
    with torch.no_grad():
        quantum.weights.normal_(0, architecture.options["delta"], generator=generator)
    read = nn.Sequential(seeded_linear(len(program.observables), architecture.classes, generator), Consensus())
    return HybridClassifier(encode, quantum, read, architecture, memory_limit_mb)


def linear_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """``features -> linear -> logits``, in float64; options as of `dressed_classifier`."""
    body = nn.Sequential(*_reader(architecture, architecture.classes, generator), Consensus())
    return ClassicalClassifier(body, architecture)


def mlp_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """``features -> linear -> tanh -> linear -> logits``, in float64: the dressed net without its circuit.

    Args:
        architecture: its option ``hidden`` is the width, the qubits of the net it is a twin of, which follow the number
            of classes where it is None; others as of `dressed_classifier`.
        generator: of the initial weights.
    """
    hidden = architecture.options["hidden"] or wires_for(architecture.classes, WIRES["dressed"])
    body = nn.Sequential(
        *_reader(architecture, hidden, generator),
        nn.Tanh(),
        seeded_linear(hidden, architecture.classes, generator),
        Consensus(),
    )
    return ClassicalClassifier(body, architecture)


def _reader(architecture: Architecture, outputs: int, generator: torch.Generator) -> list[nn.Module]:
    """What reads the features, standardised first where that is wanted."""
    features = architecture.shape[-1]
    layer = seeded_linear(features, outputs, generator, kind=FeatureReader)
    return [Standardise(features), layer] if architecture.options.get("standardise") else [layer]

"""Study A's classifier of pixels: features, a perceptron, a circuit, and its one expectation value as a probability."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier
from hqnn.models.layers import seeded_linear


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


def pixel_classifier(
    architecture: Architecture, program: Program, generator: torch.Generator, memory_limit_mb: float
) -> HybridClassifier:
    """``features -> linear -> circuit -> reading``, in float64.

    Args:
        architecture: its option ``reading`` is a kind of `Reading`.
        program: the circuit, with one observable.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """
    encode = seeded_linear(architecture.shape[0], program.inputs, generator)
    quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, generator=generator, dtype=torch.float64)
    read = Reading(architecture.options["reading"])
    return HybridClassifier(encode, quantum, read, architecture, memory_limit_mb)

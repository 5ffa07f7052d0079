"""Classical layers whose initial weights come from a generator of their own."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FeatureReader(nn.Linear):
    """A linear layer that reads many features; where a net has one, weight decay acts on its matrix alone."""


class Scaled(nn.Module):
    """Numbers times a fixed factor: as the inputs of a circuit, how far its embedding turns.

    Source: R. Shaydulin, S. M. Wild, Importance of kernel bandwidth in quantum machine learning, Phys. Rev. A 106,
    042407 (2022), of kernels.
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, values: Tensor) -> Tensor:
        """Elementwise."""
        return values * self.factor

    def extra_repr(self) -> str:
        """What tells two of them apart in a run's digest."""
        return f"{self.factor}"


def seeded_linear(
    inputs: int,
    outputs: int,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    kind: type[nn.Linear] = nn.Linear,
) -> nn.Linear:
    """A linear layer with torch's usual initial distribution."""
    layer = kind(inputs, outputs, dtype=dtype)
    bound = 1 / math.sqrt(inputs)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer

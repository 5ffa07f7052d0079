"""Classical layers whose initial weights come from a generator of their own."""

from __future__ import annotations

import math

import torch
from torch import nn


class FeatureReader(nn.Linear):
    """A linear layer that reads many features; where a net has one, weight decay acts on its matrix alone."""


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

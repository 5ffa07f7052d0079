"""Compile all kernels, so that no run waits for it: ``python -m hqnn.engine.precompile``."""

from __future__ import annotations

from itertools import product
from typing import get_args

import torch

from hqnn.circuits.library import build
from hqnn.engine.choice import Way
from hqnn.engine.layer import QuantumLayer

# Between them they enter angles once, amplitudes, and angles before every layer; products, gates of two wires.
CIRCUITS = (
    "angle_y-simplified_two_design-1",
    "amplitude-simplified_two_design-1",
    "angle_y-simplified_two_design-2-reupload",
)
OBSERVABLES = ("Z0", "probs@1,2")  # words and probabilities


def precompile() -> None:
    """Run every kernel once, forward and backward, in both precisions; what is compiled stays on disk."""
    for dtype, way, name in product((torch.float32, torch.float64), get_args(Way), CIRCUITS):
        layer = QuantumLayer(build(name, 3, OBSERVABLES), way=way, dtype=dtype)
        inputs = torch.full((2, layer.program.inputs), 0.5, dtype=dtype, requires_grad=True)
        torch.autograd.backward(layer(inputs).sum())


if __name__ == "__main__":
    precompile()

"""The engine against a density matrix, on random programs with and without random noise."""

from __future__ import annotations

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.engine import QuantumLayer
from hqnn.engine.choice import Way

STYLES = ["embedding", "chains", "reupload", "amplitudes"]
KINDS: list[tuple[Way, bool]] = [("observables", False), ("observables", True), ("states", False)]


def both(style: str, wires: int, way: Way, noisy: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    program = oracle.random_program(rng, wires, 8, style)
    noise = oracle.random_noise(rng, program) if noisy else None
    inputs, weights = rng.normal(size=(3, program.inputs)), rng.normal(size=program.weight_shape)
    layer = QuantumLayer(program, noise.model() if noise else None, way=way, dtype=torch.float64)
    with torch.no_grad():
        layer.weights.copy_(torch.as_tensor(weights))
        ours = layer(torch.as_tensor(inputs)).numpy()
    return ours, np.array([oracle.expectations(program, sample, weights, noise) for sample in inputs])


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=25, deadline=None)
@given(wires=st.integers(2, 5), kind=st.sampled_from(KINDS), seed=st.integers(0, 2**31))
def test_values_equal_the_density_matrix(style: str, wires: int, kind: tuple[Way, bool], seed: int) -> None:
    ours, theirs = both(style, wires, *kind, seed)
    np.testing.assert_allclose(ours, theirs, atol=1e-11)

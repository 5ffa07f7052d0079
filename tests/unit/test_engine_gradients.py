"""The engine's own backward against finite differences, and its CPU kernels against its torch operations."""

from __future__ import annotations

from bisect import bisect_left

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from hqnn.engine import QuantumLayer
from hqnn.engine.choice import Way
from hqnn.engine.plan import plan_of
from hqnn.engine.torch_path import expectations, shared_vectors
from hqnn.errors import UserError

STYLES = ["embedding", "chains", "reupload", "amplitudes"]


def random_layer(style: str, noisy: bool, seed: int = 0, **options: object) -> QuantumLayer:
    rng = np.random.default_rng(seed)
    program = oracle.random_program(rng, 4, 8, style)
    noise = oracle.random_noise(rng, program).model() if noisy else None
    return QuantumLayer(program, noise, dtype=torch.float64, generator=torch.Generator().manual_seed(seed), **options)


def run(layer: QuantumLayer, inputs: Tensor, weights: Tensor) -> Tensor:
    return functional_call(layer, {"weights": weights}, (inputs,))


@pytest.mark.parametrize("wanted", ["weights", "inputs", "both"])
@pytest.mark.parametrize("way, noisy", [("observables", False), ("observables", True), ("states", False)])
@pytest.mark.parametrize("style", STYLES)
def test_gradients_equal_finite_differences(style: str, way: Way, noisy: bool, wanted: str) -> None:
    for seed in range(2):
        layer = random_layer(style, noisy, seed, way=way)
        scattered = torch.randn(2, 6, dtype=torch.float64)[:, ::2]
        inputs = scattered.requires_grad_(wanted != "weights")
        weights = layer.weights.detach().clone().requires_grad_(wanted != "inputs")
        assert not inputs.is_contiguous()
        assert torch.autograd.gradcheck(lambda x, w, layer=layer: run(layer, x, w), (inputs, weights), eps=1e-5)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_kernels_equal_torch_operations(style: str, noisy: bool) -> None:
    for seed in range(4):
        layer = random_layer(style, noisy, seed, way="observables")
        inputs = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
        plan = plan_of(layer.program, layer.noise)
        weights = layer.weights[None]
        theirs = expectations(plan, shared_vectors(plan, weights), inputs[None], weights)[0]
        ours = layer(inputs)
        upstream = torch.randn_like(ours)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)
        sources = (layer.weights, inputs)
        for mine, other in zip(
            torch.autograd.grad(ours, sources, upstream, materialize_grads=True),
            torch.autograd.grad(theirs, sources, upstream, materialize_grads=True),
            strict=True,
        ):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def least_limit(style: str, way: Way, inputs: Tensor) -> float:
    """The lowest limit, within a tenth, that is not refused."""

    def is_enough(limit: float) -> bool:
        try:
            random_layer(style, way == "observables", seed=3, way=way, memory_limit_mb=limit)(inputs)
        except UserError:
            return False
        return True

    limits = [0.01 * 1.1**step for step in range(120)]
    return limits[bisect_left(limits, True, key=is_enough)]


@pytest.mark.parametrize("way", ["observables", "states"])
@pytest.mark.parametrize("style", STYLES)
def test_a_low_memory_limit_changes_nothing_but_the_memory(style: str, way: Way) -> None:
    inputs = torch.randn(100, 3, dtype=torch.float64, requires_grad=True)
    found = []
    for limit in (1000.0, least_limit(style, way, inputs)):
        layer = random_layer(style, way == "observables", seed=3, way=way, memory_limit_mb=limit)
        values = layer(inputs)
        with torch.no_grad():
            torch.testing.assert_close(layer(inputs), values, rtol=0, atol=1e-13)
        found.append((values, *torch.autograd.grad(values.square().sum(), (layer.weights, inputs))))
    for wide, narrow in zip(*found, strict=True):
        torch.testing.assert_close(wide, narrow, rtol=0, atol=1e-12)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_the_way_back_can_be_gone_twice(style: str, noisy: bool) -> None:
    layer = random_layer(style, noisy)
    inputs = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    total = layer(inputs).square().sum()
    first = torch.autograd.grad(total, (layer.weights, inputs), retain_graph=True)
    again = torch.autograd.grad(total, (layer.weights, inputs))
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)

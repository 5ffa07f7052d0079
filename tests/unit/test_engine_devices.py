"""Torch operations, which run where there are no kernels, against the kernels; and the choice of a device.

No GPU is needed: the operations run on torch's CPU device, with the kernels taken away.
"""

from unittest import mock

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from hqnn.circuits.library import build, build_for
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.engine.choice import Way
from hqnn.errors import UserError
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.device import device_of
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout
from hqnn.settings.fitting import Training
from hqnn.training.fit import fit

NO_KERNELS = mock.patch("hqnn.engine.execute.has_kernels", lambda device: False)
STYLES = ["embedding", "chains", "reupload", "amplitudes"]


def found(layer: QuantumLayer, inputs: Tensor) -> list[Tensor]:
    """Values, and gradients of inputs and weights, in double precision."""
    given = inputs.to(layer.weights.dtype).requires_grad_()
    values = layer(given)
    upstream = torch.linspace(-1, 2, values.numel(), dtype=values.dtype).reshape(values.shape)
    gradients = torch.autograd.grad(values, (given, layer.weights), upstream, materialize_grads=True)
    return [each.detach().double() for each in (values, *gradients)]


def damped(program: Program) -> NoiseModel:
    after = {
        (gate.name, gate.wires): channels.tensor(*[channels.amplitude_damping(0.05)] * len(gate.wires))
        for gate in program.gates
        if len(gate.wires) < 3
    }
    return NoiseModel("damped", after, {0: Readout(0.02, 0.05)})


@settings(max_examples=20, deadline=None)
@given(
    style=st.sampled_from(STYLES),
    wires=st.integers(2, 4),
    copies=st.integers(1, 2),
    seed=st.integers(0, 2**31),
    kind=st.sampled_from(["states", "observables", "noisy"]),
    limit=st.sampled_from([0.5, 100.0]),
)
@example(style="reupload", wires=2, copies=1, seed=116153904, kind="states", limit=0.5)  # no angle is seen
@example(style="reupload", wires=2, copies=1, seed=116153904, kind="observables", limit=0.5)
def test_torch_operations_give_the_numbers_of_the_kernels(
    style: str, wires: int, copies: int, seed: int, kind: str, limit: float
) -> None:
    program = oracle.random_program(np.random.default_rng(seed), wires, 10, style)
    noise, way = (damped(program), None) if kind == "noisy" else (None, kind)
    inputs = torch.randn(9, copies * 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    exact = QuantumLayer(program, noise, copies, way=way, dtype=torch.float64)
    expected = found(exact, inputs)
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 2e-5)):
        layer = QuantumLayer(program, noise, copies, way=way, dtype=dtype, memory_limit_mb=limit)
        layer.load_state_dict(exact.state_dict())
        with NO_KERNELS:
            for mine, other in zip(found(layer, inputs), expected, strict=True):
                torch.testing.assert_close(mine, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("way", ["states", "observables"])
def test_torch_operations_train_to_the_same_model(way: Way) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    labels = (features[:, 0] > 0).astype(np.uint8)
    trained = []
    for patch in (NO_KERNELS, mock.patch("hqnn.engine.execute.has_kernels", lambda device: True)):
        with patch:
            program = build_for("angle_y-simplified_two_design-1", 3, ("Z0",))
            model = build_classifier(Architecture("pixel", (3,), options={"reading": "scaled"}), program, seed=0)
            model.quantum = QuantumLayer(
                program, way=way, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
            )
            fit(model, features, labels, Training(epochs=2), seed=0)
            trained.append(model.classify(features))
    np.testing.assert_allclose(trained[0], trained[1], rtol=0, atol=1e-9)


def test_wide_states_run_in_torch_operations() -> None:
    program = build("angle_y-simplified_two_design-2-reupload", 12, ["Z0", "X3Y11"])
    exact = QuantumLayer(program, way="states", dtype=torch.float64)
    inputs = torch.randn(2, 12, dtype=torch.float64)
    expected = found(exact, inputs)
    layer = QuantumLayer(program, way="states", dtype=torch.float64, memory_limit_mb=0.5)  # a piece for each sample
    layer.weights = exact.weights
    with NO_KERNELS:
        for mine, other in zip(found(layer, inputs), expected, strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def test_a_gpu_that_is_not_there_is_a_sentence() -> None:
    with mock.patch("torch.cuda.is_available", lambda: False):
        assert device_of("auto") == device_of("cpu") == torch.device("cpu")
        with pytest.raises(UserError, match=r"engine.device is 'cuda', but torch .* sees no GPU; .*'auto' or 'cpu'"):
            device_of("cuda")
    with mock.patch("torch.cuda.is_available", lambda: True):
        assert device_of("auto") == device_of("cuda") == torch.device("cuda")

"""The quantum layer as torch users expect a module to behave."""

from __future__ import annotations

import copy

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hqnn.circuits.program import Angle, Constant, Gate, Program
from hqnn.engine import QuantumLayer
from hqnn.engine.product_states import ProductStates
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel, Readout

PROGRAM = oracle.random_program(np.random.default_rng(7), 3, 8, "embedding")


def layer_of(seed: int = 0, **options: object) -> QuantumLayer:
    options = {"dtype": torch.float64, **options}
    return QuantumLayer(PROGRAM, generator=torch.Generator().manual_seed(seed), **options)


def values_of(weights: Tensor, inputs: Tensor) -> Tensor:
    """From a fresh layer that had these weights from the start."""
    layer = layer_of()
    with torch.no_grad():
        layer.weights.copy_(weights)
        return layer(inputs)


@pytest.fixture
def inputs() -> Tensor:
    return torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def others() -> Tensor:
    return torch.rand(PROGRAM.weight_shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def test_first_weights_are_uniform_angles_from_the_generator() -> None:
    wide = QuantumLayer(Program(1, 1, (4000,), (), ("Z",)), generator=torch.Generator().manual_seed(0)).weights
    assert wide.dtype == torch.get_default_dtype()
    assert wide.min() >= 0 and wide.max() < 2 * np.pi
    assert abs(wide.mean() - np.pi) < 0.1
    torch.testing.assert_close(layer_of(3).weights, layer_of(3).weights)
    assert not torch.equal(layer_of(3).weights, layer_of(4).weights)


def test_assigned_state_is_what_runs(inputs: Tensor, others: Tensor) -> None:
    for assign in (False, True):
        layer = layer_of()
        layer(inputs)
        assert list(layer.state_dict()) == ["weights"]
        layer.load_state_dict({"weights": others}, assign=assign)
        torch.testing.assert_close(layer(inputs).detach(), values_of(others, inputs))


def test_an_assigned_parameter_is_what_runs_and_learns(inputs: Tensor, others: Tensor) -> None:
    layer = layer_of()
    layer(inputs)
    layer.weights = nn.Parameter(others)
    layer(inputs).sum().backward()
    torch.testing.assert_close(layer(inputs).detach(), values_of(others, inputs))
    assert layer.weights.grad is not None and layer.weights.grad.abs().sum() > 0


def test_functional_call_runs_with_its_own_weights(inputs: Tensor, others: Tensor) -> None:
    layer = layer_of()
    values = torch.func.functional_call(layer, {"weights": others}, (inputs,))
    torch.testing.assert_close(values, values_of(others, inputs))
    torch.testing.assert_close(layer(inputs).detach(), values_of(layer_of().weights, inputs))


def test_a_deep_copy_is_independent(inputs: Tensor, others: Tensor) -> None:
    layer = layer_of()
    layer(inputs)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        twin.weights.copy_(others)
    torch.testing.assert_close(twin(inputs).detach(), values_of(others, inputs))
    torch.testing.assert_close(layer(inputs).detach(), values_of(layer_of().weights, inputs))


def test_precision_follows_the_weights(inputs: Tensor) -> None:
    exact = layer_of()
    single = copy.deepcopy(exact).float()
    assert single(inputs).dtype == torch.float32
    assert exact(inputs.float()).dtype == torch.float64
    torch.testing.assert_close(single(inputs).double(), exact(inputs), rtol=0, atol=2e-6)
    single(inputs).sum().backward()
    exact(inputs).sum().backward()
    assert single.weights.grad is not None and exact.weights.grad is not None
    torch.testing.assert_close(single.weights.grad.double(), exact.weights.grad, rtol=0, atol=2e-5)


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 3), (2, 4, 3)])
def test_leading_axes_are_kept(shape: tuple[int, ...]) -> None:
    layer = layer_of()
    inputs = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    values = layer(inputs)
    assert values.shape == (*shape[:-1], len(PROGRAM.observables))
    values.sum().backward()
    assert inputs.grad is not None and inputs.grad.shape == shape
    flat = [layer(sample) for sample in inputs.reshape(-1, 3)]
    if flat:
        torch.testing.assert_close(values.reshape(len(flat), -1), torch.stack(flat))


@pytest.mark.parametrize("style", ["embedding", "reupload"])
def test_inputs_that_were_overwritten_are_noticed(style: str) -> None:
    layer = QuantumLayer(oracle.random_program(np.random.default_rng(8), 3, 8, style), dtype=torch.float64)
    inputs = torch.randn(4, 3, dtype=torch.float64)
    total = layer(inputs).sum()
    inputs.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


def test_a_circuit_without_inputs_or_weights_runs() -> None:
    hadamard = Gate("H", (0,), (), (Constant(np.array([[1, 1], [1, -1]]) / np.sqrt(2)),))
    layer = QuantumLayer(Program(2, 0, (0,), (hadamard,), ("XI", "ZI", "IZ", "II")))
    torch.testing.assert_close(layer(torch.zeros(3, 0)), torch.tensor([[1.0, 0, 1, 1]] * 3), rtol=0, atol=1e-6)


@pytest.mark.parametrize("style", ["embedding", "reupload", "amplitudes"])
def test_copies_are_separate_layers_side_by_side(style: str) -> None:
    program = oracle.random_program(np.random.default_rng(8), 3, 8, style)
    layer = QuantumLayer(program, copies=3, dtype=torch.float64)
    assert layer.weights.shape == (3, *program.weight_shape)
    inputs = torch.randn(4, 9, dtype=torch.float64)
    single = [QuantumLayer(program, dtype=torch.float64) for _ in range(3)]
    for copy_, one in enumerate(single):
        one.load_state_dict({"weights": layer.weights[copy_].detach()})
    expected = torch.cat([one(inputs[:, 3 * c : 3 * c + 3]) for c, one in enumerate(single)], dim=-1)
    torch.testing.assert_close(layer(inputs), expected, rtol=0, atol=1e-13)
    expected.square().sum().backward()
    layer(inputs).square().sum().backward()
    torch.testing.assert_close(layer.weights.grad, torch.stack([one.weights.grad for one in single]))


def test_frozen_weights_and_plain_inputs_make_no_graph(inputs: Tensor) -> None:
    layer = layer_of().requires_grad_(False)
    assert not layer(inputs).requires_grad
    with torch.inference_mode():
        torch.testing.assert_close(layer(inputs), layer(inputs.clone()))


def test_inference_keeps_nothing_for_the_way_back() -> None:
    layer = layer_of()
    chunks = []
    meet = ProductStates.meet
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(ProductStates, "meet", lambda *given: chunks.append(len(given[2])) or meet(*given))
        values = layer(torch.zeros(50_000, 3, dtype=torch.float64))
    assert sum(chunks) == 50_000
    assert max(chunks) < 10_000
    torch.testing.assert_close(values, values[:1].expand(50_000, -1))


def test_it_learns_inside_a_network() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 3), QuantumLayer(PROGRAM), nn.Linear(2, 1))
    features = torch.randn(64, 2)
    target = features.prod(dim=1, keepdim=True).sign()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(features), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (torch.zeros(4, 2), r"shape \(4, 2\); give \(\.\.\., 3\)"),
        (torch.tensor(1.0), r"shape \(\)"),
        (torch.full((2, 3), torch.nan), "NaN among its inputs"),
        (torch.zeros(2, 3, device="meta"), "inputs are on meta, weights on cpu"),
    ],
)
def test_wrong_inputs_are_refused(inputs: Tensor, said: str) -> None:
    with pytest.raises(UserError, match=said):
        layer_of()(inputs)


def test_half_precision_is_refused(inputs: Tensor) -> None:
    with pytest.raises(UserError, match="use float32 or float64"):
        layer_of().half()(inputs)


@pytest.mark.parametrize("style", ["embedding", "reupload"])
def test_too_little_memory_names_the_estimate_and_the_key(style: str) -> None:
    program = oracle.random_program(np.random.default_rng(8), 5, 12, style)
    layer = QuantumLayer(program, memory_limit_mb=0.001)
    with pytest.raises(UserError, match=r"need about .* MB, but engine.memory_limit_mb is"):
        layer(torch.randn(2, 3))


def test_a_sample_without_amplitudes_is_refused() -> None:
    program = oracle.random_program(np.random.default_rng(8), 3, 4, "amplitudes")
    with pytest.raises(UserError, match="zero everywhere"):
        QuantumLayer(program)(torch.zeros(2, 3))


def test_wide_gates_are_refused_by_name() -> None:
    toffoli = Gate("Toffoli", (0, 1, 2), (), (Constant(np.eye(8, dtype=complex)),))
    with pytest.raises(UserError, match=r"3-wire gate 'Toffoli'.*PennyLane interpreter"):
        QuantumLayer(Program(3, 1, (1,), (toffoli,), ("ZII",)))


def test_channels_of_the_wrong_size_or_without_trace_are_refused() -> None:
    gate = oracle.rotation_gate("RX", "X", (0,), Angle(0.3))
    program = Program(2, 1, (1,), (gate,), ("ZI",))
    for channel, said in ((np.eye(16), "shape"), (np.diag([0.9, 1, 1, 1]), "does not preserve the trace")):
        with pytest.raises(UserError, match=said):
            QuantumLayer(program, NoiseModel("bad", {("RX", (0,)): channel}, {}))


def test_noise_that_no_gate_gets_is_refused() -> None:
    with pytest.raises(UserError, match="no gate of the program gets noise"):
        QuantumLayer(PROGRAM, NoiseModel("elsewhere", {("cx", (0, 1)): np.eye(16)}, {0: Readout(0.1, 0.1)}))

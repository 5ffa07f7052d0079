"""Every way to differentiate a circuit gives the engine's gradients, and runs as many circuits as the formula says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout
from hqnn.settings.fitting import Regime
from hqnn.training.differentiation import METHODS, PennyLaneLayer, differentiate_by, executions_per_image
from hqnn.training.fit import fit

SAMPLES = 3
ARCHITECTURE = Architecture("pixel", (2,), options={"reading": "sigmoid"})
EXACT = ("backprop", "adjoint", "parameter-shift")
DIFFERENCE = 5e-6  # a forward difference of 1e-7 in double precision


def mixed_circuit(inputs: Any, weights: Any, wires: Sequence[int]) -> None:
    qml.RX(inputs[0], wires=0)
    qml.RY(inputs[1] + weights[0], wires=1)
    qml.CRX(weights[1], wires=[0, 1])
    qml.Rot(weights[2], 0.4, weights[3], wires=1)
    qml.IsingZZ(inputs[2], wires=[1, 2])
    qml.RY(weights[4], wires=2)
    qml.RY(weights[5], wires=3)  # no gate leads from here to the observable


def circuits() -> dict[str, Program]:
    return {
        "entangling": build("angle_y-strongly_entangling-1", 3),
        "two_design": build("angle_x-simplified_two_design-1", 4, ["Z1"]),
        "mixed": trace(mixed_circuit, inputs=3, weight_shape=(6,), wires=4, observables=["IZZI", "ZIII"]),
    }


@pytest.fixture(scope="module", params=circuits())
def layer(request: pytest.FixtureRequest) -> QuantumLayer:
    generator = torch.Generator().manual_seed(3)
    return QuantumLayer(circuits()[request.param], generator=generator, dtype=torch.float64)


def sample(layer: QuantumLayer, requires_grad: bool = True) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    width = layer.copies * layer.program.inputs
    return torch.rand((SAMPLES, width), generator=generator, dtype=torch.float64).requires_grad_(requires_grad)


def gradients(layer: torch.nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values = layer(inputs)
    seed = torch.linspace(0.5, 1.5, values.numel(), dtype=values.dtype).reshape(values.shape)
    return values.detach(), *torch.autograd.grad((values * seed).sum(), (inputs, layer.weights))


@pytest.mark.parametrize("method", [m for m in METHODS if m != "spsa"])
def test_values_and_gradients_are_the_engine_s(layer: QuantumLayer, method: str) -> None:
    ours = gradients(layer, sample(layer))
    theirs = gradients(PennyLaneLayer(layer, method), sample(layer))
    tolerance = 1e-9 if method in EXACT else DIFFERENCE
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(other, mine, rtol=0, atol=tolerance)


@pytest.mark.parametrize("device", ["cirq.simulator", "qiskit.aer"])
def test_other_simulators_are_exact_too(device: str) -> None:
    layer = QuantumLayer(circuits()["two_design"], dtype=torch.float64)
    ours = gradients(layer, sample(layer))
    theirs = gradients(PennyLaneLayer(layer, "parameter-shift", device=device), sample(layer))
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(other, mine, rtol=0, atol=2e-6)


def test_spsa_is_the_derivative_along_its_direction() -> None:
    program = trace(
        lambda x, w, wires: qml.RY(x[0] + w[0], wires=0), inputs=1, weight_shape=(1,), wires=1, observables=["Z"]
    )
    layer = QuantumLayer(program, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    spsa = PennyLaneLayer(layer, "spsa", h=1e-4, num_directions=2, sampler_rng=np.random.default_rng(0))
    for mine, other in zip(gradients(layer, sample(layer)), gradients(spsa, sample(layer)), strict=True):
        torch.testing.assert_close(other, mine, rtol=0, atol=1e-6)
    assert spsa.executions.backward == SAMPLES * executions_per_image(program, "spsa", directions=2).backward


@pytest.mark.parametrize(("method", "inputs"), list(product(METHODS, (True, False))))
def test_circuits_run_are_those_of_the_formula(layer: QuantumLayer, method: str, inputs: bool) -> None:
    counted = PennyLaneLayer(layer, method)
    counted(sample(layer, inputs)).sum().backward()
    formula = executions_per_image(layer.program, method, inputs=inputs)
    assert counted.executions.forward == SAMPLES * formula.forward
    assert counted.executions.backward == SAMPLES * formula.backward


def test_the_formula_in_numbers() -> None:
    dressed = build("hadamard_angle_y-dressed-1", 4)
    p = dressed.inputs + dressed.weights
    backward = {method: executions_per_image(dressed, method).backward for method in METHODS}
    assert backward == {"backprop": 1, "adjoint": 1, "parameter-shift": 2 * p, "finite-diff": p, "spsa": 2}
    assert executions_per_image(dressed, "parameter-shift", inputs=False).backward == 2 * dressed.weights
    assert executions_per_image(dressed, "finite-diff", inputs=False, weights=False).backward == 0


def test_shots_are_counted_too() -> None:
    layer = QuantumLayer(circuits()["two_design"], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for method, options in (("parameter-shift", {}), ("finite-diff", {"h": 0.3})):
        counted = PennyLaneLayer(layer, method, shots=50, **options)
        values = counted(sample(layer))
        values.sum().backward()
        formula = executions_per_image(layer.program, method, sampled=True)
        lattice = values.detach() * 25
        torch.testing.assert_close(lattice, lattice.round(), rtol=0, atol=1e-9)
        assert counted.executions.forward == SAMPLES
        assert counted.executions.backward == SAMPLES * formula.backward


def test_prediction_runs_no_gradients() -> None:
    layer = QuantumLayer(circuits()["entangling"], dtype=torch.float64)
    for method in METHODS:
        counted = PennyLaneLayer(layer, method)
        with torch.no_grad():
            counted(sample(layer, False))
        assert (counted.executions.forward, counted.executions.backward) == (SAMPLES, 0)


def test_noise_and_parallel_copies_are_taken_over() -> None:
    program = build("angle_y-strongly_entangling-1", 2)
    relaxed = channels.tensor(
        channels.thermal_relaxation(50.0, 30.0, 4.0), channels.thermal_relaxation(20.0, 25.0, 4.0)
    )
    noise = NoiseModel("made_up", {("CNOT", ()): relaxed}, {0: Readout(0.02, 0.07)})
    layer = QuantumLayer(program, noise, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for method in ("backprop", "parameter-shift"):
        other = PennyLaneLayer(layer, method, device="default.mixed")
        for mine, theirs in zip(gradients(layer, sample(layer)), gradients(other, sample(layer)), strict=True):
            torch.testing.assert_close(theirs, mine, rtol=0, atol=1e-8)


def test_a_classifier_trained_another_way_ends_with_the_same_weights() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(12, 2)), (np.arange(12) % 2).astype(np.uint8)
    trained = []
    for method in ("engine", "adjoint"):
        program = build("angle_y-simplified_two_design-1", 3, ["Z1"])
        model = build_classifier(ARCHITECTURE, program, seed=1)
        differentiate_by(model, method)
        fit(model, features, labels, Regime(batch_size=6, epochs=2, balanced=True), seed=0)
        trained.append(model.tensors())
    ours, theirs = trained
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(theirs[name], ours[name], atol=1e-9)


def test_weights_that_stand_there_are_the_ones_that_run() -> None:
    layer = QuantumLayer(circuits()["entangling"], dtype=torch.float64)
    other = PennyLaneLayer(layer, "adjoint")
    assert other.weights is layer.weights
    assert list(other.state_dict()) == list(layer.state_dict())
    fresh = QuantumLayer(layer.program, dtype=torch.float64)
    other.load_state_dict(fresh.state_dict(), assign=True)
    inputs = sample(layer, False)
    torch.testing.assert_close(other(inputs), fresh(inputs), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("paramter-shift",), "did you mean 'parameter-shift'"),
        (("adjoint", "default.mixed"), "'default.mixed' has no adjoint"),
        (("adjoint", "nobodys.device"), "no device 'nobodys.device'"),
    ],
)
def test_what_does_not_go_together_is_said(arguments: tuple[str, ...], words: str) -> None:
    model = build_classifier(ARCHITECTURE, build("angle_y-simplified_two_design-1", 2, ["Z1"]))
    with pytest.raises(UserError, match=words):
        differentiate_by(model, *arguments)


def test_wrong_requests_are_refused() -> None:
    layer = QuantumLayer(circuits()["entangling"], dtype=torch.float64)
    with pytest.raises(UserError, match="backprop needs exact"):
        PennyLaneLayer(layer, "backprop", shots=10)
    with pytest.raises(UserError, match=r"shape \(2, 5\)"):
        PennyLaneLayer(layer, "adjoint")(torch.zeros(2, 5))
    with pytest.raises(UserError, match="did you mean 'adjoint'"):
        executions_per_image(layer.program, "adjoin")

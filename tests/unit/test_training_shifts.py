"""Gradients from shifted angles are the exact ones, and from counts they lie within their standard errors of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.circuit.library import CRXGate, RGate

from hqnn.circuits.library import build_for
from hqnn.engine import QuantumLayer
from hqnn.engine.further import FurtherInputs
from hqnn.execution.backends import backend, snapshot
from hqnn.execution.compilation import compile_program
from hqnn.interpreters.free_angles import FreeAngles, free_angles
from hqnn.interpreters.native import from_qiskit
from hqnn.noise.model import NoiseModel
from hqnn.noise.thermal import from_snapshot
from hqnn.training.counted_layer import CountedLayer
from hqnn.training.shifts import parameter_shifts, random_shifts


def exactly(angles: FreeAngles, noise: NoiseModel | None) -> Any:
    """The engine in place of a machine."""
    layer = QuantumLayer(angles.program, noise, dtype=torch.float64)

    def evaluate(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return layer(torch.from_numpy(rows)).numpy()

    return evaluate


def slopes_of(layer: torch.nn.Module, inputs: torch.Tensor) -> list[np.ndarray]:
    """Of a sum of squares of expectation values, by inputs and by weights."""
    inputs = inputs.clone().requires_grad_()
    layer.zero_grad()
    (layer(inputs) ** 2).sum().backward()
    return [inputs.grad.numpy().copy(), layer.weights.grad.numpy().copy()]


@pytest.mark.parametrize(
    ("machine", "circuit"),
    [
        ("ibm_brisbane", "angle_y-simplified_two_design-1"),
        ("iqm_apollo", "angle_y-simplified_two_design-1"),
        ("ibm_brisbane", "trainable_angle_y-simplified_two_design-2-reupload"),
    ],
)
def test_parameter_shift_through_native_gates_is_the_noisy_engines_own_gradient(machine: str, circuit: str) -> None:
    program = build_for(circuit, 3, ("ZII", "IXZ"))
    compiled = compile_program(program, backend(machine), seed=0, layouts=1)
    noise = from_snapshot(snapshot(machine))
    engine = QuantumLayer(compiled.program, noise, copies=2, dtype=torch.float64)
    angles = free_angles(compiled.circuit, program.observables, inputs=program.circuit_inputs, weights=program.weights)
    further = FurtherInputs(program) if program.functions else None
    counted = CountedLayer(engine.weights, angles, exactly(angles, noise), copies=2, further=further)
    inputs = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(counted(inputs).detach(), engine(inputs).detach(), atol=1e-12)
    for ours, exact in zip(slopes_of(counted, inputs), slopes_of(engine, inputs), strict=True):
        np.testing.assert_allclose(ours, exact, atol=1e-10)
        assert np.abs(exact).max() > 1e-2


def test_gates_whose_angles_enter_several_rotations_get_as_many_points_as_they_need() -> None:
    x, w = Parameter("inputs[0]"), [Parameter(f"weights[{j}]") for j in range(2)]
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.append(RGate(0.7 * x + 0.3, 2 * w[0] - x), [0])
    circuit.append(CRXGate(w[1] + w[0]), [0, 1])
    circuit.ry(0.4, 1)
    program = from_qiskit(circuit, observables=("ZI", "IZ", "YX"), inputs=1, weight_shape=(2,))
    angles = free_angles(circuit, program.observables, inputs=1, weights=2)
    assert len(parameter_shifts(angles.program, np.ones(3, dtype=bool)).value) == 1 + 2 + 4 + 4
    engine = QuantumLayer(program, dtype=torch.float64)
    inputs = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    counted = CountedLayer(engine.weights, angles, exactly(angles, None))
    for ours, exact in zip(slopes_of(counted, inputs), slopes_of(engine, inputs), strict=True):
        np.testing.assert_allclose(ours, exact, atol=1e-9)


def test_angles_that_no_layer_or_observable_asks_for_cost_nothing() -> None:
    program = build_for("hadamard_angle_y-dressed-1", 4, ("Z0",))
    compiled = compile_program(program, backend("ibm_brisbane"), seed=0, layouts=1)
    angles = free_angles(compiled.circuit, program.observables, inputs=4, weights=program.weights)
    rows: list[int] = []
    evaluate = exactly(angles, None)
    counted = CountedLayer(
        torch.nn.Parameter(torch.zeros(program.weight_shape, dtype=torch.float64)),
        angles,
        lambda table: (rows.append(len(table)), evaluate(table))[1],
    )
    inputs = torch.zeros(5, 4, dtype=torch.float64)
    counted(inputs)
    counted(inputs.requires_grad_())
    with torch.no_grad():
        counted(inputs)
    seen = len(parameter_shifts(angles.program, np.ones(8, dtype=bool)).value) - 1
    assert seen < 16
    assert rows[1] == 5 * (1 + seen)
    assert rows[0] < rows[1]
    assert rows[2] == 5


def test_random_directions_give_the_gradient_on_average_from_two_points() -> None:
    program = build_for("angle_y-simplified_two_design-1", 3, ("Z0",))
    compiled = compile_program(program, backend("ibm_brisbane"), seed=0, layouts=1)
    angles = free_angles(compiled.circuit, program.observables, inputs=3, weights=program.weights)
    evaluate, all_of_them = exactly(angles, None), np.ones(len(angles.constant), dtype=bool)
    rng = np.random.default_rng(0)
    one = angles.of(rng.uniform(-1, 1, (1, 3)), rng.uniform(0, 6, program.weights))
    exact = parameter_shifts(angles.program, all_of_them)
    _, wanted = exact.gathered(evaluate(exact.points(one)))
    many = np.repeat(one, 4000, axis=0)
    drawn = random_shifts(len(many), all_of_them, 0.05, rng)
    points = drawn.points(many)
    assert len(points) == 2 * len(many)
    _, found = drawn.gathered(evaluate(points))
    scores = (found.mean(axis=0) - wanted[0]) / np.maximum(found.std(axis=0) / np.sqrt(len(many)), 1e-4)
    assert np.abs(scores).max() < 5

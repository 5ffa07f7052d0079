"""The ZX reduction of programs: it keeps the state, and finds redundancy where there is some and nowhere else."""

from __future__ import annotations

from typing import Any

import engine_oracle as oracle
import numpy as np
import pennylane as qml
import pytest
import pyzx
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.analysis.states import state_vectors
from hqnn.analysis.zx import reduce_program
from hqnn.analysis.zx_graph import expectation_graph, graph_of
from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.engine import QuantumLayer

QUANV = [f"angle_y-quanvolutional-1-axis_{axis}" for axis in "xyz"]


def traced(circuit: Any, weights: int, observables: tuple[str, ...] = ("Z0",)) -> Program:
    return trace(circuit, inputs=0, weight_shape=(weights,), wires=2, observables=observables)


def fidelity(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(np.vdot(a, b)) ** 2 / (np.vdot(a, a) * np.vdot(b, b)).real)


def tensor(graph: Any, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    values = {f"x{i}": v / np.pi for i, v in enumerate(inputs)} | {f"w{j}": v / np.pi for j, v in enumerate(weights)}
    used = set(graph.var_registry.vars())
    return graph.substitute_variables({name: v for name, v in values.items() if name in used}).to_tensor().ravel()


def check_against_states(program: Program, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, weights = rng.normal(size=program.inputs), rng.normal(size=program.weights)
    expected = state_vectors(program, inputs[None], weights[None])[0]
    graph = graph_of(program)
    reduced = graph.copy()
    pyzx.full_reduce(reduced)
    assert fidelity(tensor(graph, inputs, weights), expected) == pytest.approx(1, abs=1e-9)
    assert fidelity(tensor(reduced, inputs, weights), expected) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("style", ["embedding", "chains", "reupload"])
@settings(max_examples=5, deadline=None)
@given(wires=st.integers(2, 4), seed=st.integers(0, 2**31))
def test_the_diagram_before_and_after_is_the_state_of_random_programs(style: str, wires: int, seed: int) -> None:
    check_against_states(oracle.random_program(np.random.default_rng(seed), wires, 6, style), seed)


@pytest.mark.parametrize("name", [*QUANV, "hadamard_angle_y-dressed-2", "angle_z-simplified_two_design-2-reupload"])
def test_the_diagram_before_and_after_is_the_state_of_named_circuits(name: str) -> None:
    check_against_states(build(name, 4), seed=7)


def test_state_vectors_give_the_density_matrix_s_expectation_values() -> None:
    rng = np.random.default_rng(3)
    for style in ("embedding", "amplitudes"):
        program = oracle.random_program(rng, 3, 8, style)
        inputs, weights = rng.normal(size=(2, program.inputs)), rng.normal(size=(2, program.weights))
        states = state_vectors(program, inputs, weights)
        for state, x, w in zip(states, inputs, weights, strict=True):
            ours = [np.vdot(state, oracle.word_matrix(o) @ state).real for o in program.observables]
            expected = oracle.expectations(program, x, w.reshape(program.weight_shape))
            np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_the_expectation_diagram_is_the_expectation_value() -> None:
    program = build("angle_x-strongly_entangling-1", 3, ["XYZ", "IYI"])
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=3), rng.normal(size=program.weight_shape)
    expected = oracle.expectations(program, inputs, weights)
    norm = tensor(expectation_graph(graph_of(program), "III"), inputs, weights.ravel())
    for word, value in zip(program.observables, expected, strict=True):
        ours = tensor(expectation_graph(graph_of(program), word), inputs, weights.ravel())
        assert abs(ours / norm) == pytest.approx(abs(value), abs=1e-9)


def test_rotations_about_one_axis_in_a_row_merge() -> None:
    def circuit(inputs: Any, weights: Any, wires: Any) -> None:
        qml.Hadamard(0)
        qml.RZ(weights[0], 0)
        qml.CNOT([0, 1])
        qml.RZ(weights[1], 0)  # commutes with the control
        qml.RX(weights[2], 0)
        qml.RY(weights[3], 1)

    found = reduce_program(traced(circuit, 4, observables=("Z0", "Z1")))
    assert (found.merged, found.vanished, found.all_keep_their_spider) == (((0, 1),), (), False)


def test_a_phase_on_the_zero_state_vanishes() -> None:
    def circuit(inputs: Any, weights: Any, wires: Any) -> None:
        qml.RZ(weights[0], 0)
        qml.CNOT([0, 1])
        qml.RY(weights[1], 1)

    found = reduce_program(traced(circuit, 2, observables=("X1",)))
    assert (found.merged, found.vanished, found.unseen) == ((), (0,), (0,))


@pytest.mark.parametrize(("letter", "unseen"), [("Y", ()), ("Z", (32, 35, 38, 41, 44))])
def test_every_weight_of_the_parallel_circuit_keeps_its_spider(letter: str, unseen: tuple[int, ...]) -> None:
    found = reduce_program(build("angle_x-strongly_entangling-3", 5, [f"{letter}{wire}" for wire in range(5)]))
    assert found.all_keep_their_spider
    assert (found.before.parametrised, found.after.parametrised) == (50, 50)
    assert (found.with_inputs, found.unseen) == ((), unseen)


@pytest.mark.parametrize(
    ("axis", "with_inputs", "unseen"), [("x", (), ()), ("y", (0, 1, 2, 3), ()), ("z", (), (0, 1, 2, 3))]
)
def test_weights_of_the_quanvolutional_circuit(axis: str, with_inputs: tuple[int, ...], unseen: tuple) -> None:
    found = reduce_program(build(f"angle_y-quanvolutional-1-axis_{axis}", 4))
    assert (found.merged, found.vanished) == ((), ())
    assert (found.with_inputs, found.unseen) == (with_inputs, unseen)


@pytest.mark.parametrize("name", ["angle_x-strongly_entangling-1", "angle_y-basic_entangler-1", "angle_y-bellman-1"])
def test_unseen_weights_are_those_without_a_gradient(name: str) -> None:
    program = build(name, 3, ["ZII", "IZI"])
    layer = QuantumLayer(program, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    jacobian = torch.autograd.functional.jacobian(
        lambda w: torch.func.functional_call(layer, {"weights": w}, torch.rand(5, 3).double()), layer.weights.data
    )
    flat = jacobian.reshape(-1, program.weights).abs().amax(0)
    assert reduce_program(program).unseen == tuple(np.flatnonzero(flat < 1e-12))


def test_gates_without_a_spider_of_their_own_are_written_with_cnots() -> None:
    def circuit(inputs: Any, weights: Any, wires: Any) -> None:
        qml.RY(weights[0], 0)
        qml.RX(weights[1], 1)
        qml.ISWAP([1, 0])
        qml.ECR([0, 1])
        qml.PauliRot(weights[2], "XY", [0, 1])
        qml.SWAP([0, 1])
        qml.T(0)
        qml.CNOT([1, 0])

    check_against_states(traced(circuit, 3), seed=5)

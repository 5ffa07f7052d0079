"""PennyLane's composite operations as programs: values and gradients against the plain function on default.qubit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from differences import Numbers, Point, by_engine, by_torch, random_point

from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.interpreters.pennylane import function_to_qnode, to_qnode

ROUNDING = 1e-10  # hundreds of operations on numbers of size one, each rounded to 1e-16; slopes as large as ten


def halves() -> Any:
    """Two terms that do not commute."""
    return qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0)


def three() -> Any:
    return qml.X(0) @ qml.Y(2) + 0.3 * qml.Z(1) + qml.Z(2)


OPERATIONS: dict[str, Callable[[Any, Any], object]] = {
    "prod": lambda x, w: qml.prod(qml.RX(x[0], 0), qml.RY(x[1], 1), qml.CRZ(w[0], [0, 1])),
    "ctrl, two controls": lambda x, w: qml.ctrl(qml.RY(x[0] + w[1], 2), control=[0, 1]),
    "ctrl, control values": lambda x, w: qml.ctrl(qml.RX(w[0], 3), control=[2, 0, 1], control_values=[0, 1, 0]),
    "ctrl of Rot": lambda x, w: qml.ctrl(qml.Rot(w[0], w[1], x[0], 3), control=[0, 2]),
    "ctrl of U3": lambda x, w: qml.ctrl(qml.U3(w[0], w[1], x[0], 3), control=[0, 2], control_values=[1, 0]),
    "ctrl of U2": lambda x, w: qml.ctrl(qml.U2(w[0], x[0], 3), control=[0, 2]),
    "ctrl of PhaseShift": lambda x, w: qml.ctrl(qml.PhaseShift(w[0], 3), control=[0, 1]),
    "ctrl of IsingXY": lambda x, w: qml.ctrl(qml.IsingXY(w[0], [1, 2]), control=[0]),
    "ctrl of MultiRZ": lambda x, w: qml.ctrl(qml.MultiRZ(w[0], [1, 2, 3]), control=[0]),
    "ctrl of PauliRot": lambda x, w: qml.ctrl(qml.PauliRot(w[0], "XY", [1, 2]), control=[0]),
    "ctrl of evolve": lambda x, w: qml.ctrl(qml.evolve(qml.Z(1) @ qml.Z(2) + 0.3 * qml.Z(1), w[0]), control=0),
    "ctrl of a phase": lambda x, w: qml.ctrl(qml.evolve(qml.Z(1) + 0.3 * qml.I(1), w[0]), control=[0]),
    "ctrl of what does not commute": lambda x, w: qml.ctrl(
        qml.evolve(qml.Z(1) @ qml.Z(2) + 0.3 * qml.X(1) + 0.2 * qml.I(1), w[0]), control=0
    ),
    "ctrl of a function": lambda x, w: qml.ctrl(lambda: (qml.RX(w[0], 2), qml.PhaseShift(x[0], 3)), [0, 1])(),
    "ctrl of a template": lambda x, w: qml.ctrl(qml.BasicEntanglerLayers, control=3)(w[None, :3], range(3)),
    "ctrl of an adjoint": lambda x, w: qml.ctrl(qml.adjoint(qml.RY(w[0], 2)), [0, 1]),
    "adjoint of ctrl": lambda x, w: qml.adjoint(qml.ctrl(qml.RY(w[0], 2), [0, 1])),
    "adjoint of a template": lambda x, w: qml.adjoint(qml.BasicEntanglerLayers)(w[None], range(4)),
    "exp": lambda x, w: qml.exp(qml.Z(0) @ qml.Z(1), 1j * w[0]),
    "exp on three wires": lambda x, w: qml.exp(qml.Z(0) @ qml.Y(1) @ qml.X(2), -0.5j * (w[0] + x[0])),
    "exp, weights inside": lambda x, w: qml.exp(x[0] * qml.Z(0) @ qml.X(1) + w[0] * qml.X(1), -2j),
    "evolve, one word": lambda x, w: qml.evolve(qml.Y(0) @ qml.Z(1), w[0] + x[1]),
    "evolve, words that commute": lambda x, w: qml.evolve(
        qml.Hamiltonian([0.2, 0.3], [qml.Z(0), qml.Z(1) @ qml.Z(2)]), w[0]
    ),
    "evolve, words that do not": lambda x, w: qml.evolve(halves(), w[0]),
    "adjoint of evolve": lambda x, w: qml.adjoint(qml.evolve(halves(), w[0])),
    "TrotterProduct": lambda x, w: qml.TrotterProduct(halves(), w[0], n=2, order=2),
    "TrotterProduct of fourth order": lambda x, w: qml.TrotterProduct(three(), w[0], n=1, order=4),
    "adjoint of TrotterProduct": lambda x, w: qml.adjoint(qml.TrotterProduct(halves(), w[0], n=2, order=2)),
    "ApproxTimeEvolution": lambda x, w: qml.ApproxTimeEvolution(three(), w[0], 2),
    "CommutingEvolution": lambda x, w: qml.CommutingEvolution(qml.Z(0) @ qml.Z(1) + 0.5 * qml.Z(0), w[0]),
    "pow": lambda x, w: (qml.pow(qml.RX(w[0], 0), 2), qml.pow(qml.MultiRZ(w[1], [0, 1, 2]), 2)),
    "root of CNOT": lambda x, w: qml.pow(qml.CNOT([0, 1]), 0.5),
    "SpecialUnitary": lambda x, w: qml.SpecialUnitary(np.arange(15) / 10, [2, 0]),
    "ControlledPhaseShift": lambda x, w: qml.ControlledPhaseShift(w[0], [2, 0]),
    "MultiRZ": lambda x, w: qml.MultiRZ(w[0], [2, 0, 1, 3]),
    "PauliRot": lambda x, w: (qml.PauliRot(w[0], "XIZ", [0, 1, 2]), qml.PauliRot(x[0], "IY", [0, 3])),
    "Select": lambda x, w: qml.Select([qml.RX(w[0], 2), qml.RY(w[1], 2), qml.RZ(x[0], 2), qml.X(3)], control=[0, 1]),
    "QFT": lambda x, w: qml.QFT([0, 1, 2]),
    "GroverOperator": lambda x, w: qml.GroverOperator([0, 1, 2]),
    "QubitUnitary on three wires": lambda x, w: qml.QubitUnitary(qml.matrix(qml.QFT([0, 1, 2])), [0, 3, 2]),
    "DoubleExcitation": lambda x, w: qml.DoubleExcitation(w[0], [0, 1, 2, 3]),
    "QAOAEmbedding": lambda x, w: qml.QAOAEmbedding(x, w[None, :3], [0, 1]),
    "RandomLayers": lambda x, w: qml.RandomLayers(w[None], range(4), seed=3),
}


WITHOUT_GRADIENTS = {  # PennyLane itself fails on them through torch, or returns zeros
    "power of evolve": lambda x, w: qml.pow(qml.evolve(qml.Z(0) @ qml.Y(1) @ qml.Z(2), w[0]), 3),
    "SelectPauliRot": lambda x, w: qml.SelectPauliRot(w, control_wires=[0, 3], target_wire=2, rot_axis="Y"),
}


def whole(name: str) -> Callable[[Any, Any, Any], None]:
    """An operation between rotations, so that every phase between states shows."""

    def circuit(x: Any, w: Any, wires: Any) -> None:
        for wire in wires:
            qml.Rot(0.3 + 0.1 * wire, x[wire % 2], 0.7, wire)
        (OPERATIONS | WITHOUT_GRADIENTS)[name](x, w)
        for wire in wires:
            qml.Rot(0.2 + 0.1 * wire, w[wire], 0.1, wire)
        qml.CNOT([0, 1])

    return circuit


def read(name: str) -> Program:
    return trace(whole(name), inputs=2, weight_shape=(4,), wires=4, observables=["ZZIX", "IYXI", "Z3"])


def by_plain(name: str, program: Program, point: Point) -> Numbers:
    node = function_to_qnode(whole(name), qml.device("default.qubit"), wires=4, observables=program.observables)
    return by_torch(lambda x, w: node(x[0], w)[None], point)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_operation_is_what_pennylane_makes_of_it(name: str) -> None:
    program = read(name)
    point = random_point(program, seed=len(name), samples=1)
    expected = by_plain(name, program, point)
    node = to_qnode(program, qml.device("default.qubit"))
    for ours in (by_torch(node, point), by_engine(program, point)):
        for value, right in zip(ours, expected, strict=True):
            np.testing.assert_allclose(value, right, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("name", WITHOUT_GRADIENTS)
def test_an_operation_that_pennylane_cannot_differentiate_has_its_values(name: str) -> None:
    program = read(name)
    point = random_point(program, seed=len(name), samples=1)
    node = function_to_qnode(
        whole(name), qml.device("default.qubit"), wires=4, observables=program.observables, interface="numpy"
    )
    expected = node(point.inputs[0], point.weights)
    np.testing.assert_allclose(by_engine(program, point).values[0], expected, atol=ROUNDING, rtol=0)


BEGINNINGS: dict[str, Callable[[Any], object]] = {
    "prod": lambda x: qml.prod(qml.RX(x[0], 0), qml.RY(x[1], 1)),
    "word with I": lambda x: (qml.PauliRot(x[0], "XI", [0, 1]), qml.PauliRot(x[1], "IY", [0, 1])),
    "exp": lambda x: qml.exp(x[0] * qml.X(0) + x[1] * qml.Y(1), 1j),
    "two at once": lambda x: qml.PauliRot(x[0] + x[1], "XY", [0, 1]),
}


@pytest.mark.parametrize("samples", [0, 1, 3])
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_batch_of_none_one_or_many_is_its_samples(beginning: str, samples: int) -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        BEGINNINGS[beginning](x)
        qml.CRot(w[0], w[1], w[2], [0, 1])

    program = trace(circuit, inputs=2, weight_shape=(3,), wires=2, observables=["ZI", "XY", "IZ"])
    point = random_point(program, seed=5, samples=samples)
    plain = function_to_qnode(
        circuit, qml.device("default.qubit"), wires=2, observables=program.observables, interface="numpy"
    )
    expected = np.array([plain(sample, point.weights) for sample in point.inputs]).reshape(samples, 3)
    for device in ("default.qubit", "default.mixed", "lightning.qubit"):
        node = to_qnode(program, qml.device(device, wires=2), diff_method="best", interface="numpy")
        found = np.asarray(node(point.inputs, point.weights))
        assert found.shape == (samples, 3)
        np.testing.assert_allclose(found, expected, atol=1e-12)
    for numbers in (by_engine(program, point), by_torch(to_qnode(program, qml.device("default.qubit")), point)):
        np.testing.assert_allclose(numbers.values, expected, atol=1e-12)
        assert numbers.inputs.shape == (samples, 2)


def test_a_batch_that_enters_no_gate_has_a_row_a_sample() -> None:
    program = trace(lambda x, w, _: qml.RY(w[0], 0), inputs=2, weight_shape=(1,), wires=1, observables=["Z", "X"])
    point = random_point(program, seed=2, samples=3)
    expected = np.tile([np.cos(point.weights[0]), np.sin(point.weights[0])], (3, 1))
    for numbers in (by_engine(program, point), by_torch(to_qnode(program, qml.device("default.qubit")), point)):
        np.testing.assert_allclose(numbers.values, expected, atol=1e-12)


def test_a_large_batch_runs_in_chunks_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    program = read("prod")
    point = random_point(program, seed=3, samples=100)
    whole_at_once = by_torch(to_qnode(program, qml.device("default.qubit")), point)
    monkeypatch.setattr("hqnn.interpreters.pennylane.NUMBERS", 7 * 2**4)
    with qml.Tracker(device := qml.device("default.qubit")) as tracker:
        in_chunks = by_torch(to_qnode(program, device), point)
    assert tracker.totals["simulations"] == 15  # of seven samples, the last of two
    for ours, right in zip(in_chunks, whole_at_once, strict=True):
        np.testing.assert_allclose(ours, right, atol=1e-12)

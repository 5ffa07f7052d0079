"""What a user's circuit may do wrong: each is answered in the user's words, with file and line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from hqnn.circuits.library import build
from hqnn.circuits.registry import ANSATZE, Ansatz
from hqnn.circuits.trace import trace
from hqnn.errors import UserError

Circuit = Callable[[Any, Any, Any], object]


def read(circuit: Circuit) -> None:
    trace(circuit, inputs=2, weight_shape=(5,), wires=4, observables=["Z0"])


def many(x: Any, w: Any, wires: Any) -> None:
    qml.RY(
        math.sin(w[0]),
        wires[1],
    )


def unequal(x: Any, w: Any, wires: Any) -> None:
    for weight, wire in zip(w, wires, strict=True):
        qml.RY(weight, wire)


NO_GATE: list[tuple[Circuit, str]] = [
    (
        lambda x, w, _: qml.measure(0, postselect=1),
        "`qml.measure(0, postselect=1)` on wire 0 (HERE) keeps only samples",
    ),
    (
        lambda x, w, _: qml.cond(qml.measure(0), qml.AmplitudeDamping)(0.1, 1),
        "(HERE) makes a measurement, a channel or another condition depend on an outcome; let only unitary gates",
    ),
    (lambda x, w, _: qml.QubitChannel([np.eye(8)], [0, 1, 2]), "on wires 0, 1, 2 (HERE) is neither a unitary gate nor"),
    (lambda x, w, _: qml.expval(qml.Z(0)), "the circuit measures by itself in `qml.expval(qml.Z(0))` (HERE); leave"),
    (lambda x, w, _: qml.probs(wires=[0]), "the circuit measures by itself in `qml.probs(wires=[0])` (HERE)"),
    (lambda x, w, _: qml.sum(qml.X(0), qml.Z(0)), "`qml.sum(qml.X(0), qml.Z(0))` on wire 0 (HERE) cannot be written"),
    (lambda x, w, _: qml.sum(qml.X(0), qml.Z(1), qml.Z(2)), "on wires 0, 1, 2 (HERE) is neither a unitary gate nor"),
    (lambda x, w, _: qml.Projector([1], 0), "`qml.Projector([1], 0)` on wire 0 (HERE) cannot be written"),
    (lambda x, w, _: qml.exp(qml.Z(0), w[0]), "`qml.exp(qml.Z(0), w[0])` on wire 0 (HERE) is not unitary; give"),
    (
        lambda x, w, _: qml.evolve(qml.Z(0) @ qml.Z(1) + qml.X(0) + qml.Y(2), w[0]),
        "`qml.evolve(qml.Z(0) @ qml.Z(1) + qml.X(0) + qml.Y(2), w[0])` on wires 0, 1, 2 (HERE) is the exponential of "
        "terms that do not commute, for which there is no exact sequence of gates; write the sequence that you mean",
    ),
]

NOT_FOLLOWED: list[tuple[Circuit, str]] = [
    (many, "an angle of `qml.RY( math.sin(w[0]), wires[1], )` on wire 1 (HERE) is a function that"),
    (lambda x, w, _: qml.pow(qml.X(0), w[0]), "whether `qml.pow(qml.X(0), w[0])` on wire 0 (HERE) is applied depends"),
    (lambda x, w, _: qml.AmplitudeDamping(w[0], 2), "`qml.AmplitudeDamping(w[0], 2)` on wire 2 (HERE) is no channel ("),
    (lambda x, w, _: qml.SpecialUnitary(w[:3], [0]), "the matrix of `qml.SpecialUnitary(w[:3], [0])` on wire 0 (HERE)"),
    (
        lambda x, w, _: qml.evolve(x[0] * qml.Z(0) @ qml.Z(1), w[0]),
        "an angle of PauliRot on wires 0, 1 in `qml.evolve(x[0] * qml.Z(0) @ qml.Z(1), w[0])` (HERE) is a",
    ),
    (
        lambda x, w, _: qml.evolve(x[0] * qml.Z(0) + qml.X(0), 0.3),
        "the matrix of QubitUnitary on wire 0 in `qml.evolve(x[0] * qml.Z(0) + qml.X(0), 0.3)` (HERE) depends on",
    ),
    (
        lambda x, w, _: qml.ctrl(qml.evolve(x[0] * qml.Z(0), w[0]), 1),
        "in `qml.ctrl(qml.evolve(x[0] * qml.Z(0), w[0]), 1)` (HERE) is a fun",
    ),
    (lambda x, w, _: qml.MottonenStatePreparation(x / np.linalg.norm(x), [0]), "in `qml.MottonenStatePreparation("),
]

WIRES: list[tuple[Circuit, str]] = [
    (
        lambda x, w, _: qml.RX(x[0], "a"),
        "`qml.RX(x[0], 'a')` on wire a (HERE) acts on wire 'a', but the circuit has wires 0 to 3; use the wires that",
    ),
    (lambda x, w, _: qml.CNOT([0, 7]), "`qml.CNOT([0, 7])` on wires 0, 7 (HERE) acts on wire 7"),
    (lambda x, w, _: qml.RX(x[0], -1), "acts on wire -1, but the circuit has wires 0 to 3"),
    (lambda x, w, _: qml.CNOT([2, 2]), "the circuit stops at `qml.CNOT([2, 2])` (HERE) with"),
]

FAILURES: list[tuple[Circuit, str]] = [
    (lambda x, w, _: qml.RY(w[9], 0), "the circuit stops at `w[9]` (HERE) with IndexError: index 9 is out of bounds"),
    (
        unequal,
        "(HERE) with ValueError: zip() argument 2 is shorter than argument 1; mend the function, which was given",
    ),
    (
        lambda x, w, wires: qml.StronglyEntanglingLayers(w, wires),
        "; mend the function, which was given inputs of shape (2,), weights of shape (5,) and 4 wires",
    ),
    (lambda x, w, _: qml.RXX(x[0], 0), "`qml.RXX` (HERE) with AttributeError: module 'pennylane' has no attribute"),
    (lambda x, w, _: qml.BasisEmbedding(x, [0, 1]), "the circuit stops at `qml.BasisEmbedding(x, [0, 1])` (HERE) with"),
    (lambda x, w: None, "the circuit stops with TypeError: <lambda>() takes 2 positional arguments but 3 were given"),
    (lambda x, w, _: qml.RX(x, 0), "`qml.RX(x, 0)` on wire 0 (HERE) is given 2 values for one; take one of them"),
]


@pytest.mark.parametrize(("circuit", "says"), [*NO_GATE, *NOT_FOLLOWED, *WIRES, *FAILURES])
def test_a_wrong_circuit_is_answered_in_the_users_words(circuit: Circuit, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read(circuit)
    text = str(refused.value)
    line = circuit.__code__.co_firstlineno
    for distance in range(4):
        text = text.replace(f"test_circuit_faults.py, line {line + distance}", "HERE")
    assert says in text.replace('"a"', "'a'")
    assert " at 0x" not in text and "\n" not in text


def test_what_is_never_used_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    trace(lambda x, w, _: qml.RY(w[0, 1] + x[1], 0), inputs=3, weight_shape=(2, 6), wires=2, observables=["Z1"])
    inputs, weights = (record.getMessage() for record in caplog.records)
    assert inputs == "the circuit never uses inputs[0], inputs[2]; is that meant?"
    assert weights.startswith("the circuit never uses weights[0, 0], weights[0, 2], ")
    assert "weights[1, 2] and 3 more, which training cannot change" in weights


@pytest.mark.parametrize("circuit", [lambda x, w, _: None, lambda x, w, _: [1], lambda x, w, _: qml.Barrier([0])])
def test_a_circuit_without_gates_is_warned_of(circuit: Circuit, caplog: pytest.LogCaptureFixture) -> None:
    read(circuit)
    assert "the circuit applies no gate; call PennyLane's operations in the function" in caplog.text


def test_a_gate_twice_on_a_wire_and_an_observable_on_an_idle_one_are_fine(caplog: pytest.LogCaptureFixture) -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.RY(x[0], np.int64(0))
        qml.RY(w[0], 0)
        qml.RY(x[0], 0)

    program = trace(circuit, inputs=1, weight_shape=(1,), wires=2, observables=["Z1"])
    assert [gate.wires for gate in program.gates] == [(0,)] * 3
    assert not caplog.records


@pytest.mark.parametrize("shape", [4, [4], (4, -1), (4, 0.5), None])
def test_a_shape_of_weights_that_is_none_is_named(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    build("angle_y-bellman-1", 2)  # the parts are registered when a circuit is built
    monkeypatch.setitem(ANSATZE, "dressed", Ansatz(lambda w, wires, layer: None, lambda wires: shape))
    with pytest.raises(UserError, match=r"weight_shape of the ansatz dressed gives .* for 7 wires; give a tuple"):
        build("angle_y-dressed-1", 7)

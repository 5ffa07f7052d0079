"""A circuit that decides by values is refused, and one that only computes with them is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from scipy.special import expit

from hqnn.circuits.library import build
from hqnn.circuits.names import declared
from hqnn.circuits.program import Angle, Program
from hqnn.circuits.recording import recorded
from hqnn.circuits.trace import trace
from hqnn.circuits.watched import Watched, watched
from hqnn.errors import UserError


def read(circuit: Any) -> Program:
    return trace(circuit, inputs=2, weight_shape=(4,), wires=4, observables=["Z0"])


def stopping(x: Any, w: Any, wires: Any) -> None:
    for wire in wires:
        qml.RY(w[wire], wire)
        if w[0] > 1e6:
            break


DECISIONS = {
    "x[0] > 2.5": lambda x, w, _: qml.RX(x[0], 0) if x[0] > 2.5 else qml.RY(x[0], 0),
    "2.5 < x[0] < 2.6": lambda x, w, _: qml.RX(x[0], 0) if 2.5 < x[0] < 2.6 else qml.RY(x[0], 0),
    "x[0] == 0.7": lambda x, w, _: qml.RX(x[0], 0) if x[0] == 0.7 else qml.RY(x[0], 0),
    "w[0] > 1e6": stopping,
    "a > 3e5": lambda x, w, _: [qml.RX(a, 0) for a in x if a > 3e5],
    "x < -1e9": lambda x, w, _: qml.RX(x[0], 0) if (x < -1e9).any() else None,
    "x[0] % 2e5": lambda x, w, _: qml.RX(x[0] % 2e5, 0),
    "math.floor(x[0])": lambda x, w, _: qml.RX(math.floor(x[0]), 0),
    "np.floor(x)": lambda x, w, _: qml.RX(np.floor(x)[0], 0),
    "qml.math.floor(x[0])": lambda x, w, _: qml.RX(qml.math.floor(x[0]), 0),
    "int(x[0])": lambda x, w, _: qml.RX(int(x[0]), 0),
    "round(x[0], 2)": lambda x, w, _: qml.RX(round(x[0], 2), 0),
    "np.round(x, 2)": lambda x, w, _: qml.RX(np.round(x, 2)[0], 0),
    "abs(x[0])": lambda x, w, _: qml.RX(abs(x[0]), 0),
    "max(x)": lambda x, w, _: qml.RX(max(x), 0),
    "x.max()": lambda x, w, _: qml.RX(x.max(), 0),
    "np.clip(x, -1e9, 1e9)": lambda x, w, _: qml.RX(np.clip(x, -1e9, 1e9)[0], 0),
    "x[0] > 1e9": lambda x, w, _: qml.RX(np.where(x[0] > 1e9, x[0], x[1]), 0),
    "x[1] > 5": lambda x, w, _: qml.cond(x[1] > 5, qml.RX, qml.RY)(x[0], 0),
}


@pytest.mark.parametrize("expression", DECISIONS)
def test_a_decision_by_a_value_is_refused_where_it_stands_whatever_the_threshold(expression: str) -> None:
    with pytest.raises(UserError) as refused:
        read(DECISIONS[expression])
    assert f"`{expression}` (test_circuit_branches.py, line " in str(refused.value)
    assert "decides by the value of an input or weight" in str(refused.value)


@pytest.mark.parametrize("threshold", [-1e3, -2.5, 5e-3, 1.5, 2.5, 100.0, 3e3])
@pytest.mark.parametrize("which", ["inputs", "weights"])
def test_a_decision_by_a_plain_number_is_seen_at_other_scales(threshold: float, which: str) -> None:
    def circuit(x: Any, w: Any, _: Any) -> None:
        value = float((x if which == "inputs" else w)[0])
        (qml.RX if value > threshold else qml.RY)(x[0], 0)

    with pytest.raises(UserError, match=r"on wire 0 \(test_circuit_branches.py, line \d+\) is applied depends on"):
        read(circuit)


@pytest.mark.parametrize(
    "function",
    [np.sort, expit, lambda x: [math.sin(x[0])], lambda x: x * float(np.sum(x)), lambda x: (x * (1 + 0j)).real ** 2],
)
def test_an_angle_that_cannot_be_followed_is_refused_as_it_is_written(function: Any) -> None:
    with pytest.raises(UserError, match=r"angle of `qml.RY\(function\(x\)\[0\], 2\)` on wire 2 .* cannot be followed"):
        read(lambda x, w, _: qml.RY(function(x)[0], 2))


def test_a_gate_of_a_template_is_named_with_the_template() -> None:
    with pytest.raises(UserError, match=r"angle of RX on wire 0 in `qml.AngleEmbedding\(expit\(x\), wires\[:2\]\)` \("):
        read(lambda x, w, wires: qml.AngleEmbedding(expit(x), wires[:2]))


def test_chance_is_seen() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UserError, match="depends on chance"):
        read(lambda x, w, _: qml.RX(rng.normal(), 0))


def test_what_only_computes_is_read() -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        assert len(x) == 2 and x.shape == (2,) and np.isfinite(x).all() is not None
        first, *others = w
        for wire, (a, b) in zip(wires, [(first, x[0]), (others[0], x @ [1.0, 2.0])], strict=False):
            qml.RY(2 * a - b / 4 + math.pi, wire)
        qml.RZ(np.mean(w), 2)
        qml.RX(float(w[3]) + w.tolist()[2], 3)

    angles = [gate.angles[0] for gate in read(circuit).gates]
    assert angles[0] == Angle(math.pi, ((0, -0.25),), ((0, 2.0),))
    assert angles[1] == Angle(math.pi, ((0, -0.25), (1, -0.5)), ((1, 2.0),))
    assert angles[2] == Angle(0.0, (), tuple((j, 0.25) for j in range(4)))
    assert angles[3] == Angle(0.0, (), ((2, 1.0), (3, 1.0)))


@pytest.mark.parametrize("ansatz_name", sorted(declared("ansatz")))
def test_pennylane_takes_watched_values_in_every_shipped_circuit(
    ansatz_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def noted(circuit: Any, inputs: Any, weights: Any, wires: int) -> Any:
        applied = recorded(circuit, inputs, weights, wires)
        seen.append(isinstance(inputs, Watched) and isinstance(weights, Watched))
        return applied

    monkeypatch.setattr("hqnn.circuits.trace.recorded", noted)
    build(f"angle_y-{ansatz_name}-3-reupload", 4, ["X0"])
    assert sum(seen) == 1


def test_watched_values_are_the_values() -> None:
    x = watched(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(np.asarray(x[1] * 2 + x[0]), [6.0, 9.0, 12.0])
    assert isinstance(x[1, 2], Watched) and float(x[1, 2]) == 5.0
    x += 1
    assert isinstance(x, Watched) and float(x.sum()) == 21.0

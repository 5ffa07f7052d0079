"""Circuits by name are those of their sources."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import efficient_su2, n_local, real_amplitudes, zz_feature_map
from qiskit.quantum_info import Operator
from scipy.linalg import expm

from hqnn.analysis.expressibility import expressibility
from hqnn.analysis.named_circuits import as_markdown, named_circuits
from hqnn.circuits.functions import extended
from hqnn.circuits.library import build, build_for_classes
from hqnn.circuits.program import Program
from hqnn.engine.layer import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.interpreters.pennylane import to_qfunc

RNG = np.random.default_rng(8)

ARRANGEMENTS = {name: name for name in ("reverse_linear", "linear", "full", "pairwise")} | {"ring": "circular"}

# Figure 3 of Adv. Quantum Technol. 2, 1900070 (2019), 4 wires: number, layers, divergence of 5,000 pairs of states,
# which scatters by some thousandths, half of the least of them.
SIM = [
    (1, 1, 0.2999),
    (2, 1, 0.2860),
    (2, 3, 0.0084),
    (5, 1, 0.0602),
    (6, 1, 0.0061),
    (9, 1, 0.6773),
    (13, 1, 0.0516),
    (14, 1, 0.0144),
    (15, 1, 0.1892),
    (15, 3, 0.1152),
    (19, 1, 0.0809),
]


def ansatz_matrix(program: Program, weights: np.ndarray) -> np.ndarray:
    """Of the whole circuit at inputs of zero, where an embedding by angles does nothing."""
    wires = list(range(program.wires))
    return qml.matrix(lambda: to_qfunc(program)(np.zeros(program.inputs), weights), wire_order=wires)()


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Equal but for a global phase."""
    return bool(np.isclose(abs(np.trace(ours.conj().T @ theirs)), len(ours), rtol=0, atol=1e-10))


@pytest.mark.parametrize("entanglement", ARRANGEMENTS)
@pytest.mark.parametrize("wires", [2, 5])
def test_two_local_circuits_are_qiskits(wires: int, entanglement: str) -> None:
    theirs: dict[str, QuantumCircuit] = {
        "real_amplitudes-2": real_amplitudes(wires, ARRANGEMENTS[entanglement], reps=2),
        "efficient_su2-2": efficient_su2(wires, entanglement=ARRANGEMENTS[entanglement], reps=2),
        "two_local-1-rotation_x-entangler_cz": n_local(wires, "rx", "cz", ARRANGEMENTS[entanglement], reps=1),
    }
    for name, circuit in theirs.items():
        program = build(f"angle_y-{name}-entanglement_{entanglement}", wires)
        weights = RNG.uniform(0, 6, program.weight_shape)
        assert program.weights == circuit.num_parameters
        bound = circuit.assign_parameters(weights.ravel())
        assert same(ansatz_matrix(program, weights), Operator(bound.reverse_bits()).data), name


@pytest.mark.parametrize("wires", [2, 4, 8])
def test_the_tree_is_pennylanes_template(wires: int) -> None:
    program = build("angle_y-tree-1", wires)
    weights = RNG.uniform(0, 6, program.weight_shape)

    def block(weights: Any, wires: Any) -> None:
        qml.RY(weights[0], wires[0])
        qml.RY(weights[1], wires[1])
        qml.CNOT(wires)

    theirs = qml.matrix(lambda: qml.TTN(range(wires), 2, block, 2, weights[0]), wire_order=list(range(wires)))()
    assert same(ansatz_matrix(program, weights), theirs)


@pytest.mark.parametrize("wires", [2, 4])
def test_feature_maps_are_qiskits_and_pennylanes(wires: int) -> None:
    sample = RNG.normal(size=wires)
    program = build("zz_feature_map-bellman-1", wires)
    embedding = replace(program, gates=tuple(g for g in program.gates if not any(a.weights for a in g.angles)))
    circuit = zz_feature_map(wires).assign_parameters(sample)
    ladders = qml.matrix(lambda: bellman_without_turns(range(wires)), wire_order=range(wires))()
    whole = qml.matrix(lambda: to_qfunc(embedding)(sample, np.zeros(wires)), wire_order=range(wires))()
    assert same(ladders.conj().T @ whole, Operator(circuit.reverse_bits()).data)

    program = build("iqp-sim_1-1", wires)
    ours = qml.matrix(lambda: to_qfunc(program)(sample, np.zeros((1, 2, wires))), wire_order=range(wires))()
    assert same(ours, qml.matrix(lambda: qml.IQPEmbedding(sample, range(wires)), wire_order=range(wires))())


def bellman_without_turns(wires: Any) -> None:
    qml.Hadamard(0)
    for pair in [*pairwise(wires), *reversed(list(pairwise(wires)))]:
        qml.CNOT(pair)


def test_trained_uploads_scale_and_shift_every_input() -> None:
    program = build("trainable_angle_y-real_amplitudes-2-reupload", 3)
    assert program.weight_shape == (2 * 2 * 3 + 3 * 3,)
    upload = [gate for gate in program.gates if gate.angles and gate.angles[0].inputs]
    sample, weights = RNG.normal(size=3), RNG.uniform(0, 6, program.weights)
    columns = extended(program, sample, weights)
    scales, shifts = weights[:12].reshape(2, 2, 3).transpose(1, 0, 2)
    found = [gate.angles[0].value(columns, weights) for gate in upload]
    np.testing.assert_allclose(found, (scales / np.pi * sample + shifts).ravel())


def test_measured_pooling_comes_to_the_same_as_controlled_pooling() -> None:
    controlled, measured = (
        build(f"angle_y-qcnn-1-pooling_{pooling}", 5, ["Z4", "X4"]) for pooling in ("controlled", "measured")
    )
    assert sum(gate.outcome is not None for gate in measured.gates) == 4
    values = []
    for program in (controlled, measured):
        layer = QuantumLayer(program, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        values.append(layer(torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(2, 5)).detach())
    torch.testing.assert_close(*values, rtol=0, atol=1e-12)


def test_mera_is_the_tree_with_disentanglers_between_its_blocks() -> None:
    mera, tree = (
        [gate.wires for gate in build(f"angle_y-{name}-1", 8).gates if gate.name == "CNOT"] for name in ("mera", "tree")
    )
    assert mera == [(1, 2), (3, 4), (5, 6), *tree[:4], (3, 5), *tree[4:]]


@pytest.mark.parametrize("name", ["tree", "mera", "qcnn"])
@pytest.mark.parametrize("wires", [1, 2, 5, 8])
def test_the_root_that_two_classes_are_read_from_depends_on_all_weights(name: str, wires: int) -> None:
    program = build_for_classes(f"angle_y-{name}-1", reading="pixel", classes=2, inputs=wires)
    assert program.observables == ("I" * (wires - 1) + "Z",)
    layer = QuantumLayer(program, dtype=torch.float64)
    layer(torch.full((program.inputs,), 0.7, dtype=torch.float64)).backward()
    gradient = layer.weights.grad
    unread = int(name == "qcnn" and wires > 1)  # the last turn about Z
    assert gradient is not None and int((gradient.abs() < 1e-12).sum()) == unread


@pytest.mark.parametrize(("observable", "told"), [("Z0", True), ("Z0Z5", True), ("Z5", False)])
def test_an_observable_on_a_wire_that_pooling_left_behind_is_told(
    observable: str, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    build("angle_y-qcnn-1", 6, [observable])
    assert ("leaves all wires but 5 behind, and the observables measure 0 too" in caplog.text) == told


def test_a_convolution_is_every_gate_of_xx_yy_and_zz() -> None:
    a, b, c = RNG.normal(size=3)
    words = [np.kron(letter, letter) for letter in (qml.matrix(o(0)) for o in (qml.X, qml.Y, qml.Z))]
    angles = np.array([[np.pi / 2 - 2 * c, 2 * a - np.pi / 2, np.pi / 2 - 2 * b, 0, 0]])
    program = build("angle_y-qcnn-1", 2)
    convolution = replace(program, gates=program.gates[: [g.name for g in program.gates].index("CRZ")])
    assert same(ansatz_matrix(convolution, angles), expm(1j * np.tensordot([a, b, c], words, 1)))


@pytest.mark.parametrize(("number", "layers", "printed"), SIM)
def test_circuits_of_sim_et_al_are_as_expressive_as_they_printed(number: int, layers: int, printed: float) -> None:
    program = build(f"angle_y-sim_{number}-{layers}", 4, ["Z0"])
    found = expressibility(program, 5000, np.random.default_rng(0)).divergence
    assert abs(np.log(found / printed)) < 0.6, found


def test_a_ring_of_one_wire_is_refused() -> None:
    with pytest.raises(UserError, match="take two or more"):
        build("angle_y-sim_19-1", 1)


def test_the_table_of_circuits_says_what_each_takes_and_leaves_out_what_does_not_fit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = ["angle_y-sim_2-1", "angle_y-quanvolutional-1", "angle_y-real_amplitudes-1"]
    rows = {row.name: row for row in named_circuits(names, 3, backend("ibmq_lima"))}
    assert "quanvolutional-1 is left out" in caplog.text and len(rows) == 2
    amplitudes = rows["angle_y-real_amplitudes-1"]
    assert (amplitudes.weights, amplitudes.depth, amplitudes.two_qubit_gates) == (6, 5, 2)
    assert amplitudes.native_two_qubit_gates == 2 and amplitudes.native_depth >= 5
    first, _, second = as_markdown(rows.values(), "ibmq_lima").split("\n")[:3]
    assert first.count("|") == second.count("|") == 9 and "ibmq_lima depth" in first

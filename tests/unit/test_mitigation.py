"""Mitigation undoes what it models, says what it costs in variance, and refuses what it cannot undo."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit import ClassicalRegister, Parameter, QuantumCircuit
from qiskit.quantum_info import Operator

from hqnn.circuits.library import build_for
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend, snapshot
from hqnn.execution.compilation import compile_program
from hqnn.execution.mitigation import FACTORS, ReadoutCalibration, extrapolated, folded, word_values
from hqnn.interpreters.binding import parameter_values
from hqnn.noise.thermal import from_snapshot

SUPPORTS = [(0,), (1, 3), (0, 1, 2, 3)]
WORDS = ("ZIII", "IZIZ", "ZZZZ")
SHOTS, ROWS = 10000, 6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_inverting_wire_by_wire_is_inverting_the_whole_confusion_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.random((3, 50, 4)) < rng.random((3, 1, 4))
    readout = ReadoutCalibration(rng.uniform(0, 0.3, 4), rng.uniform(0, 0.3, 4), 100)
    confusion = reduce(
        np.kron, [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(readout.p10, readout.p01, strict=True)]
    )
    signs = [reduce(np.kron, [np.array([1, -1 if w in support else 1]) for w in range(4)]) for support in SUPPORTS]
    shares = np.stack([np.bincount(row @ [8, 4, 2, 1], minlength=16) / 50 for row in bits])
    dense = np.stack([shares @ np.linalg.inv(confusion).T @ sign for sign in signs], axis=-1)
    np.testing.assert_allclose(word_values(bits, SUPPORTS, readout)[0], dense, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=3), st.sampled_from(["linear", "richardson"]))
def test_extrapolation_finds_a_polynomial_at_no_noise(polynomial: list[float], fit: Any) -> None:
    own = polynomial[: 2 if fit == "linear" else 3]
    values = np.polynomial.polynomial.polyval(np.array(FACTORS, dtype=float), own)[:, None]
    value, error = extrapolated(FACTORS, values, np.full((3, 1), 0.1), fit)
    np.testing.assert_allclose(value, own[0], atol=1e-10)
    np.testing.assert_allclose(error, 0.1 * {"linear": 1.2076, "richardson": 2.2844}[fit], rtol=1e-3)


def test_a_folded_circuit_does_the_same_with_its_pairs_repeated_and_its_symbols_kept() -> None:
    angle = Parameter("weights[0]")
    circuit = QuantumCircuit(3)
    circuit.rx(angle, 0)
    circuit.ecr(0, 1)
    circuit.rzz(2 * angle, 1, 2)
    circuit.sx(1)
    circuit.cz(2, 0)
    whole = folded(circuit, 5)
    assert {name: whole.count_ops()[name] for name in ("ecr", "rzz", "cz", "rx", "sx")} == {
        "ecr": 5,
        "rzz": 5,
        "cz": 5,
        "rx": 1,
        "sx": 1,
    }
    assert Operator(whole.assign_parameters([0.3])) == Operator(circuit.assign_parameters([0.3]))
    for first, second in zip(whole.data, whole.data[1:], strict=False):
        assert not (len(first.qubits) == len(second.qubits) == 2 and first.name == second.name != "barrier")
    foreign = QuantumCircuit(2)
    foreign.iswap(0, 1)
    with pytest.raises(UserError, match="iswap cannot be folded"):
        folded(foreign, 3)


def test_a_detector_that_reads_the_same_from_both_states_is_not_inverted() -> None:
    bits = np.random.default_rng(0).random((2, 200, 2)) < [0.02, 0.5]
    with pytest.raises(UserError, match="readout of wire 1 cannot be inverted"):
        ReadoutCalibration.counted(bits[0], bits[1] | [[True, False]])


def test_on_a_simulated_machine_bias_falls_and_standard_errors_are_what_values_scatter_by() -> None:
    native, ideal, counted, exact_unread = _simulated("ibm_brisbane")
    readout = ReadoutCalibration.counted(*counted["calibration"])
    found = {factor: word_values(counted[factor], SUPPORTS, readout) for factor in FACTORS}
    scores = (found[1][0] - exact_unread) / found[1][1]
    assert np.abs(scores).max() < 4
    assert 0.6 < np.sqrt(np.mean(scores**2)) < 1.5
    values, errors = (np.stack([found[factor][k] for factor in FACTORS]) for k in (0, 1))
    linear = extrapolated(FACTORS, values, errors, "linear")
    bias = {
        "none": word_values(counted[1], SUPPORTS)[0] - ideal,
        "readout": found[1][0] - ideal,
        "linear": linear[0] - ideal,
    }
    rmse = {name: float(np.sqrt(np.mean(own**2))) for name, own in bias.items()}
    assert rmse["linear"] < rmse["readout"] < rmse["none"]
    assert rmse["linear"] < 0.5 * rmse["none"]
    assert native.native_wires


def _simulated(name: str) -> tuple[Program, np.ndarray, dict[Any, Any], np.ndarray]:
    """Bits of a native circuit, folded, and of calibration circuits; exact values without and with gate noise."""
    program = build_for("angle_y-simplified_two_design-1", 4, WORDS)
    machine = backend(name)
    compiled = compile_program(program, machine, seed=0, layouts=1)
    rng = np.random.default_rng(1)
    inputs, weights = rng.uniform(-1, 1, (ROWS, 4)), rng.uniform(0, 6, program.weights)
    qubits = compiled.program.native_wires
    circuits, places = [], []
    for factor in FACTORS:
        circuit = _measured(folded(compiled.circuit, factor), qubits)
        for row in parameter_values(circuit, inputs, weights):
            circuits.append(circuit.assign_parameters(row))
            places.append(factor)
    for flipped in (False, True):
        circuit = QuantumCircuit(machine.num_qubits)
        if flipped:
            circuit.x(list(qubits))
        circuits.append(_measured(circuit, qubits))
    result = machine.run(circuits, shots=SHOTS, memory=True, seed_simulator=5).result()
    shots = np.array([result.get_memory(k) for k in range(len(circuits))])
    bits = (shots.view("U1").reshape(*shots.shape, 4) == "1")[..., ::-1]
    counted: dict[Any, Any] = {f: bits[[k for k, p in enumerate(places) if p == f]] for f in FACTORS}
    counted["calibration"] = bits[-2:]
    noise = from_snapshot(snapshot(name), readout=False)
    return (
        compiled.program,
        _exact(program, None, inputs, weights),
        counted,
        _exact(compiled.program, noise, inputs, weights),
    )


def _measured(circuit: QuantumCircuit, qubits: tuple[int, ...]) -> QuantumCircuit:
    whole = circuit.copy()
    register = ClassicalRegister(len(qubits), "bits")
    whole.add_register(register)
    whole.measure(list(qubits), register)
    return whole


def _exact(program: Program, noise: Any, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    layer = QuantumLayer(program, noise, dtype=torch.float64)
    with torch.no_grad():
        layer.weights.copy_(torch.from_numpy(weights).reshape(layer.weights.shape))
        return layer(torch.from_numpy(inputs)).numpy()

"""Bitstrings that simulators sample, against exact probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from scipy.stats import chisquare

from hqnn.circuits.library import build
from hqnn.errors import UserError
from hqnn.execution.bitstrings import bitstring_counts, bitstring_probabilities, seeded_device
from hqnn.interpreters.qiskit import to_qiskit

PROGRAM = build("hadamard_angle_y-dressed-2", 4)
INPUTS = np.array([0.3, -1.1, 0.7, 1.4])
WEIGHTS = np.linspace(0.2, 1.5, PROGRAM.weights)
SHOTS = 1024


def test_exact_probabilities_are_those_of_a_state_vector() -> None:
    circuit = to_qiskit(PROGRAM)
    values = {p: INPUTS[p.index] if p.name.startswith("inputs") else WEIGHTS[p.index] for p in circuit.parameters}
    state = Statevector(circuit.assign_parameters(values)).probabilities(range(4)[::-1])
    np.testing.assert_allclose(bitstring_probabilities(PROGRAM, INPUTS, WEIGHTS), state, atol=1e-12)


@pytest.mark.parametrize("device", ["default.qubit", "cirq.simulator", "qiskit.aer"])
def test_every_simulator_samples_the_same_distribution_and_repeats_itself(device: str) -> None:
    counts = bitstring_counts(PROGRAM, INPUTS, WEIGHTS, device=device, shots=SHOTS, seed=3)
    expected = bitstring_probabilities(PROGRAM, INPUTS, WEIGHTS) * SHOTS
    seen = expected > 1e-9
    assert counts.sum() == SHOTS and counts[~seen].sum() == 0
    assert chisquare(counts[seen], expected[seen]).pvalue > 1e-4
    again = bitstring_counts(PROGRAM, INPUTS, WEIGHTS, device=device, shots=SHOTS, seed=3)
    np.testing.assert_array_equal(counts, again)


def test_a_device_without_a_seed_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be sampled from a seed"):
        seeded_device("braket.local.qubit", 4, 0)

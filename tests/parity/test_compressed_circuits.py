"""Circuits made small for sampling are counted as the whole ones are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit_aer import AerSimulator

from hqnn.execution.machines.compressed import compressed
from hqnn.noise import channels
from hqnn.noise.aer import to_aer
from hqnn.noise.model import NoiseModel, Readout

WIRES = 5
NOISE = NoiseModel(
    "damped",
    {
        ("sx", ()): channels.amplitude_damping(0.05),
        ("cz", ()): channels.compose(
            channels.depolarizing(0.1, 2), channels.tensor(channels.amplitude_damping(0.2), channels.identity(1))
        ),
        ("rzz", ()): channels.depolarizing(0.2, 2),
        ("rx", (1,)): channels.amplitude_damping(0.3),
    },
    {wire: Readout(0.01 * (1 + wire), 0.05) for wire in range(WIRES)},
)
GATES = st.tuples(st.sampled_from(["sx", "cz", "rzz", "rx"]), st.permutations(range(WIRES)), st.booleans())


def drawn(gates: list[tuple[str, list[int], bool]], measured: int) -> QuantumCircuit:
    """A circuit of these gates, half of its rotations with a parameter each."""
    circuit = QuantumCircuit(WIRES, WIRES)
    for k, (name, wires, free) in enumerate(gates):
        angle = Parameter(f"a{k}") if free else 0.3 + k
        places = wires[: 2 if name in ("cz", "rzz") else 1]
        getattr(circuit, name)(*([angle] if name in ("rx", "rzz") else []), *places)
    circuit.measure(range(measured), range(measured))
    return circuit


def probabilities(circuit: QuantumCircuit, noise: NoiseModel | None) -> np.ndarray:
    """Of the classical bits, shape (2^bits); readout errors are those in the circuit alone."""
    bare = circuit.remove_final_measurements(inplace=False)
    places = {
        circuit.find_bit(s.clbits[0]).index: circuit.find_bit(s.qubits[0]).index for s in circuit.data if s.clbits
    }
    bare.save_probabilities([places[k] for k in sorted(places)])
    values = {parameter: 0.7 + k for k, parameter in enumerate(sorted(circuit.parameters, key=str))}
    simulator = AerSimulator(method="density_matrix", noise_model=noise and to_aer(noise))
    return simulator.run(bare.assign_parameters(values)).result().data(0)["probabilities"]


@settings(max_examples=40, deadline=None)
@given(st.lists(GATES, min_size=1, max_size=14), st.integers(1, 3))
def test_a_compressed_circuit_has_the_distribution_of_the_whole_one(
    gates: list[tuple[str, list[int], bool]], measured: int
) -> None:
    circuit = drawn(gates, measured)
    small = compressed(circuit, NOISE)
    assert small is not None
    read = np.ones((1, 1))
    for wire in reversed(range(measured)):
        error = NOISE.readout[wire]
        read = np.kron(read, [[1 - error.p10, error.p01], [error.p10, 1 - error.p01]])
    whole = read @ probabilities(circuit, NOISE)
    assert small.num_qubits <= WIRES
    assert np.allclose(probabilities(small, None), whole, atol=1e-10)


def test_a_staircase_needs_two_wires_however_long_it_is() -> None:
    circuit = QuantumCircuit(30, 1)
    for wire in range(29):
        circuit.sx(wire)
        circuit.cz(wire, wire + 1)
    circuit.measure(29, 0)
    small = compressed(circuit, NOISE)
    assert small is not None and small.num_qubits == 2


@pytest.mark.parametrize("inside", ["measure", "reset"])
def test_a_circuit_with_operations_inside_stays_as_it_is(inside: str) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.measure(0, 0) if inside == "measure" else circuit.reset(0)
    circuit.sx(0)
    circuit.measure(1, 1)
    assert compressed(circuit, NOISE) is None

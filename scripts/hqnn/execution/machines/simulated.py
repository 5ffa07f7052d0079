"""Tasks in Qiskit Aer: used qubits and the gates that can matter alone, all circuits and rows in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import CircuitInstruction, QuantumCircuit, Qubit
from qiskit_aer import AerSimulator

from hqnn.execution.machines.compressed import compressed
from hqnn.execution.machines.provider import Counts, Pub, Task
from hqnn.noise.aer import to_aer, with_waits
from hqnn.noise.model import NoiseModel

DENSITY_MATRIX_QUBITS = 12  # 0.3 GB; above, Aer may prefer trajectories of state vectors

Bits = NDArray[np.uint8]


def simulate(task: Task, noise: NoiseModel | None, seed: int) -> Counts:
    """Sample a task.

    Gates after which no path leads to a measurement are left out: whatever they and their noise do, the counts are the
    same. Shots come sorted, which says nothing, since they are independent.

    Args:
        task: native circuits on the machine's qubits.
        noise: after every gate, in waits, and of the readout; none if None.
        seed: of the sampling.
    """
    pubs = [_without_constants(pub) for pub in task.pubs]
    circuits, simulator = _prepared([pub.circuit for pub in pubs], noise)
    bound = [_bound(circuit, pub) for circuit, pub in zip(circuits, pubs, strict=True)]
    result = simulator.run(
        [circuit for own, _ in bound for circuit in own],
        parameter_binds=[binds for own, binds in bound for _ in own],
        shots=task.shots,
        seed_simulator=seed,
    ).result()
    if not result.success:
        raise RuntimeError(f"Aer did not run the circuits: {result.status}")
    found = iter(result.results)
    bits = [
        np.stack([_shots(next(found).data.counts, pub.circuit.num_clbits) for _ in range(len(pub.values))])
        for pub in task.pubs
    ]
    return Counts(tuple(bits), task)


def _without_constants(pub: Pub) -> Pub:
    """Parameters that are the same in every row, such as weights, become numbers."""
    constant = {k for k in range(pub.values.shape[1]) if (pub.values[:, k] == pub.values[:1, k]).all()}
    numbers = {p: pub.values[0, k] for k, p in enumerate(pub.circuit.parameters) if k in constant}
    rest = [k for k in range(pub.values.shape[1]) if k not in constant]
    return Pub(pub.name, pub.circuit.assign_parameters(numbers), pub.values[:, rest])


def _prepared(
    circuits: Sequence[QuantumCircuit], noise: NoiseModel | None
) -> tuple[list[QuantumCircuit], AerSimulator]:
    """What Aer simulates, and with what."""
    timed = [with_waits(circuit, noise.waiting) if noise and noise.waiting else circuit for circuit in circuits]
    seen = [seen_by_measurements(circuit) for circuit in timed]
    beside = {"max_parallel_experiments": 0}  # circuits beside each other, not the parts of one state
    if noise is not None:
        small = [small for circuit in seen if (small := compressed(circuit, noise)) is not None]
        if len(small) == len(seen) and max(circuit.num_qubits for circuit in small) <= DENSITY_MATRIX_QUBITS:
            return small, AerSimulator(method="density_matrix", **beside)
    qubits = sorted({circuit.find_bit(q).index for circuit in seen for step in circuit.data for q in step.qubits})
    model = to_aer(_on_places(noise, qubits)) if noise else None
    noisy = "density_matrix" if len(qubits) <= DENSITY_MATRIX_QUBITS else "automatic"
    method = noisy if noise else "statevector"
    return [_on(circuit, qubits) for circuit in seen], AerSimulator(noise_model=model, method=method, **beside)


def seen_by_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit without barriers and the gates from which no path leads to a measurement."""
    kept: list[CircuitInstruction] = []
    live: set[Qubit] = set()
    for step in reversed(circuit.data):
        if step.name == "measure" or (live & set(step.qubits) and step.name != "barrier"):
            live |= set(step.qubits)
            kept.append(step)
    seen: QuantumCircuit = circuit.copy_empty_like()
    for step in reversed(kept):
        seen.append(step)
    return seen


def _on(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """A circuit on some of its qubits, which become 0, 1, ..."""
    place = {circuit.qubits[q]: k for k, q in enumerate(qubits)}
    small = QuantumCircuit(len(qubits), circuit.num_clbits)
    for step in circuit.data:
        bits = [circuit.find_bit(bit).index for bit in step.clbits]
        small.append(step.operation, [place[q] for q in step.qubits], bits)
    return small


def _on_places(noise: NoiseModel, qubits: Sequence[int]) -> NoiseModel:
    """The noise of some qubits, which become 0, 1, ..."""
    place = {q: k for k, q in enumerate(qubits)}
    channels = {
        (gate, tuple(place[q] for q in where)): matrix
        for (gate, where), matrix in noise.channels.items()
        if set(where) <= place.keys()
    }
    return replace(noise, channels=channels, readout={place[q]: r for q, r in noise.readout.items() if q in place})


def _bound(circuit: QuantumCircuit, pub: Pub) -> tuple[list[QuantumCircuit], dict[Any, list[float]]]:
    """Circuits and the values of their parameters, which together make a run a row."""
    if not circuit.parameters:
        return [circuit] * len(pub.values), {}
    columns = {parameter: k for k, parameter in enumerate(pub.circuit.parameters) if parameter in circuit.parameters}
    return [circuit], {parameter: pub.values[:, k].tolist() for parameter, k in columns.items()}


def _shots(counts: dict[str, int], width: int) -> Bits:
    """Counted numbers as a row of shots, shape (shots, bytes)."""
    numbers = sorted((int(word, 16), times) for word, times in counts.items())
    size = -(-width // 8)
    words = np.array([list(number.to_bytes(size, "big")) for number, _ in numbers], dtype=np.uint8)
    return np.repeat(words, [times for _, times in numbers], axis=0)

"""How long a native circuit takes on a machine, and what of it that costs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hqnn.execution.machines.provider import Task
from hqnn.noise.snapshot import Snapshot

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

LONG = 0.1  # of the shortest T2 among the qubits in use

log = logging.getLogger(__name__)


def duration_s(circuit: QuantumCircuit, snapshot: Snapshot) -> float:
    """Seconds from the first gate to the end of the last measurement, each gate as early as its qubits are free.

    Args:
        circuit: of the machine's gates; what the snapshot does not know takes no time.
        snapshot: with the gates' durations.
    """
    known = {(gate.name, gate.qubits): gate.duration_ns for gate in snapshot.gates}
    free = dict.fromkeys(range(circuit.num_qubits), 0.0)
    for step in circuit.data:
        qubits = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
        takes = snapshot.readout_ns if step.name == "measure" else known.get((step.name, qubits), 0.0)
        end = max(free[q] for q in qubits) + takes
        free.update(dict.fromkeys(qubits, end))
    return max(free.values(), default=0.0) * 1e-9


def warn_of_length(task: Task, snapshot: Snapshot) -> None:
    """Say where a circuit takes more than a tenth of the shortest T2 of the qubits in use."""
    for circuit in {id(pub.circuit): pub.circuit for pub in task.pubs}.values():
        used = {circuit.find_bit(q).index for step in circuit.data if step.name != "barrier" for q in step.qubits}
        shortest, qubit = min((snapshot.qubits[q].t2_us, q) for q in used)
        takes = duration_s(circuit, snapshot) * 1e6
        if takes > LONG * shortest:
            log.warning(
                "the circuit takes %.1f µs on %s, %.0f %% of the T2 of qubit %d (%.1f µs); expect little contrast",
                takes,
                snapshot.name,
                100 * takes / shortest,
                qubit,
                shortest,
            )
            return

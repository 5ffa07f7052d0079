"""A calibration snapshot as Qiskit's transpiler sees it."""

from __future__ import annotations

import math
from typing import Any

from hqnn.errors import UserError, nearest
from hqnn.noise.snapshot import GateCalibration, Snapshot


def to_target(snapshot: Snapshot) -> Any:
    """The ``qiskit.transpiler.Target`` of a snapshot: gates with durations and errors on their places.

    Measurement and delays are on every qubit; the measurement's error is the mean of the two readout probabilities.
    Layouts avoid what is not calibrated: places of several qubits with error 1 or on a dead qubit are left out, and a
    dead qubit has every one-qubit gate and the measurement with error 1. (Without these gates Qiskit would take the
    qubit for a perfect one, and could not translate what it lays there.)

    Raises:
        UserError: a gate has no namesake in Qiskit's library.
    """
    from qiskit.circuit import Delay, Measure, Parameter
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    known = get_standard_gate_name_mapping()
    target = Target(
        num_qubits=len(snapshot.qubits),
        dt=snapshot.dt_ns and snapshot.dt_ns * 1e-9,
        qubit_properties=[QubitProperties(t1=_seconds(q.t1_us), t2=_seconds(q.t2_us)) for q in snapshot.qubits],
    )
    for name in snapshot.basis_gates:
        if name not in known:
            raise UserError(f"gate {name!r} of {snapshot.name} is not one of Qiskit's{nearest(name, known)}")
        places = {
            qubits: InstructionProperties(duration=gate and gate.duration_ns * 1e-9, error=gate.error if gate else 1.0)
            for qubits, gate in _places(snapshot, name).items()
        }
        target.add_instruction(known[name], places)
    dead = set(snapshot.dead)
    readout = {
        (k,): InstructionProperties(
            duration=snapshot.readout_ns * 1e-9, error=1.0 if k in dead else (q.p10 + q.p01) / 2
        )
        for k, q in enumerate(snapshot.qubits)
    }
    target.add_instruction(Measure(), readout)
    target.add_instruction(Delay(Parameter("t")), dict.fromkeys(readout))
    return target


def _places(snapshot: Snapshot, name: str) -> dict[tuple[int, ...], GateCalibration | None]:
    """Where a target has a gate; None where no number is believed."""
    dead = set(snapshot.dead)
    found = {gate.qubits: gate for gate in snapshot.gates if gate.name == name}
    if any(len(qubits) > 1 for qubits in found):
        return {qubits: gate for qubits, gate in found.items() if gate.error < 1 and not dead & set(qubits)}
    return found | dict.fromkeys((k,) for k in snapshot.dead)


def _seconds(microseconds: float) -> float | None:
    return None if math.isinf(microseconds) else microseconds * 1e-6

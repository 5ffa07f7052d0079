"""A calibration snapshot as Qiskit's transpiler sees it."""

from __future__ import annotations

import math
from typing import Any

from hqnn.errors import UserError, nearest
from hqnn.noise.snapshot import Snapshot


def to_target(snapshot: Snapshot) -> Any:
    """The ``qiskit.transpiler.Target`` of a snapshot: gates with durations and errors on their places.

    Measurement and delays are on every qubit; the measurement's error is the mean of the two readout probabilities.

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
            gate.qubits: InstructionProperties(duration=gate.duration_ns * 1e-9, error=gate.error)
            for gate in snapshot.gates
            if gate.name == name
        }
        target.add_instruction(known[name], places)
    readout = {
        (k,): InstructionProperties(duration=snapshot.readout_ns * 1e-9, error=(q.p10 + q.p01) / 2)
        for k, q in enumerate(snapshot.qubits)
    }
    target.add_instruction(Measure(), readout)
    target.add_instruction(Delay(Parameter("t")), dict.fromkeys(readout))
    return target


def _seconds(microseconds: float) -> float | None:
    return None if math.isinf(microseconds) else microseconds * 1e-6

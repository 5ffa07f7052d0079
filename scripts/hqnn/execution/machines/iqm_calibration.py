"""A calibration of IQM's as a snapshot."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

from hqnn.errors import UserError
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot, checked, completed

NATIVE = {"prx": "r", "cz": "cz"}  # IQM's name to Qiskit's


def calibration_of(name: str, source: str, architecture: Any, metrics: Any | None) -> Snapshot:
    """The snapshot of an architecture and of its quality metrics.

    Args:
        name: of the machine.
        source: machine and server.
        architecture: ``DynamicQuantumArchitecture``: what is calibrated.
        metrics: ``ObservationFinder`` of its calibration set; without, the snapshot has no errors and no relaxation.

    Raises:
        UserError: the machine moves states through resonators, or nothing is calibrated.
    """
    if architecture.computational_resonators:
        raise UserError(
            f"{source} joins its qubits through resonators, for which circuits cannot be compiled here; name a machine "
            "without them"
        )
    places = {qubit: _place(qubit, source) for qubit in architecture.qubits}
    gates = [
        _gate(gate, locus, tuple(places[q] for q in locus), architecture, metrics)
        for gate in NATIVE
        if gate in architecture.gates
        for locus in architecture.gates[gate].loci
    ]
    qubits = _qubits(places, architecture, metrics)
    readout_ns = 0.0 if metrics is None else _readout_ns(architecture, metrics)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    date = f"{now}, calibration set {architecture.calibration_set_id}"
    found = Snapshot(name, date, source, qubits, tuple(gates), readout_ns)
    return checked(found, source) if metrics is None else completed(found, source)


def _place(qubit: str, source: str) -> int:
    number = re.fullmatch(r"QB([1-9]\d*)", qubit)
    if not number:
        raise UserError(f"{source} calls a qubit {qubit!r}, which has no known place; name another machine")
    return int(number[1]) - 1


def _gate(gate: str, locus: Any, qubits: tuple[int, ...], architecture: Any, metrics: Any | None) -> GateCalibration:
    if metrics is None:
        return GateCalibration(NATIVE[gate], qubits, 0.0, 0.0)
    implementation = architecture.gates[gate].get_default_implementation(locus)
    duration = metrics.get_gate_duration(gate, implementation, locus)
    fidelity = metrics.get_gate_fidelity(gate, implementation, locus)
    missing = duration is None or fidelity is None
    return GateCalibration(
        NATIVE[gate], qubits, math.nan if missing else duration * 1e9, math.nan if missing else 1 - fidelity
    )


def _qubits(places: dict[str, int], architecture: Any, metrics: Any | None) -> tuple[Qubit, ...]:
    """Every place up to the last; one that nobody calibrated reads nothing and has no gate."""
    found = {}
    t1, t2 = ({}, {}) if metrics is None else metrics.get_coherence_times(places)
    for qubit, place in places.items():
        if metrics is None:
            found[place] = Qubit(math.inf, math.inf, 0.0, 0.0)
            continue
        p10, p01 = _readout(qubit, architecture, metrics)
        found[place] = Qubit(t1.get(qubit, math.nan) * 1e6, t2.get(qubit, math.nan) * 1e6, p10, p01)
    nothing = Qubit(math.inf, math.inf, 0.5, 0.5)
    return tuple(found.get(k, nothing) for k in range(1 + max(places.values(), default=0)))


def _readout(qubit: str, architecture: Any, metrics: Any) -> tuple[float, float]:
    measure = architecture.gates.get("measure")
    if measure is None or (qubit,) not in measure.loci:
        return math.nan, math.nan
    errors = metrics.get_measure_errors("measure", measure.get_default_implementation((qubit,)), (qubit,))
    return errors or (math.nan, math.nan)


def _readout_ns(architecture: Any, metrics: Any) -> float:
    """The longest measurement."""
    measure = architecture.gates["measure"]
    found = [
        metrics.get_gate_duration("measure", measure.get_default_implementation(locus), locus)
        for locus in measure.loci
        if len(locus) == 1
    ]
    return max((duration for duration in found if duration is not None), default=0.0) * 1e9

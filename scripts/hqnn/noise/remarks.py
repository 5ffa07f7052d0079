"""What is odd in a calibration, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hqnn.noise.plausible import PLACES_SHOWN, doubt

if TYPE_CHECKING:
    from hqnn.noise.snapshot import GateCalibration, Snapshot


def left_out(snapshot: Snapshot) -> list[str]:
    """What compilation avoids and what noise models cut."""
    long_t2 = [k for k, qubit in enumerate(snapshot.qubits) if qubit.t2_us > 2 * qubit.t1_us]
    dead = set(snapshot.dead)
    lost = [g for g in snapshot.gates if g.error >= 1 and len(g.qubits) > 1 and not dead & set(g.qubits)]
    found = []
    if long_t2:
        found.append(
            f"T2 exceeds 2 T1 on {len(long_t2)} of {len(snapshot.qubits)} qubits ({_listed(long_t2)}); noise models "
            "cut it to 2 T1"
        )
    if dead:
        found.append(
            f"{len(dead)} of {len(snapshot.qubits)} qubits are left out of layouts ({_listed(snapshot.dead)}), since "
            "T1, T2, the readout or a one-qubit gate is missing, 0 or of error 1; fill the values in to use them"
        )
    if lost:
        found.append(
            f"{len(lost)} couplings are left out of layouts ({_places(lost)}), since their error is missing or 1"
        )
    return found


def doubts(snapshot: Snapshot) -> list[str]:
    """What is hard to believe, one sentence a key."""
    dead = set(snapshot.dead)
    qubits = {f"qubit {k}": qubit for k, qubit in enumerate(snapshot.qubits) if k not in dead}
    gates = {f"{gate.name} {gate.qubits}": gate for gate in snapshot.gates if gate.error < 1}
    found = [
        doubt(key, {place: getattr(q, key) for place, q in qubits.items()}) for key in ("t1_us", "t2_us", "p10", "p01")
    ]
    found += [doubt(key, {place: getattr(g, key) for place, g in gates.items()}) for key in ("duration_ns", "error")]
    found.append(doubt("readout_ns", {"every qubit": snapshot.readout_ns}))
    for key, other in (("p10", "p01"), ("p01", "p10")):
        if all(getattr(q, key) == 0 < getattr(q, other) for q in qubits.values()):
            found.append(f"{key} is 0 on every qubit although {other} is not; say both readout errors")
    pairs = [gate for gate in gates.values() if len(gate.qubits) == 2]
    if len(snapshot.qubits) > 1 and not pairs:
        found.append("no two-qubit gate is calibrated, so that nothing that entangles can be compiled; add one")
    for key in ("duration_ns", "error"):
        free = [gate for gate in pairs if getattr(gate, key) == 0]
        if free:
            found.append(f"{key} of {len(free)} of {len(pairs)} two-qubit gates is 0 ({_places(free)}); say it")
    return [sentence for sentence in found if sentence]


def _places(gates: list[GateCalibration]) -> str:
    return _listed([f"{gate.name} on {gate.qubits}" for gate in gates])


def _listed(items: Sequence[Any], most: int = PLACES_SHOWN) -> str:
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown}, …"

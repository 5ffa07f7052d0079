"""What changed between the calibration that a circuit was compiled for and that of the day."""

from __future__ import annotations

import logging
import math

from hqnn.circuits.program import Program
from hqnn.errors import UserError
from hqnn.noise.snapshot import Snapshot

NAMED = 3  # places that a message names

log = logging.getLogger(__name__)


def check_drift(native: Program, then: Snapshot, now: Snapshot, limit: float) -> float:
    """Say how a circuit's expected fidelity changed, and where most of it comes from.

    The expected fidelity is the product of ``1 - error`` over the circuit's gates and over the readout of the qubits
    that an observable meets.

    Args:
        native: the compiled circuit.
        then: what it was compiled for.
        now: of the same machine.
        limit: the most that it may have lost, as a share.

    Returns:
        The share that is lost, negative where it rose.

    Raises:
        UserError: it lost more.
    """
    before, after = _errors(native, then), _errors(native, now)
    lost = 1 - math.prod(1 - after[place] for place in after) / max(1e-300, math.prod(1 - e for e in before.values()))
    if before == after:
        return 0.0
    worst = sorted(before, key=lambda place: before[place] - after[place])[:NAMED]
    where = ", ".join(f"{place} {before[place]:.2g} → {after[place]:.2g}" for place in worst)
    said = (
        f"since {then.date} the expected fidelity of the circuit on {now.name} {'fell' if lost > 0 else 'rose'} by "
        f"{abs(lost):.1%}, most by {where}"
    )
    if lost > limit:
        raise UserError(
            f"{said}, above max_drift, which is {limit:g}, so nothing was sent; run again with --forcerun calibrate to "
            "compile for today, or raise it"
        )
    log.warning("%s", said)
    return lost


def _errors(native: Program, snapshot: Snapshot) -> dict[str, float]:
    """The error of every place that the circuit meets, all its gates there together."""
    known = {(gate.name, gate.qubits): gate.error for gate in snapshot.gates}
    found: dict[str, float] = {}
    for gate in native.gates:
        qubits = tuple(native.native_wires[w] for w in gate.wires)
        place = f"{gate.name} on {', '.join(map(str, qubits))}"
        own = known.get((gate.name, qubits), 0.0 if gate.name == "delay" else 1.0)
        kept = (1 - found.get(place, 0.0)) * (1 - own)
        found[place] = 1 - kept
    for w in sorted(native.wires_read):
        qubit = snapshot.qubits[native.native_wires[w]]
        found[f"readout of {native.native_wires[w]}"] = (qubit.p10 + qubit.p01) / 2
    return found

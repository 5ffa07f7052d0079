"""Noise from a calibration snapshot: relaxation for the gate's duration, depolarising for what is left of its error.

The convention is that of Aer's ``NoiseModel.from_backend``: depolarising acts first, relaxation after it, and the
depolarising fraction is chosen so that the average infidelity of all together is the reported error. Beside Aer's there
are what qubits suffer while they wait, and gates that turn too far.
"""

from __future__ import annotations

import logging

from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout, TransferMatrix, Waiting
from hqnn.noise.over_rotation import over_rotated
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot

logger = logging.getLogger(__name__)


def from_snapshot(
    snapshot: Snapshot,
    *,
    relaxation: bool = True,
    depolarizing: bool = True,
    readout: bool = True,
    idle: bool = True,
    zz_khz: float = 0.0,
    over_rotation: float = 0.0,
) -> NoiseModel:
    """The noise that a calibration implies, in parts for an ablation.

    The parts are those of the full model: with ``relaxation=False`` the depolarising fraction is still what relaxation
    leaves of the reported error, not the whole error.

    Args:
        snapshot: T1, T2, gate durations and errors, readout probabilities.
        relaxation: T1 and T2 during every gate and, where ``idle``, while qubits wait; T2 above 2 T1 is cut to it.
        depolarizing: the rest of every gate's reported error, and the over-rotation, which is a part of that error.
        readout: each qubit's asymmetric readout error.
        idle: whether anything happens to waiting qubits.
        zz_khz: see `hqnn.noise.model.Waiting`; for pairs that a gate joins.
        over_rotation: by which part of its angle every gate that takes time turns too far, see `over_rotated`.

    Returns:
        Channels under the snapshot's gate names; a gate of no duration and no error has none.

    Raises:
        UserError: gates are to turn too far and one of them has no fixed angle.
    """
    found = {}
    for gate in snapshot.gates:
        excess = over_rotated(gate.name, over_rotation) if over_rotation and gate.duration_ns else None
        matrix = _channel(gate, [snapshot.qubits[q] for q in gate.qubits], relaxation, depolarizing, excess)
        if matrix is not None:
            found[gate.name, gate.qubits] = matrix
    errors = {k: Readout(q.p10, q.p01) for k, q in enumerate(snapshot.qubits) if readout and (q.p10 or q.p01)}
    if relaxation and depolarizing:
        _log_dominated(snapshot)
    return NoiseModel(snapshot.name, found, errors, _waiting(snapshot, zz_khz) if idle and relaxation else None)


def relaxation_of(qubits: list[Qubit], duration_ns: float) -> TransferMatrix:
    """Relaxation of several qubits, each by itself, for a time in nanoseconds."""
    return channels.tensor(
        *(channels.thermal_relaxation(q.t1_us, min(q.t2_us, 2 * q.t1_us), duration_ns * 1e-3) for q in qubits)
    )


def depolarizing_rest(error: float, relaxation: TransferMatrix) -> float:
    """The depolarising fraction that, followed by relaxation, makes a reported gate error.

    From ``F = F_relax - fraction (d F_relax - 1) / d``; 0 where relaxation alone exceeds the error. An error above
    ``d / (d + 1)``, the largest that a channel can have, counts as that.

    Args:
        error: reported average infidelity, in [0, 1].
        relaxation: transfer matrix of the relaxation during the gate.
    """
    wires = channels.wires_of(relaxation)
    size: int = 2**wires
    lost = channels.average_infidelity(relaxation)
    if error <= lost:
        return 0.0
    fraction = size * (min(error, size / (size + 1)) - lost) / (size * (1 - lost) - 1)
    return min(fraction, size**2 / (size**2 - 1))


def total_error(fraction: float, relaxation: TransferMatrix) -> float:
    """The average infidelity of depolarising followed by relaxation: what `depolarizing_rest` inverts."""
    return channels.average_infidelity(
        channels.compose(channels.depolarizing(fraction, channels.wires_of(relaxation)), relaxation)
    )


def _channel(
    gate: GateCalibration, qubits: list[Qubit], relaxation: bool, depolarizing: bool, excess: TransferMatrix | None
) -> TransferMatrix | None:
    relaxed = relaxation_of(qubits, gate.duration_ns)
    unavoidable = relaxed if excess is None else channels.compose(excess, relaxed)
    parts = []
    if depolarizing and excess is not None:
        parts.append(excess)
    if depolarizing and (fraction := depolarizing_rest(gate.error, unavoidable)) > 0:
        parts.append(channels.depolarizing(fraction, len(qubits)))
    if relaxation and gate.duration_ns > 0:
        parts.append(relaxed)
    return channels.compose(*parts) if parts else None


def _waiting(snapshot: Snapshot, zz_khz: float) -> Waiting:
    return Waiting(
        durations_ns={(gate.name, gate.qubits): gate.duration_ns for gate in snapshot.gates if gate.duration_ns},
        relaxation_us={k: (q.t1_us, min(q.t2_us, 2 * q.t1_us)) for k, q in enumerate(snapshot.qubits)},
        zz_khz=zz_khz,
        coupled=tuple(sorted({(min(pair), max(pair)) for pair in snapshot.coupling})),
    )


def _log_dominated(snapshot: Snapshot) -> None:
    over = [
        gate
        for gate in snapshot.gates
        if channels.average_infidelity(relaxation_of([snapshot.qubits[q] for q in gate.qubits], gate.duration_ns))
        > gate.error
    ]
    if over:
        logger.info(
            "%s: relaxation alone exceeds the reported error of %d of %d gates, first %s on %s; "
            "they get no depolarising and err more than reported",
            snapshot.name,
            len(over),
            len(snapshot.gates),
            over[0].name,
            over[0].qubits,
        )

"""Noise from a calibration snapshot: relaxation for the gate's duration, depolarising for what is left of its error.

The convention is that of Aer's ``NoiseModel.from_backend``: depolarising acts first, relaxation after it, and the
depolarising fraction is chosen so that the average infidelity of all together is the reported error. Beside Aer's there
are what qubits suffer while they wait, and gates that turn too far.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from itertools import repeat

from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout, TransferMatrix, Waiting
from hqnn.noise.over_rotation import over_rotated
from hqnn.noise.scales import AS_CALIBRATED, Scales, scaled_error, scaled_times
from hqnn.noise.snapshot import GateCalibration, Qubit, Snapshot

SAYS_NOTHING = 0.5  # the readout error of a detector of which nothing can be learnt

logger = logging.getLogger(__name__)


def from_snapshot(
    snapshot: Snapshot,
    *,
    scales: Scales = AS_CALIBRATED,
    idle: bool = True,
    zz_khz: float = 0.0,
    over_rotation: float = 0.0,
) -> NoiseModel:
    """The noise that a calibration implies, each of its parts as large as it is, larger or smaller.

    The parts are those of the full model: without relaxation the depolarising fraction is still what relaxation leaves
    of the reported error, not the whole error. No part grows beyond what it can be: a depolarised qubit is no more than
    that, and a detector at most says nothing.

    Args:
        snapshot: T1, T2, gate durations and errors, readout probabilities.
        scales: of its parts. Gates, and where ``idle`` waits, have T1 and T2 (above 2 T1 cut to it); the over-rotation
            is a part of a gate's reported error, which grows with its square.
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
        turned = over_rotation if gate.duration_ns else 0.0
        matrix = _channel(gate, [snapshot.qubits[q] for q in gate.qubits], scales, turned)
        if matrix is not None:
            found[gate.name, gate.qubits] = matrix
    flips = {k: (q.p10, q.p01) for k, q in enumerate(snapshot.qubits)}
    errors = {
        k: Readout(*(scaled_error(p, scales.readout, SAYS_NOTHING) for p in both))
        for k, both in flips.items()
        if scales.readout and any(both)
    }
    if scales == AS_CALIBRATED:
        _log_dominated(snapshot)
    waiting = _waiting(snapshot, zz_khz, scales.idling) if idle and scales.idling else None
    return NoiseModel(snapshot.name, found, errors, waiting)


def relaxation_of(qubits: list[Qubit], duration_ns: float) -> TransferMatrix:
    """Relaxation of several qubits, each by itself, for a time in nanoseconds."""
    return _relaxed(map(scaled_times, qubits, repeat(AS_CALIBRATED)), duration_ns)


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


def _channel(gate: GateCalibration, qubits: list[Qubit], scales: Scales, over_rotation: float) -> TransferMatrix | None:
    relaxed = relaxation_of(qubits, gate.duration_ns)
    unavoidable = relaxed
    parts = []
    if over_rotation:
        unavoidable = channels.compose(over_rotated(gate.name, over_rotation), relaxed)
        if scales.gates:
            parts.append(over_rotated(gate.name, over_rotation * math.sqrt(scales.gates)))
    fraction = scaled_error(depolarizing_rest(gate.error, unavoidable), scales.gates, 1.0)
    if fraction > 0:
        parts.append(channels.depolarizing(fraction, len(qubits)))
    if (scales.relaxation or scales.dephasing) and gate.duration_ns > 0:
        parts.append(_relaxed(map(scaled_times, qubits, repeat(scales)), gate.duration_ns))
    return channels.compose(*parts) if parts else None


def _relaxed(times_us: Iterable[tuple[float, float]], duration_ns: float) -> TransferMatrix:
    return channels.tensor(*(channels.thermal_relaxation(*times, duration_ns * 1e-3) for times in times_us))


def _waiting(snapshot: Snapshot, zz_khz: float, scale: float) -> Waiting:
    times = (scaled_times(qubit, Scales.whole(scale)) for qubit in snapshot.qubits)
    return Waiting(
        durations_ns={(gate.name, gate.qubits): gate.duration_ns for gate in snapshot.gates if gate.duration_ns},
        relaxation_us=dict(enumerate(times)),
        zz_khz=zz_khz * scale,
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

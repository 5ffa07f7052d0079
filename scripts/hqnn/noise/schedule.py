"""When gates run and which qubits wait, as late as possible before a joint measurement.

A qubit waits from the end of a gate to the start of its next one, or to the measurement. Before its first gate it is in
its ground state, which neither relaxes nor, where frequencies are calibrated with ground-state neighbours, dephases.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hqnn.noise.channels import from_kraus, thermal_relaxation
from hqnn.noise.model import Place, TransferMatrix, Waiting

_NOTHING_NS = 1e-6  # a wait below is the rounding of sums


@dataclass(frozen=True, eq=False)
class Wait:
    """What qubits suffer in a wait.

    Attributes:
        qubits: one that relaxes, or two whose phases interact, the lower first.
        matrix: the transfer matrix, shape (4^k, 4^k).
    """

    qubits: tuple[int, ...]
    matrix: TransferMatrix


@dataclass(frozen=True)
class Window:
    """A time in which a qubit waits, in nanoseconds before the measurement; ``begin > end >= 0``."""

    begin: float
    end: float


Scheduled: TypeAlias = list[int | Wait]


def scheduled(places: Sequence[Place], waiting: Waiting) -> Scheduled:
    """Gates and waits, first to last.

    Gates on one qubit keep their order. Where two neighbours wait together their interaction acts before what comes
    later, beside their relaxation: exact but for the relaxation's change within that time, which is of second order.

    Args:
        places: of the gates, in any order that respects each qubit's.
        waiting: durations and times.

    Returns:
        Positions in ``places``, and what happens in between.
    """
    begins, windows = as_late_as_possible(places, waiting)
    moments: list[tuple[float, int, int | Wait]] = [(-begin, 0, index) for index, begin in enumerate(begins)]
    for qubit, own in windows.items():
        moments += [(-w.begin, 1, Wait((qubit,), _relaxation(waiting, qubit, w.begin - w.end))) for w in own]
    for pair in waiting.coupled if waiting.zz_khz else ():
        for both in _overlaps(*(windows.get(qubit, []) for qubit in pair)):
            moments.append((-both.begin, 2, Wait(pair, interaction(waiting.zz_khz, both.begin - both.end))))
    return [what for _, _, what in sorted(moments, key=lambda moment: moment[:2])]


def as_late_as_possible(places: Sequence[Place], waiting: Waiting) -> tuple[list[float], dict[int, list[Window]]]:
    """When each gate begins, in nanoseconds before the measurement, and when each qubit waits."""
    free: dict[int, float] = defaultdict(float)  # when the qubit's next gate begins
    begins, windows = [0.0] * len(places), defaultdict(list)
    for index in reversed(range(len(places))):
        _, qubits = places[index]
        end = max(free[qubit] for qubit in qubits)
        for qubit in qubits:
            if end - free[qubit] > _NOTHING_NS:
                windows[qubit].append(Window(end, free[qubit]))
            free[qubit] = begins[index] = end + waiting.durations_ns.get(places[index], 0.0)
    return begins, dict(windows)


def interaction(zz_khz: float, duration_ns: float) -> TransferMatrix:
    """``exp(-2 pi i f t |11><11|)``: the frequency of either qubit while the other is excited differs by f.

    Source: Ku et al., Phys. Rev. Lett. 125, 200504 (2020), ``f = f_11 - f_10 - f_01 + f_00``.
    """
    phase = -2 * math.pi * zz_khz * duration_ns * 1e-6
    return from_kraus([np.diag([1, 1, 1, np.exp(1j * phase)])])


def _relaxation(waiting: Waiting, qubit: int, duration_ns: float) -> TransferMatrix:
    t1, t2 = waiting.relaxation_us.get(qubit, (math.inf, math.inf))
    return thermal_relaxation(t1, t2, duration_ns * 1e-3)


def _overlaps(one: Sequence[Window], other: Sequence[Window]) -> list[Window]:
    both = [Window(min(a.begin, b.begin), max(a.end, b.end)) for a in one for b in other]
    return [window for window in both if window.begin - window.end > _NOTHING_NS]

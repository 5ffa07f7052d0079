"""What a noise model is: a channel after each named gate, what waiting does, and a readout error a qubit.

Channels are Pauli transfer matrices, ``R[i, j] = 2^-k tr(P_i E(P_j))`` with the words in the order of
``itertools.product("IXYZ", repeat=k)``; the gate's first qubit is the first letter. They are exact for every channel,
non-unital parts included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

TransferMatrix: TypeAlias = NDArray[np.float64]
Place: TypeAlias = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Readout:
    """How one qubit's detector errs.

    Attributes:
        p10: probability to read 1 when the qubit is in |0>, in [0, 1].
        p01: probability to read 0 when the qubit is in |1>, in [0, 1].
    """

    p10: float
    p01: float


@dataclass(frozen=True)
class Waiting:
    """What a schedule needs, and what happens to qubits while no gate acts on them.

    Attributes:
        durations_ns: (gate name, qubits) to how long it takes in nanoseconds; a gate that is absent takes no time.
        relaxation_us: qubit to its T1 and T2 in microseconds, T2 at most 2 T1.
        zz_khz: frequency of the static ZZ interaction of coupled qubits that wait together, in kilohertz.
        coupled: pairs of such qubits, the lower first.
    """

    durations_ns: Mapping[Place, float]
    relaxation_us: Mapping[int, tuple[float, float]]
    zz_khz: float = 0.0
    coupled: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class NoiseModel:
    """Noise of one backend at one time.

    Attributes:
        name: of the backend or file it came from.
        channels: (gate name, qubits in the gate's order) to the transfer matrix, shape (4^k, 4^k), float64, of what
            happens after the ideal gate. An entry with no qubits, ``(name, ())``, holds for every place that has no
            entry of its own.
        readout: qubit to its readout error; a qubit that is absent reads without error.
        waiting: what idle qubits suffer, see `hqnn.noise.schedule`; None where waiting is free of noise.
    """

    name: str
    channels: Mapping[Place, TransferMatrix]
    readout: Mapping[int, Readout]
    waiting: Waiting | None = None

    def after(self, gate: str, qubits: tuple[int, ...]) -> TransferMatrix | None:
        """The channel after a gate, or None where the gate is free of noise."""
        return self.channels.get((gate, qubits), self.channels.get((gate, ())))

    @cached_property
    def digest(self) -> str:
        """sha256 over every channel, readout error and number of waiting, in hexadecimal; the name does not enter."""
        sha = hashlib.sha256()
        for (gate, qubits), matrix in sorted(self.channels.items()):
            sha.update(repr((gate, qubits)).encode())
            sha.update(np.ascontiguousarray(matrix, dtype="<f8").tobytes())
        for qubit, readout in sorted(self.readout.items()):
            sha.update(repr((qubit, readout.p10, readout.p01)).encode())
        if self.waiting:
            tables = self.waiting.durations_ns, self.waiting.relaxation_us
            columns = [sorted(table.items()) for table in tables]
            sha.update(repr((columns, self.waiting.zz_khz, self.waiting.coupled)).encode())
        return sha.hexdigest()

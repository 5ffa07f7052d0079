"""A machine without errors: the gates and couplings of a calibration, simulated as they are meant."""

from __future__ import annotations

import math
from dataclasses import replace

from hqnn.execution.backends import WITHOUT_ERRORS
from hqnn.execution.machines.snapshot import SnapshotProvider
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.noise.snapshot import Qubit, Snapshot


class AerProvider(SnapshotProvider):
    """See `hqnn.execution.machines.provider.Provider`.

    Args:
        backend: made of an error-free calibration, see `perfect`.
        seed: as of `SnapshotProvider`.
    """

    def __init__(self, backend: SnapshotBackend, seed: int) -> None:
        super().__init__(backend, seed)
        self.noise = None


def perfect(snapshot: Snapshot, name: str) -> Snapshot:
    """The same machine without errors; what is not calibrated stays so.

    Args:
        snapshot: of the machine.
        name: of the result.
    """
    gates = tuple(gate if gate.error == 1 else replace(gate, error=0.0) for gate in snapshot.gates)
    qubits = (Qubit(math.inf, math.inf, 0.0, 0.0),) * len(snapshot.qubits)
    return replace(snapshot, name=name, source=f"{snapshot.source}{WITHOUT_ERRORS}", qubits=qubits, gates=gates)

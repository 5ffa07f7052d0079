"""A machine that is simulated with the noise of its calibration."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit.circuit import QuantumCircuit

from hqnn.errors import UserError
from hqnn.execution.machines.provider import Counts, Estimate, Limits, Status, Task
from hqnn.execution.machines.simulated import simulate
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.noise.model import NoiseModel
from hqnn.noise.snapshot import Snapshot


class SnapshotProvider:
    """See `hqnn.execution.machines.provider.Provider`; jobs run at once, and end with the process.

    Args:
        backend: made of the calibration.
        seed: of the first job's sampling; the others count up from it.

    Attributes:
        machine: name of the calibration.
        noise: after every gate; None where there is none.
    """

    limits = Limits()
    noise: NoiseModel | None

    def __init__(self, backend: SnapshotBackend, seed: int) -> None:
        self.machine: str = backend.name
        self.noise = backend.noise
        self._backend, self._seed = backend, seed
        self._done: dict[str, Counts] = {}
        self._tags: dict[str, list[str]] = {}

    def calibration(self) -> Snapshot:
        """The one it was made of."""
        return self._backend.snapshot

    def estimate(self, parts: Sequence[Task]) -> Estimate:
        """No QPU seconds; circuits that are not of this machine are refused."""
        for pub in (pub for part in parts for pub in part.pubs):
            self._require_native(pub.name, pub.circuit)
        return Estimate(len(parts), sum(part.executions for part in parts), 0.0)

    def enter(self, session: str | None) -> None:
        """Nothing: there are no sessions."""

    def leave(self, session: str) -> None:
        """Nothing, likewise."""

    def submit(self, task: Task, tag: str) -> str:
        """Run it."""
        self.estimate([task])
        job = f"{self.machine}-{len(self._done)}"
        self._done[job] = simulate(task, self.noise, self._seed + len(self._done))
        self._tags.setdefault(tag, []).append(job)
        return job

    def find(self, tag: str) -> list[str]:
        """Jobs of this process."""
        return self._tags.get(tag, [])

    def status(self, job: str) -> Status:
        """Done."""
        return Status("done" if job in self._done else "unknown")

    def collect(self, job: str) -> Counts:
        """Its counts."""
        return self._done[job]

    def cancel(self, job: str) -> None:
        """Nothing, since it is done."""

    def _require_native(self, name: str, circuit: QuantumCircuit) -> None:
        target = self._backend.target
        for step in circuit.data:
            places = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
            if step.name != "barrier" and not target.instruction_supported(step.name, places):
                raise UserError(
                    f"{step.name} on qubits {places} of {name} is no gate of {self.machine}; compile for it"
                )

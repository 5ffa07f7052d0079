"""What every machine can do, whoever provides it: the interface and the plain things that pass through it.

A provider of one's own is a class with the methods of `Provider` and an entry in `hqnn.execution.machines.choice`. It
knows one vendor's client and nothing else: the order of calls, the ledger, caps, waiting and verifying are the same for
all and stand in `submit` and `collect`. Three kinds of errors say what a failed call means:

* `UserError`: it is certain that nothing was sent or lost, and a person can mend it: a wrong token, an unknown backend.
* `InDoubtError`, of `submit` alone: the machine may have taken the job: no answer, a torn one, a server's error.
* `UnreachableError`, of every other call: asking again later may help: no connection, a server's error.

No message may hold a token; `hqnn.errors.plain` gives the first line of a vendor's error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

    from hqnn.noise.snapshot import Snapshot

REGISTER = "bits"  # the classical register that every measured circuit has

State = Literal["queued", "running", "done", "failed", "cancelled", "unknown"]


class InDoubtError(UserError):
    """A job may have been accepted, though nobody said so; it is looked up by its tag before anything else is sent."""


class UnreachableError(UserError):
    """A question got no answer; it may be asked again."""


@dataclass(frozen=True)
class Pub:
    """One circuit and the table of its parameters.

    Attributes:
        name: what it is, unique in its task, such as ``copy0-group1`` or ``readout-ones``.
        circuit: native gates on the machine's qubits, measured into the one register `REGISTER`, bit i being wire i of
            the program.
        values: shape (rows, parameters), columns in the order of ``circuit.parameters``; one row and no column for a
            circuit without parameters.
    """

    name: str
    circuit: QuantumCircuit
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Circuits that are run together, each row of each table so many times.

    Attributes:
        pubs: what runs.
        shots: repetitions a row.
    """

    pubs: tuple[Pub, ...]
    shots: int

    @property
    def rows(self) -> int:
        """Bound circuits."""
        return sum(len(pub.values) for pub in self.pubs)

    @property
    def executions(self) -> int:
        """Bound circuits times shots."""
        return self.rows * self.shots


@dataclass(frozen=True)
class Limits:
    """What a machine takes in one job; None where there is no limit.

    Attributes:
        executions: bound circuits times shots.
        rows: bound circuits.
        shots: repetitions of one.
        jobs_per_minute: how often a job may be sent.
    """

    executions: int | None = None
    rows: int | None = None
    shots: int | None = None
    jobs_per_minute: int | None = None


@dataclass(frozen=True)
class Estimate:
    """What running would take, said before anything is sent.

    Attributes:
        jobs: how many.
        executions: bound circuits times shots.
        qpu_seconds: on the machine itself, without the queue; None where the vendor gives no formula.
        quota_left_s: QPU seconds that the account has left; None where nobody says.
        queue: jobs that wait before ours; None where nobody says.
    """

    jobs: int
    executions: int
    qpu_seconds: float | None
    quota_left_s: float | None = None
    queue: int | None = None


@dataclass(frozen=True)
class Status:
    """What the machine says of a job.

    Attributes:
        state: `unknown` where the machine has no such job, or no word for it that is known here.
        position: in the queue.
        expected_start: ISO 8601.
        reason: in the machine's words, of a job that failed or was cancelled.
    """

    state: State
    position: int | None = None
    expected_start: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Counts:
    """The bits that a job gave.

    Attributes:
        bits: one array a pub, in their order: shape (rows, shots, bytes), uint8; the bytes of a shot are one number,
            most significant first, whose bit i is bit i of the register, as in Qiskit's ``BitArray``.
        task: what the machine says that it ran; None where it does not say.
        qpu_seconds: that it says were used; None where it does not.
    """

    bits: tuple[NDArray[np.uint8], ...]
    task: Task | None = None
    qpu_seconds: float | None = None


class Provider(Protocol):
    """One machine, reached through its vendor's client.

    Attributes:
        machine: its name in the config.
        limits: of one job.
    """

    machine: str
    limits: Limits

    def calibration(self) -> Snapshot:
        """What the machine says of its qubits and gates now.

        Raises:
            UserError: there is no such machine or no access; `UnreachableError`: no answer.
        """

    def estimate(self, parts: Sequence[Task]) -> Estimate:
        """What a job for each of these would take; it also finds what the machine would refuse.

        Raises:
            UserError: the machine is not in operation, the account has nothing left, a circuit does not fit.
        """

    def enter(self, session: str | None) -> str | None:
        """Let the jobs that follow run as one batch or session, as the settings ask.

        Args:
            session: the vendor's id of one that was opened before and may take jobs still.

        Returns:
            Its id where it does, or else of a new one; None where the vendor has none.

        Raises:
            UserError: none can be opened; `UnreachableError`: no answer.
        """

    def leave(self, session: str) -> None:
        """Let no more jobs into a batch or session; those in it run on. Nothing where it has ended.

        Raises:
            UserError: the machine refuses; `UnreachableError`: no answer.
        """

    def submit(self, task: Task, tag: str) -> str:
        """Send one job; never send twice, whatever the answer.

        Args:
            task: within the limits.
            tag: of letters, digits and hyphens; the job must be found by it where the vendor has tags.

        Returns:
            The vendor's id of the job.

        Raises:
            UserError: it is certain that no job was accepted; `InDoubtError`: it is not.
        """

    def find(self, tag: str) -> list[str] | None:
        """Ids of the jobs with a tag that did not fail and were not cancelled, oldest first; None: nobody can say."""

    def status(self, job: str) -> Status:
        """How a job stands."""

    def collect(self, job: str) -> Counts:
        """What a job gave that is done.

        Raises:
            UserError: these are no counts of bits; `UnreachableError`: no answer, or a torn one.
        """

    def cancel(self, job: str) -> None:
        """Take a job back; nothing where it has ended."""

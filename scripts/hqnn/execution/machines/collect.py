"""Fetching the counts of an order: waiting, verifying, storing; it can be stopped and started for days."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hqnn.errors import UserError
from hqnn.execution.machines.ledger import Entry, Ledger
from hqnn.execution.machines.parts import joined
from hqnn.execution.machines.provider import Counts, Provider, Pub, Status, Task, UnreachableError
from hqnn.settings.machines import Machine
from hqnn.store import read_table, write_table

FOLDER = Path(".hqnn/counts")  # in the working directory; what was paid for outlives `make clean`
SLOWEST = 6.0  # times the first pause
ANGLE_TOLERANCE = 1e-6  # radians; what another computer's last bits may differ by, and less than anything matters

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """Where the counts of each job lie, in a file called as its tag, and what the machine was like.

    Attributes:
        folder: of one machine.
    """

    folder: Path

    def file(self, entry: Entry) -> Path:
        """The file of a job."""
        return self.folder / f"{entry.tag}.h5"

    def calibration(self, identity: str) -> Path:
        """The file of the machine's calibration when an order was sent."""
        return self.folder / f"{identity}.json"

    def write(self, entry: Entry, part: Task, counts: Counts) -> None:
        """Store what a job gave, whole or not at all."""
        columns = {pub.name: bits for pub, bits in zip(part.pubs, counts.bits, strict=True)}
        used = -1.0 if counts.qpu_seconds is None else counts.qpu_seconds
        about = {"tag": entry.tag, "job": entry.job or "", "identity": entry.identity, "qpu_seconds": used}
        write_table(self.file(entry), columns, {**about, "about": dict(entry.about)})

    def read(self, entry: Entry, part: Task) -> Counts:
        """What a job gave.

        Raises:
            UserError: the file is damaged, or of another job.
        """
        columns, about = read_table(self.file(entry), *(pub.name for pub in part.pubs))
        if about.get("identity") != entry.identity:
            raise UserError(f"{self.file(entry)} holds the counts of another job; delete it and run again")
        used = None if about["qpu_seconds"] < 0 else float(about["qpu_seconds"])
        return Counts(tuple(columns[pub.name] for pub in part.pubs), part, used)


def archive_of(machine: str, folder: Path = FOLDER) -> Archive:
    """The counts of a machine by its name in the config."""
    return Archive(folder / machine)


def collect(
    task: Task,
    entries: Sequence[Entry],
    parts: Sequence[Task],
    provider: Provider,
    ledger: Ledger,
    machine: Machine,
    archive: Archive,
) -> Counts:
    """The counts of an order whose jobs were sent.

    Args:
        task: the whole.
        entries: its jobs, as `hqnn.execution.machines.submit.send` gave them.
        parts: what each runs, likewise.
        provider: of the machine.
        ledger: of the machine.
        machine: its settings.
        archive: of the machine.

    Raises:
        UserError: jobs are still out when the waiting ends; a job failed; its results are not of this order.
    """
    out = [entry for entry in entries if not archive.file(entry).exists()]
    end, pause, said = time.monotonic() + machine.wait_s, machine.poll_s, ""
    while out:
        waiting = []
        for entry in out:
            try:
                status = provider.status(str(entry.job))
                if status.state == "done":
                    _store(entry, parts[entry.part], provider, ledger, archive)
                    continue
                said = _waits(entry, status, ledger)
            except UnreachableError as error:
                said = str(error)
            waiting.append(entry)
        out = waiting
        if out and time.monotonic() + pause > end:
            raise UserError(
                f"{len(out)} of {len(entries)} jobs are still out on machine {provider.machine} ({said}); nothing is "
                "lost: run the same command again to fetch them, and `make jobs` lists them"
            )
        time.sleep(pause if out else 0.0)
        pause = min(1.5 * pause, SLOWEST * machine.poll_s)
    for entry in entries:
        if entry.state != "stored":
            used = archive.read(entry, parts[entry.part]).qpu_seconds
            ledger.append("state", entry.tag, state="stored", qpu_s=used)
    return joined(task, parts, [archive.read(entry, parts[entry.part]) for entry in entries])


def verify(entry: Entry, part: Task, counts: Counts) -> None:
    """Prove that counts are of the circuits, parameters and shots that were sent.

    Raises:
        UserError: they are not.
    """
    if len(counts.bits) != len(part.pubs):
        raise _foreign(entry, f"has results of {len(counts.bits)} circuits instead of {len(part.pubs)}")
    for pub, bits in zip(part.pubs, counts.bits, strict=True):
        size = -(-pub.circuit.num_clbits // 8)
        wanted = (len(pub.values), part.shots, size)
        if bits.shape != wanted:
            raise _foreign(
                entry, f"has {bits.shape[0]} rows of {bits.shape[1]} shots instead of {wanted[0]} of {wanted[1]}"
            )
    if counts.task is not None:
        if len(counts.task.pubs) != len(part.pubs):
            raise _foreign(entry, f"ran {len(counts.task.pubs)} circuits instead of {len(part.pubs)}")
        for sent, ran in zip(part.pubs, counts.task.pubs, strict=True):
            _compare(sent, ran, entry)


def _compare(sent: Pub, ran: Pub, entry: Entry) -> None:
    if sent.circuit != ran.circuit:
        raise _foreign(entry, "ran another circuit than was sent")
    if sent.values.shape != ran.values.shape or not np.allclose(sent.values, ran.values, rtol=0, atol=ANGLE_TOLERANCE):
        raise _foreign(entry, "ran with other weights or samples than were sent")


def _foreign(entry: Entry, found: str) -> UserError:
    return UserError(
        f"{_told(entry)} {found}, so its results were not stored; ask the vendor about the job, and {entry.again}"
    )


def _told(entry: Entry) -> str:
    return f"job {entry.job} of machine {entry.machine}"


def _store(entry: Entry, part: Task, provider: Provider, ledger: Ledger, archive: Archive) -> None:
    counts = provider.collect(str(entry.job))
    try:
        verify(entry, part, counts)
    except UserError as error:
        ledger.append("state", entry.tag, state="refused", reason=str(error))
        raise
    archive.write(entry, part, counts)


def _waits(entry: Entry, status: Status, ledger: Ledger) -> str:
    """What a job is waiting for, in words; one that has ended otherwise stops."""
    if status.state != entry.state:
        _note(entry, status, ledger)
    if status.state in ("failed", "cancelled"):
        raise UserError(
            f"{_told(entry)} {'failed' if status.state == 'failed' else 'was cancelled'} "
            f"({status.reason or 'without a reason'}); {entry.again}"
        )
    unknown = f"in an unknown state{f' ({status.reason})' if status.reason else ''}"
    words = [f"job {entry.job} is {unknown if status.state == 'unknown' else status.state}"]
    words += [] if status.position is None else [f"number {status.position} in the queue"]
    words += [] if status.expected_start is None else [f"expected to start {status.expected_start}"]
    log.info("%s", ", ".join(words))
    return ", ".join(words)


def _note(entry: Entry, status: Status, ledger: Ledger) -> None:
    latest = next((one.state for one in ledger.entries() if one.tag == entry.tag), "")
    if status.state != latest:
        ledger.append("state", entry.tag, state=status.state, reason=status.reason)

"""What was sent to a machine, on disk before it was sent: one line a fact, appended, never changed.

A line is JSON with the first eight digits of its own sha256. A job has a line of intent before the call that sends it,
one with the machine's id after it, and one for each state that was seen. A process that is killed while it writes
leaves a line without an end; such a line was never acted upon, and is cut off by the next one. The ledger lies where
neither Snakemake nor ``make clean`` removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hqnn.errors import UserError, plain
from hqnn.store import explained_writes

FOLDER = Path(".hqnn/ledger")  # in the working directory
LOCK_WAIT_S = 120.0
GONE = ("failed", "cancelled", "refused", "not sent")  # of these jobs nothing is to be had


@dataclass(frozen=True)
class Entry:
    """One job, as the ledger's lines together say.

    Attributes:
        tag: under which it was sent.
        identity: of what was ordered, see `hqnn.execution.machines.submit.Order`.
        part: which of the order's jobs, from 0.
        parts: how many the order has.
        machine: name in the config.
        about: what the order says about itself, and where it was sent.
        executions: circuits times shots.
        estimated_s: QPU seconds, None where nobody said.
        price_per_second: when it was sent, None where nobody said.
        time: of the intent, ISO 8601, UTC.
        job: the machine's id, None while it is in doubt whether there is one.
        state: intended, sent, one of the machine's, stored, or one of `GONE`.
        reason: of a state.
        qpu_s: seconds used, None where nobody said.
    """

    tag: str
    identity: str
    part: int
    parts: int
    machine: str
    about: Mapping[str, Any]
    executions: int
    estimated_s: float | None
    price_per_second: float | None
    time: str
    job: str | None = None
    state: str = "intended"
    reason: str = ""
    qpu_s: float | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its counts are there, or may still come."""
        return self.state not in GONE

    @property
    def again(self) -> str:
        """How a job that gave nothing is sent anew: a training step by itself, as it cannot go on without."""
        return f"run again{'' if 'step' in self.about else ' with --forcerun submit'} to send it anew"

    @property
    def seconds(self) -> float:
        """QPU seconds as used, or else as estimated."""
        return (self.estimated_s if self.qpu_s is None else self.qpu_s) or 0.0

    @property
    def price(self) -> float | None:
        """Of these seconds."""
        return None if self.price_per_second is None else self.price_per_second * self.seconds

    @property
    def age_s(self) -> float:
        """Since the intent."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.time)).total_seconds()


@dataclass(frozen=True)
class Opened:
    """A batch or session that was opened, see `hqnn.execution.machines.sessions.Session`.

    Attributes:
        session: the vendor's id.
        owner: what its jobs are for.
        machine: name in the config.
        place: see `hqnn.settings.machines.Machine.place`.
        time: when it was opened, ISO 8601, UTC.
        state: open or closed.
    """

    session: str
    owner: str
    machine: str
    place: Mapping[str, str]
    time: str
    state: str

    @property
    def in_words(self) -> str:
        """What it is and since when."""
        return f"{self.place['mode']} {self.session} of machine {self.machine}, open since {self.time},"


@dataclass(frozen=True)
class Ledger:
    """The ledger of one machine.

    Attributes:
        path: of the file.
    """

    path: Path
    _held: list[int] = field(default_factory=list, repr=False, compare=False)

    @contextmanager
    def locked(self, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
        """Hold the ledger, so that no other run sends anything meanwhile; a process may hold it again.

        Raises:
            UserError: another run held it all the time, or its file system cannot lock.
        """
        if self._held:
            yield
            return
        with explained_writes(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock(handle, wait_s)
            self._held.append(handle)
            yield
        finally:
            self._held.clear()
            os.close(handle)

    def append(self, what: str, tag: str, **said: Any) -> None:
        """Write one line and see it on disk.

        Args:
            what: intent, job, state or session.
            tag: of the job, or the id of the session.
            said: what the line says.

        Raises:
            UserError: the disk is full, or the ledger cannot be written.
        """
        line = {"what": what, "tag": tag, "time": datetime.now(UTC).isoformat(timespec="seconds"), **said}
        with self.locked(), explained_writes(self.path):
            new = not self.path.exists()
            with self.path.open("ab") as file:
                file.truncate(self._whole_bytes())
                file.write(_sealed(line).encode())
                file.flush()
                os.fsync(file.fileno())
            if new:
                folder = os.open(self.path.parent, os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)

    def entries(self) -> list[Entry]:
        """All jobs, oldest first.

        Raises:
            UserError: a line is damaged.
        """
        found: dict[str, Entry] = {}
        for number, what, tag, when, said in self._read():
            if what == "session":
                continue
            try:
                found[tag] = Entry(tag=tag, time=when, **said) if what == "intent" else replace(found[tag], **said)
            except (KeyError, TypeError) as error:
                raise self._damaged(number) from error
        return list(found.values())

    def open_sessions(self) -> list[Opened]:
        """Batches and sessions that are not known to be closed, oldest first.

        Raises:
            UserError: a line is damaged.
        """
        found: dict[str, Opened] = {}
        for number, what, session, when, said in self._read():
            if what != "session":
                continue
            try:
                known = found.get(session)
                found[session] = replace(known, **said) if known else Opened(session=session, time=when, **said)
            except TypeError as error:
                raise self._damaged(number) from error
        return [one for one in found.values() if one.state == "open"]

    def of(self, identity: str) -> list[Entry]:
        """The jobs of one order that are not gone, by parts."""
        alive = [entry for entry in self.entries() if entry.identity == identity and entry.is_alive]
        return sorted(alive, key=lambda entry: entry.part)

    def _lock(self, handle: int, wait_s: float) -> None:
        end = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise UserError(
                        f"another run has been using the ledger {self.path} for {wait_s:.0f} s; let it end, and run "
                        "again"
                    ) from None
                time.sleep(0.1)
            except OSError as error:
                raise UserError(
                    f"the file system of the ledger {self.path} locks no files ({plain(error)}), so two runs could pay "
                    "for one job; run in a folder on another one (--directory)"
                ) from error
            else:
                return

    def _whole_bytes(self) -> int:
        content = self.path.read_bytes() if self.path.exists() else b""
        return content.rfind(b"\n") + 1

    def _lines(self) -> list[bytes]:
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: content.rfind(b"\n") + 1].splitlines()

    def _read(self) -> Iterator[tuple[int, str, str, str, dict[str, Any]]]:
        """Of each line its number, what it is, its tag and time, and what else it says."""
        for number, line in enumerate(self._lines(), 1):
            try:
                said = json.loads(line)
                seal = said.pop("seal")
                sealed = _seal(said)
                what, tag, when = said.pop("what"), said.pop("tag"), said.pop("time")
            except (ValueError, KeyError, AttributeError) as error:
                raise self._damaged(number) from error
            if seal != sealed:
                raise self._damaged(number)
            yield number, what, tag, when, said

    def _damaged(self, number: int) -> UserError:
        return UserError(
            f"line {number} of the ledger {self.path} is damaged, so nothing is sent; restore the file from a backup, "
            "or look the jobs up where you pay for them and delete the line"
        )


def ledger_of(machine: str, folder: Path = FOLDER) -> Ledger:
    """The ledger of a machine by its name in the config."""
    return Ledger(folder / f"{machine}.jsonl")


def _seal(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]


def _sealed(said: Mapping[str, Any]) -> str:
    return json.dumps({**said, "seal": _seal(said)}) + "\n"

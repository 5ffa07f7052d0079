"""Which runs work in a folder: a lock that a killed one left is lifted, that of a living one is named."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from hqnn.errors import UserError

Said: TypeAlias = dict[str, Any]

RUNS, LOCKS, SCRIPTS, LOGS = "runs", "locks", "scripts", "log"  # folders beside each other; all but one Snakemake's
SKEW_S = 120  # by which clocks of login nodes may differ
LIFTED = "the lock of a run that was killed is lifted; what it had begun is done again, what it had finished is kept"


class Presence:
    """A file that says who works in a folder; the system holds a lock on it for as long as its process lives."""

    def __init__(self, runs: Path) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._said: dict[str, Any] = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "user": user_name(os.getuid()),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self._path = runs / f"{self._said['host']}-{self._said['process']}.json"
        self._file: TextIO = self._path.open("w", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.say()

    def say(self, **more: str) -> None:
        """Write who works here; `more` is said, too."""
        self._said |= more
        self._file.seek(0)
        json.dump(self._said, self._file)
        self._file.flush()

    def leave(self) -> None:
        """Take the file away."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def check_writable(folder: Path) -> None:
    """See that a run can keep its book in a folder.

    Args:
        folder: Snakemake's own, ``.snakemake``.

    Raises:
        UserError: it cannot be written, as where another user's runs have made it.
    """
    for path in (folder, folder / LOCKS) if folder.exists() else (folder.parent,):
        if path.exists() and not os.access(path, os.W_OK):
            raise UserError(
                f"{path} belongs to {user_name(path.stat().st_uid)} and cannot be written by {user_name(os.getuid())}, "
                "so nothing can run here: give this run a folder of its own (--directory FOLDER), or have this one "
                "opened to a group that both are in (chmod -R g+rwX)"
            )


def check_clock(folder: Path, tell: Callable[[str], None]) -> None:
    """Tell where the clock is earlier than an earlier run: times of files then say the contrary of what is so.

    Args:
        folder: Snakemake's own, ``.snakemake``.
        tell: takes a sentence for the user.
    """
    last = max((log.stat().st_mtime for log in (folder / LOGS).glob("*.log")), default=0.0)
    if last > time.time() + SKEW_S:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(last))
        tell(
            f"this machine's clock says {time.strftime('%Y-%m-%d %H:%M')}, but a run in this folder ended at {when}: "
            "what was made then counts as newer than what is made of it now, so jobs with large inputs run again and "
            "again; set the clock right, or give all files the present time (snakemake --touch)"
        )


def enter(folder: Path, tell: Callable[[str], None]) -> Presence | None:
    """Say that this process works in a folder, and lift the lock that a killed one left there.

    Jobs that a killed run left in a cluster's queue are cancelled first, so that nothing runs twice.

    Args:
        folder: Snakemake's own, ``.snakemake``.
        tell: takes sentences for the user: that a lock was lifted, or which living process holds one.

    Returns:
        What says so, until the process ends; None where nothing can be written or locked, as on some network file
        systems: then Snakemake's own lock is all there is.
    """
    locks, runs = folder / LOCKS, folder / RUNS
    try:
        living, dead, elsewhere = _parted(runs)
        if not any(locks.glob("*")):
            for path in elsewhere:
                path.unlink(missing_ok=True)
        else:
            living += elsewhere.values()
        if not living and dead:
            _cancel(dead, tell)
            if locks.is_dir() and any(locks.iterdir()):
                shutil.rmtree(locks)
                locks.mkdir()
                tell(LIFTED)
            shutil.rmtree(folder / SCRIPTS, ignore_errors=True)  # copies that the killed run's jobs were started from
            for path in dead:
                path.unlink(missing_ok=True)
        elif living and any(locks.glob("*")):
            tell(_occupied(living[0]))
        presence = Presence(runs)
    except OSError:
        return None
    atexit.register(presence.leave)
    return presence


def user_name(number: int) -> str:
    """Name of a user; in a container there may be none to the number, which then stands for it."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _parted(runs: Path) -> tuple[list[Said], dict[Path, Said], dict[Path, Said]]:
    """What the files say of processes that live, of those that do not, and of those that nobody here can tell of.

    The last two by file. A lock that is held on another host may not be seen here: some file systems of clusters keep
    locks to their host.
    """
    living: list[Said] = []
    dead: dict[Path, Said] = {}
    elsewhere: dict[Path, Said] = {}
    for path in sorted(runs.glob("*.json")):
        with suppress(FileNotFoundError), path.open("r+", encoding="utf-8") as file:
            said = _read(file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                living.append(said)
            else:
                here = said.get("host", socket.gethostname()) == socket.gethostname()
                (dead if here else elsewhere)[path] = said
    return living, dead, elsewhere


def _read(file: TextIO) -> Said:
    """Who wrote a file; nothing where it was killed while it wrote."""
    try:
        return dict(json.load(file))
    except (ValueError, TypeError):
        return {}


def _occupied(said: Said) -> str:
    who = " ".join(f"{name} {said[name]}" for name in ("process", "user", "host", "since") if name in said)
    return (
        f"another run works in this folder ({who or 'just begun'}): wait until it ends, or give this one a folder "
        "of its own (--directory); do not unlock, unless you know that it is dead"
    )


def _cancel(dead: dict[Path, Said], tell: Callable[[str], None]) -> None:
    """Take the jobs of killed runs out of the cluster's queue, and wait until none of them runs."""
    for said in dead.values():
        name = said.get("queued_as")
        if name and shutil.which("scancel"):
            subprocess.run(["scancel", "--name", name], check=False)
            while subprocess.run(["squeue", "-h", "--name", name], capture_output=True, check=False).stdout.strip():
                time.sleep(1)
            tell(f"jobs that the killed run {name} had left in the queue are cancelled")

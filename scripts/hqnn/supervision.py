"""The body of a job in a process of its own, so that somebody is left to say how it died."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

HEAD = "HQNN_HEAD"  # environment variable: the process that started the job
DIES_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG
POLITE = (signal.SIGINT, signal.SIGTERM)
LOOK_S = 0.2  # between two looks whether the head still lives
KIB_PER_MB = 1e6 / 1024


@dataclass(frozen=True)
class End:
    """How a process ended.

    Attributes:
        code: that it left with; 128 and the number of the signal where one ended it.
        signal: that ended it; None where it ended by itself.
        seconds: how long it ran.
        cpu_s: seconds that processors worked for it.
        memory_mb: the most that it held in memory, of all it needed itself.
    """

    code: int
    signal: signal.Signals | None
    seconds: float
    cpu_s: float
    memory_mb: float


def supervised(tell: Callable[[End], None], asked_by: socket.socket | None = None) -> None:
    """Return in a child process; the calling process waits for it, tells how it ended, and ends as it did.

    Nobody is left behind: the child ends with its parent (on Linux), and both end when the head, the process whose
    number is in the environment variable `HQNN_HEAD`, is there no more. To be called before threads are started.

    Args:
        tell: called by the waiting process.
        asked_by: a connection to the process that the job is for, with which it ends, too.
    """
    started = time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    ended, held = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, POLITE)  # until it is known who takes them
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, POLITE)
        os.close(ended)
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
        return
    os.close(held)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the child, too
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, POLITE)
    status, cpu_s, memory_mb = _wait(child, ended, asked_by)
    code = os.waitstatus_to_exitcode(status)
    tell(
        End(
            code=code if code >= 0 else 128 - code,
            signal=None if code >= 0 else signal.Signals(-code),
            seconds=time.monotonic() - started,
            cpu_s=cpu_s,
            memory_mb=memory_mb,
        )
    )
    leave(code if code >= 0 else 128 - code)


def leave(code: int) -> NoReturn:
    """End this process at once; taking torch's objects apart one by one costs half a second, and some complain."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def lives(process: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait(child: int, ended: int, asked_by: socket.socket | None) -> tuple[int, float, float]:
    """Wait for the end of a child, whose end of a pipe closes with it; its status, seconds and peak memory in MB."""
    asking = asked_by.fileno() if asked_by else -1
    head = int(os.environ.get(HEAD, 0))
    if not lives(head):  # in a container with process numbers of its own
        head = 0
    while True:
        ready = select.select([ended, asking] if asked_by else [ended], [], [], LOOK_S)[0]
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return (
                status,
                used.ru_utime + used.ru_stime,
                used.ru_maxrss / (KIB_PER_MB if sys.platform != "darwin" else 1e6),
            )
        if asking in ready or (head and not lives(head)):
            os.kill(child, signal.SIGKILL)

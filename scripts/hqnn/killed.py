"""What is said of a job that a signal ended."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from signal import Signals

from hqnn.supervision import End

LAST_LINES = 5
AGAIN = "the same command goes on from what is done"
OUT_OF_MEMORY = (
    "a system that runs out of memory, or a scheduler whose limit is reached, ends a process so: let fewer jobs run at "
    "a time (--cores), or give the rule more (--set-resources {rule}:mem_mb={more}); then " + AGAIN
)
BROKEN = (
    "a compiled library failed, or the disk is full: see whether `df -h .` leaves room, then run the same command "
    "again; if it fails at the same place, the log and these lines belong into a report of the fault"
)
ADVICE = {
    Signals.SIGKILL: OUT_OF_MEMORY,
    Signals.SIGTERM: "somebody, or a scheduler whose time limit is reached, asked it to end: " + AGAIN,
    Signals.SIGINT: AGAIN,
    Signals.SIGHUP: "its terminal was closed: " + AGAIN,
    Signals.SIGXCPU: "its time limit is reached: " + AGAIN,
}


def killed_sentence(rule: str, target: str, cause: Signals, end: End, asked_mb: float | None, log: Path) -> str:
    """Which job was killed, by what, how much memory it had and asked for, its last words, and what to do.

    Args:
        rule: its name.
        target: its first output.
        cause: the signal.
        end: how it ended.
        asked_mb: memory that the rule asks for, in MB; None where it does not say.
        log: its log file; of its last lines the text repeats a few.

    Returns:
        A sentence or two, and the lines.
    """
    asked = "" if asked_mb is None else f" of {asked_mb:.0f} MB asked for"
    more = 2 * round(max(end.memory_mb, asked_mb or 0))
    advice = ADVICE.get(cause, BROKEN).format(rule=rule, more=more)
    said = (
        f"{rule}: killed by {cause.name} after {end.seconds:.0f} s, while it made {target}; it held "
        f"{end.memory_mb:.0f} MB at most{asked}; {advice}"
    )
    return "\n".join([said, *(f"    {log}: {line}" for line in _last_lines(log))])


def _last_lines(log: Path) -> list[str]:
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip() for line in deque(file, LAST_LINES) if line.strip()]
    except OSError:
        return []

"""What a scheduler's own logs say of jobs that it ended, which nothing within the job lived to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hqnn.killed import AGAIN

LOGS = Path("slurm_logs")  # of Snakemake's plugin, below .snakemake
ENDS = {
    "memory": re.compile(r"exceeded (?:job )?memory limit|oom.?kill|out of memory", re.IGNORECASE),
    "time": re.compile(r"due to time limit", re.IGNORECASE),
    "node": re.compile(r"due to node failure", re.IGNORECASE),
}
HELD = re.compile(r"exceeded memory limit \((\d+) > (\d+)\)")  # bytes
ASKED = {"memory": re.compile(r"\bmem_mb=(\d+)"), "time": re.compile(r"\bruntime=(\d+)")}
ADVICE = {
    "memory": "ran out of memory{amount}; a further try asks for more, and `--set-resources {rule}:mem_mb=...` does so "
    "from the start",
    "time": "reached its time limit{amount}; a further try asks for more, in which a training goes on from its last "
    "epoch, and `--set-resources {rule}:runtime=...` does so from the start",
    "node": "lost its node; " + AGAIN + ", on another",
}


def ended_jobs(logs: Path, since: float) -> Iterator[str]:
    """A sentence for every job that the scheduler ended.

    Args:
        logs: folder of the scheduler's logs, ``rule_<name>/<wildcards>/<job>.log``.
        since: seconds since 1970; older logs are of other runs.

    Yields:
        The rule, what it ran out of, what it had asked for and held, its log, and what to do.
    """
    for log in sorted(logs.rglob("*.log")):
        if log.stat().st_mtime >= since:
            text = log.read_text(encoding="utf-8", errors="replace")
            cause = next((cause for cause, words in ENDS.items() if words.search(text)), None)
            if cause:
                rule = log.relative_to(logs).parts[0].removeprefix("rule_")
                said = ADVICE[cause].format(rule=rule, amount=_amount(cause, text))
                yield f"{rule}: job {log.stem} {said} ({log})"


def _amount(cause: str, text: str) -> str:
    """What was asked for, and the memory that was last seen, where the log says so."""
    if held := HELD.search(text):
        held_mb, asked_mb = (int(number) / 2**20 for number in held.groups())
        return f": it held {held_mb:.0f} MB of {asked_mb:.0f} MB asked for"
    asked = ASKED[cause].search(text) if cause in ASKED else None
    return f" of {asked[1]} {'MB' if cause == 'memory' else 'min'} asked for" if asked else ""

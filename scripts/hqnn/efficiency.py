"""What every rule asked for and what its jobs used: ``python -m hqnn.efficiency results``."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hqnn.errors import UserError
from hqnn.job import USED

TAIL_BYTES = 4096
FACTOR = 2  # further apart than this, asked and used are marked
SNAKEMAKE_MB = 400  # that Snakemake's own processes hold beside a job on a cluster, within what the rule asks for
SHARED = re.compile(r"(?<=_together)_.*")  # which of many seeds a job has, in the name of its rule
HEADER = ("rule", "jobs", "seconds", "longest", "memory_mb", "asked_mb", "")


@dataclass(frozen=True)
class Used:
    """What the jobs of a rule used.

    Attributes:
        rule: its name.
        jobs: how many logs there are.
        seconds: of wall time, of all of them.
        longest: seconds of the longest.
        memory_mb: the most that one of them held in memory, in MB.
        asked_mb: what the rule asked for; None where it did not say.
    """

    rule: str
    jobs: int
    seconds: float
    longest: float
    memory_mb: float
    asked_mb: float | None

    @property
    def remark(self) -> str:
        """What does not fit."""
        if self.asked_mb is None:
            return ""
        if self.memory_mb > self.asked_mb:
            return "used more than it asked for"
        most = FACTOR * (self.memory_mb + SNAKEMAKE_MB)
        return "asked for more than twice as much" if self.asked_mb > most else ""


def used_by_rules(results: Path) -> list[Used]:
    """What the last line of every log below a folder says, by rule, in the order of seconds."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for log in sorted(results.rglob("*.log")):
        if line := used_line(log):
            found[SHARED.sub("", line["rule"])].append(line)
    rules = [
        Used(
            rule,
            len(lines),
            sum(line["seconds"] for line in lines),
            max(line["seconds"] for line in lines),
            max(line["memory_mb"] for line in lines),
            max((line["asked_mb"] for line in lines if line["asked_mb"] is not None), default=None),
        )
        for rule, lines in found.items()
    ]
    return sorted(rules, key=lambda rule: -rule.seconds)


def table(rules: Sequence[Used]) -> str:
    """The rules as lines of text."""
    rows = [HEADER]
    for rule in rules:
        asked = "" if rule.asked_mb is None else f"{rule.asked_mb:.0f}"
        numbers = (str(rule.jobs), f"{rule.seconds:.1f}", f"{rule.longest:.1f}", f"{rule.memory_mb:.0f}", asked)
        rows.append((rule.rule, *numbers, rule.remark))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(word.ljust(w) for word, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def main(arguments: Sequence[str]) -> None:
    """Print the table of a folder of results."""
    try:
        folder = Path(*arguments)
        rules = used_by_rules(folder)
        if not rules:
            raise UserError(f"no log in {folder} says what its job used; run something first")
    except UserError as error:
        sys.exit(str(error))
    print(table(rules))


def used_line(log: Path) -> dict[str, Any] | None:
    """What the last line of a log says of the job; None where there is none, or it says nothing."""
    if not log.exists():
        return None
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        last = file.read().decode("utf-8", "replace").rstrip().rpartition("\n")[2]
    if not last.startswith(USED):
        return None
    try:
        return dict(json.loads(last.removeprefix(USED)))
    except ValueError:
        return None


if __name__ == "__main__":
    main(sys.argv[1:])

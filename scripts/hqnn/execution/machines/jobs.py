"""The jobs that are out, and a person's word on one that is in doubt: ``python -m hqnn.execution.machines.jobs``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hqnn.errors import UserError
from hqnn.execution.machines.ledger import FOLDER, GONE, Entry, Ledger, ledger_of

HEADER = ("machine", "job", "state", "age", "QPU s", "price", "of")


def open_jobs(folder: Path = FOLDER) -> list[Entry]:
    """Jobs whose counts are not stored yet, of all machines, oldest first.

    Raises:
        UserError: a ledger is damaged.
    """
    entries = [entry for path in sorted(folder.glob("*.jsonl")) for entry in Ledger(path).entries()]
    return sorted((e for e in entries if e.state not in (*GONE, "stored")), key=lambda entry: entry.time)


def table(entries: Sequence[Entry]) -> str:
    """Entries as lines of text."""
    rows = [HEADER, *(_row(entry) for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(word.ljust(w) for word, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def decide(machine: str, tag: str, job: str, folder: Path = FOLDER) -> None:
    """Write down what a person found out about a job in doubt.

    Args:
        machine: its name in the config.
        tag: of the job.
        job: the machine's id of it, or ``none``.
        folder: of the ledgers.

    Raises:
        UserError: there is no such job in doubt.
    """
    ledger = ledger_of(machine, folder)
    with ledger.locked():
        if not any(entry.tag == tag and entry.job is None and entry.is_alive for entry in ledger.entries()):
            raise UserError(f"the ledger {ledger.path} has no job {tag} in doubt; see `make jobs` for those it has")
        if job == "none":
            ledger.append("state", tag, state="not sent", reason="looked up by a person")
        else:
            ledger.append("job", tag, job=job, state="sent")


def main(arguments: Sequence[str]) -> None:
    """List open jobs, or take three words: machine, tag and job."""
    try:
        if arguments:
            machine, tag, job = arguments
            decide(machine, tag, job)
        entries = open_jobs()
    except ValueError:
        sys.exit("give nothing, or machine, tag and job")
    except UserError as error:
        sys.exit(str(error))
    print(table(entries) if entries else "no job is out")


def _row(entry: Entry) -> tuple[str, ...]:
    hours, minutes = divmod(int(entry.age_s) // 60, 60)
    age = f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {minutes} min"
    price = "" if entry.price is None else f"{entry.price:.2f}"
    keys = ("study", "dataset", "model", "phase", "seed", "step")
    about = "/".join(str(entry.about[key]) for key in keys if key in entry.about)
    return (entry.machine, entry.job or entry.tag, entry.state, age, f"{entry.seconds:.0f}", price, about)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What is out: ``python -m hqnn.execution.machines.jobs``.

Three words, machine, tag and job, are a person's word on a job that is in doubt; two, machine and session, close a
batch or session that a killed process left open.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hqnn.errors import UserError
from hqnn.execution.machines.choice import real_provider
from hqnn.execution.machines.ledger import FOLDER, GONE, Entry, Ledger, Opened, ledger_of
from hqnn.execution.machines.sessions import close
from hqnn.settings.machines import Machine

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


def open_sessions(folder: Path = FOLDER) -> list[Opened]:
    """Batches and sessions that are not known to be closed, of all machines.

    Raises:
        UserError: a ledger is damaged.
    """
    return [one for path in sorted(folder.glob("*.jsonl")) for one in Ledger(path).open_sessions()]


def close_session(machine: str, session: str, folder: Path = FOLDER) -> None:
    """Let no more jobs into a batch or session that a killed process left open.

    Raises:
        UserError: there is none of this id.
    """
    ledger = ledger_of(machine, folder)
    for one in ledger.open_sessions():
        if one.session == session:
            close(one, real_provider(machine, Machine.model_validate(one.place)), ledger)
            return
    raise UserError(f"the ledger {ledger.path} has no open session {session}; see `make jobs` for those it has")


def main(arguments: Sequence[str]) -> None:
    """List what is out, decide on a job, or close a session; see the module."""
    try:
        match arguments:
            case []:
                pass
            case [machine, session]:
                close_session(machine, session)
            case [machine, tag, job]:
                decide(machine, tag, job)
            case _:
                sys.exit("give nothing; machine, tag and job; or machine and session")
        entries, sessions = open_jobs(), open_sessions()
    except UserError as error:
        sys.exit(str(error))
    print(table(entries) if entries else "no job is out")
    for one in sessions:
        command = f"python -m hqnn.execution.machines.jobs {one.machine} {one.session}"
        print(f"{one.in_words} may be billed: if no run uses it any more, {command} closes it")


def _row(entry: Entry) -> tuple[str, ...]:
    hours, minutes = divmod(int(entry.age_s) // 60, 60)
    age = f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {minutes} min"
    price = "" if entry.price is None else f"{entry.price:.2f}"
    keys = ("study", "dataset", "model", "phase", "seed", "step")
    about = "/".join(str(entry.about[key]) for key in keys if key in entry.about)
    return (entry.machine, entry.job or entry.tag, entry.state, age, f"{entry.seconds:.0f}", price, about)


if __name__ == "__main__":
    main(sys.argv[1:])

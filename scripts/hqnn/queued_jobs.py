"""What becomes of a run's jobs in SLURM's queue, where its plugin of Snakemake would wait for ever.

A controller that is killed forgets the jobs of its last seconds, one that keeps ended jobs for a short time forgets
those before they are asked for, and a held job never starts. Where no controller answers, the plugin forgets the jobs
itself. The head of a run puts a `squeue` and a `sacct` of its own before the cluster's on its search path, which run
this module.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from hqnn.submission import QUEUED, tell_head

DONE = "(100%) done"  # in the log of a job whose outputs are all there
LIVES = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUE", "SUSPENDED", "PREEMPTED", "STOPPED")
PATIENCE_S = 25  # the plugin's own is 60 for all that is asked here
STUCK = re.compile(
    r"held|badconstraints|invalidaccount|invalidqos|partitiondown|partitioninactive|partition\w*limit|nodenotavail|"
    r"nodes required for job are down",
    re.IGNORECASE,
)  # reasons to wait that do not pass by themselves


def forgotten(queued: Sequence[Path], states: Mapping[str, str], tell: Callable[[str], None]) -> dict[str, str]:
    """How the jobs ended that were submitted and that the scheduler does not know.

    Args:
        queued: a file a job, named by its number, whose first line is the path of its log; those of jobs that have
            ended are removed.
        states: what the scheduler said of its jobs after these files were listed, such as `RUNNING`, by number.
        tell: takes a sentence for the user.

    Returns:
        `COMPLETED` or `FAILED` by number; the job's log decides.
    """
    ends = {}
    for file in queued:
        state = states.get(file.name)
        if state is None:
            ends[file.name] = state = _end_of(Path(_lines(file)[0]))
            if state == "FAILED":
                tell(f"SLURM has forgotten job {file.name}, as a controller that was killed does: it counts as failed")
        if not state.startswith(LIVES):
            file.unlink()
    return ends


def tell_of_stuck(queued: Sequence[Path], reasons: Mapping[str, str], tell: Callable[[str], None]) -> None:
    """Say once of every job, and again where that changes, why it will not start by itself.

    Args:
        queued: see `forgotten`; the reason becomes the second line.
        reasons: why jobs wait, in the scheduler's words, by number.
        tell: takes a sentence for the user.
    """
    for file in queued:
        reason = reasons.get(file.name, "")
        if STUCK.search(reason) and file.exists() and (log := _lines(file))[1:] != [reason]:
            tell(
                f"SLURM keeps job {file.name} waiting ({reason}): `scontrol show job {file.name}` says more, and "
                f"`scontrol release {file.name}` lets one go that is held"
            )
            file.write_text(f"{log[0]}\n{reason}", encoding="utf-8")


def main(command: Sequence[str]) -> int:
    """Answer as the command does, and where it asks for the states of a run's jobs, for all of these at any time."""
    run = dict(pairwise(command)).get("--name", "")
    if not run:
        return subprocess.run(command, check=False).returncode
    folder = Path(os.environ[QUEUED]) / run
    queued = sorted(folder.glob("*"))  # before the command: a job that is submitted meanwhile is not forgotten
    said, silent = _answer(command), folder.with_suffix(".silent")
    if said is None:
        if queued and not silent.exists():
            tell_head("SLURM does not say what becomes of its jobs: the run waits until it does")
            silent.touch()
        states = {file.name: "PENDING" for file in queued}
    else:
        silent.unlink(missing_ok=True)
        states = _by_number(said)
        if Path(command[0]).name == "squeue":  # accounting may learn of a job later
            arrays = {number.partition("_")[0]: state for number, state in states.items()}
            states |= forgotten(queued, arrays, tell_head)
            waiting = [command[0], "--noheader", "--name", run, "--states", "PENDING", "--format", "%i|%r"]
            tell_of_stuck(queued, _by_number(_answer(waiting) or ""), tell_head)
    for number, state in states.items():
        print(f"{number}|{state}")
    return 0


def _answer(command: Sequence[str]) -> str | None:
    """What a command says; None where it fails, or says nothing for long."""
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
        return done.stdout if done.returncode == 0 else None
    return None


def _by_number(said: str) -> dict[str, str]:
    rows = [line.split("|", 1) for line in said.splitlines()]
    return {row[0]: row[-1] for row in rows}


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split("\n")


def _end_of(log: Path) -> str:
    try:
        return "COMPLETED" if DONE in log.read_text(encoding="utf-8", errors="replace") else "FAILED"
    except OSError:
        return "FAILED"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

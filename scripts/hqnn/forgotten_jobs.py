"""Jobs that SLURM no longer knows of, for which its plugin of Snakemake would wait for ever.

A controller that is killed forgets the jobs of its last seconds, and one that keeps ended jobs for a short time forgets
those before they are asked for. The head of a run puts a `squeue` of its own before the cluster's on its search path,
which runs this module.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from hqnn.submission import QUEUED, tell_head

DONE = "(100%) done"  # in the log of a job whose outputs are all there
LIVES = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUE", "SUSPENDED", "PREEMPTED", "STOPPED")


def forgotten(queued: Sequence[Path], states: Mapping[str, str], tell: Callable[[str], None]) -> dict[str, str]:
    """How the jobs ended that were submitted and that the scheduler does not know.

    Args:
        queued: a file a job, named by its number, that holds the path of its log; those of jobs that have ended are
            removed.
        states: what the scheduler said of its jobs after these files were listed, such as `RUNNING`, by number.
        tell: takes a sentence for the user.

    Returns:
        `COMPLETED` or `FAILED` by number; the job's log decides.
    """
    ends = {}
    for file in queued:
        state = states.get(file.name)
        if state is None:
            ends[file.name] = state = _end_of(Path(file.read_text(encoding="utf-8")))
            if state == "FAILED":
                tell(f"SLURM has forgotten job {file.name}, as a controller that was killed does: it counts as failed")
        if not state.startswith(LIVES):
            file.unlink()
    return ends


def main(command: Sequence[str]) -> int:
    """Answer as the command does, with its errors and exit code; forgotten jobs are added where it asks for a run's."""
    run = dict(pairwise(command)).get("--name", "")
    queued = sorted((Path(os.environ[QUEUED]) / run).glob("*")) if run else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    if done.returncode == 0:
        rows = [line.split("|") for line in done.stdout.splitlines()]
        states = {row[0].partition("_")[0]: row[-1] for row in rows}
        for number, state in forgotten(queued, states, tell_head).items():
            print(f"{number}|{state}")
    return done.returncode


def _end_of(log: Path) -> str:
    try:
        return "COMPLETED" if DONE in log.read_text(encoding="utf-8", errors="replace") else "FAILED"
    except OSError:
        return "FAILED"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

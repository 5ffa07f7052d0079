"""Jobs given to SLURM: what refuses them for a time is waited for, the rest is said with what to mend.

The head of a run puts an `sbatch` of its own before the cluster's on its search path, which runs this module, and a
`squeue` and a `sacct` that run `queued_jobs`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

from hqnn.errors import UserError

OURS = {
    "sbatch": "hqnn.submission",
    "squeue": "hqnn.queued_jobs",
    "sacct": "hqnn.queued_jobs",
}  # modules that run in their place
OUR_COMMAND = '#!/bin/sh\nexec "{python}" -P -m {module} "{command}" "$@"\n'
TERMINAL = "HQNN_TERMINAL"  # environment variable: takes sentences that the head repeats on its own terminal
QUEUED = "HQNN_QUEUED"  # environment variable: folder with a folder a run, in which each submitted job has a file
LIMITS = "HQNN_PARTITION_LIMITS"  # environment variable: partitions and how long their jobs may run, as sinfo says
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5, 60
PROFILE = "workflow/profiles/slurm/config.yaml"
PASSES = re.compile(
    r"MaxSubmitJob|GrpSubmitJob|unable to contact slurm controller|temporarily unable to accept|standby mode",
    re.IGNORECASE,
)  # limits on waiting jobs and a controller that restarts: in each the job has not been taken
MENDS = {
    "invalid partition": f"write one of this cluster's as slurm_partition into {PROFILE}; `sinfo -s` lists them",
    "invalid account": f"write one of yours as slurm_account into {PROFILE}; `sacctmgr show associations user=$USER` "
    "lists them",
    "memory specification": "no node of the partition has so much memory: ask for less (mem_mb), or for a partition "
    "of larger nodes; `sinfo -o '%P %m'` lists them in MB",
    "time limit": f"the partition ends jobs earlier: lower runtime in {PROFILE}; `sinfo -o '%P %l'` lists the limits",
    "generic resource": "the partition has no such GPU: take one that has; `sinfo -o '%P %G'` lists them",
    "node configuration is not available": "no node of the partition has so many cores, so much memory or such a GPU: "
    "lower threads or mem_mb; `sinfo -o '%P %c %m %G'` lists them",
}


def check_scheduler(executor: str) -> None:
    """See that jobs can be submitted from here.

    Args:
        executor: name of Snakemake's plugin that runs jobs.

    Raises:
        UserError: it is SLURM's, whose commands are not here.
    """
    if executor == "slurm" and not shutil.which("sbatch"):
        raise UserError(
            "executor: slurm submits jobs by sbatch, which is not on the search path here, as in a container: start "
            "this run on the cluster's login node, or leave --workflow-profile out to compute where it is started"
        )


def be_patient(folder: Path) -> None:
    """Put commands before SLURM's on this search path that wait where it is busy, and forget no job.

    Args:
        folder: where their files are written, and what was submitted is noted.
    """
    from hqnn.store import write_text  # not for every job that is submitted

    folder = folder.absolute()
    found = {name: command for name in OURS if (command := shutil.which(name))}
    if "sbatch" in found:
        folder.mkdir(parents=True, exist_ok=True)
        for name, command in found.items():
            write_text(folder / name, OUR_COMMAND.format(python=sys.executable, module=OURS[name], command=command))
            (folder / name).chmod(0o755)
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        os.environ[QUEUED] = str(folder / "queued")
        shutil.rmtree(folder / "queued", ignore_errors=True)
        asked = ["sinfo", "-h", "-o", "%R %l"]
        os.environ[TERMINAL] = _terminal()
        os.environ[LIMITS] = subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def keep_caches(folder: Path) -> None:
    """Have jobs keep their programs' caches in a folder; a node's HOME may be another one, or read-only."""
    kept = os.environ.get("XDG_CACHE_HOME") or str(folder.absolute())
    os.environ |= {"XDG_CACHE_HOME": kept, "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or f"{kept}/matplotlib"}


def config_of_jobs(config: Mapping[str, Any], folder: Path) -> Path:
    """Write the whole config of a run into a file for its jobs: quotes do not come through a scheduler's command line.

    Args:
        config: as Snakemake merged it.
        folder: where the file is written, named by what it holds.
    """
    import yaml

    from hqnn.store import write_text

    text = yaml.safe_dump(_plain(config), sort_keys=False)
    file = folder.absolute() / f"{sha256(text.encode()).hexdigest()[:16]}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    return file


def submit(
    command: Sequence[str], text: bytes | None, tell: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> subprocess.CompletedProcess[bytes]:
    """Give a job to the scheduler, again and again while what refuses it is a limit that passes.

    Args:
        command: of the scheduler, with its arguments.
        text: its standard input.
        tell: takes a sentence for the user, once.
        sleep: waits so many seconds.

    Returns:
        What the scheduler said at last; to its refusal stands added what to mend.
    """
    pause = FIRST_PAUSE_S
    while True:
        done = subprocess.run(command, input=text, capture_output=True, check=False)
        said = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode == 0 or not PASSES.search(said):
            break
        if pause == FIRST_PAUSE_S:
            tell(f"SLURM takes no job now ({said.splitlines()[-1]}): jobs wait here until it does")
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
    if done.returncode:
        done.stderr += "".join(f"\n{mend}" for words, mend in MENDS.items() if words in said.lower()).encode()
    return done


def within_limit(command: Sequence[str], limits: str, tell: Callable[[str], None]) -> list[str]:
    """Ask for no more time than the partition gives: a job that does waits for ever.

    Args:
        command: of the scheduler, with ``-t`` in minutes and ``-p``.
        limits: a line for each partition, its name and its limit as SLURM writes times.
        tell: takes a sentence for the user where less is asked for than was meant to be.
    """
    asked = dict(pairwise(command))
    partition, minutes = asked.get("-p", ""), asked.get("-t", "")
    longest = dict(line.split() for line in limits.splitlines()).get(partition, "infinite")
    limit = _minutes(longest)
    if limit is None or not minutes.isdigit() or int(minutes) <= limit:
        return list(command)
    tell(f"partition {partition} ends jobs after {limit} min: a job that was to have {minutes} asks for {limit}")
    place = command.index("-t") + 1
    return [*command[:place], str(limit), *command[place + 1 :]]


def _minutes(limit: str) -> int | None:
    """Minutes of ``days-hours:minutes:seconds``, whose first parts may be missing; None where there is no limit."""
    days, _, clock = limit.rpartition("-")
    parts = [0, 0, *(int(part) for part in clock.split(":") if part.isdigit())][-3:]
    if not re.fullmatch(r"[\d:]+", clock):
        return None
    return int(days or 0) * 1440 + parts[0] * 60 + parts[1]


def tell_head(sentence: str) -> None:
    """Say it where the head of the run does, which keeps what its commands say to itself."""
    with suppress(OSError), Path(os.environ.get(TERMINAL, os.devnull)).open("w", encoding="utf-8") as terminal:
        terminal.write(f"{sentence}\n")


def main(command: Sequence[str]) -> int:
    """Submit as the command does, with its output, errors and exit code."""
    text = None if sys.stdin.isatty() or "/dev/stdin" not in command else sys.stdin.buffer.read()
    done = submit(within_limit(command, os.environ.get(LIMITS, ""), tell_head), text, tell_head)
    if done.returncode == 0:
        _note(command, done.stdout.decode("utf-8", "replace"))
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    return done.returncode


def _note(command: Sequence[str], number: str) -> None:
    """Write down a job that was taken, by its number, and where its log will be."""
    asked = dict(pairwise(command))
    run, log, number = asked.get("--job-name", ""), asked.get("--output", ""), number.strip().partition(";")[0]
    if run and number and QUEUED in os.environ:
        file = Path(os.environ[QUEUED]) / run / number
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(log.replace("%j", number), encoding="utf-8")


def _plain(value: Any) -> Any:
    """The same in built-in types; Snakemake's mappings are its own."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _terminal() -> str:
    """A pipe by the name that other processes open; what they write there, this one repeats on its stderr.

    They cannot write to its stderr themselves: where that is a file, each has a place of its own in it.
    """
    reading, writing = os.pipe()

    def repeat() -> None:
        with os.fdopen(reading, encoding="utf-8") as sentences:
            for sentence in sentences:
                print(sentence, end="", file=sys.stderr, flush=True)

    Thread(target=repeat, daemon=True).start()
    return f"/proc/{os.getpid()}/fd/{writing}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

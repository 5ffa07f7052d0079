"""Snakemake, imported once and forked for every run: importing it takes as long as most of what tests ask of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "snakemake")
LONGEST = 600  # seconds
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli"])


def run_forked(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> int:
    """Run Snakemake as its command does.

    Args:
        arguments: of the command.
        folder: where it runs.
        environment: all environment variables.
        output: takes what goes to stdout and stderr.

    Returns:
        The exit code.
    """
    child = FORKS.Process(target=_run, args=(list(arguments), folder, dict(environment), output))
    child.start()
    child.join(LONGEST)
    if child.exitcode is None:
        child.kill()
        raise TimeoutError(f"snakemake {' '.join(arguments)} ran longer than {LONGEST} s: {output.read_text()}")
    return child.exitcode


def _run(arguments: list[str], folder: Path, environment: dict[str, str], output: Path) -> None:
    from snakemake.cli import main

    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tests = Path(__file__).parent
    sys.path[:] = [place for place in sys.path if place and not Path(place).is_relative_to(tests)]
    sys.argv = [PROGRAM, *arguments]
    main()

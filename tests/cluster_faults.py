"""Faults of a cluster, one after another on real daemons; what a study comes to must be what a laptop makes of it.

`python tests/cluster_faults.py` prints a row a fault: seconds, whether the trained model has the laptop's bytes, on
which nodes the training ran, and what the terminal said. `python tests/cluster_faults.py quota node` tries these two.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from checkout import SMALL, Checkout, copy_checkout
from cluster import Cluster, scripts_of, start_head, started, why_none

ROOT = Path(__file__).parents[1]
EPOCHS = 2500  # a minute or so, in which a fault strikes
TARGET = "results/rows/sample-70_15_15/angle_y-simplified_two_design-3/ideal/seed0/model.safetensors"
LONGEST_S = 900
SAID = re.compile(r"takes no job now|ran out of memory|reached its time limit|lost its node|are cancelled|is lifted")
QUOTA = """#!/bin/sh
echo once more >> {asked}
test $(wc -l < {asked}) -gt 2 && exec "{sbatch}" "$@"
echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
exit 1
"""


@dataclass
class Run:
    """A study on a cluster, to be struck.

    Attributes:
        cluster: its daemons.
        checkout: in which Snakemake runs.
        environment: all environment variables of its head.
        options: of Snakemake, beside the profile.
        head: the process on the login node.
        said: on the terminals of all heads.
    """

    cluster: Cluster
    checkout: Checkout
    environment: dict[str, str]
    options: list[str] = field(default_factory=list)
    head: subprocess.Popen[str] | None = None
    said: str = ""

    def start(self) -> subprocess.Popen[str]:
        """Start a head."""
        self.head = start_head(self.checkout, self.environment, *self.options, "--", TARGET)
        return self.head


Fault = Callable[[Run], None]


def memory(run: Run) -> None:
    """A training asks for too little at first."""
    run.options += ["--set-resources", "train_ideal:mem_mb=500 if attempt == 1 else 1500"]


def quota(run: Run) -> None:
    """The scheduler refuses twice."""
    sbatch = run.checkout.folder / "bin/sbatch"
    sbatch.parent.mkdir()
    real = shutil.which("sbatch", path=run.environment["PATH"])
    sbatch.write_text(QUOTA.format(asked=run.checkout.folder / "asked", sbatch=real))
    sbatch.chmod(0o755)
    run.environment["PATH"] = f"{sbatch.parent}:{run.environment['PATH']}"


def time_limit(run: Run) -> None:
    """A training's time is over; the scheduler looks for such jobs twice a minute."""
    job, now = (
        run.cluster.job_that("RUNNING")["JobId"],
        time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 1)),
    )
    run.cluster.asked("scontrol", "update", f"jobid={job}", f"endtime={now}")


def controller(run: Run) -> None:
    """The controller dies while a model is trained, and is started again half a minute later."""
    run.cluster.kill_controller()
    time.sleep(30)
    run.cluster.start_controller()


def node(run: Run) -> None:
    """The node that trains dies; the controller finds out by itself."""
    run.cluster.kill_node(run.cluster.job_that("RUNNING")["NodeList"])


def head(run: Run) -> None:
    """The process on the login node is killed, and its command is given again."""
    assert run.head is not None
    run.head.kill()
    run.head.wait()
    run.start()


BEFORE: dict[str, Fault] = {"memory": memory, "quota": quota}
WHILE_TRAINING: dict[str, Fault] = {"time": time_limit, "controller": controller, "node": node, "head": head}


def run_through(run: Run, name: str) -> None:
    """Run the study to its end, the fault striking before, or once its training has a checkpoint."""
    checkpoint = run.checkout.folder / Path(TARGET).with_name("checkpoint.pt")
    if name in BEFORE:
        BEFORE[name](run)
    strike = WHILE_TRAINING.get(name)
    run.start()
    deadline = time.monotonic() + LONGEST_S
    try:
        while run.head and run.head.poll() is None and time.monotonic() < deadline:
            if strike and checkpoint.exists():
                strike(run)
                strike = None
            time.sleep(0.5)
    finally:
        if run.head:
            run.head.kill()
    run.said = (run.checkout.folder / "terminal").read_text(encoding="utf-8")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = [*BEFORE, *WHILE_TRAINING]
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(known)}; all where none is said")
    asked = parser.parse_args().faults or known
    if unknown := set(asked) - set(known):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # by way of what stops the cluster
    scripts = scripts_of(ROOT)
    if why := why_none(scripts):
        raise SystemExit(why)
    study = {**SMALL["studies"]["rows"], "training": {"epochs": EPOCHS}}  # type: ignore[index]
    config = {**SMALL, "studies": {"rows": study}}
    with tempfile.TemporaryDirectory(prefix="hqnn-") as scratch:
        laptop = copy_checkout(ROOT, Path(scratch) / "laptop", config)
        laptop.snakemake("--", TARGET)
        for name in asked:
            with started(scripts, Path(scratch) / f"slurm-{name}") as cluster:
                checkout = copy_checkout(ROOT, Path(scratch) / name, config)
                untrained = shutil.ignore_patterns("ideal")  # whatever strikes, it strikes the training
                shutil.copytree(laptop.folder / "results", checkout.folder / "results", ignore=untrained)
                run, began = Run(cluster, checkout, cluster.environment), time.monotonic()
                run_through(run, name)
                print(row(run, name, time.monotonic() - began, laptop), flush=True)


def row(run: Run, name: str, seconds: float, laptop: Checkout) -> str:
    """A fault in a line, and what the terminal said of it below."""
    made = run.checkout.folder / TARGET
    same = made.exists() and made.read_bytes() == (laptop.folder / TARGET).read_bytes()
    jobs = [f"{job['JobState'].lower()} on {job['NodeList']}, restarts {job['Restarts']}" for job in run.cluster.jobs()]
    words = [line for line in run.said.splitlines() if SAID.search(line)] or [run.said[-600:]] * (not same)
    return "\n    ".join([f"{name:<11}{seconds:5.0f} s  same bytes: {same}  jobs: {'; '.join(jobs)}", *words])


if __name__ == "__main__":
    main()

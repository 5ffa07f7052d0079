"""A cluster of two nodes on this machine: its daemons, what breaks them, and what its commands answer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checkout import Checkout
from forked import PROGRAM

ON_CLUSTER = (
    *("--workflow-profile", "workflow/profiles/slurm"),
    *("--slurm-init-seconds-before-status-checks", "1"),
)
LONGEST_S = 120  # until something is seen in the queue
SAVED_S = 7  # the controller writes its state every five
DAEMONS = ":/usr/sbin:/sbin"
# Between the writing of the cluster's configuration and the start of its controller: nodes get a GPU, which is none.
CONTROLLER = """#!/bin/sh
sed -i 's/ State=UNKNOWN$/ Gres=gpu:1 Feature=fast&/; 1i GresTypes=gpu' "$SLURM_CONF"
echo "Name=gpu File=/dev/null" > "$(dirname "$SLURM_CONF")/gres.conf"
exec {slurmctld} "$@"
"""


@dataclass(frozen=True)
class Cluster:
    """Daemons of a folder.

    Attributes:
        folder: of their files.
        scripts: folder of the scripts that start and stop them.
    """

    folder: Path
    scripts: Path

    @property
    def environment(self) -> dict[str, str]:
        """All environment variables; with these, commands mean this cluster."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}{DAEMONS}"
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def asked(self, *command: str) -> str:
        """What a command answers."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout

    def jobs(self) -> list[dict[str, str]]:
        """What the controller says of each job, `JobId=4 JobState=RUNNING ...`."""
        lines = self.asked("scontrol", "show", "job", "-o").splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines if "JobId=" in line]

    def job_that(self, state: str, job: str = "") -> dict[str, str]:
        """The first job that is in a state, or this one, once it is: PENDING, RUNNING and so on."""
        deadline = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline:
            for found in self.jobs():
                if found["JobState"] == state and job in ("", found["JobId"]):
                    return found
            time.sleep(0.2)
        raise TimeoutError(f"no job is {state}: {self.jobs()}")

    def kill_node(self, name: str) -> None:
        """Kill a node's daemon and whatever its jobs run, all at once; what notices is the controller's affair."""
        jobs = [job["JobId"] for job in self.jobs() if job.get("NodeList") == name and job["JobState"] == "RUNNING"]
        os.kill(self._process(f"slurmd-{name}"), signal.SIGKILL)
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        words = [line.split(None, 2) for line in listed.splitlines()]
        rows = [(int(process), int(parent), command) for process, parent, command in words]
        lost = {pid for pid, _, args in rows if any(f"slurmstepd: [{job}." in args for job in jobs)}
        while further := {pid for pid, parent, _ in rows if parent in lost} - lost:
            lost |= further
        for pid in lost:
            os.kill(pid, signal.SIGKILL)

    def kill_controller(self) -> None:
        """Kill the controller once it has written down what runs: it starts again what it knows nothing of."""
        time.sleep(SAVED_S)
        os.kill(self._process("slurmctld"), signal.SIGKILL)

    def forget_jobs(self) -> None:
        """Remove what a killed controller has written of its jobs, as if it had been killed before."""
        for file in (self.folder / "ctld").glob("job_state*"):
            file.unlink()

    def start_controller(self) -> None:
        """Start the controller again, and note it where what ends the cluster finds it: process and time of start."""
        file = self.folder / "ctld/pid"
        file.unlink(missing_ok=True)
        subprocess.run(["slurmctld"], env=self.environment, check=True)
        deadline = time.monotonic() + LONGEST_S
        while not (file.exists() and file.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.1)
        process = file.read_text().strip()
        began = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
        with (self.folder / "pids").open("a") as pids:
            pids.write(f"slurmctld {process} {began}\n")

    def _process(self, daemon: str) -> int:
        lines = [line.split() for line in (self.folder / "pids").read_text().splitlines()]
        return [int(process) for name, process, _ in lines if name == daemon][-1]


def start_head(checkout: Checkout, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start Snakemake on the login node; what it says stands in `terminal` of its folder, after what stood there."""
    with (checkout.folder / "terminal").open("a") as terminal:
        return subprocess.Popen(
            [PROGRAM, *ON_CLUSTER, *arguments],
            cwd=checkout.folder,
            env=environment,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            text=True,
        )


def why_none(scripts: Path) -> str:
    """Why no cluster can be started here; empty where one can."""
    if not (scripts / "start").exists():
        return f"no cluster to start at {scripts}; set HQNN_SLURM to the folder of its scripts"
    found = shutil.which("munged", path=os.environ["PATH"] + DAEMONS) and shutil.which("sbatch")
    return "" if found else "SLURM is not installed; apt-get install slurm-wlm munge"


def scripts_of(root: Path) -> Path:
    """Where the scripts lie that start a cluster and stop it."""
    return (root / os.environ.get("HQNN_SLURM", "../shared/slurm")).resolve()


@contextmanager
def started(scripts: Path, folder: Path) -> Iterator[Cluster]:
    """A cluster for as long as the context lasts; its nodes have a feature, `fast`, and what passes for a GPU."""
    folder.mkdir(parents=True, exist_ok=True)
    controller = folder / "before/slurmctld"
    controller.parent.mkdir()
    controller.write_text(CONTROLLER.format(slurmctld=shutil.which("slurmctld", path=os.environ["PATH"] + DAEMONS)))
    controller.chmod(0o755)
    environment = {**os.environ, "PATH": f"{controller.parent}:{os.environ['PATH']}"}
    start = [scripts / "start", "-d", folder]
    subprocess.run(start, env=environment, check=True, capture_output=True, timeout=60)
    try:
        yield Cluster(folder, scripts)
    finally:
        subprocess.run([scripts / "stop", "-d", folder, "--rm"], check=True, capture_output=True, timeout=60)

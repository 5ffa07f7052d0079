"""A study on a cluster of two nodes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from checkout import copy_checkout
from forked import PROGRAM
from hqnn.store import read_table
from hqnn.working_folder import LIFTED

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def cluster(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment variables that make sbatch mean a cluster on this machine."""
    scripts = (root / os.environ.get("HQNN_SLURM", "../shared/slurm")).resolve()
    if not (scripts / "start").exists():
        pytest.skip(f"no cluster to start at {scripts}; set HQNN_SLURM to the folder of its scripts")
    if not shutil.which("munged", path=os.environ["PATH"] + ":/usr/sbin:/sbin") or not shutil.which("sbatch"):
        pytest.skip("SLURM is not installed; apt-get install slurm-wlm munge")
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run([scripts / "start", "-d", folder], check=True, capture_output=True, timeout=60)
    try:
        yield {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    finally:
        subprocess.run([scripts / "stop", "-d", folder, "--rm"], check=True, capture_output=True, timeout=60)


TARGET = "results/change/sample/angle_y-simplified_two_design-3/ideal/seed0/noisy-ibmq_lima/predictions.h5"
ON_CLUSTER = ("--workflow-profile", "workflow/profiles/slurm")
TITLE = "studies={change: {title: “a title”; with & signs}}"


def test_a_cluster_gives_the_numbers_of_a_laptop(root: Path, cluster: dict[str, str], tmp_path: Path) -> None:
    laptop = copy_checkout(root, tmp_path / "laptop")
    laptop.snakemake("--", TARGET)
    checkout = copy_checkout(root, tmp_path / "own folder ü")
    profile = checkout.folder / "workflow/profiles/slurm/config.yaml"
    own = profile.read_text().replace("# slurm_account: yours", "slurm_account: lab").replace(": 1900", ": 1800")
    profile.write_text(
        own.replace("# slurm_partition: yours", "slurm_partition: main").replace(": 60  # min", ": 45  # min")
    )
    quoted = checkout.snakemake(
        *ON_CLUSTER, "--config", TITLE.replace("a title", "it's"), "--", TARGET, environment=cluster, check=False
    )
    assert quoted.returncode != 0
    assert "config: the command line sets studies with a quote" in quoted.stdout
    done = checkout.snakemake(*ON_CLUSTER, "--config", TITLE, "--", TARGET, environment=cluster)
    assert "SLURM run ID" in done.stdout
    asked = subprocess.run(
        ["scontrol", "show", "job", "-o"], env={**os.environ, **cluster}, capture_output=True, text=True
    )
    jobs = asked.stdout.strip().splitlines()
    assert len(jobs) >= 6
    for said in ("Account=lab", "Partition=main", "TimeLimit=00:45:00"):
        assert all(said in job for job in jobs), said
    assert any("MinMemoryNode=1800M" in job for job in jobs)  # of rules that ask for no more
    (here, _), (there, _) = (read_table(folder / TARGET) for folder in (laptop.folder, checkout.folder))
    assert here.keys() == there.keys()
    for name, values in here.items():
        np.testing.assert_array_equal(there[name], values)


def test_a_job_that_fails_on_a_cluster_says_why_on_the_terminal(
    root: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    (tmp_path / "hqnn/own.csv").write_text("a,b,label\n1,2,x\n3,oops,y\n")
    config = "studies={rows: {data: {source: path, path: own.csv}}}"
    done = checkout.snakemake(
        *ON_CLUSTER, "--config", config, "--", "results/rows/own/samples.h5", environment=cluster, check=False
    )
    assert done.returncode != 0
    assert "prepare_table" in done.stdout
    assert "own.csv" in done.stdout and "'oops'" in done.stdout


def test_a_run_whose_head_was_killed_goes_on_by_the_same_command_and_nothing_runs_twice(
    root: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    command = (*ON_CLUSTER, "--", "results/rows/sample/samples.h5")

    def queue() -> list[str]:
        asked = ["squeue", "-h", "-o", "%j %T"]
        return subprocess.run(asked, env={**os.environ, **cluster}, capture_output=True, text=True).stdout.split("\n")

    with (tmp_path / "head.log").open("w") as output:
        head = subprocess.Popen(
            [PROGRAM, *command], cwd=checkout.folder, env={**os.environ, **cluster}, stdout=output, stderr=output
        )
    deadline = time.monotonic() + 120
    while not any(line.endswith("RUNNING") for line in queue()) and time.monotonic() < deadline:
        time.sleep(0.2)
    left = next(line.split()[0] for line in queue() if line.endswith("RUNNING"))
    head.kill()
    head.wait()
    done = checkout.snakemake(*command, environment=cluster)
    assert f"jobs that the killed run {left} had left in the queue are cancelled" in done.stdout
    assert LIFTED in done.stdout
    assert not any(line.startswith(left) for line in queue())
    assert (checkout.folder / "results/rows/sample/samples.h5").exists()

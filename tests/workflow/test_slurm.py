"""A study on a cluster of two nodes."""

from __future__ import annotations

import os
import re
import shutil
import signal
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
POLLED = ("--slurm-init-seconds-before-status-checks", "1")
ON_CLUSTER = ("--workflow-profile", "workflow/profiles/slurm", *POLLED)
TITLE = """studies={change: {title: "it's “a title” with \\"quotes\\", `signs` & $HOME"}}"""
HOMELESS = '#!/bin/sh\nHOME=/proc exec "{sbatch}" "$@"\n'


def test_a_cluster_gives_the_numbers_of_a_laptop(root: Path, cluster: dict[str, str], tmp_path: Path) -> None:
    laptop = copy_checkout(root, tmp_path / "laptop")
    laptop.snakemake("--", TARGET)
    checkout = copy_checkout(root, tmp_path / "own folder ü")
    profile = checkout.folder / "workflow/profiles/slurm/config.yaml"
    own = profile.read_text().replace("# slurm_account: yours", "slurm_account: lab").replace("* 1900", "* 1700")
    profile.write_text(own.replace("# slurm_partition: yours", "slurm_partition: main").replace("* 60", "* 45"))
    done = checkout.snakemake(*ON_CLUSTER, "--config", TITLE, "--", TARGET, environment=cluster)
    assert "SLURM run ID" in done.stdout
    asked = subprocess.run(
        ["scontrol", "show", "job", "-o"], env={**os.environ, **cluster}, capture_output=True, text=True
    )
    jobs = asked.stdout.strip().splitlines()
    assert len(jobs) >= 6
    for said in ("Account=lab", "Partition=main", "TimeLimit=00:45:00"):
        assert all(said in job for job in jobs), said
    assert any("MinMemoryNode=1700M" in job for job in jobs)  # of rules that ask for no more
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
        *(*ON_CLUSTER, "--retries", "0", "--config", config, "--", "results/rows/own/samples.h5"),
        environment=cluster,
        check=False,
    )
    assert done.returncode != 0
    assert "prepare_table" in done.stdout
    assert "own.csv" in done.stdout and "'oops'" in done.stdout


def test_a_job_that_runs_out_of_memory_is_given_more_and_named_where_no_home_is_writable(
    root: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    homeless = tmp_path / "bin/sbatch"
    homeless.parent.mkdir()
    homeless.write_text(HOMELESS.format(sbatch=shutil.which("sbatch", path=cluster["PATH"])))
    homeless.chmod(0o755)
    short = ("--set-resources", "sample_data:mem_mb=150 if attempt == 1 else 900")
    polled = ("--slurm-init-seconds-before-status-checks", "2")
    done = checkout.snakemake(
        *(*ON_CLUSTER, *short, *polled, "--", "results/raw/sample_table_0"),
        environment={**cluster, "PATH": f"{homeless.parent}:{cluster['PATH']}"},
    )
    assert "partition main ends jobs after 60 min: a job that was to have 120 asks for 60" in done.stdout
    assert re.search(r"sample_data: job \d+ ran out of memory: it held \d+ MB of 150 MB asked for", done.stdout)


def test_what_a_cluster_refuses_for_good_is_said_with_its_mend(
    root: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    asked = ("--retries", "0", "--set-resources", "sample_data:slurm_partition=nowhere")
    done = checkout.snakemake(
        *(*ON_CLUSTER, *asked, "--", "results/raw/sample_table_0"), environment=cluster, check=False
    )
    assert done.returncode != 0
    assert "invalid partition specified: nowhere" in done.stdout and "`sinfo -s` lists them" in done.stdout


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


def test_a_controller_that_is_killed_and_started_again_costs_time_alone(
    root: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    environment = {**os.environ, **cluster}
    folder = Path(cluster["SLURM_CONF"]).parent
    with (tmp_path / "head.log").open("w") as output:
        head = subprocess.Popen(
            [PROGRAM, *ON_CLUSTER, "--", "results/rows/sample/samples.h5"],
            cwd=checkout.folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + 120
    while "has been submitted" not in (tmp_path / "head.log").read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    controller = int((folder / "ctld/pid").read_text())
    os.kill(controller, signal.SIGKILL)
    time.sleep(5)
    subprocess.run(["slurmctld"], env={**environment, "PATH": f"{environment['PATH']}:/usr/sbin:/sbin"}, check=True)
    _note_controller(folder)
    assert head.wait(timeout=240) == 0, (tmp_path / "head.log").read_text()
    submitted = re.findall(r"submitted with SLURM jobid (\d+)", (tmp_path / "head.log").read_text())
    assert len(submitted) == 2
    assert (checkout.folder / "results/rows/sample/samples.h5").exists()


def _note_controller(folder: Path) -> None:
    """Write the new controller where the cluster's `stop` looks for what to end."""
    deadline = time.monotonic() + 20
    old = next(line.split()[1] for line in (folder / "pids").read_text().splitlines() if line.startswith("slurmctld "))
    while (folder / "ctld/pid").read_text().strip() in ("", old) and time.monotonic() < deadline:
        time.sleep(0.1)
    process = (folder / "ctld/pid").read_text().strip()
    began = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    with (folder / "pids").open("a") as file:
        file.write(f"slurmctld {process} {began}\n")

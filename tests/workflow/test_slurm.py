"""A study on a cluster of two nodes."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from checkout import copy_checkout
from cluster import LONGEST_S, ON_CLUSTER, Cluster, scripts_of, start_head, started, why_none
from hqnn.store import read_table, write_text
from hqnn.working_folder import LIFTED

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def cluster(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster on this machine."""
    scripts = scripts_of(root)
    if why := why_none(scripts):
        pytest.skip(why)
    with started(scripts, tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


TARGET = "results/change/sample/angle_y-simplified_two_design-3/ideal/seed0/noisy-ibmq_lima/predictions.h5"
TITLE = """studies={change: {title: "it's “a title” with \\"quotes\\", `signs` & $HOME"}}"""
HOMELESS = '#!/bin/sh\nHOME=/proc exec "{sbatch}" "$@"\n'


def said_within(terminal: Path, words: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while words not in terminal.read_text():
        assert time.monotonic() < deadline, terminal.read_text()
        time.sleep(0.2)


def test_a_cluster_gives_the_numbers_of_a_laptop(root: Path, cluster: Cluster, tmp_path: Path) -> None:
    laptop = copy_checkout(root, tmp_path / "laptop")
    laptop.snakemake("--", TARGET)
    checkout = copy_checkout(root, tmp_path / "own folder ü")
    profile = checkout.folder / "workflow/profiles/slurm/config.yaml"
    own = profile.read_text().replace("# slurm_account: yours", "slurm_account: lab").replace("* 1900", "* 1700")
    own = own.replace("# slurm_partition: yours", "slurm_partition: main").replace("* 60", "* 45")
    profile.write_text(own.replace("# constraint: yours", "constraint: fast"))
    done = checkout.snakemake(*ON_CLUSTER, "--config", TITLE, "--", TARGET, environment=cluster.environment)
    assert "SLURM run ID" in done.stdout
    jobs = cluster.jobs()
    assert len(jobs) >= 6
    said = {"Account": "lab", "Partition": "main", "TimeLimit": "00:45:00", "Features": "fast"}
    assert all(said.items() <= job.items() for job in jobs)
    assert any(job["MinMemoryNode"] == "1700M" for job in jobs)  # of rules that ask for no more
    (here, _), (there, _) = (read_table(folder / TARGET) for folder in (laptop.folder, checkout.folder))
    assert here.keys() == there.keys()
    for name, values in here.items():
        np.testing.assert_array_equal(there[name], values)


def test_a_job_that_fails_on_a_cluster_says_why_on_the_terminal(root: Path, cluster: Cluster, tmp_path: Path) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    (tmp_path / "hqnn/own.csv").write_text("a,b,label\n1,2,x\n3,oops,y\n")
    config = "studies={rows: {data: {source: path, path: own.csv}}}"
    done = checkout.snakemake(
        *(*ON_CLUSTER, "--retries", "0", "--config", config, "--", "results/rows/own/samples.h5"),
        environment=cluster.environment,
        check=False,
    )
    assert done.returncode != 0
    assert "prepare_table" in done.stdout
    assert "own.csv" in done.stdout and "'oops'" in done.stdout


def test_a_job_that_runs_out_of_memory_is_given_more_and_named_where_no_home_is_writable(
    root: Path, cluster: Cluster, tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    homeless = tmp_path / "bin/sbatch"
    homeless.parent.mkdir()
    homeless.write_text(HOMELESS.format(sbatch=shutil.which("sbatch", path=cluster.environment["PATH"])))
    homeless.chmod(0o755)
    short = ("--set-resources", "sample_data:mem_mb=150 if attempt == 1 else 900")
    polled = ("--slurm-init-seconds-before-status-checks", "2")
    done = checkout.snakemake(
        *(*ON_CLUSTER, *short, *polled, "--", "results/raw/sample_table_0"),
        environment={**cluster.environment, "PATH": f"{homeless.parent}:{cluster.environment['PATH']}"},
    )
    assert "partition main ends jobs after 60 min: a job that was to have 120 asks for 60" in done.stdout
    assert re.search(r"sample_data: job \d+ ran out of memory: it held \d+ MB of 150 MB asked for", done.stdout)


def test_what_a_cluster_refuses_for_good_is_said_with_its_mend(root: Path, cluster: Cluster, tmp_path: Path) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    asked = ("--retries", "0", "--set-resources", "sample_data:slurm_partition=nowhere")
    done = checkout.snakemake(
        *(*ON_CLUSTER, *asked, "--", "results/raw/sample_table_0"), environment=cluster.environment, check=False
    )
    assert done.returncode != 0
    assert "invalid partition specified: nowhere" in done.stdout and "`sinfo -s` lists them" in done.stdout


def test_a_run_whose_head_was_killed_goes_on_by_the_same_command_and_nothing_runs_twice(
    root: Path, cluster: Cluster, tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    command = ("--", "results/rows/sample/samples.h5")
    head = start_head(checkout, cluster.environment, *command)
    left = cluster.job_that("RUNNING")["JobName"]
    head.kill()
    head.wait()
    done = checkout.snakemake(*ON_CLUSTER, *command, environment=cluster.environment)
    assert f"jobs that the killed run {left} had left in the queue are cancelled" in done.stdout
    assert LIFTED in done.stdout
    assert left not in cluster.asked("squeue", "-h", "-o", "%j")
    assert (checkout.folder / "results/rows/sample/samples.h5").exists()


def test_a_controller_that_is_killed_costs_time_alone_even_where_it_forgets_a_job(
    root: Path, cluster: Cluster, tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    held = "slurm_extra='--hold' if attempt == 1 else ''"
    asked = ("--set-resources", f"sample_data:{held}", f"prepare_table:{held}")
    head = start_head(checkout, cluster.environment, *asked, "--", "results/rows/sample/samples.h5")
    terminal = checkout.folder / "terminal"
    kept = cluster.job_that("PENDING")["JobId"]
    cluster.kill_controller()
    said_within(terminal, "SLURM does not say what becomes of its jobs", LONGEST_S)
    cluster.start_controller()
    cluster.asked("scontrol", "release", kept)
    cluster.job_that("COMPLETED", kept)
    lost = cluster.job_that("PENDING")["JobId"]
    cluster.kill_controller()
    cluster.forget_jobs()
    cluster.start_controller()
    assert head.wait(timeout=2 * LONGEST_S) == 0, terminal.read_text()
    assert f"SLURM keeps job {kept} waiting (JobHeldUser)" in terminal.read_text()
    assert f"SLURM has forgotten job {lost}" in terminal.read_text()
    assert len(re.findall(r"submitted with SLURM jobid (\d+)", terminal.read_text())) == 3
    assert (checkout.folder / "results/rows/sample/samples.h5").exists()


def test_jobs_that_compute_on_a_gpu_ask_for_one(root: Path, cluster: Cluster, tmp_path: Path) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn")
    split, model = "results/rows/sample-70_15_15", "angle_y-simplified_two_design-3"
    for file in ("results/rows/sample/samples.h5", f"{split}/seed0/split.h5", f"{split}/seed0/features.h5"):
        write_text(checkout.folder / file, "never read: the training is held")
    write_text(checkout.folder / split / model / "program.json", "{}")
    held = ("--set-resources", "train_ideal:slurm_extra='--hold'", "--config", "engine={device: cuda}")
    target = f"{split}/{model}/ideal/seed0/model.safetensors"
    head = start_head(checkout, cluster.environment, *held, "--", target)
    job = cluster.job_that("PENDING")
    head.kill()
    cluster.asked("scancel", job["JobId"])
    assert job["TresPerJob"] == "gres:gpu:1"

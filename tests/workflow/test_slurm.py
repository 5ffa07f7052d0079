"""A study on a cluster of two nodes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout, copy_checkout

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


METRICS = "results/change/metrics.csv"
CLOCKS = ",training_s,"


def test_a_cluster_gives_the_numbers_of_a_laptop(
    root: Path, finished: Checkout, cluster: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(root, tmp_path / "hqnn", kernels=True)
    # a check that finds nothing finished puts off the next one by ten seconds more
    waiting = ("--slurm-init-seconds-before-status-checks", "10")
    done = checkout.snakemake("--profile", "workflow/profiles/slurm", *waiting, "--", METRICS, environment=cluster)
    assert "SLURM run ID" in done.stdout
    here, there = (
        [row for row in (folder / METRICS).read_text(encoding="utf-8").splitlines() if CLOCKS not in row]
        for folder in (finished.folder, checkout.folder)
    )
    assert len(here) > 100
    assert sorted(there) == sorted(here)

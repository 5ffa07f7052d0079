"""A study on a cluster of two nodes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from checkout import copy_checkout
from hqnn.store import read_table

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


RUNS = "results/change/sample"
TARGETS = (
    f"{RUNS}/angle_y-simplified_two_design-3/ideal/seed0/noisy-ibmq_lima/predictions.h5",
    f"{RUNS}/logistic_regression/ideal/seed0/exact/predictions.h5",
)


def test_a_cluster_gives_the_numbers_of_a_laptop(root: Path, cluster: dict[str, str], tmp_path: Path) -> None:
    laptop = copy_checkout(root, tmp_path / "laptop")
    laptop.snakemake("--", *TARGETS)
    checkout = copy_checkout(root, tmp_path / "hqnn")
    done = checkout.snakemake("--profile", "workflow/profiles/slurm", "--", *TARGETS, environment=cluster)
    assert "SLURM run ID" in done.stdout
    for target in TARGETS:
        (here, _), (there, _) = (read_table(folder / target) for folder in (laptop.folder, checkout.folder))
        assert here.keys() == there.keys()
        for name, values in here.items():
            np.testing.assert_array_equal(there[name], values)

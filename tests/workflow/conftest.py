"""A small run of the whole workflow, shared by the tests that look at it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from checkout import Checkout, copy_checkout

KERNEL = "results/digits/sample-60_40_fresh/cnn1/ideal/seed0"


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The whole workflow, run once on synthetic data; beside it a sweep over seeds, which the config leaves out."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("a checkout ü") / "hqnn", kernels=True)
    checkout.snakemake("all", f"{KERNEL}/exact/predictions.h5")
    return checkout


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """One worker runs all that share the run; the cluster may be another one's."""
    for item in items:
        if "workflow" in item.path.parts:
            apart = item.path.stem == "test_slurm"  # which waits more than it works
            item.add_marker(pytest.mark.xdist_group("cluster" if apart else "workflow"))

"""A small run of the whole workflow, shared by the tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import Checkout, copy_checkout


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The whole workflow, run once on synthetic data."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("a checkout ü") / "hqnn", kernels=True)
    checkout.snakemake()
    return checkout


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all that share the run; the cluster, which waits more than it works, starts beside it."""
    items.sort(key=lambda item: item.path.stem != "test_slurm")
    for item in items:
        if "workflow" in item.path.parts and item.path.stem != "test_slurm":
            item.add_marker(pytest.mark.xdist_group("workflow"))

"""A small run of the whole workflow, shared by the tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import Checkout, copy_checkout


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The whole workflow, run once on synthetic data."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("a checkout ü") / "hqnn")
    checkout.snakemake()
    return checkout

"""Where the real data, the cluster and the checkout lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No clock decides over a property; in CI the same examples are tried every time.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("patient")

pytest_plugins = ["parity_table", "scheduling"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real data sets."""
    folder = (ROOT / os.environ.get("HQNN_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set HQNN_DATA to their folder")
    return folder

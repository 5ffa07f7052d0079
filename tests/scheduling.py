"""Which tests run on one worker, and in which order: xdist's own groups do nothing under pytest 9."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FIRST = ("test_slurm", "test_reruns")  # the cluster waits more than it works; the shared run is the longest
SHARING = (
    "test_killed_training",
    "test_kills",
    "test_predicted",
    "test_reruns",
    "test_results",
)  # one run of the whole workflow
TOGETHER = (  # whose files share slow set-up
    "workflow",
    "faults",
    "test_devices.py",
    "test_report.py",
    "test_report_digits.py",
    "test_report_transfer.py",
)


class Scheduling(LoadScopeScheduling):
    """Tests of units one by one, of the workflow and of faults file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.split("::")[0])
        if file.stem in SHARING and "workflow" in file.parts:
            return "the shared run"
        return str(file) if set(TOGETHER) & set(file.parts) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Take ours, whatever ``--dist`` says."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(FIRST)))

"""Kills at random moments; a long campaign is `python tests/kills.py --kills 50`."""

from __future__ import annotations

from pathlib import Path

from checkout import Checkout, copy_checkout
from kills import campaign, differences

TARGET = "results/rows/sample-70_15_15/seed0/features.h5"


def test_what_is_killed_again_and_again_ends_as_what_is_not(root: Path, finished: Checkout, tmp_path: Path) -> None:
    killed = copy_checkout(root, tmp_path / "hqnn")
    starts = list(campaign(killed.folder, ["--", TARGET], kills=4, longest=6, seed=0))
    assert starts[-1].done, starts[-1].said
    assert (killed.folder / TARGET).exists()
    differing = differences(finished.folder / "results", killed.folder / "results")
    assert [file for file in differing if (killed.folder / "results" / file).exists()] == []

"""Seeds whose splits and features share a job come to what each would come to in jobs of its own."""

from __future__ import annotations

import logging
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from hqnn.data.synthetic.table import write_table_sample
from hqnn.data.table.features import write_features
from hqnn.data.table.prepare import prepare_table
from hqnn.data.table.splits import write_table_split
from hqnn.data.table.together import split_together
from hqnn.notes import noting
from hqnn.settings.splits import Split

SEEDS = (3, 0)
REDUCTION: dict[str, Any] = {"components": 3, "whiten": True}


def test_every_seed_of_a_job_has_the_bytes_and_the_notes_of_its_own_jobs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_table_sample(tmp_path, seed=0)
    samples = tmp_path / "samples.h5"
    prepare_table(samples, tmp_path / "table.csv")
    together, alone = (
        [[tmp_path / kind / f"seed{seed}" / name for seed in SEEDS] for name in ("split.h5", "features.h5")]
        for kind in ("together", "alone")
    )
    with caplog.at_level(logging.INFO, "hqnn"), noting():
        split_together(samples, *together, seeds=SEEDS, split=Split(), reduction=REDUCTION)
    for seed, dealt, fitted in zip(SEEDS, *alone, strict=True):
        with noting():
            write_table_split(samples, dealt, Split(), seed=seed)
        with noting():
            write_features(fitted, samples, dealt, **REDUCTION)
    for shared, own in zip(chain(*together), chain(*alone), strict=True):
        assert shared.read_bytes() == own.read_bytes()
    logs = [dealt.with_suffix(".log").read_text(encoding="utf-8") for dealt in together[0]]
    assert logs[0] != logs[1] and all(log.count("are in train and in test") == 1 for log in logs)

"""The page of thousands of runs: what would be a row or a line for each is one for a few, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hqnn.metrics.runs import Run
from hqnn.report import panels
from hqnn.report.runs import Predictions
from hqnn.report.study import LISTED, _digests, _listed
from hqnn.report.style import marks


def history(seed: int) -> pd.DataFrame:
    epochs = np.arange(1, 4)
    return pd.DataFrame({"epoch": epochs, "loss": (1 + seed) / epochs, "accuracy": 1 - 0.5 / epochs})


def test_a_model_has_at_most_so_many_lines_and_the_caption_says_of_how_many() -> None:
    many = [history(seed) for seed in range(40)]
    of_all, of_few = (panels.training({"m": drawn}, marks(["m"])) for drawn in (many, many[: panels.DRAWN]))
    assert [image.content for image in of_all.images] == [image.content for image in of_few.images]
    assert of_all.caption.startswith(f"One line a seed, of the first {panels.DRAWN} of 40.")
    assert of_few.caption.startswith("One line a seed.")


def test_of_very_many_files_the_first_seed_of_each_run_has_rows() -> None:
    def predictions(seeds: int) -> list[Predictions]:
        runs = [Run("s", "d", model, "ideal", seed) for model in ("a", "b") for seed in range(3, 3 + seeds)]
        return [Predictions(run, path, {}, {}) for run in runs for path in ("exact", "shots")]

    few, many = predictions(LISTED // 4), predictions(LISTED)
    assert _listed(few) == few
    rows = {(one.run.model, one.run.seed, one.path) for one in _listed(many)}
    assert rows == {(model, 3, path) for model in ("a", "b") for path in ("exact", "shots")}


def test_the_digest_of_very_many_files_changes_with_each(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.txt" for number in range(LISTED + 1)]
    for file in files:
        file.write_text("same")
    before = _digests(files)
    files[-1].write_text("else")
    assert len(before) == 2 and before[0] == _digests(files)[0] and before[1] != _digests(files)[1]
    assert len(_digests(files[:LISTED])) == LISTED

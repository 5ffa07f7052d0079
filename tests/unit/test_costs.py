"""What models cost: each number is that of a file, and what no file says is a dash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hqnn.job import USED
from hqnn.metrics.runs import Run
from hqnn.metrics.table import AS_SET, COLUMNS
from hqnn.report.chapter import Material, Shown
from hqnn.report.costs import HEAD, cost_section, used_by_runs
from hqnn.report.runs import Predictions

SAMPLES = 50


def run(model: str, seed: int, phase: str = "ideal") -> Run:
    return Run("mine", "rows", model, phase, seed)


def predictions(model: str, seed: int, phase: str = "ideal", path: str = "exact", **about: Any) -> Predictions:
    return Predictions(run(model, seed, phase), path, about, {"sample": np.arange(SAMPLES)})


def row(model: str, seed: int, metric: str, value: float, **more: Any) -> dict[str, Any]:
    place = {"study": "mine", "dataset": "rows", "model": model, "phase": "ideal", "path": "exact", "backend": "engine"}
    said = {"seed": seed, "sampling": "all", "group": "pooled", "samples": SAMPLES, "metric": metric, "value": value}
    return dict.fromkeys(COLUMNS, np.nan) | place | said | AS_SET | more


def test_every_cost_stands_beside_what_it_buys() -> None:
    rows = [
        row(model, seed, metric, value, **more)
        for seed in (0, 1)
        for model, metric, value, more in (
            ("net", "balanced_accuracy", 0.7 + 0.1 * seed, {}),
            ("net", "epochs", 5.0 + 2 * seed, {"sampling": "train", "samples": 200}),
            ("net", "parameters", 114.0, {"sampling": "train"}),
            ("net", "balanced_accuracy", 0.5, {"phase": "hardware-x"}),
            ("svm", "balanced_accuracy", 0.9, {}),
        )
    ]
    there = pd.DataFrame({"epoch": [1], "loss": [0.1], "accuracy": [1.0], "rows": [4800], "qpu_s": [9.0]})
    material = Material(
        metrics=pd.DataFrame(rows),
        predictions=[
            *(predictions("net", seed, circuits=3, wall_s=0.1, qpu_s=0.0) for seed in (0, 1)),
            *(predictions("net", seed, path="hardware-x", qpu_s=2.0) for seed in (0, 1)),
            predictions("net", 0, "hardware-x", circuits=3, wall_s=0.1),
            predictions("svm", 0, wall_s=0.01, parameters=7),
        ],
        histories=[(run("net", 0, "hardware-x"), there)],
        artefacts=[],
        published=pd.DataFrame(),
        used={run("net", 0): 20.0, run("net", 1): 40.0},
    )
    (block,) = cost_section(material).blocks
    assert isinstance(block, Shown) and block.table.head == HEAD
    texts = {(line[0].text, line[1].text): [cell.text for cell in line[2:]] for line in block.table.rows}
    assert texts["net", "ideal"] == ["0.750", "114", "3,600", "3", "30.0 s", "2,000 µs", "4.00 s"]
    assert texts["net", "hardware-x"] == ["0.500", "–", "4,800", "3", "–", "2,000 µs", "9.00 s"]
    assert texts["svm", "ideal"] == ["0.900", "7", "–", "–", "–", "200 µs", "–"]


@pytest.mark.parametrize("said", ["", "torn: {", f'{USED}{{"rule": "train_ideal", "seconds": 3.0}}'])
def test_cpu_time_is_that_of_the_run_s_own_log_or_unknown(tmp_path: Path, said: str) -> None:
    folder = tmp_path / "mine/rows/net/ideal/seed0"
    reference = tmp_path / "mine/rows/svm/ideal/seed0/exact"
    for place in (folder, reference):
        place.mkdir(parents=True)
    (folder / "train.log").write_text(said)
    (reference / "predictions.log").write_text(f"words\n{USED}{json.dumps({'rule': 'fit_reference', 'cpu_s': 1.5})}\n")
    found = used_by_runs([folder / "history.csv"], [folder / "exact/predictions.h5", reference / "predictions.h5"])
    assert found == {run("svm", 0): 1.5}

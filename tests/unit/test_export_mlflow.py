"""What MLflow gets of a study, recorded by a module that stands in for it and keeps its rules on names."""

from __future__ import annotations

import json
import math
import posixpath
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from hqnn.errors import UserError
from hqnn.export.mlflow import log_runs
from hqnn.metrics.table import COLUMNS

NAME = re.compile(r"[/\w.\- ]+")  # of parameters and metrics, as MLflow checks them
FOLDER = "results/cover/d/m/ideal/seed0"
SETTINGS = {"kind": "table", "deep": {f"key{place}": [place] for place in range(130)}}


class Recorder(ModuleType):
    """MLflow's calls that are used here."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.exceptions = SimpleNamespace(MlflowException=type("MlflowException", (Exception,), {}))
        self.runs: list[SimpleNamespace] = []
        self.refuses = ""

    def set_experiment(self, name: str) -> None:
        if self.refuses:
            raise self.exceptions.MlflowException(self.refuses)
        self.experiment = name

    def search_runs(self, *, experiment_names: list[str], filter_string: str, output_format: str) -> list[Any]:
        assert (experiment_names, output_format) == ([self.experiment], "list")
        return [
            run for run in self.runs if run.finished and all(f"'{tag}'" in filter_string for tag in run.tags.values())
        ]

    @contextmanager
    def start_run(self, run_name: str, tags: dict[str, str]) -> Any:
        info = SimpleNamespace(run_id=f"id{len(self.runs)}")
        kept: dict[str, Any] = {"params": {}, "metrics": {}, "artifacts": [], "finished": False}
        self.runs.append(SimpleNamespace(info=info, name=run_name, tags=tags, **kept))
        yield self.runs[-1]
        self.runs[-1].finished = True

    def log_params(self, params: dict[str, str]) -> None:
        assert len(params) <= 100 and not set(params) & set(self.runs[-1].params)
        assert all(NAME.fullmatch(name) and len(value) <= 500 for name, value in params.items())
        self.runs[-1].params |= params

    def log_metrics(self, metrics: dict[str, float], step: int = 0) -> None:
        for name, value in metrics.items():
            assert NAME.fullmatch(name) and posixpath.normpath(name) == name and math.isfinite(value)
            self.runs[-1].metrics[name, step] = value

    def log_artifact(self, path: str, artifact_path: str | None = None) -> None:
        self.runs[-1].artifacts.append((artifact_path, Path(path).name))


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setitem(sys.modules, "mlflow", recorder)
    return recorder


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.chdir(tmp_path)
    Path(FOLDER, "exact").mkdir(parents=True)
    Path(FOLDER, "history.csv").write_text("epoch,loss,accuracy,validation_loss\n1,0.9,0.5,0.8\n2,0.7,0.6,0.75\n")
    Path(FOLDER, "model.safetensors").write_bytes(b"weights")
    Path(FOLDER, "exact/predictions.h5").write_bytes(b"predictions")
    run = {
        "study": "cover",
        "dataset": "d",
        "model": "m",
        "phase": "ideal",
        "path": "exact",
        "backend": "engine",
        "seed": 0,
    }
    rows = [
        {"sampling": "all", "group": "pooled", "metric": "roc_auc", "value": 0.8},
        {"sampling": "all", "group": "..", "metric": "recall", "value": 0.7},
        {"sampling": "all", "group": 'a/"<b>:', "metric": "recall", "value": 0.6},
        {"sampling": "all", "group": "none", "metric": "recall", "value": math.nan},
        {"sampling": "train", "group": "pooled", "metric": "train_loss_epoch_1", "value": 0.9},
        {"sampling": "all", "group": "pooled", "metric": "roc_auc", "value": 0.1, "seed": 1},
    ]
    pd.DataFrame([{**run, "samples": 9, **row} for row in rows]).reindex(columns=COLUMNS).to_csv(
        "metrics.csv", index=False
    )
    return sorted(path for path in Path(FOLDER).rglob("*") if path.is_file())


def test_a_run_is_logged_once_with_parameters_curves_scores_and_files(mlflow: Recorder, files: list[Path]) -> None:
    for _ in range(2):
        log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    (run,) = mlflow.runs
    assert json.loads(Path("mlflow.json").read_text()) == {"d/m/ideal/seed0": "id0"}
    assert (mlflow.experiment, run.name) == ("cover", "d/m/ideal/seed0")
    assert run.params["config.deep.key129"] == "[129]" and run.params["model"] == "m"
    scores = {"exact/all/roc_auc": 0.8, "exact/all/_2e_2e/recall": 0.7, "exact/all/a_2f_22_3cb_3e_3a/recall": 0.6}
    assert {name: value for (name, _), value in run.metrics.items() if "/" in name} == scores
    assert [run.metrics["validation_loss", step] for step in (1, 2)] == [0.8, 0.75]
    assert run.artifacts == [("exact", "predictions.h5"), (None, "history.csv"), (None, "model.safetensors")]


def test_a_run_that_changed_or_was_broken_off_is_logged_anew(mlflow: Recorder, files: list[Path]) -> None:
    log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    mlflow.runs[0].finished = False
    log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    Path(FOLDER, "model.safetensors").write_bytes(b"other weights")
    log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    assert len(mlflow.runs) == 3


def test_without_mlflow_or_its_server_a_sentence_says_what_to_do(
    mlflow: Recorder, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.refuses = "connection refused\nand more"
    with pytest.raises(UserError, match=r"of study cover \(connection refused\); see that MLFLOW_TRACKING_URI"):
        log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UserError, match="MLflow is not installed in this environment; add it"):
        log_runs(Path("mlflow.json"), "cover", SETTINGS, Path("metrics.csv"), files)
    assert not Path("mlflow.json").exists()

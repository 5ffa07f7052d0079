"""The runs of a study in MLflow, where a user has it; nothing else of the library knows of it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hqnn.errors import UserError, plain
from hqnn.metrics.runs import Run, read_history, run_of
from hqnn.metrics.table import POOLED, read_metrics
from hqnn.store import file_digest, write_text

DIGEST = "hqnn.digest"  # tag of what was logged, so that nothing is logged twice
A_BATCH = 100  # parameters that MLflow takes at once
LONGEST = 500  # letters of a parameter that every version of it takes
OF_EPOCHS = re.compile(r"_epoch_\d+$")  # metrics that the curves say
FOREIGN = re.compile(r"[^\w.\- ]")  # what MLflow's names may not hold; / divides their parts


def log_runs(output: Path, study: str, settings: Mapping[str, Any], metrics: Path, files: Sequence[Path]) -> None:
    """Log every run of a study to the tracking server that ``MLFLOW_TRACKING_URI`` names, as an experiment of its name.

    A run has the study's settings as parameters, losses and accuracies by epoch, the scores of its paths as
    ``<path>/<sampling>/<metric>`` and with the group before the metric, and its files. One that is there with the same
    files and scores is left alone.

    Args:
        output: JSON of each run's folder and its id in MLflow.
        study: its name.
        settings: nested, in built-in types.
        metrics: the tidy table.
        files: models, histories and predictions, under ``<study>/<dataset>/<model>/<phase>/seed<k>/``.

    Raises:
        UserError: MLflow is not installed, or its server refuses.
    """
    try:
        import mlflow
    except ImportError as error:
        raise UserError(
            "MLflow is not installed in this environment; add it with .venv/bin/uv pip install mlflow-skinny, and run "
            "the same again"
        ) from error
    table = read_metrics(metrics)
    try:
        mlflow.set_experiment(study)
        ids = {_called(run): _logged(mlflow, run, settings, rows, own) for run, rows, own in _runs(table, files)}
    except mlflow.exceptions.MlflowException as error:
        raise UserError(
            f"MLflow did not take the runs of study {study} ({plain(error)}); see that MLFLOW_TRACKING_URI names a "
            "server that can be reached and written, and run the same again"
        ) from error
    write_text(output, json.dumps(ids, indent=1, sort_keys=True))


def _runs(table: pd.DataFrame, files: Sequence[Path]) -> Iterator[tuple[Run, pd.DataFrame, list[Path]]]:
    """Every run with its rows and its files."""
    of_run: dict[Run, list[Path]] = {}
    for file in sorted(files):
        of_run.setdefault(run_of(file), []).append(file)
    for run, own in of_run.items():
        same = (table[list(vars(run))] == pd.Series(vars(run))).all(axis=1)
        yield run, table[same], own


def _called(run: Run) -> str:
    return f"{run.dataset}/{run.model}/{run.phase}/seed{run.seed}"


def _logged(mlflow: Any, run: Run, settings: Mapping[str, Any], rows: pd.DataFrame, files: Sequence[Path]) -> str:
    """The id of a run in MLflow, which is logged unless it is there."""
    digest = hashlib.sha256("".join([rows.to_csv(), *map(file_digest, files)]).encode()).hexdigest()
    there = mlflow.search_runs(
        experiment_names=[run.study],
        filter_string=f"tags.`{DIGEST}` = '{digest}' and attributes.status = 'FINISHED'",
        output_format="list",
    )
    if there:
        return str(there[0].info.run_id)
    with mlflow.start_run(run_name=_called(run), tags={DIGEST: digest}) as active:
        said = [*vars(run).items(), *_flat(settings, "config.")]
        for start in range(0, len(said), A_BATCH):
            mlflow.log_params({_name(key): str(value)[:LONGEST] for key, value in said[start : start + A_BATCH]})
        mlflow.log_metrics(_scores(rows))
        for file in files:
            _log_file(mlflow, run, file)
        return str(active.info.run_id)


def _log_file(mlflow: Any, run: Run, file: Path) -> None:
    """Keep a file below its run, and log what a history says epoch by epoch."""
    below = file.parts[file.parts.index(f"seed{run.seed}") + 1 : -1]
    mlflow.log_artifact(str(file), artifact_path="/".join(below) or None)
    if file.name == "history.csv":
        for row in read_history(file)[1].to_dict("records"):
            values = {_name(str(key)): float(value) for key, value in row.items() if key != "epoch"}
            mlflow.log_metrics({k: v for k, v in values.items() if math.isfinite(v)}, step=int(row["epoch"]))


def _scores(rows: pd.DataFrame) -> dict[str, float]:
    """Numbers of the tidy table by names that MLflow takes."""
    known = rows[rows["value"].map(math.isfinite) & ~rows["metric"].str.contains(OF_EPOCHS)]
    return {_name(*_parts(row)): float(row["value"]) for row in known.to_dict("records")}


def _parts(row: Mapping[Any, Any]) -> tuple[str, ...]:
    path = row["path"] if row["path"] in ("exact", "shots") else f"{row['path']}-{row['backend']}"
    return (path, row["sampling"], *([] if row["group"] == POOLED else [row["group"]]), row["metric"])


def _name(*parts: str) -> str:
    """Parts as one name, foreign letters by their numbers; a part of dots alone would mean another folder."""
    said = [FOREIGN.sub(lambda letter: f"_{ord(letter[0]):x}", part) for part in parts]
    return "/".join(part if part.strip(". ") else part.replace(".", "_2e").replace(" ", "_20") for part in said)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their keys, sections before a dot."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""Facts of training runs as tidy rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.metrics.runs import epochs_of, read_columns
from hqnn.metrics.table import IDENTITY, POOLED
from hqnn.metrics.tidy import Rows, tidy
from hqnn.store import read_model
from hqnn.training.history import Epoch, kept_epoch

TRAINING = "train"
NAMES = {"loss": "train_loss", "accuracy": "train_accuracy"}
QUANTITIES = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
)
STATED = ("parameters", "kernel_parameters")
FIRST_EPOCHS, LAST_EPOCHS = 4, 10


def training_facts(history: Path, model: Path, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """What a training run's history and model file say, as rows of sampling `train` and path `exact`.

    Loss and accuracy on the train, validation and test samples, as far as recorded: after the last epoch under their
    names, such as train_loss; at the first four and the last ten epochs as train_loss_epoch_3; at the best epoch as
    best_validation_accuracy. The best epoch is that whose weights were kept, by what the model's file says of its
    training; where the last were kept, it is that of highest validation accuracy and then of lowest validation loss.
    Further epochs, kept_epoch (whose weights the model has), best_epoch, training_s (seconds of all epochs),
    parameters, kernel_parameters, executions_forward and executions_backward. `backend` is what the phase names, else
    torch; `samples` the number trained on, 0 where unsaid.

    Args:
        history: columns epoch, loss, accuracy, and perhaps seconds (of each epoch) and losses and accuracies of others.
        model: the file that was trained.
        published: figures as `read_published` gives them.

    Returns:
        The tidy table, columns `COLUMNS`; there are no intervals.

    Raises:
        UserError: a file cannot be read, or its path names no training run.
    """
    return tidy([facts_of(history, model)], published)


def facts_of(history: Path, model: Path) -> Rows:
    """What `training_facts` says of a run, without published figures."""
    run, columns = read_columns(history)
    _, about = read_model(model)
    keep = about.get("training", {}).get("keep", "last")
    seen = epochs_of(columns)
    facts = {**_by_epoch(columns), "kept_epoch": kept_epoch(seen, keep), **_best(seen, keep), **dict(_of_model(about))}
    if "seconds" in columns:
        facts["training_s"] = sum(columns["seconds"])
    same = {**asdict(run), "path": "exact", "backend": run.phase.partition("-")[2] or "torch"}
    samples = int(about.get("train_samples", 0))
    return Rows(
        [same[name] for name in IDENTITY],
        [(TRAINING, POOLED, name, float(value), np.nan, np.nan, samples) for name, value in facts.items()],
    )


def _by_epoch(columns: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Numbers after the last epoch, and at those that are shown each, from the columns of a history."""
    known = {NAMES.get(name, name): values for name, values in columns.items()}
    quantities = {name: known[name] for name in QUANTITIES if name in known}
    epochs = [int(epoch) for epoch in known["epoch"]]
    shown = [at for at, epoch in enumerate(epochs) if epoch <= FIRST_EPOCHS or epoch > len(epochs) - LAST_EPOCHS]
    each = {f"{name}_epoch_{epochs[at]}": values[at] for name, values in quantities.items() for at in shown}
    return {"epochs": len(epochs), **{name: values[-1] for name, values in quantities.items()}, **each}


def _best(epochs: Sequence[Epoch], keep: str) -> dict[str, float]:
    """The best epoch and what was seen there; nothing where there was no validation."""
    number = kept_epoch(epochs, "best_accuracy" if keep == "last" else keep)
    best = next(epoch for epoch in epochs if epoch.epoch == number)
    seen = {"accuracy": best.validation_accuracy, "loss": best.validation_loss}
    known = {f"best_validation_{name}": value for name, value in seen.items() if value is not None}
    return {"best_epoch": number, **known} if known else {}


def _of_model(about: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ((name, about[name]) for name in STATED if name in about)
    yield from ((f"executions_{name}", count) for name, count in about.get("executions", {}).items())

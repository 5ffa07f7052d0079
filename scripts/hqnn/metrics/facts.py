"""Facts of training runs as tidy rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.metrics.published import published_beside
from hqnn.metrics.runs import read_history
from hqnn.metrics.table import COLUMNS, POOLED
from hqnn.store import read_model

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
    names, such as train_loss; at the first four and the last ten epochs as train_loss_epoch_3; at the best epoch, of
    highest validation accuracy and then of lowest validation loss, as best_validation_accuracy. Further epochs,
    best_epoch, training_s (seconds of all epochs), parameters, kernel_parameters, executions_forward and
    executions_backward. `backend` is what the phase names, else torch; `samples` the number trained on, 0 where unsaid.

    Args:
        history: columns epoch, loss, accuracy, and perhaps seconds (of each epoch) and losses and accuracies of others.
        model: the file that was trained.
        published: figures as `read_published` gives them.

    Returns:
        The tidy table, columns `COLUMNS`; there are no intervals.

    Raises:
        UserError: a file cannot be read, or its path names no training run.
    """
    run, epochs = read_history(history)
    _, about = read_model(model)
    facts = {**_by_epoch(epochs), **_best(epochs), **dict(_of_model(about))}
    if "seconds" in epochs:
        facts["training_s"] = epochs["seconds"].sum()
    table = pd.DataFrame({"metric": list(facts), "value": [float(value) for value in facts.values()]}).assign(
        **asdict(run),
        path="exact",
        backend=run.phase.partition("-")[2] or "torch",
        sampling=TRAINING,
        group=POOLED,
        low=np.nan,
        high=np.nan,
        samples=int(about.get("train_samples", 0)),
    )
    table["published"] = published_beside(table, published)
    return table[list(COLUMNS)]


def _by_epoch(epochs: pd.DataFrame) -> dict[str, float]:
    known = epochs.rename(columns=NAMES)
    quantities = [name for name in QUANTITIES if name in known]
    shown = known[(known["epoch"] <= FIRST_EPOCHS) | (known["epoch"] > len(known) - LAST_EPOCHS)]
    last = {name: known[name].iloc[-1] for name in quantities}
    each = {
        f"{name}_epoch_{epoch}": value
        for name in quantities
        for epoch, value in zip(shown["epoch"], shown[name], strict=True)
    }
    return {"epochs": len(known), **last, **each}


def _best(epochs: pd.DataFrame) -> dict[str, float]:
    """The best epoch and what was seen there; nothing where there was no validation."""
    seen = ["validation_accuracy", "validation_loss"]
    if not set(seen) <= set(epochs):
        return {}
    best = epochs.sort_values(seen, ascending=[False, True], kind="stable").iloc[0]
    return {"best_epoch": best["epoch"], **{f"best_{name}": best[name] for name in seen}}


def _of_model(about: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ((name, about[name]) for name in STATED if name in about)
    yield from ((f"executions_{name}", count) for name, count in about.get("executions", {}).items())

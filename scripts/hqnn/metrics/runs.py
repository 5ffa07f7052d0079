"""Training runs: which one a path names, and its history."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from hqnn.errors import UserError, plain
from hqnn.training.history import Epoch

CURE = "delete it and its model, and run again"
EPOCH = tuple(field.name for field in fields(Epoch))
RUN_PATH = re.compile(r"(?:^|/)([^/]+)/([^/]+)/([^/]+)/([^/]+)/seed(\d+)(?:/|$)")


@dataclass(frozen=True)
class Run:
    """Which training run something belongs to."""

    study: str
    dataset: str
    model: str
    phase: str
    seed: int


def run_of(path: Path) -> Run:
    """The training run that a path names: ``<study>/<dataset>/<model>/<phase>/seed<k>/...``.

    Raises:
        UserError: it names none.
    """
    found = RUN_PATH.search(path.as_posix())
    if found is None:
        raise UserError(f"{path} does not lie under <study>/<dataset>/<model>/<phase>/seed<k>; move it there")
    return Run(found[1], found[2], found[3], found[4], int(found[5]))


def read_history(path: Path) -> tuple[Run, pd.DataFrame]:
    """Read a training history.

    Raises:
        UserError: the file is missing or damaged, or lacks the columns epoch, loss and accuracy.
    """
    try:
        history = pd.read_csv(path, encoding="utf-8")
    except (OSError, ValueError) as error:  # pandas' own errors among them
        raise UserError(f"{path} cannot be read as a training history ({plain(error)}); {CURE}") from error
    absent = {"epoch", "loss", "accuracy"} - set(history.columns)
    if absent:
        raise UserError(f"{path} has no column {min(absent)!r}; {CURE}")
    known = history[[name for name in EPOCH if name in history]]
    wrong = ~known.map(lambda value: isinstance(value, int | float) and math.isfinite(value))
    if history.empty or wrong.any(axis=None) or history["epoch"].tolist() != list(range(1, len(history) + 1)):
        raise UserError(f"{path} is damaged: it does not count epochs from 1 with a number each; {CURE}")
    return run_of(path), history


def epochs_of(history: pd.DataFrame) -> list[Epoch]:
    """A training history as `hqnn.training.history` has it."""
    known = history[[name for name in EPOCH if name in history]]
    return [Epoch(**{str(name): value for name, value in row.items()}) for row in known.to_dict("records")]

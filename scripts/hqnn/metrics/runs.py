"""Training runs: which one a path names, and its history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hqnn.errors import UserError

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
        UserError: the file is missing or lacks the columns epoch, loss and accuracy.
    """
    try:
        history = pd.read_csv(path)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as a training history ({error}); train again") from error
    absent = {"epoch", "loss", "accuracy"} - set(history.columns)
    if absent:
        raise UserError(f"{path} has no column {min(absent)!r}; train again")
    return run_of(path), history

"""Training runs: which one a path names, and its history."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from hqnn.errors import UserError, plain
from hqnn.training.history import Epoch, history_of

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
    run, columns = read_columns(path)
    return run, pd.DataFrame(columns)


def read_columns(path: Path) -> tuple[Run, dict[str, list[float]]]:
    """What `read_history` reads, column by column, without a table; whole numbers as such.

    Raises:
        UserError: as of `read_history`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a training history ({plain(error)}); {CURE}") from error
    if not lines:
        raise UserError(f"{path} cannot be read as a training history (it is empty); {CURE}")
    names = lines[0].split(",")
    absent = {"epoch", "loss", "accuracy"} - set(names)
    if absent:
        raise UserError(f"{path} has no column {min(absent)!r}; {CURE}")
    try:
        columns = _columns(names, lines[1:])
    except (ValueError, OverflowError) as error:
        raise UserError(f"{path} is damaged: it does not count epochs from 1 with a number each; {CURE}") from error
    return run_of(path), columns


def epochs_of(columns: Mapping[str, Sequence[float]]) -> list[Epoch]:
    """A training history as `hqnn.training.history` has it."""
    return history_of({name: columns[name] for name in EPOCH if name in columns})


def _columns(names: Sequence[str], lines: Sequence[str]) -> dict[str, list[float]]:
    """Columns of numbers; a ValueError or an OverflowError where they are no history."""
    rows = [[int(cell) if cell.isdecimal() else float(cell) for cell in line.split(",")] for line in lines]
    columns = {name: list(values) for name, *values in zip(names, *rows, strict=True)}
    finite = all(math.isfinite(value) for name in EPOCH for value in columns.get(name, ()))
    if not (rows and finite and columns["epoch"] == list(range(1, len(rows) + 1))):
        raise ValueError(names)
    return columns

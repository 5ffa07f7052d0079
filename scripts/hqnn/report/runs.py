"""What a report reads: predictions and maps, each with what its file or path says it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.metrics.runs import Run, run_of
from hqnn.report.words import full_path, path_order
from hqnn.store import read_table

SCORED_COLUMNS = ("sample", "label", "expectation", "standard_error", "probability", "predicted")


@dataclass(frozen=True)
class Predictions:
    """One predictions file.

    Attributes:
        run: whose predictions.
        path: the execution path, with its backend where there is a choice of one.
        about: all attributes of the file.
        columns: name to array, samples first; see `SCORED_COLUMNS`.
    """

    run: Run
    path: str
    about: dict[str, Any]
    columns: dict[str, NDArray[Any]]

    @property
    def quantum(self) -> bool:
        """Whether a circuit made them; a classical reference has no expectation values."""
        return bool(self.columns["expectation"].size)

    @property
    def classical(self) -> bool:
        """Whether no circuit had a part in them, not even by comparing samples, as in a quantum kernel."""
        return not self.quantum and "kernel" not in self.about

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, label = index; their numbers where the file does not say them."""
        probability = self.columns["probability"]
        count = 2 if probability.ndim == 1 else probability.shape[1]
        return tuple(map(str, self.about.get("classes", range(count))))


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file.

    Raises:
        UserError: it is not in the schema.
    """
    columns, about = read_table(path, *SCORED_COLUMNS)
    try:
        run = Run(about["study"], about["dataset"], about["model"], about["phase"], int(about["seed"]))
        return Predictions(run, full_path(about["path"], about["backend"]), about, columns)
    except KeyError as error:
        raise UserError(f"{path} does not say its {error.args[0]!r}; delete it and run again") from error


def map_files(places: Iterable[Path]) -> list[tuple[Run, str, Path]]:
    """The pictures of maps with their runs and scenes.

    Args:
        places: PNG files, or folders of such, named after their scenes.
    """
    files = [file for place in places for file in (sorted(place.glob("*.png")) if place.is_dir() else [place])]
    return [(run_of(file), file.stem, file) for file in files]


def run_order(one: Predictions) -> tuple[object, ...]:
    """Where predictions stand in a list: quantum models first, then by what the path of the file says."""
    run = one.run
    return (run.study, run.dataset, not one.quantum, run.model, run.phase, run.seed, path_order(one.path))


def paired(exact: Predictions, other: Predictions) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """First expectation values of the samples that both have: exact, other, and the other's standard errors."""
    _, here, there = np.intersect1d(exact.columns["sample"], other.columns["sample"], return_indices=True)
    return (
        exact.columns["expectation"][here, 0],
        other.columns["expectation"][there, 0],
        other.columns["standard_error"][there, 0],
    )

"""Predictions files as they are scored, each read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.metrics.table import IDENTITY
from hqnn.store import read_table

SCORED = ("sample", "label", "probability", "predicted")
SAID = (*IDENTITY, "classes")
HELD_BYTES = 100_000_000


class Read(NamedTuple):
    """What is scored of a predictions file.

    Attributes:
        columns: `SCORED`, name to array, samples first.
        about: what the file says of `SAID`.
    """

    columns: dict[str, NDArray[Any]]
    about: dict[str, Any]


def read_scored(predictions: Path, names: Sequence[str] = SCORED) -> Read:
    """Read what is scored of a predictions file, or only columns of these names.

    Raises:
        UserError: the file cannot be read, lacks a column or does not say what was run.
    """
    columns, about = read_table(predictions, *names)
    missing = [key for key in IDENTITY if key not in about]
    if missing:
        raise UserError(f"{predictions} does not say its {missing[0]!r}; delete it and run again")
    return Read(columns, {key: about[key] for key in SAID if key in about})


class ReadAhead:
    """Files that are looked at now and scored later: they are held until then as far as there is room.

    Args:
        room: bytes of columns that are held.
    """

    def __init__(self, room: int = HELD_BYTES) -> None:
        self._room = room
        self._held: dict[Path, Read] = {}

    def look(self, predictions: Path) -> Read:
        """Read a file that will be scored later; of one that has no room, only the samples' numbers."""
        if predictions.exists() and predictions.stat().st_size > self._room:
            return read_scored(predictions, SCORED[:1])
        found = read_scored(predictions)
        size = sum(column.nbytes for column in found.columns.values())
        if size <= self._room:
            self._room -= size
            self._held[predictions] = found
        return found

    def take(self, predictions: Path) -> Read:
        """What a file says, which is not held any longer."""
        return self._held.pop(predictions, None) or read_scored(predictions)

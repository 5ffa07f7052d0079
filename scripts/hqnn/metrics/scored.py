"""Scores of files that have not changed since: a table beside the tidy one, so that a sweep's next run adds to it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from hqnn.metrics.table import COLUMNS, NUMBERS
from hqnn.metrics.tidy import Rows, tidy
from hqnn.store import whole_file

FILE, STATE, MADE_WITH, TEST = "file", "state", "made_with", "test"
KEPT = (FILE, STATE, MADE_WITH, TEST)  # beside the columns of the tidy table
COUNTS = ("seed", "samples")
Key = tuple[str, str, str]  # file, its state, and what decided its rows


class Scored:
    """Tidy rows by the file that they are of.

    They are kept as Parquet: the columns of the tidy table, the file, its state (size and time of modification), what
    else decided the rows, and which samples the file is of. A table that is missing, damaged or of another form is
    taken as empty: everything is scored again, with a warning unless it is missing.

    Args:
        path: of the table.
        made_with: what decides all rows, such as settings and the digest of the code.
        published: figures to put beside new rows.
    """

    def __init__(self, path: Path, made_with: object, published: pd.DataFrame | None = None) -> None:
        self.path = path
        self._published = published
        self.made_with = _digest(made_with)
        found = _read(path)
        self._known = found[found[MADE_WITH].str.startswith(self.made_with)]
        by_file = self._known.groupby([FILE, STATE, MADE_WITH, TEST], sort=False)
        self._place_of_row = by_file.ngroup().to_numpy()
        files = list(by_file.size().index)
        self._tests = {(file, state): test for file, state, _, test in files}
        self._places = {key[:3]: place for place, key in enumerate(files)}
        self._new: dict[Key, Rows] = {}
        self._order: dict[Key, int] = {}

    def test(self, file: Path, read: Callable[[], str]) -> str:
        """What is kept of a file's samples, or is read where the file is new or has changed."""
        key = (file.as_posix(), state(file))
        if key not in self._tests:
            self._tests[key] = read()
        return str(self._tests[key])

    def add(self, file: Path, score: Callable[[], Rows], beside: object = None) -> None:
        """Take the rows of a file as they are known, or score it.

        Args:
            file: what is scored.
            score: gives its rows.
            beside: what decides them beside the file and what decides all.
        """
        key = (file.as_posix(), state(file), f"{self.made_with}{_digest(beside)}")
        self._order.setdefault(key, len(self._order))
        if key not in self._places and key not in self._new:
            self._new[key] = score()

    def table(self) -> pd.DataFrame:
        """The rows of all that was added, in that order; write them to keep them, and nothing else."""
        order = np.full(len(self._places), -1)
        for key in self._order.keys() & self._places.keys():
            order[self._places[key]] = self._order[key]
        places = order[self._place_of_row]
        parts = [self._known[places >= 0]]
        if self._new:
            lengths = [len(rows.numbers) for rows in self._new.values()]
            kept = ((*key, self._tests.get(key[:2], "")) for key in self._new)
            columns = zip(KEPT, zip(*kept, strict=True), strict=True)
            said = {name: np.repeat(np.array(values, dtype=object), lengths) for name, values in columns}
            parts.append(tidy(list(self._new.values()), self._published).assign(**said))
            places = np.concatenate([places[places >= 0], np.repeat([self._order[key] for key in self._new], lengths)])
        else:
            places = places[places >= 0]
        whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        return whole.iloc[places.argsort(kind="stable")].reset_index(drop=True)

    def write(self, table: pd.DataFrame) -> None:
        """Keep what `table` gave."""
        with whole_file(self.path) as partial:
            table.to_parquet(partial, index=False)


def state(file: Path) -> str:
    """What tells a file from what it was before: its size and time of modification; all of it where it is missing."""
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def states(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Files with their states."""
    return [(file.as_posix(), state(file)) for file in files]


def _read(path: Path) -> pd.DataFrame:
    names = [*COLUMNS, *KEPT]
    try:
        found = pd.read_parquet(path)
        return found[names].astype(dict.fromkeys(NUMBERS, float) | dict.fromkeys(COUNTS, int))
    except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors among them
        if not isinstance(error, FileNotFoundError):
            logging.getLogger(__name__).warning("%s is damaged or of another form; every file is scored again", path)
        return pd.DataFrame({name: pd.Series(dtype=_type(name)) for name in names})


def _type(name: str) -> type:
    return float if name in NUMBERS else int if name in COUNTS else str


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]

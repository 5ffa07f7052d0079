"""Scores of files that have not changed since: a table beside the tidy one, so that a sweep's next run adds to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from hqnn.metrics.table import COLUMNS, NUMBERS
from hqnn.store import whole_file

FILE, STATE, MADE_WITH, TEST = "file", "state", "made_with", "test"
KEPT = (FILE, STATE, MADE_WITH, TEST)  # beside the columns of the tidy table
COUNTS = ("seed", "samples")


class Scored:
    """Tidy rows by the file that they are of.

    They are kept as Parquet: the columns of the tidy table, the file, its state (size and time of modification), what
    else decided the rows, and which samples the file is of. A table that is missing, damaged or of another form is
    taken as empty: everything is scored again.

    Args:
        path: of the table.
        made_with: what decides all rows, such as settings and the digest of the code.
    """

    def __init__(self, path: Path, made_with: object) -> None:
        self.path = path
        self.made_with = _digest(made_with)
        found = _read(path)
        self._known = found[found[MADE_WITH].str.startswith(self.made_with)]
        first = self._known.drop_duplicates([FILE, STATE, TEST])
        self._tests = {(file, state): test for file, state, test in first[[FILE, STATE, TEST]].itertuples(index=False)}
        kept = self._known[[FILE, STATE, MADE_WITH]].drop_duplicates()
        self._places = {key: place for place, key in enumerate(kept.itertuples(index=False, name=None))}
        self._new: dict[tuple[str, str, str], pd.DataFrame] = {}
        self._order: dict[tuple[str, str, str], int] = {}

    def test(self, file: Path, read: Callable[[], str]) -> str:
        """What is kept of a file's samples, or is read where the file is new or has changed."""
        key = (file.as_posix(), state(file))
        if key not in self._tests:
            self._tests[key] = read()
        return str(self._tests[key])

    def add(self, file: Path, score: Callable[[], pd.DataFrame], beside: object = None) -> None:
        """Take the rows of a file as they are known, or score it.

        Args:
            file: what is scored.
            score: gives the tidy rows.
            beside: what decides them beside the file and what decides all.
        """
        key = (file.as_posix(), state(file), f"{self.made_with}{_digest(beside)}")
        self._order.setdefault(key, len(self._order))
        if key not in self._places and key not in self._new:
            self._new[key] = score()

    def table(self) -> pd.DataFrame:
        """The rows of all that was added, in that order."""
        return self._whole()[list(COLUMNS)]

    def write(self) -> None:
        """Keep what was added, and nothing else."""
        with whole_file(self.path) as partial:
            self._whole().to_parquet(partial, index=False)

    def _whole(self) -> pd.DataFrame:
        old = [key for key in self._order if key in self._places]
        keys = pd.MultiIndex.from_frame(self._known[[FILE, STATE, MADE_WITH]])
        known = self._known[keys.isin(old)] if old else self._known.iloc[:0]
        new = [
            rows.assign(**dict(zip(KEPT, (*key, self._tests.get(key[:2], "")), strict=True)))
            for key, rows in self._new.items()
        ]
        whole = pd.concat([part for part in (known, *new) if len(part)] or [known], ignore_index=True)
        places = [self._order[key] for key in whole[[FILE, STATE, MADE_WITH]].itertuples(index=False, name=None)]
        return whole.iloc[pd.Series(places, dtype=int).argsort(kind="stable")].reset_index(drop=True)


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
    except (OSError, ValueError, KeyError):  # pyarrow's own errors among them
        return pd.DataFrame({name: pd.Series(dtype=_type(name)) for name in names})


def _type(name: str) -> type:
    return float if name in NUMBERS else int if name in COUNTS else str


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]

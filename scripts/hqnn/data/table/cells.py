"""What a file of rows holds, before anybody knows which column is what."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hqnn.errors import UserError, nearest

MAX_COLUMNS = 100_000
NAMES_SHOWN = 12
UNNAMED = re.compile(r"|Unnamed: \d+|__index_level_\d+__")  # as pandas writes an index

Place = Callable[[int], str]


@dataclass(frozen=True)
class Cells:
    """A table as a file has it.

    Attributes:
        path: of the file.
        names: of the columns, in their order; no name twice, but for those without one.
        columns: name to cells.
        place: where a row, counted from 0, stands in the file, in words.
        separator: of the cells, where the file is text; empty where numbers are numbers.
    """

    path: Path
    names: tuple[str, ...]
    columns: Mapping[str, pa.ChunkedArray]
    place: Place
    separator: str = ""


def row_number(row: int) -> str:
    """Where a row stands in a file that has no lines."""
    return f"row {row + 1}"


def check_names(path: Path, names: Sequence[str]) -> None:
    """Refuse tables that are too wide, or whose columns have one name.

    Raises:
        UserError: see above; the message names the column.
    """
    if len(names) > MAX_COLUMNS:
        raise UserError(
            f"{path} has {len(names):,} columns but {MAX_COLUMNS:,} are the most that are read; choose among them first"
        )
    seen: set[str] = set()
    for name in names:
        if name in seen and not UNNAMED.fullmatch(name):
            raise UserError(f"{path} has two columns named {name!r}; rename one or take it out")
        seen.add(name)


def likely(name: str, names: Sequence[str]) -> str:
    """A hint for a column that is not there, with the names that are most like it."""
    return nearest(name, difflib.get_close_matches(name, names, n=NAMES_SHOWN, cutoff=0.0))


def shown(names: Sequence[str]) -> str:
    """Some names for a message, and how many more there are."""
    listed = ", ".join(map(repr, names[:NAMES_SHOWN]))
    return listed if len(names) <= NAMES_SHOWN else f"{listed} and {len(names) - NAMES_SHOWN} more"

"""Rows with labels as their file has them: numbers are numbers, all else is still as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hqnn.data.table.cells import Cells, Place
from hqnn.data.table.numerals import read_numbers
from hqnn.data.table.roles import Roles, find_roles

Value = str | int | float | None  # None where a cell is empty
Values = Sequence[Value]


@dataclass(frozen=True)
class RawRows:
    """Rows of a file.

    Attributes:
        path: of the file.
        names: of the features.
        features: shape (rows, features), NaN where a cell is empty.
        place: where a row, counted from 0, stands in the file, in words.
        roles: the columns, where columns have names.
        labels: one a row; None where labels were not looked for.
        split: likewise, where there is such a column; numbers are the codes of `hqnn.data.parts`.
        groups: likewise.
        ids: likewise.
        order: of classes; empty where nothing is said.
    """

    path: Path
    names: tuple[str, ...]
    features: NDArray[np.float64]
    place: Place
    roles: Roles
    labels: Values | None = None
    split: Values | None = None
    groups: Values | None = None
    ids: Values | None = None
    order: tuple[str, ...] = ()


def rows_of_cells(cells: Cells, wanted: Roles) -> RawRows:
    """Give every column its role.

    Raises:
        UserError: see `find_roles` and `read_numbers`.
    """
    roles = find_roles(cells.path, cells.names, wanted)

    def values(name: str) -> Values | None:
        return plain_values(cells.columns[name]) if name else None

    return RawRows(
        cells.path,
        roles.features,
        read_numbers(cells, roles.features),
        cells.place,
        roles,
        values(roles.label),
        values(roles.split),
        values(roles.group),
        values(roles.id),
    )


def plain_values(column: pa.ChunkedArray | NDArray[np.generic]) -> list[Value]:
    """Cells as text without spaces around it, as numbers, or as None where they are empty."""
    return [_plain(value) for value in (column.tolist() if isinstance(column, np.ndarray) else column.to_pylist())]


def _plain(value: object) -> Value:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.strip() or None

"""What is wrong with rows that could be read: empty cells, infinite values, ids and rows that are there twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hqnn.data.table.cells import NAMES_SHOWN
from hqnn.data.table.raw_rows import RawRows
from hqnn.errors import UserError

log = logging.getLogger(__name__)

LARGEST = float(np.finfo(np.float32).max)  # in which features are stored

Integers = NDArray[np.int64]


def complete_rows(raw: RawRows, empty: Literal["stop", "drop"]) -> tuple[Integers, dict[str, int]]:
    """The rows with a label and all their numbers, and how many are left out for which reason.

    Raises:
        UserError: a cell is empty and that is to stop, or no row is left.
    """
    labels = raw.labels
    blank = _blank_rows(raw)
    kept = np.flatnonzero(~blank)
    left_out = {"nothing in them": int(blank.sum())}
    if labels is not None:
        kept = np.array([row for row in kept.tolist() if labels[row] is not None], dtype=np.int64)
        left_out["no label"] = len(labels) - int(blank.sum()) - len(kept)
    holes = np.isnan(raw.features[kept])
    incomplete = holes.any(axis=1)
    if incomplete.any() and empty == "stop":
        raise _empty_cells(raw, kept, holes)
    left_out["empty cells"] = int(incomplete.sum())
    left_out = {reason: count for reason, count in left_out.items() if count}
    if not len(kept) and labels is None:
        raise UserError(f"{raw.path} has no row with a number in it; fill some in")
    if not len(kept):
        raise UserError(f"{raw.path} has no row with a label in column {raw.roles.label!r}; fill some in")
    if incomplete.all():
        raise UserError(f"{raw.path} has no row without empty cells; name full columns in columns.features")
    for reason, count in left_out.items():
        log.warning("%s: left out %d of %d rows, %s", raw.path, count, len(raw.features), reason)
    return kept[~incomplete], left_out


def _blank_rows(raw: RawRows) -> NDArray[np.bool_]:
    """Rows without any cell, as spreadsheets leave them at the end."""
    blank: NDArray[np.bool_] = np.asarray(np.isnan(raw.features).all(axis=1))
    for values in (raw.labels, raw.ids, raw.groups, raw.split):
        if values is not None:
            blank[blank] = [values[row] is None for row in np.flatnonzero(blank).tolist()]
    return blank


def _empty_cells(raw: RawRows, kept: Integers, holes: NDArray[np.bool_]) -> UserError:
    counts = holes.sum(axis=0)
    columns = np.flatnonzero(counts)
    listed = ", ".join(f"{counts[column]} in {raw.names[column]!r}" for column in columns[:NAMES_SHOWN])
    more = f" and in {len(columns) - NAMES_SHOWN} more columns" if len(columns) > NAMES_SHOWN else ""
    first = raw.place(int(kept[int(holes.any(axis=1).argmax())]))
    return UserError(
        f"{raw.path} has empty cells, {listed}{more}, the first in {first}; fill them in, or set columns.empty: drop "
        "to leave these rows out"
    )


def check_values(raw: RawRows, kept: Integers) -> None:
    """Refuse numbers that are infinite, or too large for 32-bit floats.

    Raises:
        UserError: there is one; the message names the first.
    """
    wrong = np.abs(raw.features[kept]) > LARGEST
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value = raw.features[kept[row], column]
        raise UserError(
            f"{raw.path}, {raw.place(int(kept[row]))}, column {raw.names[column]!r}: {value:g} is infinite, or too "
            "large; mend the cell"
        )


def check_ids(raw: RawRows, ids: Sequence[str], kept: Integers) -> None:
    """Refuse an id that two rows have.

    Raises:
        UserError: there is one; the message names both rows.
    """
    first: dict[str, int] = {}
    for row, name in zip(kept.tolist(), ids, strict=bool(ids)):
        if name in first:
            places = f"{raw.place(first[name])} and {raw.place(row)}"
            raise UserError(f"{raw.path} has the id {name!r} twice, in {places}; give every row its own")
        first[name] = row


def count_repeats(path: Path, features: NDArray[np.float64], labels: NDArray[np.uint8]) -> tuple[int, int]:
    """How many rows have the features of an earlier one, and how many of these another label than the first; both said.

    Args:
        path: of the file, for the warning.
        features: shape (rows, features).
        labels: shape (rows,).
    """
    rows = np.ascontiguousarray(features + 0.0)  # so that -0 is 0
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    repeated = len(rows) - len(first)
    conflicting = int((labels != labels[first[inverse]]).sum())
    if repeated:
        log.warning(
            "%s: %d rows have the numbers of an earlier row, %d of them with another label; all are kept, so take the "
            "repeats out unless they were measured apart",
            path,
            repeated,
            conflicting,
        )
    return repeated, conflicting

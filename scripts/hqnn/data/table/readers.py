"""Rows of numbers from the files people have: CSV, Parquet, NPZ and HDF5."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hqnn.data.table.arrays import read_hdf5, read_npz
from hqnn.data.table.cells import shown
from hqnn.data.table.codes import code_classes, code_parts, text_of
from hqnn.data.table.faults import check_ids, check_values, complete_rows, count_repeats
from hqnn.data.table.parquet import read_parquet
from hqnn.data.table.raw_rows import RawRows, Values, rows_of_cells
from hqnn.data.table.roles import Roles
from hqnn.data.table.text import read_text
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

Empty = Literal["stop", "drop"]
SPREADSHEETS = (".xls", ".xlsx", ".xlsm", ".ods")
READERS: Mapping[str, Callable[[Path, Roles], RawRows]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), lambda path, roles: rows_of_cells(read_text(path), roles)),
    **dict.fromkeys((".csv.gz", ".tsv.gz", ".txt.gz"), lambda path, roles: rows_of_cells(read_text(path), roles)),
    **dict.fromkeys((".parquet", ".pq"), lambda path, roles: rows_of_cells(read_parquet(path), roles)),
    ".npz": read_npz,
    **dict.fromkeys((".h5", ".hdf5"), read_hdf5),
}


@dataclass(frozen=True)
class Rows:
    """Rows with labels.

    Attributes:
        names: of the features.
        features: float64, finite, shape (rows, features).
        labels: index into the classes, shape (rows,).
        classes: names, numbers by value and text by the alphabet.
        parts: codes of `hqnn.data.parts`, shape (rows,); None where the table has no split of its own.
        groups: what each row belongs to; None where there is no such column.
        group: the name of that column.
        ids: what each row is called; None where there is no such column.
        numbers: place in the file of each row, from 1, shape (rows,).
        left_out: reason to number of rows that are not here.
        repeated: rows that are equal to an earlier one, and of those the ones with another label.
    """

    names: tuple[str, ...]
    features: NDArray[np.float64]
    labels: NDArray[np.uint8]
    classes: tuple[str, ...]
    parts: NDArray[np.uint8] | None
    groups: tuple[str, ...] | None
    group: str
    ids: tuple[str, ...] | None
    numbers: NDArray[np.int64]
    left_out: Mapping[str, int]
    repeated: tuple[int, int]


@dataclass(frozen=True)
class NewRows:
    """Rows to predict.

    Attributes:
        names: of the features.
        features: float64, finite, shape (rows, features).
        ids: what each row is called; None where there is no such column.
        given: the label of each row as text, empty where it has none; None where there is no such column.
        numbers: place in the file of each row, from 1, shape (rows,).
        left_out: reason to number of rows that are not here.
    """

    names: tuple[str, ...]
    features: NDArray[np.float64]
    ids: tuple[str, ...] | None
    given: tuple[str, ...] | None
    numbers: NDArray[np.int64]
    left_out: Mapping[str, int]


def read_rows(
    path: str | os.PathLike[str],
    *,
    label: str = "",
    features: Sequence[str] = (),
    split: str = "",
    group: str = "",
    id: str = "",  # noqa: A002 - what the column is called
    empty: Empty = "stop",
) -> Rows:
    """Read the rows of a table with their labels; rows without one are left out and counted.

    Args:
        path: CSV (also compressed with gzip), Parquet, NPZ, or HDF5, by how its name ends.
        label: column of the class; `label`, `class`, `target` or `y` where empty.
        features: columns that a model sees; all that have no other role where empty.
        split: column of the part; `split` where empty and there.
        group: column of what belongs together; `group` where empty and there.
        id: column of what a row is called; `id` where empty and there.
        empty: what to do with a row that has an empty cell among its features: `drop` it and count, or `stop`.

    Raises:
        UserError: the file cannot be read, a column is missing, a cell is no finite number, there are no two classes,
            or an id is there twice; the message names the place.
    """
    raw = _read(Path(path), Roles(label, tuple(features), split, group, id))
    labels = raw.labels or ()
    kept, left_out = complete_rows(raw, empty)
    check_values(raw, kept)
    codes, classes = code_classes(raw, [value for row in kept if (value := labels[row]) is not None])
    numbers = raw.features[kept]
    groups = _text(raw, raw.groups, kept, raw.roles.group)
    return Rows(
        raw.names,
        numbers,
        codes,
        classes,
        None if raw.split is None else code_parts(raw, [raw.split[row] for row in kept], kept.tolist()),
        groups,
        raw.roles.group if groups else "",
        _ids(raw, kept),
        kept + 1,
        left_out,
        count_repeats(raw.path, numbers, codes),
    )


def read_new_rows(
    path: str | os.PathLike[str],
    feature_names: Sequence[str],
    *,
    label: str = "",
    id: str = "",  # noqa: A002 - what the column is called
    empty: Empty = "stop",
) -> NewRows:
    """Read rows to predict: the columns of a model's features, by name; other columns are not looked at.

    Files of arrays that name no features must have them in the same order, which a warning says.

    Args:
        path: see `read_rows`.
        feature_names: the columns a model was trained on.
        label: column of the class, which need not be there; one of the usual names where empty.
        id: see `read_rows`.
        empty: see `read_rows`.

    Raises:
        UserError: a column is missing, or see `read_rows`.
    """
    raw = _read(Path(path), Roles(label, tuple(feature_names), id=id, labelled=False))
    labels, unlabelled = raw.labels, replace(raw, labels=None)  # a row without a label stays
    kept, left_out = complete_rows(unlabelled, empty)
    check_values(raw, kept)
    given = None if labels is None else tuple("" if (v := labels[row]) is None else text_of(v) for row in kept)
    return NewRows(raw.names, raw.features[kept], _ids(raw, kept), given, kept + 1, left_out)


def _read(path: Path, roles: Roles) -> RawRows:
    if path.is_dir():
        raise UserError(_folder(path))
    suffix = path.suffix.lower()
    if suffix == ".gz":
        suffix = path.with_suffix("").suffix.lower() + suffix
    if suffix in SPREADSHEETS:
        raise UserError(f"{path} is a spreadsheet; save the sheet that holds the rows as CSV in UTF-8")
    if suffix not in READERS:
        raise UserError(f"{path} ends in {suffix or 'nothing'}, which says no known format{nearest(suffix, READERS)}")
    if not path.is_file():
        raise UserError(f"{path} is no file; name a table of rows")
    return READERS[suffix](path, roles)


def _folder(path: Path) -> str:
    """What to say of a folder: which tables it holds, or what else may be meant."""
    inside = sorted(file.name for file in path.iterdir() if file.is_file() and file.name.lower().endswith((*READERS,)))
    wanted = f"{path} is a folder, but a study of the kind table reads one file of rows"
    if inside:
        return f"{wanted}; give data.path the file, here {shown(inside)}"
    return f"{wanted}; name one, or give the study the kind photographs or images if the folder holds images"


def _text(raw: RawRows, values: Values | None, kept: NDArray[np.int64], column: str) -> tuple[str, ...] | None:
    """The values of a column as text.

    Raises:
        UserError: one is empty.
    """
    if values is None:
        return None
    for row in kept:
        if values[row] is None:
            raise UserError(f"{raw.path}, {raw.place(row)}, column {column!r} is empty; fill it in")
    return tuple(text_of(values[row]) for row in kept)


def _ids(raw: RawRows, kept: NDArray[np.int64]) -> tuple[str, ...] | None:
    ids = _text(raw, raw.ids, kept, raw.roles.id)
    check_ids(raw, ids or (), kept)
    return ids

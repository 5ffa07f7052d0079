"""From a table of numbers to a store of samples."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hqnn.data.groups import group_codes
from hqnn.data.inputs import write_inputs
from hqnn.data.table.cells import shown
from hqnn.data.table.doubts import say_what_is_doubtful
from hqnn.data.table.readers import Empty, Rows, read_rows
from hqnn.store import add_column, new_table, write_attributes

log = logging.getLogger(__name__)

RESOLUTION = 1e-3  # of a column's deviation: where 32-bit floats cannot tell it, that is said


@dataclass(frozen=True)
class Summary:
    """What was prepared.

    Attributes:
        counts: class to number of its rows in the table.
        left_out: reason to number of rows that are not in it.
        own_split: whether the table says which rows are for training and which for testing.
        group: name of what rows belong to; empty where the table does not say.
    """

    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    own_split: bool
    group: str


def prepare_table(
    output: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    label: str = "",
    features: Sequence[str] = (),
    split: str = "",
    group: str = "",
    id: str = "",  # noqa: A002 - what the column is called
    empty: Empty = "stop",
    about: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the rows of a file of numbers with their labels.

    The table has a row a sample, in the file's order: `raw` float32 (samples, features); `labels` uint8; `id`, what the
    row is called or else its place in the file from 1; and, where the file has them, `given_split` uint8 (0 train, 1
    test, 2 validation, 3 unused) and `group_<name>` int32, whose attribute `names` says what the codes mean.
    Attributes: `classes` (label = index), `feature_names`, `counts` of rows by class, `left_out` by reason, `repeated`
    as in `Rows`, and the columns that were asked for. Group `inputs` holds name and sha256 of the file.

    Args:
        output: the table.
        path: see `read_rows`.
        label: likewise.
        features: likewise.
        split: likewise.
        group: likewise.
        id: likewise.
        empty: likewise.
        about: more attributes.

    Raises:
        UserError: see `read_rows`.
    """
    rows = read_rows(path, label=label, features=features, split=split, group=group, id=id, empty=empty)
    settings = {"label": label, "features": list(features), "split": split, "group": group, "id": id, "empty": empty}
    counts = dict(zip(rows.classes, np.bincount(rows.labels).tolist(), strict=True))
    said = {"columns": settings, "classes": list(rows.classes), "feature_names": list(rows.names), "counts": counts}
    say_what_is_doubtful(Path(path), rows.names, rows.features, rows.labels)
    _say_what_is_rounded(path, rows)
    with new_table(output, {**said, **(about or {})}) as file:
        _write_columns(file, rows)
        write_inputs(file.create_group("inputs"), [Path(path)], Path(path).parent)
        write_attributes(file, {"left_out": dict(rows.left_out), "repeated": list(rows.repeated)})
    log.info("%s: %s", path, ", ".join(f"{count} {name}" for name, count in counts.items()))
    return Summary(counts, rows.left_out, rows.parts is not None, rows.group)


def group_column(name: str) -> str:
    """The column of the store that holds a group; a split names it by what follows `group_`."""
    return "group_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def _write_columns(file: h5py.File, rows: Rows) -> None:
    add_column(file, "raw", rows.features.astype(np.float32))
    add_column(file, "labels", rows.labels)
    file["id"] = rows.ids or [str(number) for number in rows.numbers]
    if rows.parts is not None:
        add_column(file, "given_split", rows.parts)
    if rows.groups is not None:
        codes, names = group_codes(rows.groups)
        write_attributes(add_column(file, group_column(rows.group), codes), {"names": names})


def _say_what_is_rounded(path: str | os.PathLike[str], rows: Rows) -> None:
    """Warn of columns, such as times in seconds, whose differences 32-bit floats do not show."""
    step = np.spacing(np.abs(rows.features).max(axis=0).astype(np.float32))
    deviation = rows.features.std(axis=0)
    lost = [
        rows.names[column]
        for column in np.flatnonzero((step > RESOLUTION * deviation) & (np.ptp(rows.features, axis=0) > 0))
    ]
    if lost:
        log.warning("%s: 32-bit floats round away much of how %s varies; subtract its mean first", path, shown(lost))

"""New rows of a table through the features of a split, and what a model says of them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from hqnn.data.samples import class_names
from hqnn.data.table.features import read_features_transform
from hqnn.data.table.readers import Empty, read_new_rows
from hqnn.execution.new_data.image_rows import Predict

AT_ONCE = 1 << 14  # rows


def write_table_rows(
    output: Path,
    table: Path,
    features: str | os.PathLike[str],
    predict: Predict,
    *,
    label: str = "",
    id: str = "",  # noqa: A002 - what the column is called
    empty: Empty = "stop",
) -> None:
    """Write what a model says of rows, a row each.

    The table has the columns id (or, where the rows have none, row: its place in the file from 1), given, which is the
    class that the file itself says, where it says one, predicted, and a probability of each class.

    Args:
        output: CSV file, UTF-8.
        table: see `read_new_rows`; columns are matched by name.
        features: the table of features that the model was trained on.
        predict: features to the probability of every class, shape (rows, classes).
        label: column of the class; `label`, `class`, `target` or `y` where empty.
        id: column of what a row is called; `id` where empty and there.
        empty: what to do with a row that has an empty cell: `drop` it and warn, or `stop`.

    Raises:
        UserError: a column is missing, or see `read_new_rows`.
    """
    names, transform = read_features_transform(features)
    classes = class_names(features)
    rows = read_new_rows(table, names, label=label, id=id, empty=empty)
    called = rows.ids or tuple(map(str, rows.numbers.tolist()))
    with output.open("w", encoding="utf-8", newline="") as text:
        written = csv.writer(text, lineterminator="\n")
        given = ["given"] if rows.given else []
        written.writerow(["id" if rows.ids else "row", *given, "predicted", *(f"probability_{c}" for c in classes)])
        for start in range(0, len(called), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            found = predict(transform.transform(rows.features[some].astype(np.float32)))
            own = rows.given[some] if rows.given else [None] * len(found)
            for name, known, of_all in zip(called[some], own, found, strict=True):
                said = classes[int(of_all.argmax())]
                written.writerow([name, *([known or ""] if rows.given else []), said, *(f"{p:.6f}" for p in of_all)])

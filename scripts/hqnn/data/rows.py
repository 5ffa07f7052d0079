"""Read columns of tables, and rows of them as fast as they can be copied."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.store import open_table


def first_column(tables: Sequence[str | os.PathLike[str]], name: str) -> NDArray[Any] | None:
    """A whole column of the first table that has it; None where none has."""
    for table in tables:
        with open_table(table) as file:
            if name in file:
                values: NDArray[Any] = file[name][()]
                return values
    return None


def read_rows(column: h5py.Dataset, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Read some rows of a column, chunk by chunk.

    HDF5's own selection of rows costs about 10 us a row, and reading everything costs its memory: here each chunk with
    a wanted row is read once, straight into the result where all of it is wanted.

    Args:
        column: with the samples as first axis.
        rows: which, ascending.

    Returns:
        Shape (rows, ...).
    """
    step = column.chunks[0] if column.chunks else max(1, len(column))
    wanted = np.empty((len(rows), *column.shape[1:]), dtype=column.dtype)
    starts = np.unique(rows // step) * step
    ends = np.searchsorted(rows, starts + step)
    begin = 0
    for start, end in zip(starts, ends, strict=True):
        stop = min(start + step, len(column))
        if end - begin == stop - start:
            column.read_direct(wanted, np.s_[start:stop], np.s_[begin:end])
        else:
            wanted[begin:end] = column[start:stop][rows[begin:end] - start]
        begin = end
    return wanted

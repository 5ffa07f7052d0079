"""Read images from a table as fast as they can be copied."""

from __future__ import annotations

import os
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.store import open_table


def read_images(path: str | os.PathLike[str], split: int | None = None) -> NDArray[np.uint8]:
    """Read the images of a table of samples.

    Args:
        path: of the table.
        split: 0 train, 1 test; all where None.

    Returns:
        Shape (images, height, width, channels), contiguous and writable, as torch wants it.

    Raises:
        UserError: the table has no images, or none of that split.
    """
    with open_table(path) as file:
        for name in ("images", "split"):
            if name not in file:
                raise UserError(f"{path} has no column {name!r}; delete it and run again")
        column = file["images"]
        rows = np.arange(len(column)) if split is None else np.flatnonzero(file["split"][()] == split)
        if not len(rows):
            raise UserError(f"{path} has no images of split {split}; prepare it again with some")
        return read_rows(column, rows)


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

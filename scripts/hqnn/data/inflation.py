"""How much compressed files may become: a small file that would fill memory or disk is a decompression bomb."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py

from hqnn.errors import UserError

HARMLESS_BYTES = 2_000_000_000  # that any file may become
MOST_TIMES = 200  # its own size that a file may become beyond; masks of a few values become some 100 times as much


def check_inflation(path: Path, inflated: int, stored: int | None = None) -> None:
    """Refuse a file by what it would become, before it is read.

    Args:
        path: of the file.
        inflated: bytes that it, or an array in it, would become.
        stored: bytes that these are on disk; the file's own size where None.

    Raises:
        UserError: these are more than `HARMLESS_BYTES`, and more than `MOST_TIMES` what is stored.
    """
    stored = path.stat().st_size if stored is None else stored
    if inflated > _most(stored):
        raise UserError(
            f"{path} would become {inflated / 1e9:.3g} GB from {stored / 1e6:.3g} MB, as decompression bombs do; do "
            "not trust it, or store its content less compressed"
        )


def check_dataset(path: Path, dataset: h5py.Dataset) -> None:
    """Refuse a dataset of HDF5 that has hardly anything on disk for what it would become, see `check_inflation`."""
    check_inflation(path, dataset.size * dataset.dtype.itemsize if dataset.shape else 0, dataset.id.get_storage_size())


def read_inflated(path: Path, file: gzip.GzipFile) -> bytes:
    """All that a compressed file becomes, unless that is too much, see `check_inflation`.

    Args:
        path: of the file.
        file: opened to be decompressed.
    """
    content = file.read(_most(path.stat().st_size) + 1)
    check_inflation(path, len(content))
    return content


def _most(stored: int) -> int:
    return max(HARMLESS_BYTES, MOST_TIMES * stored)

"""Rasters, read and written with errors that name the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError  # what rasterio.shutil raises, without a public name
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from hqnn.errors import UserError


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster for reading; that it has no geotransform is no warning here.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        with _georeference_optional():
            source = rasterio.open(path)
    except (RasterioError, OSError) as error:
        raise UserError(f"{path} cannot be opened as an image ({_reason(error)}); copy or download it again") from error
    with source:
        yield source


def read_window(source: Any, rows: range, columns: range) -> NDArray[Any]:
    """Read a rectangle of the first band.

    Args:
        source: an open raster.
        rows: of step 1, inside the raster.
        columns: likewise.

    Returns:
        Shape (rows, columns), the raster's type.

    Raises:
        UserError: the file is damaged or cut off.
    """
    try:
        return np.asarray(source.read(1, window=Window(columns.start, rows.start, len(columns), len(rows))))
    except (RasterioError, OSError) as error:
        raise UserError(f"{source.name} cannot be read ({_reason(error)}); copy or download it again") from error


def write_band(path: Path, values: NDArray[Any], options: Mapping[str, Any]) -> None:
    """Write a small raster of one band.

    It is encoded in memory: GDAL does not say when a disk is full as it closes a small file.

    Args:
        path: where; its folder is made.
        values: shape (rows, columns).
        options: of `rasterio.open`, the driver among them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = values.shape
    with MemoryFile() as memory:
        with (
            _georeference_optional(),
            memory.open(height=height, width=width, count=1, dtype=values.dtype, **options) as file,
        ):
            file.write(values, 1)
        path.write_bytes(memory.read())


@contextmanager
def explained_writes(path: Path) -> Iterator[None]:
    """Turn GDAL's errors while a raster is written into a `UserError`; warn of no missing georeference."""
    try:
        with _georeference_optional():
            yield
    except (RasterioError, CPLE_BaseError) as error:
        raise UserError(
            f"{path} could not be written ({_reason(error)}); free some disk space and run again"
        ) from error


@contextmanager
def _georeference_optional() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _reason(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]

"""Rasters of one band, opened and read with errors that name the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from hqnn.errors import UserError


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster for reading; files without a geotransform are no warning here.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
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


def _reason(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]

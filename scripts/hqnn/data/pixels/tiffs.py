"""Rasters, read and written with errors that name the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError  # what rasterio.shutil and properties raise, without a public name
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from hqnn.errors import UserError, plain
from hqnn.regular_files import check_regular

# GDAL decodes JPEG 2000 in threads of its own, where it swallows errors: a file cut off reads as whatever was in
# memory. In one thread it raises them.
GDAL_OPTIONS = {"GDAL_NUM_THREADS": 1}

SIDECARS = (".aux.xml", ".msk")


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster for reading; that it has no geotransform is no warning here.

    Raises:
        UserError: it cannot be opened, or its header is damaged.
    """
    _check_file(path)
    try:
        with _georeference_optional():
            source = rasterio.open(path)
    except (RasterioError, OSError) as error:
        raise UserError(f"{path} cannot be opened as an image ({_reason(error)}); copy or download it again") from error
    with source:
        try:
            yield source
        except CPLE_BaseError as error:  # what a property of a damaged header raises
            raise _unreadable(source, error) from error


def with_sidecars(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Rasters, each after the files beside it from which GDAL reads its mask, its nodata value or its place."""
    beside = ((path.with_name(path.name + suffix) for suffix in SIDECARS) for path in paths)
    return tuple(
        file for path, others in zip(paths, beside, strict=True) for file in (*filter(Path.is_file, others), path)
    )


def read_window(source: Any, rows: range, columns: range, index: int = 1) -> NDArray[Any]:
    """Read a rectangle of one band.

    Args:
        source: an open raster.
        rows: of step 1, inside the raster.
        columns: likewise.
        index: of the band, counted from 1.

    Returns:
        Shape (rows, columns), the raster's type.

    Raises:
        UserError: the file is damaged or cut off.
    """
    with _explained_reads(source):
        return np.asarray(source.read(index, window=_window(rows, columns)))


def read_mask(source: Any, rows: range, columns: range, index: int = 1) -> NDArray[np.uint8]:
    """Read a rectangle of what says which pixels of a band are valid, 0 where not; arguments as of `read_window`."""
    with _explained_reads(source):
        return np.asarray(source.read_masks(index, window=_window(rows, columns)))


def write_band(path: Path, values: NDArray[Any], options: Mapping[str, Any]) -> None:
    """Write a small raster of one band, shape (rows, columns); for the rest see `write_bands`."""
    write_bands(path, values[None], options)


def write_bands(path: Path, values: NDArray[Any], options: Mapping[str, Any], names: Sequence[str] = ()) -> None:
    """Write a small raster.

    It is encoded in memory: GDAL does not say when a disk is full as it closes a small file.

    Args:
        path: where; its folder is made.
        values: shape (bands, rows, columns).
        options: of `rasterio.open`, the driver among them.
        names: of the bands, as the raster describes them; none where empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    with MemoryFile() as memory:
        with (
            _georeference_optional(),
            memory.open(height=height, width=width, count=count, dtype=values.dtype, **options) as file,
        ):
            file.write(values)
            if names:
                file.descriptions = tuple(names)
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
def _explained_reads(source: Any) -> Iterator[None]:
    try:
        yield
    except (RasterioError, OSError) as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Any, error: Exception) -> UserError:
    return UserError(f"{source.name} cannot be read ({_reason(error)}); copy or download it again")


def _check_file(path: Path) -> None:
    """Say of what is no image at all what it is, since GDAL says "not recognized" of each."""
    cure = "copy or download it again"
    check_regular(path)
    if path.is_symlink() and not path.exists():
        raise UserError(f"{path} cannot be opened: it is a link to {path.readlink()}, which is missing; restore that")
    if path.is_dir() and path.suffix:
        raise UserError(f"{path} cannot be opened as an image: it is a folder; {cure}")
    if path.is_file() and path.stat().st_size == 0:
        raise UserError(f"{path} cannot be opened as an image: it is empty (0 bytes); {cure}")


def _window(rows: range, columns: range) -> Window:
    return Window(columns.start, rows.start, len(columns), len(rows))


@contextmanager
def _georeference_optional() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _reason(error: Exception) -> str:
    return plain(error.__cause__ or error)

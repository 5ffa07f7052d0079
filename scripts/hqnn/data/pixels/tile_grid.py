"""The rasters of one tile on one grid: they share their corners, and their pixels are whole multiples of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hqnn.data.pixels.raster_bands import Band, Floats
from hqnn.data.pixels.tiffs import open_raster, read_window
from hqnn.errors import UserError

SNAP = 1e-3  # pixels; corners closer than this are the same

Decode = Callable[[NDArray[Any]], Floats]


@dataclass(frozen=True)
class TileGrid:
    """A grid of square pixels in metres, north up.

    Attributes:
        shape: rows and columns.
        crs: in metres.
        transform: column and row to coordinates.
        pixel_m: side of a pixel.
    """

    shape: tuple[int, int]
    crs: Any
    transform: Affine
    pixel_m: int


def grid_of(file: Path, pixel_m: int) -> TileGrid:
    """The grid of a raster's area with pixels of another size.

    Raises:
        UserError: the raster cannot be opened, or has no georeference or no square pixels of whole metres.
    """
    with open_raster(file) as source:
        factor = pixel_m / _pixel_m(source)
        shape = (round(source.height / factor), round(source.width / factor))
        return TileGrid(shape, source.crs, source.transform * Affine.scale(factor), pixel_m)


def check_fit(source: Any, grid: TileGrid) -> None:
    """Check that a raster covers a grid, with pixels of which one holds a whole number of the other.

    Raises:
        UserError: it does not.
    """
    own = _pixel_m(source)
    sizes = [(size * own, wanted * grid.pixel_m) for size, wanted in zip(source.shape, grid.shape, strict=True)]
    moved = np.abs(np.subtract((source.transform.c, source.transform.f), (grid.transform.c, grid.transform.f))).max()
    whole = max(own, grid.pixel_m) % min(own, grid.pixel_m) == 0
    if source.crs != grid.crs or moved > SNAP * own or not whole or any(have != want for have, want in sizes):
        raise UserError(
            f"{source.name} ({source.height} x {source.width} pixels of {own} m) does not cover the tile's grid "
            f"({grid.shape[0]} x {grid.shape[1]} of {grid.pixel_m} m); download the product again"
        )


def fetch_values(band: Band, grid: TileGrid, rows: range, columns: range) -> None:
    """Let blocks that are shared be decoded before `read_values` waits for them; the arguments are its."""
    if band.blocks is not None:
        band.fetch(*_rectangle(band.source, grid, *_clipped(grid, rows, columns)))


def read_values(band: Band, grid: TileGrid, rows: range, columns: range, decode: Decode) -> Floats:
    """Read one band at pixels of a grid.

    Of a raster with the grid's pixels they are read as they are; of finer pixels the mean is taken of those that a
    pixel of the grid holds; between coarser ones it is interpolated bilinearly, those beyond an edge repeated. A value
    depends on its own pixel only, not on the window.

    Args:
        band: of an open raster that fits the grid; what its metadata say of the stored numbers is left to `decode`.
        grid: where.
        rows: not empty, any step; beyond the grid the nearest pixel of it is read.
        columns: likewise.
        decode: what is stored to values, NaN where not valid.

    Returns:
        Shape (rows, columns); NaN where a pixel that a value was made of is not valid.

    Raises:
        UserError: the file is damaged or cut off.
    """
    source, own = band.source, _pixel_m(band.source)
    i, j = _clipped(grid, rows, columns)
    span_rows, span_columns = _rectangle(source, grid, i, j)
    stored, valid = band.stored(span_rows, span_columns)
    values = np.where(valid, decode(stored), np.nan)
    if own <= grid.pixel_m:
        return _means(values, grid.pixel_m // own, i - i.min(), j - j.min())
    row, column = _positions(source, grid, i, j)
    return _between(_between(values, row - span_rows.start, 0), column - span_columns.start, 1)


def read_nearest(source: Any, grid: TileGrid, rows: range, columns: range, bands: Sequence[int]) -> NDArray[Any]:
    """Read bands at the pixels that hold the centres of a grid's pixels, shape (bands, rows, columns).

    Args:
        source: an open raster that fits the grid.
        grid: where.
        rows: not empty, any step; beyond the grid the nearest pixel of it is read.
        columns: likewise.
        bands: counted from 1.

    Raises:
        UserError: the file is damaged or cut off.
    """
    own = _pixel_m(source)
    i, j = (
        (2 * np.clip(r, 0, n - 1) + 1) * grid.pixel_m // (2 * own)
        for r, n in zip((rows, columns), grid.shape, strict=True)
    )
    span_rows, span_columns = _span(i, i), _span(j, j)
    values = np.stack([read_window(source, span_rows, span_columns, band) for band in bands])
    return values[:, (i - span_rows.start)[:, None], j - span_columns.start]


def _pixel_m(source: Any) -> int:
    side: int = round(source.transform.a)
    if (
        source.crs is None
        or side < 1
        or not source.transform.almost_equals(Affine(side, 0, source.transform.c, 0, -side, source.transform.f), SNAP)
    ):
        raise UserError(
            f"{source.name} has no georeference in metres with square pixels, north up; download the product again"
        )
    return side


def _clipped(grid: TileGrid, rows: range, columns: range) -> tuple[NDArray[Any], NDArray[Any]]:
    """The nearest rows and columns of a grid."""
    row, column = (np.clip(r, 0, n - 1) for r, n in zip((rows, columns), grid.shape, strict=True))
    return row, column


def _rectangle(source: Any, grid: TileGrid, i: NDArray[Any], j: NDArray[Any]) -> tuple[range, range]:
    """Rows and columns of a raster that rows `i` and columns `j` of a grid are made of."""
    factor = grid.pixel_m // _pixel_m(source)
    if factor:
        rows, columns = (range(factor * int(k.min()), factor * (int(k.max()) + 1)) for k in (i, j))
    else:
        rows, columns = (_span(np.floor(k), np.ceil(k)) for k in _positions(source, grid, i, j))
    return rows, columns


def _positions(source: Any, grid: TileGrid, i: NDArray[Any], j: NDArray[Any]) -> tuple[Floats, Floats]:
    """Rows and columns of a coarser raster on which the centres of a grid's pixels lie, 0 at its first pixel's."""
    factor = _pixel_m(source) // grid.pixel_m
    row, column = (np.clip((k + 0.5) / factor - 0.5, 0, n - 1) for k, n in zip((i, j), source.shape, strict=True))
    return row, column


def _means(values: Floats, factor: int, i: NDArray[Any], j: NDArray[Any]) -> Floats:
    """Means of `factor` x `factor` values each, at rows `i` and columns `j` of them."""
    if factor > 1:
        height, width = values.shape
        values = values.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3))
    return np.asarray(values[i[:, None], j])


def _span(low: NDArray[Any], high: NDArray[Any]) -> range:
    return range(int(low.min()), int(high.max()) + 1)


def _between(values: Floats, position: Floats, axis: int) -> Floats:
    """Interpolate along one axis; where a position is a pixel's centre its neighbour does not matter."""
    lower, upper = (bound(position).astype(np.intp) for bound in (np.floor, np.ceil))
    below, above = values.take(lower, axis), values.take(upper, axis)
    return np.asarray(below + np.expand_dims(position - lower, 1 - axis) * (above - below))

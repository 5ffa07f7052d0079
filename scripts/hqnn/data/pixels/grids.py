"""Bands of any rasters on one grid, window by window, through the files' own geotransforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import transform as reproject_points

from hqnn.data.pixels.raster_bands import Band, Floats

GDAL_CACHE_BYTES = 192 * 2**20  # a row of blocks of a whole tile of Sentinel-2, 13 bands at two dates
GDAL_CACHE_BYTES_BESIDE = 32 * 2**20  # for cloud masks and labels, where `DecodedBlocks` keeps the bands
SNAP = 1e-6  # source pixels; closer than this to a pixel's centre is the centre
FAR = 1e9  # source pixels; a place that a projection cannot reach


@dataclass(frozen=True)
class Grid:
    """Where pixels lie.

    Attributes:
        shape: rows and columns.
        crs: None where there is none.
        transform: column and row to coordinates.
    """

    shape: tuple[int, int]
    crs: Any
    transform: Affine

    @classmethod
    def of(cls, source: Any) -> Grid:
        """The grid of an open raster."""
        return cls(source.shape, source.crs, source.transform)

    def coordinates(self, crs: Any, rows: range, columns: range) -> tuple[Floats, Floats]:
        """Centres of pixels in some CRS, x and y, shapes (1, columns) and (rows, 1) where that suffices."""
        i, j = np.array(rows)[:, None] + 0.5, np.array(columns)[None, :] + 0.5
        x, y = place(self.transform, j, i)
        if crs == self.crs:
            return x, y
        x, y = np.broadcast_arrays(x, y)
        xs, ys = reproject_points(self.crs, crs, x.ravel(), y.ravel())
        return np.reshape(xs, x.shape), np.reshape(ys, y.shape)


def read_dates(
    grid: Grid, dates: Sequence[Sequence[Band]], rows: range, columns: range
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read all bands of all dates at pixels of a grid.

    Bands on the grid are read as they are, others bilinearly between the centres of the four nearest pixels, those
    beyond an edge repeated. A value depends on its own pixel only, not on the window.

    Args:
        grid: where.
        dates: the bands of each date, equally many.
        rows: of the grid, any step; may reach beyond it.
        columns: likewise.

    Returns:
        Values, shape (dates, bands, rows, columns), NaN where not valid; and where all bands of all dates are valid,
        shape (rows, columns). Not valid are pixels outside the grid or a band's image, and those with nodata or NaN
        among the pixels between which they lie.

    Raises:
        UserError: a file is damaged or cut off.
    """
    raw = np.empty((len(dates), len(dates[0]), len(rows), len(columns)), dtype=np.float32)
    inside = _within(np.array(rows), grid.shape[0])[:, None] & _within(np.array(columns), grid.shape[1])
    located = list(_located(grid, dates, rows, columns))
    for _, band, x, y in located:
        _fetch(band, x, y)
    for plane, band, x, y in located:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, so not valid
            raw[plane] = _sample(band, x, y)
    if not inside.all():
        raw[:, :, ~inside] = np.nan
    valid = np.isfinite(raw.reshape(-1, *inside.shape)[0])
    for plane in raw.reshape(-1, *inside.shape)[1:]:
        valid &= np.isfinite(plane)
    if not valid.all():
        raw[:, :, ~valid] = np.nan
    return raw, valid


def gdal_cache_bytes(dates: Sequence[Sequence[Band]]) -> int:
    """How much GDAL shall keep of the rasters of bands."""
    kept = all(band.blocks is not None for bands in dates for band in bands)
    return GDAL_CACHE_BYTES_BESIDE if kept else GDAL_CACHE_BYTES


def overlaps(grid: Grid, source: Any) -> bool:
    """Whether any of a grid's pixels, thinned to a hundred a side, lies inside a raster."""
    height, width = grid.shape
    rows, columns = range(0, height, -(-height // 100)), range(0, width, -(-width // 100))
    row, column = _pixels(source.transform, *grid.coordinates(source.crs, rows, columns))
    return bool((_within(row, source.height) & _within(column, source.width)).any())


def _located(
    grid: Grid, dates: Sequence[Sequence[Band]], rows: range, columns: range
) -> Iterator[tuple[tuple[int, int], Band, Floats, Floats]]:
    """Date and number of each band, the band, and coordinates of pixels of the grid in its CRS, see `coordinates`."""
    for date, bands in enumerate(dates):
        for crs, own in groupby(enumerate(bands), key=lambda numbered: numbered[1].source.crs):
            x, y = grid.coordinates(crs, rows, columns)
            for number, band in own:
                yield (date, number), band, x, y


def _pixels(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Row and column of coordinates, 0 at the centre of the first pixel."""
    column, row = (value - 0.5 for value in place(~transform, x, y))
    return _snapped(row), _snapped(column)


def place(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coordinates of places in pixels, or the other way by the inverse, shapes (1, columns) and (rows, 1) kept."""
    first = transform.a * x + transform.c
    second = transform.e * y + transform.f
    return (
        first if transform.b == 0 else first + transform.b * y,
        second if transform.d == 0 else second + transform.d * x,
    )


def _snapped(index: Floats) -> Floats:
    index = np.clip(np.nan_to_num(index, nan=FAR), -FAR, FAR)
    nearest = np.rint(index)
    return np.where(np.abs(index - nearest) < SNAP, nearest, index)


def _within(index: NDArray[Any], size: int) -> NDArray[np.bool_]:
    return np.asarray((index >= -0.5) & (index <= size - 0.5))


def _fetch(band: Band, x: Floats, y: Floats) -> None:
    """Let blocks that are shared be decoded before they are waited for."""
    if band.blocks is not None:
        row, column = _pixels(band.source.transform, x, y)
        if (_within(row, band.source.height) & _within(column, band.source.width)).any():
            band.fetch(_span(row, band.source.height), _span(column, band.source.width))


def _sample(band: Band, x: Floats, y: Floats) -> Floats:
    """Interpolate one band at coordinates; NaN outside it and beside invalid pixels."""
    source = band.source
    row, column = _pixels(source.transform, x, y)
    inside = _within(row, source.height) & _within(column, source.width)
    if not inside.any():
        return np.full(inside.shape, np.nan)
    rows, columns = _span(row, source.height), _span(column, source.width)
    values = band.read(rows, columns)
    row, column = row - rows.start, column - columns.start
    if row.shape[1] == 1 and column.shape[0] == 1:
        sampled = _between(_between(values, row[:, 0], 0), column[0], 1)
    else:
        sampled = _between_four(values, row, column)
    return sampled if inside.all() else np.where(inside, sampled, np.nan)


def _span(index: Floats, size: int) -> range:
    """The source pixels that indices lie between."""
    low, high = np.clip((np.floor(index.min()), np.ceil(index.max())), 0, size - 1)
    return range(int(low), int(high) + 1)


def _between(values: Floats, index: Floats, axis: int) -> Floats:
    """Interpolate along one axis."""
    lower, upper, weight = _split(index)
    if not weight.any() and np.array_equal(lower, np.arange(values.shape[axis])):
        return values
    below = values.take(lower, axis, mode="clip")
    if not weight.any():
        return below
    found = values.take(upper, axis, mode="clip")
    found -= below
    found *= np.expand_dims(weight, 1 - axis)
    found += below
    return found


def _between_four(values: Floats, row: Floats, column: Floats) -> Floats:
    """Interpolate at any positions, rows and columns of one shape."""
    (*tops, down), (*lefts, right) = _split(row), _split(column)
    tops, lefts = ([i.clip(0, n - 1) for i in ends] for ends, n in zip((tops, lefts), values.shape, strict=True))
    upper = values[tops[0], lefts[0]] * (1 - right) + values[tops[0], lefts[1]] * right
    lower = values[tops[1], lefts[0]] * (1 - right) + values[tops[1], lefts[1]] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _split(index: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The pixels beside an index, the same one twice where it is a pixel's centre, and how far it is from the first."""
    lower = np.floor(index)
    return lower.astype(np.int64), np.ceil(index).astype(np.int64), index - lower

"""All bands of both dates on one grid, window by window, through the files' own geotransforms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import transform as reproject_points

from hqnn.data.pixels.oscd import BANDS, City
from hqnn.data.pixels.tiffs import open_raster, read_window
from hqnn.errors import UserError

REFERENCE_BAND = "B02"
NOMINAL_M = {band: 60 if band in ("B01", "B09", "B10") else 10 for band in BANDS} | dict.fromkeys(
    ("B05", "B06", "B07", "B8A", "B11", "B12"), 20
)
WINDOW_ROWS, WINDOW_COLUMNS = 256, 1024  # both multiples of the usual tile; 2 x 13 bands in float32 are 27 MB
GDAL_CACHE_MB = 128  # a row of windows of 26 open files, also where these are stored in strips
SNAP = 1e-6  # source pixels; closer than this to a pixel's centre is the centre

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Both dates of a city, open.

    Attributes:
        name: of the city.
        shape: rows and columns of the grid, which is that of date 1's B02.
        crs: of the grid, None for `rect` files.
        transform: column and row to coordinates.
        sources: for either date, the open rasters in the order of `BANDS`.
    """

    name: str
    shape: tuple[int, int]
    crs: Any
    transform: Affine
    sources: tuple[tuple[Any, ...], tuple[Any, ...]]

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read all bands of both dates at pixels of the grid.

        Bands on the grid are read as they are, others bilinearly between the centres of the four nearest pixels, those
        beyond an edge repeated. A value depends on its own pixel only, not on the window.

        Args:
            rows: of the grid, any step; may reach beyond it.
            columns: likewise.

        Returns:
            Values as stored (reflectance x 10000), shape (2, bands, rows, columns), NaN where not valid; and where all
            bands of both dates are valid, shape (rows, columns). Not valid are pixels outside the grid or a band's
            image, and those with nodata or NaN among the pixels between which they lie.

        Raises:
            UserError: a file is damaged or cut off.
        """
        raw = np.empty((2, len(BANDS), len(rows), len(columns)), dtype=np.float32)
        inside = _within(np.array(rows), self.shape[0])[:, None] & _within(np.array(columns), self.shape[1])
        for date, sources in enumerate(self.sources):
            x, y = _coordinates(self, sources[0].crs, rows, columns)
            for band, source in enumerate(sources):
                raw[date, band] = _sample(source, x, y)
        raw[:, :, ~inside] = np.nan
        valid = np.asarray(np.isfinite(raw).all(axis=(0, 1)))
        raw[:, :, ~valid] = np.nan
        return raw, valid


@contextmanager
def open_pair(city: City) -> Iterator[Pair]:
    """Open all bands of a city and check that they fit together.

    Raises:
        UserError: a file cannot be opened, has no georeference, its size does not fit the other bands of its date, or
            the dates do not overlap.
    """
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MB))
        first, second = (_open(stack, date) for date in city.dates)
        reference = first[BANDS.index(REFERENCE_BAND)]
        for sources in (first, second):
            _check(city, sources, reference)
        pair = Pair(city.name, reference.shape, reference.crs, reference.transform, (first, second))
        _check_overlap(pair)
        yield pair


def windows(shape: tuple[int, int]) -> Iterator[tuple[range, range]]:
    """Rows and columns of windows that cover a grid, each small enough to be held with all its bands."""
    for row in range(0, shape[0], WINDOW_ROWS):
        for column in range(0, shape[1], WINDOW_COLUMNS):
            rows = range(row, min(row + WINDOW_ROWS, shape[0]))
            yield rows, range(column, min(column + WINDOW_COLUMNS, shape[1]))


def _open(stack: ExitStack, files: Mapping[str, Path]) -> tuple[Any, ...]:
    return tuple(stack.enter_context(open_raster(files[band])) for band in BANDS)


def _check(city: City, sources: tuple[Any, ...], reference: Any) -> None:
    own = sources[BANDS.index(REFERENCE_BAND)]
    for band, source in zip(BANDS, sources, strict=True):
        if city.grid == "rect":
            _check_equal(source, reference)
        else:
            _check_size(band, source, own)


def _check_equal(source: Any, reference: Any) -> None:
    if source.shape != reference.shape:
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels but {reference.name} has {reference.height} x "
            f"{reference.width}; resampled files of a city have one size, so restore the file"
        )


def _check_size(band: str, source: Any, own: Any) -> None:
    """A band has as many pixels as its resolution asks for, or as the 10 m bands, and its date's bounds."""
    if source.transform.is_identity or source.crs is None:
        raise UserError(f"{source.name} has no georeference; restore it or choose the grid 'rect' for resampled files")
    factor = NOMINAL_M[band] // NOMINAL_M[REFERENCE_BAND]
    sized = all(abs(have * factor - want) <= factor for have, want in zip(source.shape, own.shape, strict=True))
    if not (sized or source.shape == own.shape):
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels, which does not fit the {own.height} x "
            f"{own.width} of {own.name} at {NOMINAL_M[band]} m; restore the file"
        )
    pixel = max(abs(source.transform.a), abs(source.transform.e), abs(source.transform.b), abs(source.transform.d))
    if source.crs != own.crs or np.abs(np.subtract(source.bounds, own.bounds)).max() > pixel * (1 + SNAP):
        raise UserError(
            f"{source.name} lies at {tuple(source.bounds)}, {own.name} at {tuple(own.bounds)}; the bands of one date "
            "cover one area, so restore the file"
        )


def _check_overlap(pair: Pair) -> None:
    """Whether any of the grid's pixels, thinned to a hundred a side, lies inside date 2."""
    height, width = pair.shape
    other = pair.sources[1][BANDS.index(REFERENCE_BAND)]
    rows, columns = range(0, height, -(-height // 100)), range(0, width, -(-width // 100))
    x, y = _coordinates(pair, other.crs, rows, columns)
    row, column = _pixels(other.transform, x, y)
    if not (_within(row, other.height) & _within(column, other.width)).any():
        raise UserError(f"the two dates of city {pair.name} do not overlap ({other.name}); restore the files of a date")


def _coordinates(pair: Pair, crs: Any, rows: range, columns: range) -> tuple[Floats, Floats]:
    """Centres of grid pixels in some CRS, x and y, shapes (1, columns) and (rows, 1) where that suffices."""
    i, j = np.array(rows)[:, None] + 0.5, np.array(columns)[None, :] + 0.5
    x, y = _apply(pair.transform, j, i)
    if crs == pair.crs:
        return x, y
    x, y = np.broadcast_arrays(x, y)
    xs, ys = reproject_points(pair.crs, crs, x.ravel(), y.ravel())
    return np.reshape(xs, x.shape), np.reshape(ys, y.shape)


def _pixels(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Row and column of coordinates, 0 at the centre of the first pixel."""
    column, row = (value - 0.5 for value in _apply(~transform, x, y))
    return _snapped(row), _snapped(column)


def _apply(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    first = transform.a * x + transform.c
    second = transform.e * y + transform.f
    return (
        first if transform.b == 0 else first + transform.b * y,
        second if transform.d == 0 else second + transform.d * x,
    )


def _snapped(index: Floats) -> Floats:
    nearest = np.rint(index)
    return np.where(np.abs(index - nearest) < SNAP, nearest, index)


def _within(index: NDArray[Any], size: int) -> NDArray[np.bool_]:
    return np.asarray((index >= -0.5) & (index <= size - 0.5))


def _sample(source: Any, x: Floats, y: Floats) -> Floats:
    """Interpolate one band at coordinates; NaN outside it and beside invalid pixels."""
    row, column = _pixels(source.transform, x, y)
    inside = _within(row, source.height) & _within(column, source.width)
    if not inside.any():
        return np.full(inside.shape, np.nan)
    rows, columns = _span(row, source.height), _span(column, source.width)
    values = read_window(source, rows, columns).astype(np.float64)
    if source.nodata is not None:
        values[values == source.nodata] = np.nan
    row, column = row - rows.start, column - columns.start
    if row.shape[1] == 1 and column.shape[0] == 1:
        sampled = _between(_between(values, row[:, 0], 0), column[0], 1)
    else:
        sampled = _between_four(values, row, column)
    return np.where(inside, sampled, np.nan)


def _span(index: Floats, size: int) -> range:
    """The source pixels that indices lie between."""
    low, high = np.clip((np.floor(index.min()), np.floor(index.max()) + 1), 0, size - 1)
    return range(int(low), int(high) + 1)


def _between(values: Floats, index: Floats, axis: int) -> Floats:
    """Interpolate along one axis."""
    lower, weight = _split(index)
    below = values.take(lower.clip(0, values.shape[axis] - 1), axis)
    if not weight.any():
        return below
    above = values.take((lower + 1).clip(0, values.shape[axis] - 1), axis)
    weight = np.expand_dims(weight, 1 - axis)
    return below + weight * (above - below)


def _between_four(values: Floats, row: Floats, column: Floats) -> Floats:
    """Interpolate at any positions, rows and columns of one shape."""
    (top, down), (left, right) = _split(row), _split(column)
    tops, lefts = ([(i + k).clip(0, n - 1) for k in (0, 1)] for i, n in zip((top, left), values.shape, strict=True))
    upper = values[tops[0], lefts[0]] * (1 - right) + values[tops[0], lefts[1]] * right
    lower = values[tops[1], lefts[0]] * (1 - right) + values[tops[1], lefts[1]] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _split(index: Floats) -> tuple[NDArray[np.int64], Floats]:
    lower = np.floor(index)
    return lower.astype(np.int64), index - lower

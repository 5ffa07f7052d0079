"""Change maps as rasters, and pictures of what they were made from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.windows import Window

from hqnn.data.features import FeatureTransform
from hqnn.data.pixels.grids import Pair, open_pair, windows
from hqnn.data.pixels.labels import open_labels
from hqnn.data.pixels.oscd import BANDS, City
from hqnn.data.pixels.sampling import Pixels, Sampling
from hqnn.data.pixels.tiffs import explained_writes
from hqnn.store import whole_file

FALSE_COLOUR = ("B08", "B04", "B03")
STRETCH_PERCENTILES = (2, 98)
MAP_BANDS = ("probability", "class")
PLAIN_OPTIONS = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "DEFLATE"}
COG_OPTIONS = {"blocksize": 256, "compress": "DEFLATE", "overview_resampling": "NEAREST"}

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]


def map_city(
    city: City,
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predict,
    output: str | os.PathLike[str],
    *,
    threshold: float = 0.5,
) -> None:
    """Predict every pixel of a city, window by window, and write a cloud-optimised GeoTIFF.

    Two bands, both float32 because a GeoTIFF has one type: `probability` of change, and `class`, 1 where that is
    above the threshold, else 0. NaN is nodata, on pixels that have no features. CRS and transform are those of date 1's
    10 m bands.

    Args:
        city: its files; the change map is not needed.
        sampling: of stride 1, as `read_transform` gives it.
        transform: of its raw features.
        predict: features, shape (pixels, features), to the probability of change, shape (pixels,).
        output: the GeoTIFF.
        threshold: above which probability a pixel counts as changed.
    """
    target = Path(output)
    with whole_file(target) as partial, tempfile.TemporaryDirectory(dir=partial.parent) as scratch:
        plain = Path(scratch) / "map.tif"
        with open_pair(city) as pair, explained_writes(target), _new_map(plain, pair) as file:
            for pixels in sampling.read(pair):
                rows, columns = pixels.window
                values = _probability_and_class(pixels, transform, predict, threshold)
                file.write(values, window=Window(columns.start, rows.start, len(columns), len(rows)))
        with explained_writes(target):
            rasterio.shutil.copy(plain, partial, driver="COG", **COG_OPTIONS)
            _read_back(partial)


def false_colour(city: City, date: int, *, step: int = 1) -> NDArray[np.uint8]:
    """Near infrared, red and green as red, green and blue, stretched between the 2nd and 98th percentile of each.

    Args:
        city: its files.
        date: 0 or 1.
        step: every how many-th row and column of date 1's 10 m grid.

    Returns:
        Shape (rows, columns, 3); 0 where nothing is known.
    """
    chosen = [BANDS.index(band) for band in FALSE_COLOUR]
    with open_pair(city) as pair:
        image = np.empty((*_thinned_shape(pair.shape, step), 3), dtype=np.float32)
        for rows, columns in _thinned(pair.shape, step):
            raw, _ = pair.read(rows, columns)
            image[_block(rows, columns, step)] = np.moveaxis(raw[date, chosen], 0, 2)
    low, high = np.nanpercentile(image, STRETCH_PERCENTILES, axis=(0, 1))
    stretched = np.clip((image - low) / np.where(high > low, high - low, 1), 0, 1) * 255
    return np.asarray(np.nan_to_num(stretched).round(), dtype=np.uint8)


def truth(city: City, *, step: int = 1) -> NDArray[np.bool_]:
    """Where the ground changed, on every `step`-th row and column of date 1's 10 m grid."""
    with open_pair(city) as pair:
        shape = pair.shape
    image = np.empty(_thinned_shape(shape, step), dtype=bool)
    with open_labels(city, shape) as read:
        for rows, columns in _thinned(shape, step):
            whole = read(range(rows.start, rows[-1] + 1), range(columns.start, columns[-1] + 1))
            image[_block(rows, columns, step)] = whole[::step, ::step]
    return image


def _new_map(path: Path, pair: Pair) -> Any:
    height, width = pair.shape
    file = rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=len(MAP_BANDS),
        dtype="float32",
        nodata=np.nan,
        crs=pair.crs,
        transform=pair.transform,
        **PLAIN_OPTIONS,
    )
    file.descriptions = MAP_BANDS
    return file


def _probability_and_class(
    pixels: Pixels, transform: FeatureTransform, predict: Predict, threshold: float
) -> NDArray[np.float32]:
    rows, columns = pixels.window
    values = np.full((len(MAP_BANDS), len(rows), len(columns)), np.nan, dtype=np.float32)
    if len(pixels.rows):
        probability = np.asarray(predict(transform.transform(pixels.raw)))
        here = (pixels.rows - rows.start, pixels.columns - columns.start)
        values[0][here], values[1][here] = probability, probability > threshold
    return values


def _read_back(path: Path) -> None:
    """Read a raster to its end: GDAL may be silent about a disk that fills up as it closes a file."""
    with rasterio.open(path) as file:
        for rows, columns in windows(file.shape):
            file.read(window=Window(columns.start, rows.start, len(columns), len(rows)))


def _thinned(shape: tuple[int, int], step: int) -> Iterator[tuple[range, range]]:
    """Windows of a grid, of their rows and columns every `step`-th, counted from the grid's first."""
    for rows, columns in windows(shape):
        thin_rows, thin_columns = (range(r.start + -r.start % step, r.stop, step) for r in (rows, columns))
        if thin_rows and thin_columns:
            yield thin_rows, thin_columns


def _thinned_shape(shape: tuple[int, int], step: int) -> tuple[int, int]:
    return -(-shape[0] // step), -(-shape[1] // step)


def _block(rows: range, columns: range, step: int) -> tuple[slice, slice]:
    """Where thinned rows and columns lie in the thinned image."""
    first_row, first_column = rows.start // step, columns.start // step
    return slice(first_row, first_row + len(rows)), slice(first_column, first_column + len(columns))

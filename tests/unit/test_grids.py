"""Bands between pixels of other grids: a value depends on those pixels alone between which it lies."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin
from scipy.ndimage import map_coordinates

from hqnn.data.pixels.grids import Grid, read_dates
from hqnn.data.pixels.raster_bands import open_band

METRES = 10
SHAPE = (24, 36)  # of the grid
NODATA = 0


def write(path: Path, values: NDArray[np.uint16], metres: int) -> Path:
    place = {"crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, metres, metres)}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=len(values),
        width=values.shape[1],
        count=1,
        dtype="uint16",
        nodata=NODATA,
        **place,
    ) as file:
        file.write(values, 1)
    return path


def read(paths: list[Path], rows: range, columns: range) -> NDArray[np.float32]:
    grid = Grid(SHAPE, rasterio.CRS.from_epsg(32632), from_origin(500_000, 5_000_000, METRES, METRES))
    with ExitStack() as stack:
        bands = [open_band(stack.enter_context(rasterio.open(path)), 1) for path in paths]
        return read_dates(grid, [bands], rows, columns)[0][0]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metres=st.sampled_from([5, 10, 15, 20, 30, 40, 60]),
    seed=st.integers(0, 99),
    top=st.integers(0, SHAPE[0] - 1),
    left=st.integers(0, SHAPE[1] - 1),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_a_value_is_interpolated_between_its_own_pixels_whatever_the_window(
    tmp_path: Path, metres: int, seed: int, top: int, left: int, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(side * METRES // metres for side in SHAPE)
    values = rng.integers(1, 100, size=shape).astype(np.uint16)
    values[rng.random(shape) < 0.1] = NODATA
    path = write(tmp_path / "a.tif", values, metres)
    rows, columns = range(top, min(top + size[0], SHAPE[0])), range(left, min(left + size[1], SHAPE[1]))
    whole = read([path], range(SHAPE[0]), range(SHAPE[1]))[0]
    assert np.array_equal(read([path], rows, columns)[0], whole[np.ix_(rows, columns)], equal_nan=True)
    at = [(np.arange(side) + 0.5) * METRES / metres - 0.5 for side in SHAPE]
    place = np.stack(np.meshgrid(*at, indexing="ij"))
    expected = map_coordinates(values.astype(float), place, order=1, mode="nearest")
    bad = map_coordinates((values == NODATA).astype(float), place, order=1, mode="nearest") > 0
    assert np.array_equal(np.isnan(whole), bad)
    assert whole[~bad] == pytest.approx(expected[~bad], rel=1e-6)

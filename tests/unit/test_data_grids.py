"""Bands of both dates on one grid: against GDAL's warper, and whatever the window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.warp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import Affine, from_bounds

from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.oscd import NOMINAL_M, OscdCollection
from hqnn.data.pixels.oscd_files import City, open_city
from hqnn.data.pixels.raster_scene import RasterScene
from hqnn.data.pixels.scene import BLOCK_ROWS, by_block, windows
from hqnn.data.pixels.tiffs import write_band
from hqnn.data.synthetic.pairs import write_sample

B02, B09 = BANDS.index("B02"), BANDS.index("B09")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grids") / "sample"
    write_sample(folder, seed=1, train=1, test=1, side=71)
    return folder


def opened(folder: Path, name: str) -> AbstractContextManager[RasterScene]:
    return OscdCollection(folder, (), "native").open(name)


def whole(pair: RasterScene) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return pair.read(range(pair.shape[0]), range(pair.shape[1]))


def warped(source: Any, pair: RasterScene) -> NDArray[np.float64]:
    on_grid = source.shape == pair.shape and source.transform.almost_equals(pair.transform)
    values = source.read(1).astype(np.float64)
    if on_grid:
        return values
    target = np.full(pair.shape, np.nan)
    rasterio.warp.reproject(
        values,
        target,
        src_transform=source.transform,
        src_crs=source.crs,
        dst_transform=pair.transform,
        dst_crs=pair.crs,
        dst_nodata=np.nan,
        resampling=rasterio.warp.Resampling.bilinear,
        XSCALE=1,  # between the four nearest pixels, whatever GDAL makes of the ratio of pixel sizes in its window
        YSCALE=1,
    )
    return target


@pytest.mark.parametrize("city", ["alder", "birch"])  # alder's second date has two rows and columns less
def test_every_band_equals_what_gdal_warps(sample: Path, city: str) -> None:
    with opened(sample, city) as pair:
        raw, valid = whole(pair)
        assert valid.all()
        assert len({band.source.shape for date in pair.sources for band in date}) >= 3
        for date in (0, 1):
            for number, band in enumerate(pair.sources[date]):
                np.testing.assert_allclose(
                    raw[date, number], warped(band.source, pair), rtol=2e-7
                )  # float32 in between


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_a_pixel_is_the_same_in_every_window(sample: Path, data: st.DataObject) -> None:
    with opened(sample, "alder") as pair:
        expected, _ = whole(pair)
        bounds = [sorted(data.draw(st.tuples(st.integers(-3, n + 3), st.integers(-3, n + 3)))) for n in pair.shape]
        step = data.draw(st.integers(1, 7))
        rows, columns = (range(low, high + 1, step) for low, high in bounds)
        raw, valid = pair.read(rows, columns)
        padded = np.pad(expected, ((0, 0), (0, 0), (4, 4), (4, 4)), constant_values=np.nan)
        np.testing.assert_array_equal(raw, padded[:, :, np.array(rows)[:, None] + 4, np.array(columns) + 4])
        np.testing.assert_array_equal(valid, np.isfinite(raw).all(axis=(0, 1)))


@pytest.mark.parametrize("planes", [1, 200])
def test_windows_cover_a_grid_once_and_are_narrower_where_there_are_more_bands(planes: int) -> None:
    seen = np.zeros((700, 2100), dtype=int)
    for rows, columns in windows(seen.shape, planes):
        assert len(rows) * len(columns) * planes <= 256 * 1024 * 26
        seen[rows.start : rows.stop, columns.start : columns.stop] += 1
    assert (seen == 1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 3000), st.integers(1, 200))
def test_windows_of_one_block_follow_each_other_and_no_block_comes_twice(rows: int, columns: int, planes: int) -> None:
    blocks = [
        {(window[0].start // BLOCK_ROWS, window[1].start) for window in block}
        for block in by_block(windows((rows, columns), planes))
    ]
    assert all(len(block) == 1 for block in blocks)
    assert len(set().union(*blocks)) == len(blocks)


def copy_of(sample: Path, place: Path) -> Path:
    shutil.copytree(sample / "images" / "birch", place / "images" / "birch")
    return place


def rewrite(path: Path, change: Callable[..., Any]) -> None:
    with rasterio.open(path) as file:
        values, options = change(file.read(1), {"driver": "GTiff", "crs": file.crs, "transform": file.transform})
    write_band(path, values, options)


def centre(city: City) -> tuple[float, float]:
    with rasterio.open(city.dates[0]["B02"]) as file:
        return file.transform @ (file.width / 2, file.height / 2)


def test_another_projection_of_date_2_is_undone(sample: Path, tmp_path: Path) -> None:
    """Date 2 on a turned UTM grid: no rows or columns in common, every pixel has its own place."""
    city = open_city(copy_of(sample, tmp_path), "birch")
    east, north = rasterio.warp.transform("EPSG:4326", "EPSG:32632", *([value] for value in centre(city)))
    turned = Affine.translation(east[0], north[0]) @ Affine.rotation(7) @ Affine.translation(-900, 900)
    for band, path in city.dates[1].items():
        size = NOMINAL_M[band]
        pixels = 1800 // size
        bent = np.add.outer(np.arange(pixels) ** 1.5, 7.0 * np.arange(pixels)).astype(np.float32)
        options = {"driver": "GTiff", "crs": "EPSG:32632", "transform": turned @ Affine.scale(size, -size)}
        write_band(path, bent, options)
    with opened(tmp_path, "birch") as pair:
        raw, valid = whole(pair)
        assert valid.all()
        for band in (B02, B09):
            # GDAL interpolates coordinates to within 1e-3 pixels, and a pixel is worth up to 21
            np.testing.assert_allclose(raw[1, band], warped(pair.sources[1][band].source, pair), atol=0.02)


def test_what_date_2_does_not_cover_is_masked(sample: Path, tmp_path: Path) -> None:
    city = open_city(copy_of(sample, tmp_path), "birch")
    with rasterio.open(city.dates[0]["B02"]) as file:
        west, south, east, north = file.bounds
        width = file.width
    middle = (west + east) / 2
    moved = (middle, south, middle + east - west, north)

    def move(values: NDArray[Any], options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
        return values, options | {"transform": from_bounds(*moved, *values.shape[::-1])}

    for path in city.dates[1].values():
        rewrite(path, move)
    with opened(tmp_path, "birch") as pair:
        raw, valid = whole(pair)
        covered = np.arange(width) + 0.5 >= width / 2
        np.testing.assert_array_equal(valid, np.broadcast_to(covered, pair.shape))
        assert np.isnan(raw[:, :, ~valid]).all()


@pytest.mark.parametrize("bad", [np.nan, -9.0])
def test_nodata_masks_every_pixel_that_is_interpolated_from_it(sample: Path, tmp_path: Path, bad: float) -> None:
    city = open_city(copy_of(sample, tmp_path), "birch")

    def spoil(values: NDArray[Any], options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
        values = values.astype(np.float32)
        values[3, 4] = bad
        return values, options | {"nodata": None if np.isnan(bad) else bad}

    rewrite(city.dates[1]["B11"], spoil)
    with opened(tmp_path, "birch") as pair:
        _, valid = whole(pair)
        row, column = np.nonzero(~valid)
        scale = pair.shape[0] / pair.sources[1][BANDS.index("B11")].source.height
        centres = (row + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5
        assert 8 <= len(row) <= 25
        assert np.abs(centres[0] - 3).max() < 1 + 1e-9
        assert np.abs(centres[1] - 4).max() < 1.1

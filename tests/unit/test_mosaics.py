"""Virtual mosaics show of every map what was mapped, in its place."""

from __future__ import annotations

import csv
import logging
import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin

from hqnn.data.pixels.mosaics import Piece, write_mosaics
from hqnn.execution.new_data.map_summary import gather_map_summaries, write_map_summary

STEP = 10.0
NAMES = ("probability", "class")

Placed = tuple[int, int, NDArray[np.float32]]


def write_map(path: Path, row: int, column: int, values: NDArray[np.float32], crs: str = "EPSG:32632") -> Path:
    """A map whose first pixel lies so many pixels south and east of a corner."""
    count, height, width = values.shape
    place = from_origin(500_000 + column * STEP, 5_000_000 - row * STEP, STEP, STEP)
    options = {"count": count, "height": height, "width": width, "dtype": "float32", "nodata": np.nan}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=place, **options) as file:
        file.write(values)
        file.descriptions = NAMES
        file.update_tags(classes='{"0": "same", "1": "change"}')
    return path


@st.composite
def maps(draw: st.DrawFn) -> list[Placed]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    found = []
    for _ in range(draw(st.integers(2, 5))):
        values = rng.random((2, *rng.integers(1, 9, 2))).astype(np.float32)
        values[:, rng.random(values.shape[1:]) < draw(st.sampled_from([0, 0.3]))] = np.nan
        found.append((int(rng.integers(-20, 20)), int(rng.integers(-20, 20)), values))
    return found


@settings(max_examples=25, deadline=None)
@given(placed=maps())
def test_a_mosaic_shows_the_last_map_that_has_a_value_and_says_where_maps_overlap(placed: list[Placed]) -> None:
    expected = np.full((2, 60, 60), np.nan, dtype=np.float32)
    seen = np.zeros((60, 60), dtype=int)
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("hqnn.data.pixels.mosaics")
    logger.addHandler(handler)
    with tempfile.TemporaryDirectory() as name:
        paths = {}
        for number, (row, column, values) in enumerate(placed):
            paths[f"{number}"] = write_map(Path(name, f"{number}.tif"), row, column, values)
            place = np.s_[row + 20 : row + 20 + values.shape[1], column + 20 : column + 20 + values.shape[2]]
            seen[place] += 1
            window = expected[:, *place]
            window[~np.isnan(values)] = values[~np.isnan(values)]
        (mosaic,) = write_mosaics(Path(name), paths)
        with rasterio.open(mosaic) as file:
            found, (left, top) = file.read(), (file.transform.c, file.transform.f)
            assert file.descriptions == NAMES
            assert file.tags()["classes"] == '{"0": "same", "1": "change"}'
    logger.removeHandler(handler)
    column, row = round((left - 500_000) / STEP) + 20, round((5_000_000 - top) / STEP) + 20
    whole = np.full_like(expected, np.nan)
    whole[:, row : row + found.shape[1], column : column + found.shape[2]] = found
    np.testing.assert_array_equal(whole, expected)
    assert seen.any(axis=1).nonzero()[0][[0, -1]].tolist() == [row, row + found.shape[1] - 1]
    assert bool(messages) == (seen.max() > 1)


def test_maps_on_several_lattices_are_several_mosaics_and_one_alone_is_in_none(tmp_path: Path) -> None:
    values = np.ones((2, 4, 4), dtype=np.float32)
    paths = {
        "a": write_map(tmp_path / "a.tif", 0, 0, values),
        "b": write_map(tmp_path / "b.tif", 0, 4, values, "EPSG:32633"),
        "c": write_map(tmp_path / "c.tif", 0, 4, values),
        "d": write_map(tmp_path / "d.tif", 4, 4, values, "EPSG:32633"),
        "alone": write_map(tmp_path / "alone.tif", 0, 0, values, "EPSG:32634"),
    }
    first, second = write_mosaics(tmp_path, paths)
    assert (first.name, second.name) == ("mosaic_1.vrt", "mosaic_2.vrt")
    with rasterio.open(first) as one, rasterio.open(second) as two:
        assert (one.shape, one.crs.to_epsg()) == ((4, 8), 32632)
        assert (two.shape, two.crs.to_epsg()) == ((8, 4), 32633)


@pytest.mark.parametrize(("crs", "known"), [("EPSG:32633", True), ("EPSG:3857", False)])
def test_over_all_scenes_pixels_add_up_and_areas_only_where_all_are_known(
    tmp_path: Path, crs: str, known: bool
) -> None:
    values = np.ones((2, 3, 4), dtype=np.float32)
    values[:, 0, 0] = np.nan
    values[1, 1:, 1:] = 0
    tables = []
    for number, one in enumerate(("EPSG:32632", crs, "EPSG:32632")):
        path = write_map(tmp_path / f"{number}.tif", 0, 5 * number, values, one)
        tables.append(tmp_path / f"{number}.csv")
        write_map_summary(tables[-1], f"{number}", path, ("same", "change"))
    gather_map_summaries(tmp_path / "all.csv", tables)
    with (tmp_path / "all.csv").open() as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert len(rows) == 12
    area = "0.1800" if known else ""
    assert rows[9:] == [
        ("", "same", "0", "18", "0.545455", area),
        ("", "change", "1", "15", "0.454545", "0.1500" if known else ""),
        ("", "", "", "3", "", "0.0300" if known else ""),
    ]


def test_pieces_that_only_touch_do_not_overlap() -> None:
    piece = Piece("", 0, 0, (4, 5))
    assert not any(piece.overlaps(Piece("", *place, (3, 3))) for place in ((4, 0), (-3, 0), (0, 5), (0, -3)))
    assert all(piece.overlaps(Piece("", *place, (3, 3))) for place in ((3, 4), (-2, -2), (0, 0)))

"""Numbers that cannot be what they are taken for are counted and said; seasons are not mistaken for units."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import from_origin

from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.plausibility import Levels, Sizes, difference, thinned_dates
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.rasters import map_scene
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.store import read_table

SHAPE = (10, 14)
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": from_origin(500_000, 5_000_000, 10, 10)}
NUMBERS = np.random.default_rng(0).integers(300, 9000, (3, *SHAPE)).astype(np.uint16)
LABEL = np.repeat([[1], [2]], 5, axis=0).repeat(14, axis=1).astype(np.uint8)


@given(
    median=st.lists(st.floats(50, 3000), min_size=4, max_size=4),
    factor=st.sampled_from([1e-4, 0.05, 25.0, 1e4]),
    wobble=st.lists(st.floats(0.7, 1.4), min_size=4, max_size=4),
)
def test_other_units_are_told_and_seasons_are_not(median: list[float], factor: float, wobble: list[float]) -> None:
    first = Levels(np.array(median), np.array(median) * 0.4)
    season = Levels(first.median * wobble, first.low * wobble)
    scaled = Levels(season.median * factor, season.low * factor)
    names = ("B02", "B03", "B04", "B08")
    assert difference(first, scaled, names)
    assert not difference(first, season, names)
    if first.low.min() < 700:
        assert "about 1000 above" in difference(first, Levels(first.median + 1000, first.low + 1000), names)


@pytest.mark.data
def test_no_real_pair_is_doubted_and_a_shift_of_1000_is_found(real_data: Path) -> None:
    collection = open_oscd(real_data / "oscd")
    found = []
    for listed in collection.scenes:
        with collection.open(listed.name) as scene:
            sizes = Sizes()
            for pixels in Sampling(collection.bands, "joint", 20).read(scene):
                sizes.take(thinned_dates(pixels))
                assert not pixels.suspect.any()
        first, second = sizes.levels()
        assert difference(first, second, collection.bands) == ""
        found.append(difference(first, Levels(second.median + 1000, second.low + 1000), collection.bands))
    assert all("about 1000 above" in said for said in found)


def test_what_no_tag_names_but_looks_like_nodata_is_counted_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = NUMBERS.copy()
    values[0, :2], values[:, 4:6] = 65535, 0
    write_bands(tmp_path / "a.tif", values, UTM)
    with rasterio.open(tmp_path / "a.tif", "r+") as file:
        file.scales, file.offsets = (0.0001,) * 3, (-0.1,) * 3
    write_band(tmp_path / "label.tif", np.repeat([[1], [2]], 5, axis=0).repeat(14, axis=1).astype(np.uint8), UTM)
    (tmp_path / "scenes.csv").write_text("scene,date,file,label,split\none,,a.tif,label.tif,train")
    summary = prepare_pixels(open_scenes(tmp_path), tmp_path / "samples.h5", components=2, stride=1)
    assert (summary.scenes[0].suspect, summary.scenes[0].zeros) == (28, 28)
    assert "one: 28 samples hold 65535, -9999, -32768 in some band" in caplog.text
    assert "one: 20.0 % of the samples are 0 in all bands" in caplog.text


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A scene with its label, and one beside it whose numbers are reflectance."""
    write_bands(tmp_path / "a.tif", NUMBERS, UTM)
    write_band(tmp_path / "label.tif", LABEL, UTM)
    write_bands(tmp_path / "b.tif", (NUMBERS / 10_000).astype(np.float32), UTM)
    return tmp_path


def test_a_scene_in_another_unit_than_the_first_is_said(trained: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copy(trained / "label.tif", trained / "other.tif")
    (trained / "scenes.csv").write_text(
        "scene,date,file,label,split\na,,a.tif,label.tif,train\nb,,b.tif,other.tif,test"
    )
    prepare_pixels(open_scenes(trained), trained / "samples.h5", components=2, stride=1)
    assert caplog.text.count("b: its numbers are about 0.0001 times those of a; if they are in another unit") == 1


@pytest.mark.parametrize(("name", "doubted"), [("a", False), ("b", True)])
def test_a_map_of_a_scene_in_another_unit_than_was_trained_on_is_said(
    trained: Path, name: str, doubted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (trained / "scenes.csv").write_text("scene,date,file,label,split\na,,a.tif,label.tif,train\nb,,b.tif,,")
    collection = open_scenes(trained)
    prepare_pixels(collection, trained / "samples.h5", components=2, stride=1)
    _, about = read_table(trained / "samples.h5")
    with collection.open(name) as scene:
        map_scene(
            scene,
            *read_transform(trained / "samples.h5", name),
            lambda features: np.full(len(features), 0.5),
            trained / "m.tif",
            about["classes"],
            levels=about["levels"],
        )
    said = f"{name}: its numbers are about 0.0001 times those of the scenes that were trained on"
    assert (said in caplog.text) == doubted

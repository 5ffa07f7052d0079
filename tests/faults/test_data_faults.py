"""Bad image data: one sentence that names the file, and no half-written table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds

from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.oscd_files import City, open_city
from hqnn.data.pixels.prepare import Summary, prepare_pixels
from hqnn.data.pixels.tiffs import write_band
from hqnn.data.synthetic.pairs import write_sample
from hqnn.errors import UserError
from hqnn.store import read_table

SIDE = 64
RESIDUAL = {"layout": "residual", "bands": "all"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "sample"
    write_sample(folder, seed=5, train=2, test=1, side=SIDE)
    return folder


@pytest.fixture
def copy(sample: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sample, tmp_path / "data")


def prepare(
    folder: Path, output: Path, *, train: Sequence[str] = (), test: Sequence[str] = (), **asked: Any
) -> Summary:
    return prepare_pixels(open_oscd(folder, train=train, test=test), output, **{"bands": "below20m", **asked})


def rewrite(path: Path, **changes: object) -> None:
    """Write a raster again with other values or georeference."""
    with rasterio.open(path) as file:
        options = {"driver": "GTiff", "crs": file.crs, "transform": file.transform, "nodata": file.nodata}
        values = file.read(1)
    values = changes.pop("values", values)
    write_band(path, values, options | changes)


def drop_band(city: City) -> None:
    city.dates[1]["B07"].unlink()


def duplicate_band(city: City) -> None:
    shutil.copy(city.dates[0]["B07"], city.dates[0]["B07"].with_name("again_B07.tif"))


def cut_off(city: City) -> None:
    path = city.dates[0]["B03"]
    path.write_bytes(path.read_bytes()[:2000])


def cut_off_uncompressed(city: City) -> None:
    path = city.dates[0]["B03"]
    rewrite(path)
    path.write_bytes(path.read_bytes()[:-3000])


def empty(city: City) -> None:
    city.dates[1]["B12"].write_bytes(b"")


def crop_band(city: City) -> None:
    path = city.dates[0]["B04"]
    with rasterio.open(path) as file:
        rewrite(path, values=file.read(1)[: SIDE // 2])


def crop_band_within_its_bounds(city: City) -> None:
    path = city.dates[1]["B11"]
    with rasterio.open(path) as file:
        values, bounds = file.read(1)[:20], file.bounds
    rewrite(path, values=values, transform=from_bounds(*bounds, *values.shape[::-1]))


def strip_georeference(city: City) -> None:
    rewrite(city.dates[0]["B08"], crs=None, transform=rasterio.Affine.identity())


def move_date(city: City) -> None:
    for path in city.dates[1].values():
        with rasterio.open(path) as file:
            west, south, east, north = file.bounds
            height, width = file.shape
        rewrite(path, transform=from_bounds(west + 1, south, east + 1, north, width, height))


def crop_labels(city: City) -> None:
    rewrite(city.label, values=np.ones((SIDE, SIDE - 3), dtype=np.uint8))


def odd_labels(city: City) -> None:
    values = np.ones((SIDE, SIDE), dtype=np.uint8)
    values[40, 50] = 7
    rewrite(city.label, values=values)


def odd_png_labels(city: City) -> None:
    city.label.unlink()
    write_band(city.label.with_name("cm.png"), np.eye(SIDE, dtype=np.uint8), {"driver": "PNG"})


def cut_off_labels(city: City) -> None:
    city.label.write_bytes(city.label.read_bytes()[:500])


def drop_labels(city: City) -> None:
    shutil.rmtree(city.label.parent)


def drop_city(city: City) -> None:
    shutil.rmtree(city.dates[0]["B01"].parents[1])


def drop_date(city: City) -> None:
    shutil.rmtree(city.dates[1]["B01"].parent)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_band, r"imgs_2 has no file of band B07"),
        (duplicate_band, r"two files of band B07"),
        (cut_off, r"_B03\.tif cannot be (read|opened)"),
        (cut_off_uncompressed, r"_B03\.tif cannot be (read|opened)"),
        (empty, r"_B12\.tif cannot be opened"),
        (crop_band, r"_B04\.tif has 32 x 64 pixels"),
        (crop_band_within_its_bounds, r"_B11\.tif has 20 x 32 pixels"),
        (strip_georeference, r"_B08\.tif has no georeference"),
        (move_date, r"dates of city cedar do not overlap"),
        (crop_labels, r"-cm\.tif has 64 x 61 pixels .* 64 x 64"),
        (odd_labels, r"-cm\.tif holds the value 7"),
        (odd_png_labels, r"cm\.png holds the value 1"),
        (cut_off_labels, r"-cm\.tif cannot be (read|opened)"),
        (drop_labels, r"cedar has no change map"),
        (drop_city, r"no city 'cedar'"),
        (drop_date, r"imgs_2 is missing"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damage_is_said_in_one_sentence_and_leaves_no_table(
    copy: Path, tmp_path: Path, damage: Callable[[City], None], message: str
) -> None:
    damage(open_city(copy, "cedar"))
    with pytest.raises(UserError, match=message) as error:
        prepare(copy, tmp_path / "out" / "samples.h5")
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "out").glob("**/*.h5"))
    assert not list((tmp_path / "out").glob("**/.*"))


def test_a_table_of_before_survives_a_failure(copy: Path, tmp_path: Path) -> None:
    prepare(copy, tmp_path / "samples.h5")
    before = (tmp_path / "samples.h5").read_bytes()
    cut_off(open_city(copy, "cedar"))
    with pytest.raises(UserError):
        prepare(copy, tmp_path / "samples.h5")
    assert (tmp_path / "samples.h5").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"data", "samples.h5"}


def test_masked_pixels_are_left_out_counted_and_said(
    copy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = open_city(copy, "alder").dates[0]["B02"]
    with rasterio.open(path) as file:
        values = file.read(1).astype(np.float32)
    values[:15, :25] = np.nan
    rewrite(path, values=values)
    summary = prepare(copy, tmp_path / "samples.h5", stride=5)
    alder = summary.scenes[0]
    assert (alder.name, alder.masked, alder.skipped) == ("alder", 15 * 25, 3 * 5)
    assert "alder: 375 pixels are masked" in caplog.text
    table, _ = read_table(tmp_path / "samples.h5")
    own = table["scene"] == 0
    assert alder.samples == own.sum() == 13 * 13 - 15
    assert not ((table["row"][own] < 15) & (table["column"][own] < 25)).any()
    assert all(np.isfinite(table[name]).all() for name in ("features", "change_vector_length"))


def test_a_city_without_change_is_a_city(copy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rewrite(open_city(copy, "birch").label, values=np.ones((SIDE, SIDE), dtype=np.uint8))
    summary = prepare(copy, tmp_path / "samples.h5")
    assert [city.classes[1] == 0 for city in summary.scenes] == [False, True, False]
    assert "birch has no pixel of class change" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bands": "rgbnr"}, "did you mean 'rgbnir'"),
        ({"layout": "per_data"}, "did you mean 'per_date'"),
        ({"fit": "tran"}, "did you mean 'train'"),
        ({"components": 7}, "7 components"),
        (RESIDUAL | {"components": 6}, "features.components is 6 .* set features.components to 8"),
        (RESIDUAL | {"fit": "image"}, "features.fit is 'image' .* set features.fit to 'train'"),
        (RESIDUAL | {"bands": "rgb"}, "features.bands is 'rgb' .* needs 'all'"),
        ({"train": ["alder"], "test": ["alder"]}, "both a train and a test city"),
        ({"train": ["aldre"]}, "did you mean 'alder'"),
    ],
)
def test_wrong_settings_name_the_right_ones(
    sample: Path, tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepare(sample, tmp_path / "samples.h5", **settings)
    assert list(tmp_path.iterdir()) == []


def test_without_a_train_city_nothing_is_fitted(copy: Path, tmp_path: Path) -> None:
    for place in (copy, copy / "images"):
        (place / "train.txt").write_text("\n")
    with pytest.raises(UserError, match=r"train\.txt names no city"):
        prepare(copy, tmp_path / "samples.h5")
    for place in (copy, copy / "images"):
        (place / "train.txt").unlink()
    with pytest.raises(UserError, match=r"no train\.txt"):
        prepare(copy, tmp_path / "samples.h5")


def test_a_train_set_that_is_all_masked_is_refused(copy: Path, tmp_path: Path) -> None:
    rewrite(open_city(copy, "alder").dates[0]["B02"], values=np.full((SIDE, SIDE), np.nan, dtype=np.float32))
    with pytest.raises(UserError, match="fewer than two valid pixels"):
        prepare(copy, tmp_path / "samples.h5", train=["alder"])


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_folder_without_the_data_set_is_named(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UserError, match="has no folder of images"):
        prepare(tmp_path / folder, tmp_path / "samples.h5")


def test_an_image_fit_of_an_unknown_city_is_refused(sample: Path, tmp_path: Path) -> None:
    prepare(sample, tmp_path / "samples.h5", fit="image")
    with pytest.raises(UserError, match="no fit for scene 'elsewhere'"):
        read_transform(tmp_path / "samples.h5", "elsewhere")

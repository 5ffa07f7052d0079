"""Where the files of a data set are found, what its labels mean, and the synthetic set."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from hqnn.data.pixels.bands import BAND_SETS, BANDS
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.oscd_files import open_city, split_of
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.tiffs import write_band
from hqnn.data.synthetic.pairs import write_sample
from hqnn.store import read_table


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oscd") / "sample"
    write_sample(folder, seed=3, train=2, test=1, side=66)
    return folder


def labels(folder: Path, name: str) -> NDArray[np.uint8]:
    with open_oscd(folder).open(name) as scene:
        return scene.labels(*map(range, scene.shape))


def test_bands_are_in_the_order_of_wavelength() -> None:
    assert BANDS.index("B8A") == BANDS.index("B08") + 1
    assert [len(BAND_SETS[name]) for name in ("rgb", "rgbnir", "below20m", "all")] == [3, 4, 10, 13]
    assert all(list(bands) == sorted(bands, key=BANDS.index) for bands in BAND_SETS.values())


def test_the_folders_that_the_published_archives_unpack_to_are_found(sample: Path, tmp_path: Path) -> None:
    for part, name in (("images", "Images"), ("train_labels", "Train Labels"), ("test_labels", "Test Labels")):
        shutil.copytree(sample / part, tmp_path / f"Onera Satellite Change Detection dataset - {name}")
    assert split_of(tmp_path) == split_of(sample) == {"train": ("alder", "birch"), "test": ("cedar",)}
    for name in ("alder", "cedar"):
        plain, published = open_city(sample, name), open_city(tmp_path, name)
        assert [path.name for path in published.files] == [path.name for path in plain.files]


def test_extra_files_are_ignored(sample: Path, tmp_path: Path) -> None:
    shutil.copytree(sample, tmp_path / "copy")
    folder = tmp_path / "copy" / "images" / "alder" / "imgs_1"
    band = next(folder.glob("*_B02.tif"))
    for name in ("._T00_B02.tif", "notes.txt", "T00_B02.tif.aux.xml", "T00_B02.png", "T00_TCI.tif", "B02_old.tif"):
        shutil.copy(band, folder / name)
    assert open_city(tmp_path / "copy", "alder").dates[0]["B02"].name == band.name


def test_a_png_stands_in_for_a_missing_tiff_with_a_warning(
    sample: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(sample, tmp_path / "copy")
    expected = labels(sample, "cedar")
    (tmp_path / "copy" / open_city(sample, "cedar").label.relative_to(sample)).unlink()
    with caplog.at_level(logging.WARNING, logger="hqnn.data"):
        np.testing.assert_array_equal(labels(tmp_path / "copy", "cedar"), expected)
    assert caplog.text.count("cm.png") == 1
    assert 0 < expected.mean() < 1
    fallback = open_city(tmp_path / "copy", "cedar").label
    with rasterio.open(fallback) as file:
        softened = file.read(1).astype(np.int64)
    softened[softened == 0] = 60  # the grey edge of an anti-aliased map
    write_band(fallback, softened.astype(np.uint8), {"driver": "PNG"})
    np.testing.assert_array_equal(labels(tmp_path / "copy", "cedar"), expected)


def test_labels_of_a_window_are_those_of_the_whole(sample: Path) -> None:
    with open_oscd(sample).open("alder") as scene:
        window = scene.labels(range(10, 40), range(5, 66))
    np.testing.assert_array_equal(window, labels(sample, "alder")[10:40, 5:])


def test_cities_go_to_the_parts_that_name_them(sample: Path) -> None:
    found = open_oscd(sample, validation=["birch"])
    assert [(scene.name, scene.part) for scene in found.scenes] == [
        ("alder", "train"),
        ("cedar", "test"),
        ("birch", "validation"),
    ]
    assert (found.dates, found.classes, found.bands) == (2, ("no_change", "change"), BANDS)


def test_the_synthetic_set_is_laid_out_as_oscd_is(sample: Path) -> None:
    city = open_city(sample, "alder")
    sizes = []
    for date in city.dates:
        with rasterio.open(date["B02"]) as reference:
            bounds, sizes = reference.bounds, [*sizes, reference.shape]
        for path in date.values():
            with rasterio.open(path) as file:
                assert (file.dtypes, file.crs.to_string()) == (("uint16",), "EPSG:4326")
                np.testing.assert_allclose(file.bounds, bounds, rtol=0, atol=1e-10)
    assert np.subtract(*sizes).tolist() == [2, 2]
    assert (sample / "images" / "alder" / "dates.txt").read_text().startswith("date_1: 20")
    assert (sample / "images" / "train.txt").read_text() == (sample / "train.txt").read_text() == "alder,birch\n"


def test_the_synthetic_set_depends_on_the_seed_alone(sample: Path, tmp_path: Path) -> None:
    for seed in (3, 4):
        write_sample(tmp_path / str(seed), seed=seed, train=2, test=1, side=66)
    files = sorted(path.relative_to(sample) for path in sample.rglob("*") if path.is_file())
    same = [(sample / f).read_bytes() == (tmp_path / "3" / f).read_bytes() for f in files]
    other = [(sample / f).read_bytes() == (tmp_path / "4" / f).read_bytes() for f in files if f.suffix == ".tif"]
    assert all(same)
    assert not any(other)


def test_the_synthetic_set_is_about_as_hard_as_the_real_one(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", seed=0)
    prepare_pixels(open_oscd(tmp_path / "sample"), tmp_path / "samples.h5", bands="below20m")
    table, _ = read_table(tmp_path / "samples.h5", "features", "labels", "split")
    train = table["split"] == 0
    model = LogisticRegression(class_weight="balanced").fit(table["features"][train], table["labels"][train])
    score = roc_auc_score(table["labels"][~train], model.decision_function(table["features"][~train]))
    assert 0.75 < score < 0.95
    assert 0.02 < table["labels"].mean() < 0.07

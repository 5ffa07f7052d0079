"""Patches hold what the whole image holds around a sample, and a net fitted on them fills the common schema."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from hqnn.data.pixels import patches, scene
from hqnn.data.pixels.bands import BAND_SETS, BANDS
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.patches import Cut, Patches, Standardisation, patches_of_test, patches_of_train
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.scene import UNLABELLED
from hqnn.data.synthetic.pairs import write_sample
from hqnn.execution.unet_baseline import predict_unet
from hqnn.settings.pixels.keys import PatchFitting
from hqnn.store import read_table

SIDE, STRIDE = 75, 3
HOLE = (slice(20, 23), slice(40, 44))  # nodata in red of the second date of the test city


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, one with a hole, and the table of their samples."""
    folder = tmp_path_factory.mktemp("patches") / "sample"
    write_sample(folder, seed=2, train=2, test=1, side=SIDE)
    red = next((folder / "images/cedar/imgs_2").glob("*B04.tif"))
    with rasterio.open(red) as file:
        values, profile = file.read(1), file.profile
    values[HOLE] = 0
    with rasterio.open(red, "w", **{**profile, "nodata": 0}) as file:
        file.write(values, 1)
    prepare_pixels(open_oscd(folder), folder / "samples.h5", stride=STRIDE)
    return folder


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several windows a city and several pieces a window."""
    monkeypatch.setattr(scene, "WINDOW_ROWS", 32)
    monkeypatch.setattr(scene, "WINDOW_COLUMNS", 50)
    monkeypatch.setattr(patches, "PATCHES_AT_ONCE", 37)


def whole(folder: Path, name: str, bands: str, margin: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A city's chosen bands and labels, continued by a margin."""
    with open_oscd(folder).open(name) as pair:
        raw, valid = pair.read(range(SIDE), range(SIDE))
    with rasterio.open(next(folder.glob(f"*_labels/{name}/cm/{name}-cm.tif"))) as file:
        labels = np.where(valid, file.read(1) == 2, UNLABELLED).astype(np.uint8)
    chosen = raw[:, [BANDS.index(band) for band in BAND_SETS[bands]]].reshape(-1, SIDE, SIDE)
    images = np.pad(chosen, ((0, 0), (margin, margin), (margin, margin)), "symmetric")
    return images, np.pad(labels, margin, constant_values=UNLABELLED)


@pytest.mark.parametrize(("size", "bands", "first"), [(2, "rgb", 0), (16, "rgbnir", 7)])
def test_a_patch_is_what_surrounds_its_sample(sample: Path, size: int, bands: str, first: int) -> None:
    images, labels = whole(sample, "cedar", bands, size)
    table, _ = read_table(sample / "samples.h5")
    pieces = list(patches_of_test(open_oscd(sample), sample / "samples.h5", Cut(size, bands)))
    assert max(len(piece.samples) for piece in pieces) == 37
    for piece in pieces:
        assert piece.centre == first
        for index, image, label in zip(piece.samples, piece.images, piece.labels, strict=True):
            row, column = (int(table[name][index]) + size - first for name in ("row", "column"))
            here = (slice(row, row + size), slice(column, column + size))
            np.testing.assert_array_equal(image, images[:, *here])
            np.testing.assert_array_equal(label, labels[here])
            assert label[first, first] == table["labels"][index]
    np.testing.assert_array_equal(np.sort(np.concatenate([p.samples for p in pieces])), np.flatnonzero(table["split"]))
    whole_labels = np.concatenate([piece.labels for piece in pieces])
    assert set(np.unique(whole_labels)) == {0, 1, UNLABELLED}


def test_train_patches_are_one_a_tile(sample: Path) -> None:
    table, _ = read_table(sample / "samples.h5")
    found = patches_of_train(open_oscd(sample), sample / "samples.h5", Cut(16, "rgb"))
    tiles = [(table["scene"][i], table["row"][i] // 16, table["column"][i] // 16) for i in found.samples]
    assert len(tiles) == len(set(tiles)) == 2 * 5 * 5
    assert set(table["split"][found.samples]) == {0}


def test_standardised_samples_have_zero_mean_and_unit_variance(sample: Path) -> None:
    found = patches_of_train(open_oscd(sample), sample / "samples.h5", Cut(2, "rgb"))
    standardised = Standardisation.of(found).apply(found.images)
    assert standardised.dtype == np.float32
    np.testing.assert_allclose(standardised[:, :, 0, 0].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standardised[:, :, 0, 0].std(axis=0), 1, atol=1e-4)


def test_what_is_not_valid_becomes_the_mean() -> None:
    images = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2)
    images[:, :, 1, 1] = np.nan
    given = Patches(np.arange(2), images, np.zeros((2, 2, 2), dtype=np.uint8))
    standardised = Standardisation.of(given).apply(images)
    np.testing.assert_array_equal(standardised[:, :, 1, 1], 0)
    np.testing.assert_allclose(standardised[:, :, 0, 0], [[-1, -1], [1, 1]])


@pytest.mark.parametrize(("name", "epochs"), [("unet_small", 10), ("unet_full", 1)])
def test_predictions_are_in_the_common_schema(sample: Path, tmp_path: Path, name: str, epochs: int) -> None:
    output, samples = tmp_path / "predictions.h5", sample / "samples.h5"
    about = {"study": "change", "dataset": "sample", "phase": "ideal", "path": "exact"}
    training = PatchFitting(epochs=epochs, batch_size=100)
    predict_unet(
        output, collection=open_oscd(sample), samples=samples, name=name, training=training, seed=3, about=about
    )
    columns, attributes = read_table(output)
    table, _ = read_table(samples)
    assert attributes.items() >= {**about, "model": name, "seed": 3, "backend": "torch"}.items()
    np.testing.assert_array_equal(columns["sample"], np.flatnonzero(table["split"] == 1))
    np.testing.assert_array_equal(columns["label"], table["labels"][columns["sample"]])
    np.testing.assert_array_equal(columns["predicted"], columns["probability"] > 0.5)
    assert columns["expectation"].shape == columns["standard_error"].shape == (len(columns["sample"]), 0)
    assert ((columns["probability"] > 0) & (columns["probability"] < 1)).all()
    if name == "unet_small":
        changed = columns["label"] == 1
        ranks = columns["probability"][changed, None] > columns["probability"][~changed]
        assert ranks.mean() > 0.65

"""Deals of pixels to parts: shares of classes, whole blocks, exact numbers, the same in every pass."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.pixels.blocks import deal_blocks
from hqnn.data.pixels.dealing import Deal, Urn
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.scenes import SceneCollection, open_scenes
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.errors import UserError
from hqnn.store import read_table

SIDE = 60
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}


def write_fields(folder: Path, seed: int = 0) -> SceneCollection:
    """Two scenes of fields in three classes, with gaps in labels and in the image, whose samples are to be dealt."""
    rng = np.random.default_rng(seed)
    rows = ["scene,date,file,label,split"]
    for name in ("east", "west"):
        fields = rng.choice([1, 2, 3], size=(SIDE // 6, SIDE // 6), p=(0.6, 0.3, 0.1)).astype(np.uint8)
        labels = fields.repeat(6, axis=0).repeat(6, axis=1)
        labels[rng.random(labels.shape) < 0.3] = 0
        values = rng.integers(1, 5000, (4, SIDE, SIDE), dtype=np.uint16)
        values[:, :7] = 0
        write_bands(folder / f"{name}.tif", values, UTM | {"nodata": 0})
        write_band(folder / f"{name}_label.tif", labels, UTM)
        rows.append(f"{name},,{name}.tif,{name}_label.tif,")
    (folder / "scenes.csv").write_text("\n".join(rows), encoding="utf-8")
    return open_scenes(folder)


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> SceneCollection:
    return write_fields(tmp_path_factory.mktemp("fields"))


def prepared(collection: SceneCollection, output: Path, **asked: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    prepare_pixels(collection, output, **{"components": 3, "stride": 1, **asked})
    return read_table(output)


def shares(table: dict[str, NDArray[Any]], part: int) -> NDArray[np.float64]:
    """Of each class, how much of it is in a part."""
    counts = [np.bincount(table["labels"][table["split"] == p], minlength=3) for p in range(4)]
    return counts[part] / np.sum(counts, axis=0)


def test_blocks_stay_whole_and_classes_keep_their_shares(fields: SceneCollection, tmp_path: Path) -> None:
    table, about = prepared(fields, tmp_path / "a.h5", block=10, train=0.6, validation=0.1, seed=3)
    assert about["leaks"] is False
    block = np.stack([table["scene"], table["row"] // 10, table["column"] // 10])
    _, number = np.unique(block, axis=1, return_inverse=True)
    assert all(len(set(table["split"][number.ravel() == one])) == 1 for one in range(number.max() + 1))
    for part, share in ((TRAIN, 0.6), (VALIDATION, 0.1), (TEST, 0.3)):
        np.testing.assert_allclose(shares(table, part), share, atol=0.12)
    other, _ = prepared(fields, tmp_path / "b.h5", block=10, train=0.6, validation=0.1, seed=4)
    assert (other["split"] != table["split"]).any()


def test_random_pixels_keep_the_shares_exactly_and_are_said_to_leak(fields: SceneCollection, tmp_path: Path) -> None:
    table, about = prepared(fields, tmp_path / "a.h5", by="random", train=0.1, seed=1)
    assert about["leaks"] is True
    counts = np.bincount(table["labels"])
    np.testing.assert_allclose(shares(table, TRAIN) * counts, 0.1 * counts, atol=1)
    assert (prepared(fields, tmp_path / "b.h5", by="random", train=0.1, seed=1)[0]["split"] == table["split"]).all()


@pytest.mark.parametrize(("kept", "by"), [(20, "blocks"), (0.1, "random")])
def test_so_many_train_samples_of_each_class_are_kept_and_the_fit_is_on_them(
    fields: SceneCollection, tmp_path: Path, kept: float, by: str
) -> None:
    everything, _ = prepared(fields, tmp_path / "all.h5", by=by, block=10)
    table, _ = prepared(fields, tmp_path / "few.h5", by=by, block=10, train_per_class=kept)
    whole, few = (np.bincount(t["labels"][t["split"] == TRAIN], minlength=3) for t in (everything, table))
    np.testing.assert_array_equal(few, np.rint(whole * kept) if kept < 1 else kept)
    assert (table["split"] == TEST).sum() == (everything["split"] == TEST).sum()
    train = table["features"][table["split"] == TRAIN]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-4)


@settings(max_examples=40)
@given(st.data())
def test_what_is_tested_was_trained_however_rare_classes_are(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(3, 40), st.integers(1, 5)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 100, size) * (rng.random(size) < rng.uniform(0.05, 1, size[1]))
    deal = Deal(train=data.draw(st.sampled_from([0.1, 0.5, 0.8])), validation=0.1)
    parts = deal_blocks(counts, deal.shares, rng)
    found = np.stack([counts[parts == part].sum(axis=0) for part in (TRAIN, VALIDATION, TEST)])
    assert (found.sum(axis=0) == counts.sum(axis=0)).all()
    assert (found[0][counts.sum(axis=0) > 0] > 0).all()


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 300), max_size=6).map(sorted))
def test_an_urn_is_exact_once_all_have_passed(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 300).astype(np.uint8)
    totals = np.bincount(labels, minlength=3)
    quotas = np.stack([totals // 3, totals // 5, totals - totals // 3 - totals // 5], axis=1)
    urn = Urn(quotas, rng)
    parts = np.concatenate([urn.draw(piece) for piece in np.split(labels, cuts)])
    found = np.zeros_like(quotas)
    np.add.at(found, (labels, parts), 1)
    np.testing.assert_array_equal(found, quotas)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"by": "block"}, "did you mean 'blocks'"),
        ({"train": 0.8, "validation": 0.3}, "sum to 1 at most"),
        ({"block": 0}, "at least 1 pixel"),
        ({"train_per_class": 2.5}, "whole number, or a share below 1"),
        ({"block": 60, "validation": 0.2}, "2 blocks of 60 x 60 pixels, too few for a validation part"),
    ],
)
def test_deals_that_cannot_be_are_refused(
    fields: SceneCollection, tmp_path: Path, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepared(fields, tmp_path / "a.h5", **asked)
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_few_samples_is_named(
    fields: SceneCollection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collection = write_fields(tmp_path, seed=1)
    label = tmp_path / "east_label.tif"
    write_band(label, np.where(np.arange(SIDE**2).reshape(SIDE, SIDE) == 1500, 9, 1).astype(np.uint8), UTM)
    collection = open_scenes(tmp_path)
    with caplog.at_level(logging.WARNING, logger="hqnn.data"):
        prepared(collection, tmp_path / "a.h5", train_per_class=30)
    assert "class 9 has 1 samples in all scenes" in caplog.text
    assert "class 9 has 1 train samples, fewer than the 30 asked for" in caplog.text

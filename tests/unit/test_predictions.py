"""Samples come from however many tables hold them, and predictions go into one schema."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.samples import Samples, read_samples, samples_if_any, stratified
from hqnn.data.splits import split_samples
from hqnn.errors import UserError
from hqnn.execution.predictions import write_predictions
from hqnn.settings.splits import Split
from hqnn.store import read_table, write_table
from hqnn.training.draws import epoch_order, order_generator

ROWS = 90
RNG = np.random.default_rng(0)
COLUMNS = {
    "images": RNG.integers(256, size=(ROWS, 4, 4, 1), dtype=np.uint8),
    "labels": (np.arange(ROWS) % 10).astype(np.uint8),
}
VIEWS = RNG.normal(size=(ROWS, 2, 5)).astype(np.float32)
AUGMENTED = RNG.normal(size=(ROWS, 3, 5)).astype(np.float32)
SPLIT = np.repeat(np.array([TRAIN, TEST, VALIDATION], dtype=np.uint8), [50, 30, 10])[RNG.permutation(ROWS)]
CLASSES = [f"digit {number}" for number in range(10)]


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    """A draw, and the images it is of, which have another split of their own."""
    images, draw = tmp_path / "samples.h5", tmp_path / "draw.h5"
    own = np.full(ROWS, TRAIN, dtype=np.uint8)
    write_table(images, {**COLUMNS, "split": own}, {"classes": CLASSES})
    write_table(draw, {"split": SPLIT}, {})
    return [draw, images]


@pytest.mark.parametrize("split", [TRAIN, TEST, VALIDATION])
def test_columns_of_several_tables_are_rows_of_one(tables: list[Path], split: int) -> None:
    rows = np.flatnonzero(split == SPLIT)
    samples = read_samples(tables, split)
    np.testing.assert_array_equal(samples.ids, rows)
    np.testing.assert_array_equal(samples.features, COLUMNS["images"][rows])
    np.testing.assert_array_equal(samples.labels, COLUMNS["labels"][rows])
    assert (samples.classes, samples.augmented, set(samples.groups)) == (tuple(CLASSES), None, {0})
    assert len(read_samples(tables[1], TRAIN).ids) == ROWS


def test_variants_are_for_training_and_views_for_both(tmp_path: Path, tables: list[Path]) -> None:
    features = tmp_path / "features.h5"
    columns = {"features": VIEWS[:, 0], "views": VIEWS, "augmented": AUGMENTED, "labels": COLUMNS["labels"]}
    write_table(features, columns, {})
    train, test = (read_samples([features, tables[0]], split) for split in (TRAIN, TEST))
    np.testing.assert_array_equal(train.features, VIEWS[train.ids, 0])
    np.testing.assert_array_equal(train.augmented, np.concatenate([VIEWS[:, 1:], AUGMENTED], axis=1)[train.ids])
    np.testing.assert_array_equal(test.features, VIEWS[test.ids])
    assert test.augmented is None


def test_a_subset_is_the_same_for_the_same_seed_and_keeps_shares(tables: list[Path]) -> None:
    chosen, again, other = (read_samples(tables, TRAIN, subset=25, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(chosen.ids, again.ids)
    assert not np.array_equal(chosen.ids, other.ids)
    assert set(chosen.ids) < set(np.flatnonzero(SPLIT == TRAIN))
    np.testing.assert_array_equal(chosen.labels, COLUMNS["labels"][chosen.ids])
    for label in range(10):
        share = (COLUMNS["labels"][SPLIT == TRAIN] == label).sum() / 2
        assert abs((chosen.labels == label).sum() - share) < 1
    assert len(read_samples(tables, TEST, subset=31).ids) == 30


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_every_stratum_keeps_its_share_to_less_than_one(strata: list[int], data: st.DataObject) -> None:
    values, size = np.array(strata), data.draw(st.integers(0, len(strata)))
    rows = stratified(values, size, np.random.default_rng(data.draw(st.integers(0, 9))))
    assert len(set(rows)) == size and sorted(rows) == list(rows)
    for stratum in set(strata):
        share = (values == stratum).sum() * size / len(values)
        assert abs((values[rows] == stratum).sum() - share) < 1


def test_every_stratum_has_its_expected_share_over_seeds_and_every_sample_is_as_likely() -> None:
    """A stratum of 3 in 6,569 was never drawn by a selection without a random start."""
    strata = np.repeat([0, 1, 2, 3], [6000, 500, 66, 3])
    draws, size = 600, 300
    counts = np.zeros(len(strata))
    for seed in range(draws):
        counts[stratified(strata, size, np.random.default_rng(seed))] += 1
    chance = size / len(strata)
    assert counts.sum() == draws * size
    per_stratum = np.bincount(strata, counts)
    expected = draws * size * np.bincount(strata) / len(strata)
    # A stratum's number is its share rounded up or down, so its variance is 1/4 at most.
    assert (np.abs(per_stratum - expected) < 4.5 * np.sqrt(draws / 4)).all()
    assert per_stratum[3] > 0
    chi_square = ((counts - draws * chance) ** 2 / (draws * chance * (1 - chance))).sum()
    assert abs(chi_square - len(strata)) < 4.5 * np.sqrt(2 * len(strata))


def test_split_subset_and_epochs_of_one_seed_draw_apart(tmp_path: Path) -> None:
    """One seed gives each purpose its own stream, so that who comes first in one does not in another."""
    labels = np.zeros(4000, dtype=np.uint8)
    for seed in range(3):
        split = split_samples(labels, Split(train=0.5, validation=0, test=0.5), seed) == TRAIN
        write_table(tmp_path / "t.h5", {"features": labels[:, None], "labels": labels, "split": labels + TEST}, {})
        subset = np.isin(np.arange(4000), read_samples(tmp_path / "t.h5", TEST, subset=2000, seed=seed).ids)
        first = np.isin(np.arange(4000), epoch_order(labels, False, order_generator(seed))[:2000])
        plain = np.isin(np.arange(4000), np.random.default_rng(seed).permutation(4000)[:2000])
        for one, other in itertools.combinations((split, subset, first, plain), 2):
            assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(4000)


def test_a_split_without_samples_is_none_or_a_sentence(tmp_path: Path, tables: list[Path]) -> None:
    write_table(tmp_path / "split.h5", {"split": np.full(ROWS, TRAIN, dtype=np.uint8)}, {})
    files = [tmp_path / "split.h5", tables[1]]
    assert samples_if_any(files, VALIDATION) is None
    assert samples_if_any(tables, VALIDATION) is not None
    with pytest.raises(UserError, match="has no validation samples; change the split or add data"):
        read_samples(files, VALIDATION)
    with pytest.raises(UserError, match=r"split\.h5 has no column 'labels'"):
        samples_if_any(files[0], TRAIN)


@pytest.mark.parametrize("classes", [2, 10])
def test_predictions_have_one_schema(tables: list[Path], tmp_path: Path, classes: int) -> None:
    samples = read_samples(tables)
    probability = RNG.dirichlet(np.ones(classes), len(samples.ids))
    values = RNG.uniform(-1, 1, (len(samples.ids), 4, 3))
    given = probability[:, 1] if classes == 2 else probability
    write_predictions(tmp_path / "predictions.h5", samples, given, {"seed": "7"}, values, values * 0)
    columns, about = read_table(tmp_path / "predictions.h5")
    np.testing.assert_array_equal(columns["probability"], given)
    np.testing.assert_array_equal(columns["predicted"], probability.argmax(axis=1))
    np.testing.assert_array_equal(columns["expectation"], values.reshape(len(values), 12))
    assert (about["seed"], about["classes"], columns["predicted"].dtype) == (7, CLASSES, np.uint8)


def test_more_classes_than_a_byte_has_are_predicted_as_they_are(tmp_path: Path) -> None:
    classes = tuple(map(str, range(300)))
    samples = Samples(np.arange(2), np.zeros((2, 1)), np.array([299, 0], dtype=np.uint16), np.zeros(2), classes)
    write_predictions(tmp_path / "predictions.h5", samples, np.eye(300)[[299, 256]], {"seed": 0})
    assert read_table(tmp_path / "predictions.h5", "predicted")[0]["predicted"].tolist() == [299, 256]

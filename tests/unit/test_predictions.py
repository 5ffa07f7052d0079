"""Samples come from however many tables hold them, and predictions go into one schema."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.samples import read_samples, samples_if_any, stratified
from hqnn.errors import UserError
from hqnn.execution.predictions import write_predictions
from hqnn.store import read_table, write_table

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

"""Splits: exact numbers, the classes' shares in every part, groups that stay together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from hqnn.data.deals import apportion, class_counts
from hqnn.data.parts import PARTS, TEST, TRAIN, UNUSED, VALIDATION
from hqnn.data.splits import split_samples, write_split
from hqnn.errors import UserError
from hqnn.settings.splits import Split
from hqnn.store import read_table, write_table

CRACKS = np.repeat(np.array([0, 1], dtype=np.uint8), [500, 723])
MASKS = np.repeat(np.array([0, 1], dtype=np.uint8), [205, 205])


def counts(labels: np.ndarray, parts: np.ndarray) -> list[list[int]]:
    return [np.bincount(labels[parts == code], minlength=2)[::-1].tolist() for code in range(len(PARTS))]


@pytest.mark.parametrize(
    ("labels", "split", "wanted"),
    [
        (CRACKS, Split(train=0.7, validation=0.15, test=0.15), [[506, 350], [108, 75], [109, 75], [0, 0]]),
        (CRACKS, Split(train=0.04, validation=0.04, test=0.92), [[29, 20], [665, 460], [29, 20], [0, 0]]),
        (CRACKS, Split(train=600, validation=129, test=129), [[355, 245], [76, 53], [76, 53], [216, 149]]),
        (MASKS, Split(train=240, validation=50, test=120), [[120, 120], [60, 60], [25, 25], [0, 0]]),
        (MASKS, Split(train=40, validation=0, test=None), [[20, 20], [185, 185], [0, 0], [0, 0]]),
    ],
)
def test_the_studies_splits_have_the_published_numbers(
    labels: np.ndarray, split: Split, wanted: list[list[int]]
) -> None:
    assert counts(labels, split_samples(labels, split, seed=3)) == wanted


@given(
    totals=st.lists(st.integers(2, 60), min_size=2, max_size=5),
    shares=st.lists(st.integers(1, 20), min_size=3, max_size=3),
    left=st.integers(0, 20),
    seed=st.integers(0, 99),
)
def test_numbers_are_exact_and_every_class_has_its_share(
    totals: list[int], shares: list[int], left: int, seed: int
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(totals), dtype=np.uint8), totals))
    train, validation, test = apportion(np.array([*shares, left]) / (sum(shares) + left) * len(labels))[:3].tolist()
    assume(test and train >= len(labels) / min(totals))
    split = Split(train=train, validation=validation, test=test)
    parts = split_samples(labels, split, seed)
    sizes = np.array([train, test, validation, len(labels) - train - validation - test])
    np.testing.assert_array_equal(np.bincount(parts, minlength=4), sizes)
    found = np.array([np.bincount(parts[labels == label], minlength=4) for label in range(len(totals))])
    assert (np.abs(found - np.outer(totals, sizes) / len(labels)) < 1).all()
    np.testing.assert_array_equal(parts, split_samples(labels, split, seed))


@given(st.data())
def test_rounded_tables_keep_their_sums(data: st.DataObject) -> None:
    totals = np.array(data.draw(st.lists(st.integers(0, 50), min_size=1, max_size=8)))
    cuts = data.draw(st.lists(st.integers(0, int(totals.sum())), min_size=3, max_size=3).map(sorted))
    sizes = np.diff([0, *cuts, int(totals.sum())])
    table = class_counts(totals, sizes)
    np.testing.assert_array_equal(table.sum(axis=0), sizes)
    np.testing.assert_array_equal(table.sum(axis=1), totals)
    assert (np.abs(table * max(totals.sum(), 1) - np.outer(totals, sizes)) < max(totals.sum(), 1)).all()


def test_seeds_deal_differently() -> None:
    first, second = (split_samples(MASKS, Split(train=240, validation=50, test=120), seed) for seed in (0, 1))
    assert 0.3 < (first == second).mean() < 0.6


@given(
    groups=st.lists(st.integers(1, 12), min_size=12, max_size=40),
    split=st.sampled_from(
        [
            Split(train=0.7, validation=0.15, test=0.15, group="site"),
            Split(train=0.5, validation=0.0, test=0.3, group="site"),
            Split(train=6, validation=5, test=None, group="site"),
        ]
    ),
    seed=st.integers(0, 99),
)
def test_no_group_is_on_two_sides(groups: list[int], split: Split, seed: int) -> None:
    generator = np.random.default_rng(seed)
    group = generator.permutation(np.repeat(np.arange(len(groups)), groups))
    labels = (np.arange(len(group)) % 2).astype(np.uint8)
    assume(len(labels) > 40)
    try:
        parts = split_samples(labels, split, seed, group)
    except UserError:  # a few large groups, of which no deal fills every part
        reject()
    for name in np.unique(group):
        assert len(set(parts[(group == name) & (parts != UNUSED)])) <= 1
    if not split.by_share:
        assert (parts == TRAIN).sum() == 6
        assert (parts == VALIDATION).sum() == 5
    np.testing.assert_array_equal(parts, split_samples(labels, split, seed, group))


def test_whole_groups_come_near_the_sizes_and_the_classes_shares() -> None:
    generator = np.random.default_rng(0)
    group = np.repeat(np.arange(60), generator.integers(5, 40, 60))
    labels = (generator.random(len(group)) < generator.uniform(0.3, 0.9, 60)[group]).astype(np.uint8)
    parts = split_samples(labels, Split(train=0.7, validation=0.15, test=0.15, group="site"), 0, group)
    sizes = np.bincount(parts) / len(parts)
    np.testing.assert_allclose(sizes, (0.7, 0.15, 0.15), atol=0.02)
    for code in (TRAIN, TEST, VALIDATION):
        assert labels[parts == code].mean() == pytest.approx(labels.mean(), abs=0.04)


def test_a_deal_of_its_own_leaves_small_parts_many_groups() -> None:
    group = np.repeat(np.arange(30), 40)
    labels = (np.arange(1200) % 2).astype(np.uint8)
    parts = split_samples(
        labels, Split(train=49, validation=49, test=None, group="site", deal=(0.3, 0.2, 0.5)), 0, group
    )
    assert np.bincount(parts).tolist() == [49, 600, 49, 502]
    assert len(set(group[parts == TRAIN])) > 6


@pytest.mark.parametrize(
    ("split", "name"),
    [
        (Split(train=240, validation=50, test=120), "240_50_120"),
        (Split(train=0.7, validation=0.15, test=0.15), "70_15_15"),
        (Split(train=0.04, validation=0.04, test=0.92, group="site"), "4_4_92_site"),
        (Split(train=49, validation=49, test=None, group="site", deal=(0.3, 0.2, 0.5)), "49_49_rest_site"),
        (Split(train=0.125, validation=0.0, test=0.5), "12p5_0_50"),
    ],
)
def test_names_say_what_a_split_is(split: Split, name: str) -> None:
    assert split.name == name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train": 0.7, "validation": 0.2, "test": 0.2}, r"shares \(0.7, 0.2, 0.2\) that sum to 1.1"),
        ({"train": 240}, r"shares \(240, 0.15, 0.15\) that sum to 240.3"),
        ({"train": None, "validation": None, "test": 5}, "leaves two sizes open"),
        ({"train": 10, "validation": 5, "test": 0}, "no images to train on or to test"),
        ({"train": 0.7, "validation": 0.3, "test": None}, "no images to train on or to test"),
        ({"train": 10, "validation": -1, "test": 5}, "greater than or equal to 0"),
        ({"train": 10, "validation": 5, "test": 5, "deal": (0.5, 0.2, 0.3)}, "has a deal, which only numbers"),
        ({"group": "site", "deal": (0.5, 0.2, 0.3)}, "has a deal, which only numbers"),
        (
            {"train": 10, "validation": 5, "test": 5, "group": "site", "deal": (0.5, 0.2, 0.2)},
            "three that sum to 1",
        ),
    ],
)
def test_impossible_sizes_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Split(**given)


@pytest.mark.parametrize(
    ("split", "groups", "message"),
    [
        (Split(train=300, validation=100, test=50), None, "needs 450 samples but there are 410"),
        (Split(train=1, validation=50, test=100), None, "no train sample of class"),
        (Split(train=300, validation=110, test=None), None, "has no test sample"),
        (
            Split(train=0.7, validation=0.15, test=0.15, group="site"),
            np.repeat([0, 1], 205),
            "no deal of 2 whole groups",
        ),
        (
            Split(train=240, validation=50, test=120, group="site"),
            np.repeat(np.arange(4), [200, 100, 100, 10]),
            "no deal of 4 whole groups",
        ),
    ],
)
def test_sizes_above_what_is_there_are_refused(split: Split, groups: np.ndarray | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_samples(MASKS, split, 0, groups)


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    columns = {"labels": MASKS, "group_site": (np.arange(410) // 5).astype(np.int32)}
    write_table(tmp_path / "samples.h5", columns, {"classes": ["no_mask", "mask"]})
    split, output = Split(train=0.5, validation=0.2, test=0.3, group="site"), tmp_path / "split.h5"
    for seed in (0, 7):
        write_split(tmp_path / "samples.h5", output, split, seed=seed)
        found, about = read_table(output)
        np.testing.assert_array_equal(found["split"], split_samples(MASKS, split, seed, columns["group_site"]))
        assert about["seed"] == seed
        assert np.sum(about["counts"]["train"]) == (found["split"] == 0).sum()
    with pytest.raises(UserError, match="has no group 'cite'; did you mean 'site'"):
        write_split(tmp_path / "samples.h5", output, Split(train=0.5, validation=0.2, test=0.3, group="cite"), seed=0)


def test_samples_that_come_in_parts_stay_in_them(tmp_path: Path) -> None:
    given = np.array([TRAIN, TEST, VALIDATION, TRAIN, TEST, VALIDATION], dtype=np.uint8)
    labels = np.array([0, 0, 0, 1, 1, 1], dtype=np.uint8)
    write_table(tmp_path / "samples.h5", {"labels": labels, "part": given}, {"classes": ["a", "b"]})
    for seed in range(2):
        write_split(tmp_path / "samples.h5", tmp_path / "split.h5", Split(), seed=seed)
        columns, about = read_table(tmp_path / "split.h5")
        assert columns["split"].tolist() == given.tolist()
        assert about["counts"]["validation"] == [1, 1]

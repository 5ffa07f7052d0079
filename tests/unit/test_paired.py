"""The interval of a difference over seeds, against Student's and against what happens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hqnn.report.paired import Paired

OURS, THEIRS = (0.6, 0.7, 0.65, 0.8), (0.5, 0.66, 0.66, 0.7)


def test_on_one_test_set_the_interval_is_student_s() -> None:
    pair = Paired.of(pd.Series(OURS), pd.Series(THEIRS))
    assert pair is not None
    test = stats.ttest_rel(pair.ours, pair.theirs).confidence_interval(0.95)
    assert pair.interval == pytest.approx((test.low, test.high))
    assert pair.sign == 0


def test_over_random_splits_the_interval_is_nadeau_and_bengio_s() -> None:
    plain, pair = (Paired.of(pd.Series(OURS), pd.Series(THEIRS), share) for share in (0.0, 0.25))
    assert plain is not None
    assert pair is not None
    wide, narrow = (np.diff(one.interval or ()) for one in (pair, plain))
    assert wide == pytest.approx(narrow * np.sqrt((1 / 4 + 1 / 4) / (1 / 4)))


def test_over_overlapping_splits_of_equal_models_it_covers_zero_as_often_as_it_says() -> None:
    """Two models that are equally good in truth; 60 samples, 20 of them to test by turns, 15 seeds, 400 studies."""
    rng = np.random.default_rng(0)
    covered = {0.0: 0, 20 / 40: 0}
    for _ in range(400):
        better = rng.normal(size=60)
        tests = rng.permuted(np.tile(np.arange(60), (15, 1)), axis=1)[:, :20]
        for share in covered:
            low, high = Paired(better[tests].mean(axis=1), np.zeros(15), share).interval or (1, 1)
            covered[share] += low <= 0 <= high
    plain, corrected = covered.values()
    assert 0.91 <= corrected / 400 <= 0.99
    assert plain / 400 < 0.75


def test_without_shared_seeds_or_sizes_nothing_is_told() -> None:
    assert Paired.of(pd.Series([0.5]), pd.Series([0.6], index=[7])) is None
    unknown = Paired.of(pd.Series(OURS), pd.Series(THEIRS), float("nan"))
    assert unknown is not None
    assert (unknown.interval, unknown.sign) == (None, 0)

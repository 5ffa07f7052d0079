"""The interval of a difference over seeds, against Student's and against what happens."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hqnn.report.paired import interval_over_seeds, variance_of_overlap

OURS, THEIRS = np.array([0.6, 0.7, 0.65, 0.8]), np.array([0.5, 0.66, 0.66, 0.7])


def test_of_independent_differences_the_interval_is_student_s() -> None:
    test = stats.ttest_rel(OURS, THEIRS).confidence_interval(0.95)
    assert interval_over_seeds(OURS - THEIRS) == pytest.approx((test.low, test.high))


def test_over_random_splits_the_interval_is_nadeau_and_bengio_s() -> None:
    gaps = OURS - THEIRS
    narrow, wide = (np.diff(interval_over_seeds(gaps, variance_of_overlap(gaps, share)) or ()) for share in (0.0, 0.25))
    assert wide == pytest.approx(narrow * np.sqrt((1 / 4 + 1 / 4) / (1 / 4)))


def test_over_overlapping_splits_of_equal_models_it_covers_zero_as_often_as_it_says() -> None:
    """Two models that are equally good in truth; 60 samples, 20 of them to test by turns, 15 seeds, 400 studies."""
    rng = np.random.default_rng(0)
    covered = {0.0: 0, 20 / 40: 0}
    for _ in range(400):
        better = rng.normal(size=60)
        tests = rng.permuted(np.tile(np.arange(60), (15, 1)), axis=1)[:, :20]
        for share in covered:
            gaps = better[tests].mean(axis=1)
            low, high = interval_over_seeds(gaps, variance_of_overlap(gaps, share)) or (1, 1)
            covered[share] += low <= 0 <= high
    plain, corrected = covered.values()
    assert 0.91 <= corrected / 400 <= 0.99
    assert plain / 400 < 0.75


def test_of_few_seeds_nothing_is_told() -> None:
    assert interval_over_seeds(OURS[:2] - THEIRS[:2]) is None

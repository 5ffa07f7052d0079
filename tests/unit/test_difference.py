"""Whether one model is better than another, against what was planted and what happens."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hqnn.metrics.runs import Run
from hqnn.report.difference import Difference, difference
from hqnn.report.runs import Predictions
from hqnn.store import write_table


def made(hits: np.ndarray, seed: int, first: int = 0) -> Predictions:
    """Predictions of two classes, right where `hits`."""
    labels = (np.arange(len(hits)) % 2).astype(np.uint8)
    predicted = np.where(hits, labels, 1 - labels).astype(np.uint8)
    columns = {"sample": first + np.arange(len(hits)), "label": labels, "predicted": predicted}
    return Predictions(Run("s", "d", "m", "ideal", seed), "exact", {}, columns)


def test_a_difference_is_told_where_there_is_one_and_the_same_seeds_are_compared() -> None:
    rng = np.random.default_rng(0)
    good, poor = ({seed: made(rng.random(2000) < share, seed) for seed in range(3)} for share in (0.9, 0.7))
    found = difference(good, poor, [])
    assert found is not None
    assert found.sign == 1
    assert found.low < found.value < found.high
    told = difference(poor, good, [])
    assert told is not None
    assert told.value == pytest.approx(-found.value)
    assert told.sign == -1
    one = difference(good, {7: poor[0]}, [])  # not trained, so of one seed
    assert one is not None
    each = [np.mean(good[seed].columns["predicted"] == good[seed].columns["label"]) for seed in good]
    assert one.value == pytest.approx(np.mean(each) - np.mean(poor[0].columns["predicted"] == poor[0].columns["label"]))
    assert difference(good, {0: made(np.ones(2000, bool), 0, first=5)}, []) is None
    alike = difference(good, good, [])
    assert alike is not None
    assert (alike.value, alike.sign, alike.verdict) == (0, 0, "right on the same samples")


def test_seeds_of_one_test_set_do_not_make_an_interval_narrower() -> None:
    """Equal predictions of every seed say no more than those of one."""
    rng = np.random.default_rng(1)
    ours, theirs = rng.random(400) < 0.8, rng.random(400) < 0.7
    once = difference({0: made(ours, 0)}, {0: made(theirs, 0)}, [])
    often = difference({s: made(ours, s) for s in range(5)}, {s: made(theirs, s) for s in range(5)}, [])
    assert once is not None
    assert often is not None
    assert (once.value, once.low, once.high) == (often.value, often.low, often.high)


def test_seeds_with_test_samples_of_their_own_are_compared_as_overlapping_splits(tmp_path: Path) -> None:
    """Of 600 samples 200 are tested by each seed: Nadeau and Bengio's interval, wider than Student's."""
    rng = np.random.default_rng(2)
    write_table(tmp_path / "samples.h5", {"split": np.zeros(600, dtype=np.uint8)}, {})
    ours = {seed: made(rng.random(200) < 0.8, seed, first=200 * seed) for seed in range(3)}
    theirs = {seed: made(rng.random(200) < 0.7, seed, first=200 * seed) for seed in range(3)}
    gaps = np.array([np.mean(ours[s].columns["predicted"] == ours[s].columns["label"]) for s in range(3)]) - [
        np.mean(theirs[s].columns["predicted"] == theirs[s].columns["label"]) for s in range(3)
    ]
    found = difference(ours, theirs, [tmp_path / "samples.h5"])
    assert found is not None
    half = stats.t.ppf(0.975, 2) * gaps.std(ddof=1) * np.sqrt(1 / 3 + 200 / 400)
    assert (found.value, found.low, found.high) == pytest.approx((gaps.mean(), gaps.mean() - half, gaps.mean() + half))
    nothing_said = difference(ours, theirs, [])
    assert nothing_said is not None
    assert (nothing_said.sign, nothing_said.limits) == (0, "")


def test_splits_that_train_on_few_samples_share_their_test_samples_and_nothing_else(tmp_path: Path) -> None:
    """150 samples, 144 of them tested: each split's models differ by chance, and each sample's difficulty is shared."""
    write_table(tmp_path / "samples.h5", {"split": np.zeros(150, dtype=np.uint8)}, {})
    rng = np.random.default_rng(5)
    covered, halves = [], []
    for _ in range(30):
        hard = rng.normal(0, 1, 150)
        ours, theirs = (
            {
                seed: made(hard[seed : seed + 144] + rng.normal(0, 1, 144) > 0.5 * rng.normal(), seed, first=seed)
                for seed in range(4)
            }
            for _ in range(2)
        )
        found = difference(ours, theirs, [tmp_path / "samples.h5"])
        assert found is not None
        covered.append(found.low <= 0 <= found.high)
        halves.append((found.high - found.low) / 2)
    assert np.mean(covered) >= 0.9
    assert 0.1 < np.mean(halves) < 0.5  # 24 test samples by each train sample made 1.7 of it


def test_splits_that_differ_by_one_number_are_as_sure_as_their_samples_and_no_surer(tmp_path: Path) -> None:
    """Twenty of 200 samples right by one model alone and twenty by the other, in each of three splits."""
    write_table(tmp_path / "samples.h5", {"split": np.zeros(600, dtype=np.uint8)}, {})
    hits = np.ones((2, 200), bool)
    hits[0, :20] = hits[1, 20:40] = False
    ours, theirs = ({seed: made(row, seed, first=200 * seed) for seed in range(3)} for row in hits)
    found = difference(ours, theirs, [tmp_path / "samples.h5"])
    assert found is not None
    half = 1.96 * np.sqrt(40 / 200**2)
    assert (found.value, found.low, found.high) == pytest.approx((0, -half, half), abs=0.01)
    assert found.verdict == "cannot be told"
    alike = difference(ours, ours, [tmp_path / "samples.h5"])
    assert alike is not None
    assert (alike.limits, alike.verdict) == ("", "right on the same samples")


def test_a_limit_is_never_rounded_to_zero() -> None:
    assert Difference(-0.01, -0.0244, -0.0002, 3).limits == "−0.024 to −0.0002"
    assert Difference(0.0, -0.01, 0.0, 3).limits == "−0.010 to +0.000"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.05, "better"),
        (-0.01, 0.05, "not worse by more than 0.02"),
        (-0.015, -0.005, "worse, by less than 0.02"),
        (-0.05, -0.01, "worse"),
        (-0.05, 0.05, "cannot be told"),
        (np.nan, np.nan, "cannot be told"),
    ],
)
def test_a_verdict_is_what_the_interval_says_of_zero_and_of_the_margin(low: float, high: float, verdict: str) -> None:
    assert Difference((low + high) / 2, low, high, 3).verdict == verdict


def test_a_difference_that_could_be_shown_is_seen_in_four_of_five_studies_and_needs_no_more_seeds() -> None:
    rng, spread, seeds = np.random.default_rng(1), 0.1, 400
    half = stats.norm.ppf(0.975) * spread / np.sqrt(seeds)
    truth = Difference(0.0, -half, half, seeds).could_show
    means = rng.normal(truth, spread, (2000, seeds)).mean(axis=1)
    assert np.mean(means > half) == pytest.approx(0.8, abs=0.03)
    weak = Difference(truth / 2, truth / 2 - half, truth / 2 + half, seeds, margin=1e-6)
    assert weak.sign == 0
    assert weak.seeds_to_tell == pytest.approx(4 * seeds, abs=1)
    assert Difference(2 * half, half, 3 * half, seeds).seeds_to_tell is None
    own = (half / stats.norm.ppf(0.975)) ** 2
    assert replace(weak, shared=own).seeds_to_tell == inf  # whatever seeds are added, test samples stay too few
    some = replace(weak, shared=own / 8).seeds_to_tell
    assert some is not None
    assert 4 * seeds < some < inf

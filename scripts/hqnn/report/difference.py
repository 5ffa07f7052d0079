"""Whether one model is better than another on the same samples, seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from hqnn.metrics.bootstrap import INTERVAL, bootstrap
from hqnn.metrics.clusters import Origins
from hqnn.metrics.measures import Floats, mean_defined, ratio
from hqnn.report.chapter import Material
from hqnn.report.paired import LEAST_SEEDS, interval_over_seeds, variance_of_overlap
from hqnn.report.runs import Predictions
from hqnn.report.words import signed
from hqnn.settings.execution import MARGIN
from hqnn.store import open_table
from hqnn.wording import plural

DRAWS = 400
TABLES = ("samples.h5", "split.h5", "draw.h5")  # that say which samples are alike, and how many there are
WITH_POWER = 1 + norm.ppf(0.8) / norm.ppf(0.975)  # half intervals that 80 of 100 studies would tell from zero

Seeds = Mapping[int, Predictions]


@dataclass(frozen=True)
class Difference:
    """Mean recall of one model minus that of another.

    Attributes:
        value: mean over seeds.
        low: of the 95 % interval; NaN where there is none.
        high: likewise.
        seeds: how many were compared.
        margin: by how much a model may be worse and yet count as not worse.
        alike: whether both are right on the same samples.
        shared: of the variance of `value`, what all seeds share, so that more of them do not remove it.
    """

    value: float
    low: float
    high: float
    seeds: int = 1
    margin: float = MARGIN
    alike: bool = False
    shared: float = 0.0

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves zero out, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    @property
    def verdict(self) -> str:
        """What the interval says of the first model, whether it leaves out zero, and minus the margin."""
        if self.alike:
            return "right on the same samples"
        if self.sign > 0:
            return "better"
        if self.low > -self.margin:
            return f"worse, by less than {self.margin:g}" if self.sign else f"not worse by more than {self.margin:g}"
        return "worse" if self.sign else "cannot be told"

    @property
    def could_show(self) -> float:
        """The smallest difference that so many seeds and samples tell from zero in 80 of 100 studies; NaN if unknown.

        By the normal approximation, from the width of the interval (Lachin, Controlled Clinical Trials 2, 93, 1981).
        """
        return float(WITH_POWER * (self.high - self.low) / 2)

    @property
    def seeds_to_tell(self) -> float | None:
        """How many seeds would tell a difference of this size; infinite where test samples are too few for any number.

        None where nobody needs to know. Of less than three seeds the interval is over samples alone, which more seeds
        do not change.
        """
        if self.verdict != "cannot be told" or self.seeds < LEAST_SEEDS or np.isnan(self.could_show) or not self.value:
            return None
        own = ((self.high - self.low) / 2 / norm.ppf(0.975)) ** 2 - self.shared
        wanted = (self.value / WITH_POWER / norm.ppf(0.975)) ** 2 - self.shared
        return ceil(self.seeds * max(own, 0.0) / wanted) if wanted > 0 else inf

    @property
    def limits(self) -> str:
        """The interval; empty where there is none."""
        return f"{_limit(self.low)} to {_limit(self.high)}" if np.isfinite(self.low) else ""

    @property
    def words(self) -> str:
        """The difference with its interval and its verdict, as it goes on after a subject."""
        interval = f"95 % interval {self.limits}, " if self.limits else ""
        return f"in balanced accuracy {signed(self.value, 3)} ({interval}{plural(self.seeds, 'seed')}): {self.verdict}"


def _limit(value: float) -> str:
    """To three decimals, or as many as tell it from zero, since its sign decides."""
    decimals = 3
    while value and not round(value, decimals):
        decimals += 1
    return signed(value, decimals)


Compare = Callable[[str, str], Difference | None]


def compared(material: Material, dataset: str) -> Compare:
    """A function of the names of two models that compares what they came to on a data set, without noise."""
    runs: dict[str, dict[int, Predictions]] = {}
    for one in material.predictions:
        if (one.path, one.run.phase, one.run.dataset) == ("exact", "ideal", dataset):
            runs.setdefault(one.run.model, {})[one.run.seed] = one
    return partial(_compared, runs, material)


def _compared(runs: Mapping[str, Seeds], material: Material, ours: str, theirs: str) -> Difference | None:
    if ours not in runs or theirs not in runs:
        return None
    return difference(runs[ours], runs[theirs], material.artefacts, material.margin)


def difference(ours: Seeds, theirs: Seeds, artefacts: Sequence[Path], margin: float = MARGIN) -> Difference | None:
    """Compare balanced accuracies on the same test samples.

    Where all seeds test on the same samples, every bootstrap draw draws seeds, and with each the samples: blocks of
    pixels within scenes, groups of what was dealt together, or samples one by one, as the intervals of the tidy table.
    Where each seed has its own test samples, the interval is Student's over seeds, widened for what splits share (see
    `hqnn.report.paired.variance_of_overlap`, or, where most samples are tested and splits hardly train on the same
    ones, the bootstrap's variance over test samples). Where all of those differ by the very same number, which says
    nothing of how sure it is, the interval is that of samples drawn within one seed. What has one seed is compared with
    every seed of the other.

    Args:
        ours: seed to exact predictions of one model.
        theirs: likewise of the other.
        artefacts: of the study; its tables of samples and splits say which samples are alike.
        margin: see `Difference`.

    Returns:
        None where the two have no test sample set in common.
    """
    pairs = [(ours[seed], other) for seed, other in _matched(ours, theirs)]
    if not pairs or not all(_same_samples(*pair) for pair in pairs):
        return None
    tables = [path for path in artefacts if path.name in TABLES]
    values = np.array([_gap(own, other, np.ones((1, len(own.columns["sample"]))))[0] for own, other in pairs])
    alike = all(np.array_equal(_hits(own)[1], _hits(other)[1]) for own, other in pairs)
    mean = float(values.mean())
    if not all(_same_samples(pairs[0][0], own) for own, _ in pairs):
        limits, shared = _of_splits(values, pairs, tables)
        return Difference(mean, *limits, len(pairs), margin, alike, shared)
    drawn = _drawn(pairs, tables)
    chosen = np.random.default_rng(0).integers(len(pairs), size=drawn.shape)
    limits = _of_draws(np.take_along_axis(drawn, chosen, axis=0).mean(axis=0))
    return Difference(mean, *limits, len(pairs), margin, alike, float(np.nanvar(drawn.mean(axis=0))))


def _of_splits(
    values: Floats, pairs: Sequence[tuple[Predictions, Predictions]], tables: Sequence[Path]
) -> tuple[tuple[float, float], float]:
    """The interval of seeds with test samples of their own, and what of the variance these share."""
    if not tables:
        return (np.nan, np.nan), 0.0
    tested = len(pairs[0][0].columns["sample"])
    test_by_train = tested / (_rows(tables) - tested)
    drawn = [_drawn([pair], tables)[0] for pair in pairs] if test_by_train > 1 or not np.ptp(values) else []
    if drawn and not np.ptp(values):
        return _of_draws(np.concatenate(drawn)), 0.0
    shared = float(np.mean([np.nanvar(one) for one in drawn])) if drawn else variance_of_overlap(values, test_by_train)
    return interval_over_seeds(values, shared) or (np.nan, np.nan), shared


def _of_draws(draws: Floats) -> tuple[float, float]:
    """The interval of bootstrap draws; NaN where they do not vary."""
    draws = draws[np.isfinite(draws)]
    low, high = np.quantile(draws, INTERVAL) if draws.size and np.ptp(draws) > 0 else (np.nan, np.nan)
    return float(low), float(high)


def _matched(ours: Seeds, theirs: Seeds) -> Iterator[tuple[int, Predictions]]:
    """Seeds of ours with what stands beside each."""
    for seed in ours:
        if len(theirs) == 1 or seed in theirs:
            yield seed, theirs.get(seed) or next(iter(theirs.values()))


def _same_samples(first: Predictions, second: Predictions) -> bool:
    return bool(np.array_equal(np.sort(first.columns["sample"]), np.sort(second.columns["sample"])))


def _drawn(pairs: Sequence[tuple[Predictions, Predictions]], tables: Sequence[Path]) -> Floats:
    """Differences under the same bootstrap draws of the same test samples, shape (pairs, draws)."""
    first = pairs[0][0]
    ids = np.sort(first.columns["sample"])
    clusters = Origins(tables).clusters(ids, first.run.dataset)
    pieces = bootstrap(_scenes(tables, ids), DRAWS, np.random.default_rng(0), clusters)
    return np.concatenate([np.stack([_gap(*pair, weights) for pair in pairs]) for weights in pieces], axis=1)


def _rows(tables: Sequence[Path]) -> int:
    """How many samples there are, of which each seed tests some."""
    with open_table(tables[0]) as table:
        return len(table["split"] if "split" in table else table["labels"])


def _scenes(tables: Sequence[Path], ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Places of the samples of each scene; of all where there are none."""
    for path in tables:
        with open_table(path) as table:
            if "scene" in table:
                scene = table["scene"][()][ids]
                return [np.flatnonzero(scene == one) for one in np.unique(scene)]
    return [np.arange(len(ids))]


def _gap(own: Predictions, other: Predictions, weights: Floats) -> Floats:
    """Difference of mean recall under weights of samples in their order, shape (draws, samples)."""
    (labels, hits), (_, theirs) = _hits(own), _hits(other)
    of_class = (labels[:, None] == np.unique(labels)).astype(float)
    gaps = (hits.astype(float) - theirs)[:, None] * of_class
    return mean_defined(ratio(weights @ gaps, weights @ of_class))


def _hits(one: Predictions) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels in the order of the samples, and whether they were predicted."""
    order = np.argsort(one.columns["sample"])
    labels = one.columns["label"][order].astype(np.int64)
    return labels, np.asarray(one.columns["predicted"][order] == labels)

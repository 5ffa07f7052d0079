"""Draws of samples, or of clusters of them, as weights, and the intervals they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hqnn.metrics.measures import Floats

INTERVAL = (0.025, 0.975)
WEIGHTS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Units:
    """What is drawn as one, stratum by stratum: single samples, or clusters of them.

    Samples that are alike, such as neighbouring pixels, say less than as many independent ones, and drawn one by one
    they make intervals too narrow (Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8).

    Attributes:
        of_sample: the unit of each sample, from 0, those of a stratum next to each other, shape (samples,).
        sizes: units in each stratum.
    """

    of_sample: NDArray[np.int64]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, strata: Sequence[NDArray[np.int64]], clusters: NDArray[np.int64] | None = None) -> Units:
        """Number the units of strata.

        Args:
            strata: places of the samples of each; together all samples.
            clusters: of each sample, shape (samples,); each for itself where absent.
        """
        unit = np.empty(sum(s.size for s in strata), dtype=np.int64)
        sizes: list[int] = []
        for members in strata:
            own = np.arange(members.size) if clusters is None else _in_order(clusters[members])
            unit[members] = own + sum(sizes)
            sizes.append(int(own.max(initial=-1)) + 1)
        return cls(unit, tuple(sizes))

    def drawn(self, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
        """Multiplicities of draws with replacement, as many in each stratum as it has units.

        Args:
            draws: how many.
            rng: the source of randomness.

        Yields:
            Shape (some draws, units), a bounded number of samples at a time.
        """
        step = max(1, WEIGHTS_AT_ONCE // max(1, self.of_sample.size))
        for done in range(0, draws, step):
            count = min(step, draws - done)
            drawn = [rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None] for size in self.sizes]
            times = [
                np.bincount(own.ravel(), minlength=count * size).reshape(count, size)
                for own, size in zip(drawn, self.sizes, strict=True)
            ]
            yield np.concatenate(times, axis=1, dtype=float)

    def drawn_from(self, seeds: tuple[int, ...], draws: int) -> Iterable[Floats]:
        """As `drawn`, from a source with these seeds.

        What is little is kept for the next units of the same sizes, since many files share a test set.
        """
        if draws * self.of_sample.size <= WEIGHTS_AT_ONCE:
            return _kept(self.sizes, seeds, draws)
        return self.drawn(draws, _source(seeds))


def bootstrap(
    strata: Sequence[NDArray[np.int64]],
    draws: int,
    rng: np.random.Generator,
    clusters: NDArray[np.int64] | None = None,
) -> Iterator[Floats]:
    """Multiplicities of samples in draws of units, a bounded piece of shape (draws, samples) at a time.

    Args:
        strata: see `Units.of`.
        draws: how many.
        rng: the source of randomness.
        clusters: see `Units.of`; whole clusters are drawn, as many as the stratum has.
    """
    units = Units.of(strata, clusters)
    for times in units.drawn(draws, rng):
        yield times[:, units.of_sample]


def intervals(values: Floats) -> Floats:
    """The 2.5 and 97.5 % percentiles of what is defined in each row, NaN where nothing is.

    Args:
        values: shape (rows, draws).

    Returns:
        Shape (rows, 2).
    """
    if values.shape[1] == 0:
        return np.full((len(values), 2), np.nan)
    ordered = np.sort(values, axis=1)  # what is not defined last
    last = (~np.isnan(values)).sum(axis=1, keepdims=True) - 1
    place = np.maximum(last, 0) * np.array(INTERVAL)
    below = np.floor(place).astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=1)
    high = np.take_along_axis(ordered, np.ceil(place).astype(np.int64), axis=1)
    return np.asarray(low + (high - low) * (place - below))


@lru_cache(maxsize=2)  # a test set and its subset
def _kept(sizes: tuple[int, ...], seeds: tuple[int, ...], draws: int) -> Sequence[Floats]:
    return list(Units(np.arange(sum(sizes)), sizes).drawn(draws, _source(seeds)))


def _source(seeds: tuple[int, ...]) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seeds))


def _in_order(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clusters numbered in the order in which they come, so that one sample a cluster is the plain bootstrap."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])

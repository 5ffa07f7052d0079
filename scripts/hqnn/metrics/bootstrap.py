"""Draws of samples as weights, and the intervals they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hqnn.metrics.measures import Floats

INTERVAL = (0.025, 0.975)
WEIGHTS_AT_ONCE = 2_000_000


def bootstrap(
    strata: Sequence[NDArray[np.int64]],
    draws: int,
    rng: np.random.Generator,
    clusters: NDArray[np.int64] | None = None,
) -> Iterator[Floats]:
    """Multiplicities of draws with replacement within strata, a bounded piece of shape (draws, samples) at a time.

    Args:
        strata: places of the samples of each; together all samples.
        draws: how many.
        rng: the source of randomness.
        clusters: of each sample, shape (samples,); whole clusters are drawn, as many as the stratum has. Samples that
            are alike, such as neighbouring pixels, say less than as many independent ones, and drawn one by one they
            make intervals too narrow (Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8).
    """
    samples = sum(s.size for s in strata)
    drawn_of = [_in_order(clusters[s]) if clusters is not None else np.arange(s.size) for s in strata]
    step = max(1, WEIGHTS_AT_ONCE // samples)
    for done in range(0, draws, step):
        count = min(step, draws - done)
        weights = np.empty((count, samples))
        for members, cluster in zip(strata, drawn_of, strict=True):
            size = int(cluster.max(initial=-1)) + 1
            drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
            times = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
            weights[:, members] = times[:, cluster]
        yield weights


def _in_order(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clusters numbered in the order in which they come, so that one sample a cluster is the plain bootstrap."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])


def balanced_draw(weights: Floats, labels: Floats, rng: np.random.Generator) -> Floats:
    """Draw as many samples as there are from each row, both classes equally likely; NaN where a row lacks a class."""
    positives = (weights @ labels)[:, None]
    negatives = weights.sum(axis=1, keepdims=True) - positives
    of_class = np.where(labels == 1, positives, negatives)
    drawn = np.full(weights.shape, np.nan)
    both = np.flatnonzero((positives[:, 0] > 0) & (negatives[:, 0] > 0))
    drawn[both] = rng.multinomial(labels.size, weights[both] / (2 * of_class[both]))
    return drawn


def interval(values: Sequence[Floats]) -> dict[str, float]:
    """The 2.5 and 97.5 % percentiles of what is defined, as `low` and `high`; NaN where nothing is."""
    defined = np.concatenate(values or [np.empty(0)])
    defined = defined[~np.isnan(defined)]
    low, high = np.quantile(defined, INTERVAL) if defined.size else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}

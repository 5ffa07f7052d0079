"""Draws of samples as weights, and the intervals they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hqnn.metrics.measures import Floats

INTERVAL = (0.025, 0.975)
WEIGHTS_AT_ONCE = 2_000_000


def bootstrap(strata: Sequence[NDArray[np.int64]], draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Multiplicities of draws with replacement within strata, a bounded piece of shape (draws, samples) at a time."""
    samples = sum(s.size for s in strata)
    step = max(1, WEIGHTS_AT_ONCE // samples)
    for done in range(0, draws, step):
        count = min(step, draws - done)
        weights = np.empty((count, samples))
        for members in strata:
            size = members.size
            drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
            weights[:, members] = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
        yield weights


def balanced_draw(weights: Floats, labels: Floats, rng: np.random.Generator) -> Floats:
    """Draw as many samples as there are from each row, both classes equally likely; NaN where a row lacks a class."""
    samples = labels.size
    positives = (weights @ labels)[:, None]
    of_class = np.where(labels == 1, positives, samples - positives)
    drawn = np.full(weights.shape, np.nan)
    both = np.flatnonzero((positives[:, 0] > 0) & (positives[:, 0] < samples))
    drawn[both] = rng.multinomial(samples, weights[both] / (2 * of_class[both]))
    return drawn


def interval(values: Sequence[Floats]) -> dict[str, float]:
    """The 2.5 and 97.5 % percentiles of what is defined, as `low` and `high`; NaN where nothing is."""
    defined = np.concatenate(values or [np.empty(0)])
    defined = defined[~np.isnan(defined)]
    low, high = np.quantile(defined, INTERVAL) if defined.size else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}

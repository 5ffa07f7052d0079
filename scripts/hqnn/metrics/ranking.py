"""Samples in the order of a class's probability, summed before anything is drawn."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hqnn.metrics.measures import Floats, counts_of, ratio


class Ranking:
    """The curves of one class against the rest as functions of weights.

    A threshold matters only where samples of the class lie: what lies between is summed beforehand, so a draw costs one
    sparse product and one cumulative sum over the class's own probabilities. What lies at or above a threshold is of
    that threshold.

    Args:
        of_class: which samples are of the class, shape (samples,).
        probability: of the class, shape (samples,).
        unit: what each sample is weighted with, from 0, shape (samples,).
        units: how many there are.
    """

    def __init__(self, of_class: NDArray[np.bool_], probability: Floats, unit: NDArray[np.int64], units: int) -> None:
        steps, place = np.unique(-probability[of_class], return_inverse=True)  # from the likeliest down
        rest = -probability[~of_class]
        first = np.searchsorted(steps, rest)  # of equal ones their own step, else the next
        reached = first < steps.size
        tied = np.zeros(rest.size, dtype=bool)
        tied[reached] = steps[first[reached]] == rest[reached]
        self._tied_steps, tied_place = np.unique(first[tied], return_inverse=True)
        sizes = (steps.size, steps.size + 1, self._tied_steps.size)  # the last of the rest are below every threshold
        self._ends = np.cumsum(sizes)
        places = np.concatenate([place, self._ends[0] + first, self._ends[1] + tied_place])
        others = unit[~of_class]
        self._counts = counts_of(places, np.concatenate([unit[of_class], others, others[tied]]), self._ends[2], units)

    def __call__(self, weights: Floats) -> Ranked:
        """What is of the class and what is not at each threshold, under weights of shape (units, draws)."""
        own, others, tied = np.split(self._counts @ weights, self._ends[:2])
        above = np.cumsum(others, axis=0)
        return Ranked(own, above[:-1], above[-1], self._tied_steps, tied)


class Ranked:
    """Weights at the thresholds of one class; all of shape (thresholds, draws).

    Args:
        own: of the class, at each threshold.
        above: of the rest, at or above each.
        others: of all the rest, shape (draws,).
        tied_steps: thresholds at which some of the rest lie.
        tied: weights of these.
    """

    def __init__(self, own: Floats, above: Floats, others: Floats, tied_steps: NDArray[np.int64], tied: Floats) -> None:
        self._own, self._above, self._others, self._tied_steps, self._tied = own, above, others, tied_steps, tied

    @cached_property
    def _hits(self) -> Floats:
        return np.cumsum(self._own, axis=0)

    def area(self) -> Floats:
        """The area under the ROC curve by trapezoids, shape (draws,); NaN without both kinds."""
        pairs = self._others * self._own.sum(axis=0)
        wrong = np.einsum("td,td->d", self._own, self._above)
        wrong -= np.einsum("td,td->d", self._own[self._tied_steps], self._tied) / 2
        return ratio(pairs - wrong, pairs)

    def average_precision(self, own: Floats | float = 1.0, others: Floats | float = 1.0) -> Floats:
        """Average precision by steps, as scikit-learn defines it, shape (draws,).

        Args:
            own: by what the class is weighted besides, shape (draws,).
            others: likewise the rest.
        """
        hits = self._hits * own
        seen = hits + others * self._above
        precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen != 0)
        return ratio(np.einsum("td,td->d", self._own, precision), self._own.sum(axis=0))

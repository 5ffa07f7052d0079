"""What the metrics of two and of more classes have in common.

Every metric is a function of sample weights. The value has weight one for each sample; a bootstrap draw is a row of
multiplicities, so a thousand draws are a few matrix products and cumulative sums instead of a thousand evaluations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Metrics under some rows of weights, NaN where undefined.

    Attributes:
        values: name to shape (draws,).
        by_class: recall, precision and f1 of each class, name to shape (classes, draws).
    """

    values: dict[str, Floats]
    by_class: dict[str, Floats]


class Measures(Protocol):
    """All metrics of one set of predictions."""

    labels: Floats

    def __call__(self, weights: Floats) -> Measured:
        """Metrics under weights of shape (draws, samples)."""


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Element by element; NaN where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator != 0)


def surprise(probability: Floats) -> Floats:
    """Cross-entropy of each sample in nats, from the probability of its label; a zero counts as the smallest step."""
    smallest = np.finfo(np.float64).eps
    return -np.log(np.clip(probability, smallest, 1 - smallest))


def mean_defined(values: Floats) -> Floats:
    """Mean over the last axis without what is NaN."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))

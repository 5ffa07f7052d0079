"""What the metrics of two and of more classes have in common.

Every metric is a function of weights of units: single samples, or clusters of samples that are drawn together. The
value has weight one for each unit; a bootstrap draw is a row of multiplicities, so a thousand draws are a few products
with sums over each unit, which are made once, instead of a thousand evaluations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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


def per_unit(terms: Floats, unit: NDArray[np.int64], units: int) -> Floats:
    """Sums over the samples of each unit.

    Args:
        terms: shape (samples, terms).
        unit: of each sample, from 0, shape (samples,).
        units: how many there are.

    Returns:
        Shape (units, terms).
    """
    return np.stack([np.bincount(unit, column, units) for column in terms.T], axis=1)


def counts_of(place: NDArray[np.int64], unit: NDArray[np.int64], places: int, units: int) -> sparse.csr_array:
    """How many samples of each unit are at each place, sparse, shape (places, units)."""
    rows = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=places))])
    return sparse.csr_array((np.ones(place.size), unit[place.argsort(kind="stable")], rows), shape=(places, units))


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

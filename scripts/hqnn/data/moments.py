"""Mean and covariance of what streams by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDING = 1e-12  # relative to the mean; how far the mean of a constant may be from it


@dataclass
class Moments:
    """Count, mean and scatter of vectors that come in pieces, in float64.

    Merged as in Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
    (1979), which loses nothing when values are far from zero.
    """

    count: int = 0
    mean: Floats = field(default_factory=lambda: np.zeros(()))
    scatter: Floats = field(default_factory=lambda: np.zeros(()))

    def add(self, vectors: NDArray[Any]) -> None:
        """Take in vectors, shape (vectors, dimensions)."""
        if len(vectors) == 0:
            return
        piece = vectors.astype(np.float64)
        mean = piece.mean(axis=0)
        piece -= mean
        shift, total = mean - self.mean, self.count + len(vectors)
        self.scatter = self.scatter + piece.T @ piece + np.outer(shift, shift) * (self.count * len(vectors) / total)
        self.mean = self.mean + shift * (len(vectors) / total)
        self.count = total

    @property
    def deviation(self) -> Floats:
        """Standard deviation (of the population) of each dimension; 0 where nothing was taken in."""
        return np.sqrt(np.diagonal(self.scatter) / max(self.count, 1))

    @property
    def scale(self) -> Floats:
        """By what to divide for unit variance: the standard deviation, 1 where a dimension is constant."""
        return np.where(self.deviation > ROUNDING * np.abs(self.mean), self.deviation, 1.0)

    @property
    def correlation(self) -> Floats:
        """Covariance of what is divided by `scale`."""
        return self.scatter / max(self.count, 1) / np.outer(self.scale, self.scale)

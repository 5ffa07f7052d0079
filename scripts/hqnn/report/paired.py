"""One model against another, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

LEAST_SEEDS = 3  # below, a spread over seeds says little


def by_seed(rows: pd.DataFrame, model: str) -> pd.Series[float]:
    """The values of one model by their seeds."""
    return rows[rows["model"] == model].set_index("seed")["value"].dropna()


@dataclass(frozen=True)
class Paired:
    """A metric of two models, of the seeds that both have.

    Attributes:
        ours: of the first model, shape (seeds,).
        theirs: of the other.
        test_by_train: where every seed splits the same samples at random, test samples by train samples; 0 where all
            seeds test on the same ones, and the interval then speaks of these alone; NaN where unknown.
    """

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    test_by_train: float = 0.0

    @classmethod
    def of(cls, ours: pd.Series[float], theirs: pd.Series[float], test_by_train: float = 0.0) -> Paired | None:
        """Pair values by their index, the seeds; nothing where they share none."""
        both = pd.concat([ours, theirs], axis=1, join="inner").dropna().to_numpy(dtype=float)
        return cls(both[:, 0], both[:, 1], test_by_train) if len(both) else None

    @property
    def gaps(self) -> NDArray[np.float64]:
        """First minus other, shape (seeds,)."""
        return self.ours - self.theirs

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean difference by Student's t; nothing where seeds are too few or sizes unknown.

        Random splits of the same samples overlap, so their differences are alike: Nadeau and Bengio (Machine Learning
        52, 239, 2003) take (1 / seeds + test_by_train) times the variance of one as the variance of the mean.
        """
        seeds = len(self.gaps)
        if seeds < LEAST_SEEDS or np.isnan(self.test_by_train):
            return None
        error = self.gaps.std(ddof=1) * np.sqrt(1 / seeds + self.test_by_train)
        half = float(stats.t.ppf(0.975, seeds - 1) * error)
        mean = float(self.gaps.mean())
        return mean - half, mean + half

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves zero out, else 0."""
        limits = self.interval
        if limits is None or limits[0] <= 0 <= limits[1] or np.allclose(self.gaps, 0):
            return 0
        return 1 if limits[0] > 0 else -1

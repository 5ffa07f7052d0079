"""One model against another, seed by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

LEAST_SEEDS = 3  # below, a spread over seeds says little


def by_seed(rows: pd.DataFrame, model: str) -> pd.Series[float]:
    """The values of one model by their seeds."""
    return rows[rows["model"] == model].set_index("seed")["value"].dropna()


def interval_over_seeds(gaps: NDArray[np.float64], test_by_train: float = 0.0) -> tuple[float, float] | None:
    """The 95 % interval of a mean difference by Student's t; nothing where seeds are too few or sizes unknown.

    Random splits of the same samples overlap, so their differences are alike: Nadeau and Bengio (Machine Learning
    52, 239, 2003) take (1 / seeds + test_by_train) times the variance of one as the variance of the mean.

    Args:
        gaps: of each seed, shape (seeds,).
        test_by_train: test samples by train samples, where every seed splits the same samples at random; 0 where the
            differences are independent; NaN where unknown.
    """
    seeds = len(gaps)
    if seeds < LEAST_SEEDS or np.isnan(test_by_train):
        return None
    error = gaps.std(ddof=1) * np.sqrt(1 / seeds + test_by_train)
    half = float(stats.t.ppf(0.975, seeds - 1) * error)
    mean = float(gaps.mean())
    return mean - half, mean + half

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


def interval_over_seeds(gaps: NDArray[np.float64], shared: float = 0.0) -> tuple[float, float] | None:
    """The 95 % interval of a mean difference by Student's t; nothing where seeds are too few.

    Args:
        gaps: of each seed, shape (seeds,).
        shared: variance that all seeds share, and that their mean has too.
    """
    seeds = len(gaps)
    if seeds < LEAST_SEEDS:
        return None
    half = float(stats.t.ppf(0.975, seeds - 1) * np.sqrt(gaps.var(ddof=1) / seeds + shared))
    mean = float(gaps.mean())
    return mean - half, mean + half


def variance_of_overlap(gaps: NDArray[np.float64], test_by_train: float) -> float:
    """What differences of random splits of the same samples share, since their samples overlap.

    Nadeau and Bengio (Machine Learning 52, 239, 2003) take (1 / seeds + test_by_train) times the variance of one split
    as the variance of the mean. This is its second part; it is meant for fewer test than train samples.

    Args:
        gaps: of each seed, shape (seeds,).
        test_by_train: test samples by train samples, where every seed splits the same samples at random.
    """
    return float(test_by_train * gaps.var(ddof=1))

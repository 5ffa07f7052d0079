"""Classical references for a two-class pixel model, on the same samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

OTSU_BINS = 256


def change_vector_probability(lengths: NDArray[Any], train_lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Untrained score: the length of the change vector, 1/2 where it meets Otsu's threshold.

    Args:
        lengths: of the samples to score, shape (samples,).
        train_lengths: of the train samples, from which the threshold comes; their labels are not used.

    Returns:
        ``length / (length + threshold)``, in [0, 1): it rises with the length, so ranks are kept.
    """
    threshold = otsu_threshold(train_lengths)
    values = np.asarray(lengths, dtype=np.float64)
    return values / (values + threshold)


def otsu_threshold(values: NDArray[Any]) -> float:
    """The threshold that parts values into two groups with the largest variance between them.

    Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), equation 18.
    """
    counts, edges = np.histogram(values, bins=OTSU_BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    return float(edges[1 + np.nanargmax(between)])


def logistic_regression(features: NDArray[Any], labels: NDArray[np.uint8]) -> LogisticRegression:
    """Fitted with scikit-learn's default penalty."""
    return LogisticRegression(max_iter=5000).fit(features, labels)


def mlp(features: NDArray[Any], labels: NDArray[np.uint8], *, parameters: int, seed: int) -> MLPClassifier:
    """A perceptron of one hidden layer, as wide as brings it nearest to a number of parameters.

    Args:
        features: shape (samples, features).
        labels: shape (samples,).
        parameters: how many trainable numbers the model it is compared with has.
        seed: of initial weights and order.
    """
    hidden = max(1, round((parameters - 1) / (features.shape[1] + 2)))
    return MLPClassifier((hidden,), max_iter=2000, random_state=seed).fit(features, labels)

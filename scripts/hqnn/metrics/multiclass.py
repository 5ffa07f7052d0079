"""Metrics of more than two classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hqnn.metrics.measures import Floats, Measured, ratio, surprise


class MulticlassMeasures:
    """All metrics of one set of predictions of several classes as functions of sample weights.

    Balanced accuracy is the mean recall of the classes that have samples; macro F1 the mean over the classes that have
    samples or predictions; mcc the correlation of Gorodkin (Comput. Biol. Chem. 28, 367, 2004).
    """

    def __init__(self, labels: Floats, probability: Floats, predicted: Floats) -> None:
        """Labels and predicted classes of shape (samples,), whole numbers; probability (samples, classes)."""
        self.labels = labels
        self._classes = probability.shape[1]
        truth = labels.astype(np.int64)
        cells = truth * self._classes + predicted.astype(np.int64)
        self._order = np.argsort(cells, kind="stable")
        self._cells, self._starts = np.unique(cells[self._order], return_index=True)
        self._surprise = surprise(probability[np.arange(truth.size), truth])

    def confusion(self, weights: Floats) -> Floats:
        """Counts by label (rows) and predicted class under weights (draws, samples); (draws, classes, classes)."""
        counts = np.zeros((len(weights), self._classes**2))
        counts[:, self._cells] = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return counts.reshape(-1, self._classes, self._classes)

    def __call__(self, weights: Floats) -> Measured:
        """Metrics under weights of shape (draws, samples)."""
        counts = self.confusion(weights)
        hits = np.diagonal(counts, axis1=1, axis2=2)
        truth, said = counts.sum(axis=2), counts.sum(axis=1)
        right, total = hits.sum(axis=1), truth.sum(axis=1)
        recalls = ratio(hits, truth)
        spread = (total**2 - (truth**2).sum(axis=1)) * (total**2 - (said**2).sum(axis=1))
        values = {
            "accuracy": ratio(right, total),
            "balanced_accuracy": _mean_defined(recalls),
            "macro_f1": _mean_defined(ratio(2 * hits, truth + said)),
            "mcc": ratio(right * total - (truth * said).sum(axis=1), np.sqrt(spread)),
            "log_loss": ratio(weights @ self._surprise, total),
        }
        return Measured(values, recalls.T)


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, classes: int) -> Floats:
    """How many samples of each class (rows) were said to be of each class (columns).

    Args:
        labels: below `classes`, shape (samples,).
        predicted: likewise.
        classes: how many there are.

    Returns:
        Counts, shape (classes, classes).
    """
    cells = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes).astype(float)


def _mean_defined(values: Floats) -> Floats:
    """Mean over the last axis without what is NaN."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))

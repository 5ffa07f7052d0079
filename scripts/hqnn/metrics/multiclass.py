"""Metrics of more than two classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hqnn.metrics.measures import Floats, Measured, mean_defined, ratio, surprise


class MulticlassMeasures:
    """All metrics of one set of predictions of several classes as functions of sample weights.

    Accuracy is what remote sensing calls overall accuracy; balanced accuracy, the mean recall of the classes that have
    samples, what it calls average accuracy. Kappa is that of Cohen (Educ. Psychol. Meas. 20, 37, 1960); macro F1 the
    mean over the classes that have samples or predictions; mcc the correlation of Gorodkin (Comput. Biol. Chem. 28,
    367, 2004); roc_auc the mean area under the curves of one class against the rest, of the classes that have samples
    and are not all there is.
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
        self._ranked = [RankedClass(truth == k, probability[:, k]) for k in np.unique(truth)]

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
        recalls, f1 = ratio(hits, truth), ratio(2 * hits, truth + said)
        by_chance = (truth * said).sum(axis=1)
        spread = (total**2 - (truth**2).sum(axis=1)) * (total**2 - (said**2).sum(axis=1))
        values = {
            "accuracy": ratio(right, total),
            "balanced_accuracy": mean_defined(recalls),
            "kappa": ratio(right * total - by_chance, total**2 - by_chance),
            "macro_f1": mean_defined(f1),
            "mcc": ratio(right * total - by_chance, np.sqrt(spread)),
            "roc_auc": mean_defined(np.stack([ranked.area(weights) for ranked in self._ranked], axis=1)),
            "log_loss": ratio(weights @ self._surprise, total),
        }
        return Measured(values, {"recall": recalls.T, "precision": ratio(hits, said).T, "f1": f1.T})


class RankedClass:
    """Samples in the order of one class's probability, for the area under its curve against the rest."""

    def __init__(self, of_class: NDArray[np.bool_], probability: Floats) -> None:
        """Both of shape (samples,)."""
        self._order = np.argsort(probability, kind="stable")
        rising = probability[self._order]
        self._positives = np.flatnonzero(of_class[self._order])
        self._below = np.searchsorted(rising, rising[self._positives], side="left")
        self._up_to = np.searchsorted(rising, rising[self._positives], side="right")

    def area(self, weights: Floats) -> Floats:
        """The area under weights of shape (draws, samples), by the Mann-Whitney statistic; NaN without both kinds.

        What lies below a sample of the class, ties by half, is a cumulative weight. Summed over the class it counts
        the pairs within the class too, which are half the square of the class's weight.
        """
        ordered = weights[:, self._order]
        cumulative = np.zeros((len(weights), ordered.shape[1] + 1))
        np.cumsum(ordered, axis=1, out=cumulative[:, 1:])
        own = ordered[:, self._positives]
        below = (cumulative[:, self._below] + cumulative[:, self._up_to]) / 2
        positives = own.sum(axis=1)
        negatives = cumulative[:, -1] - positives
        return ratio((own * below).sum(axis=1) - positives**2 / 2, positives * negatives)


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

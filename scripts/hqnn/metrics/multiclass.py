"""Metrics of more than two classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hqnn.metrics.measures import Floats, Measured, counts_of, mean_defined, per_unit, ratio, surprise
from hqnn.metrics.ranking import Ranking


class MulticlassMeasures:
    """All metrics of one set of predictions of several classes as functions of weights.

    Accuracy is what remote sensing calls overall accuracy; balanced accuracy, the mean recall of the classes that have
    samples, what it calls average accuracy. Kappa is that of Cohen (Educ. Psychol. Meas. 20, 37, 1960); macro F1 the
    mean over the classes that have samples or predictions; mcc the correlation of Gorodkin (Comput. Biol. Chem. 28,
    367, 2004); roc_auc the mean area under the curves of one class against the rest, of the classes that have samples
    and are not all there is.

    Args:
        labels: whole numbers, shape (samples,).
        probability: shape (samples, classes).
        predicted: whole numbers, shape (samples,).
        unit: what each sample is weighted with, from 0, shape (samples,); each for itself where absent.
    """

    def __init__(
        self, labels: Floats, probability: Floats, predicted: Floats, unit: NDArray[np.int64] | None = None
    ) -> None:
        unit = np.arange(labels.size) if unit is None else unit
        units = int(unit.max(initial=-1)) + 1
        self._classes = probability.shape[1]
        truth = labels.astype(np.int64)
        cells = truth * self._classes + predicted.astype(np.int64)
        self._cells, place = np.unique(cells, return_inverse=True)
        self._counted = counts_of(place, unit, self._cells.size, units)
        self._surprise = per_unit(surprise(probability[np.arange(truth.size), truth])[:, None], unit, units)[:, 0]
        self._rankings = [Ranking(truth == k, probability[:, k], unit, units) for k in np.unique(truth)]

    def confusion(self, weights: Floats) -> Floats:
        """Counts by label (rows) and predicted class under weights (draws, units); (draws, classes, classes)."""
        counts = np.zeros((len(weights), self._classes**2))
        counts[:, self._cells] = (self._counted @ weights.T).T
        return counts.reshape(-1, self._classes, self._classes)

    def __call__(self, weights: Floats) -> Measured:
        """Metrics under weights of shape (draws, units)."""
        counts, turned = self.confusion(weights), np.ascontiguousarray(weights.T)
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
            "roc_auc": mean_defined(np.stack([ranking(turned).area() for ranking in self._rankings], axis=1)),
            "log_loss": ratio(weights @ self._surprise, total),
        }
        return Measured(values, {"recall": recalls.T, "precision": ratio(hits, said).T, "f1": f1.T})


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

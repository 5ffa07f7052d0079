"""Metrics of two classes."""

from __future__ import annotations

import numpy as np

from hqnn.metrics.measures import Floats, Measured, mean_defined, ratio, surprise

THRESHOLD = 0.5


class BinaryMeasures:
    """All metrics of one set of binary predictions as functions of sample weights.

    Precision, recall, F1, intersection over union and the curves speak of class 1; kappa and macro F1 are as for more
    classes. Sureness 2 mean|p - 1/2|, confidence 1 - mean|label - p| and imbalance n_0 - n_1 are those of Gupta et al.,
    "On the status of current quantum machine learning software".
    """

    def __init__(self, labels: Floats, probability: Floats, predicted: Floats) -> None:
        """All of shape (samples,); labels and predicted 0 or 1, the probability that of class 1."""
        self.labels = labels
        self._order = np.argsort(-probability, kind="stable")
        error = np.abs(labels - probability)
        self._usual_error = error.mean()  # differences from it keep the variance exact where it is small
        excess = error - self._usual_error
        self._terms = np.stack(
            [
                (1 - labels) * (1 - predicted),
                (1 - labels) * predicted,
                labels * (1 - predicted),
                labels * predicted,
                np.abs(probability - 0.5),
                excess,
                excess**2,
                surprise(1 - error),
            ],
            axis=1,
        )
        # Equal scores are one step of the curves: only the last of them is a threshold.
        self._thresholds = np.flatnonzero(np.diff(probability[self._order], append=-1.0))

    def __call__(self, weights: Floats) -> Measured:
        """Metrics under weights of shape (draws, samples)."""
        tn, fp, fn, tp, unsure, excess, excess2, surprised = (weights @ self._terms).T
        total = tn + fp + fn + tp
        specificity, recall = ratio(tn, tn + fp), ratio(tp, tp + fn)
        roc_auc, average_precision = self._rank(weights)
        mean_excess = ratio(excess, total)
        imbalance = (tn + fn) - (tp + fp)
        f1 = np.stack([ratio(2 * tn, 2 * tn + fp + fn), ratio(2 * tp, 2 * tp + fp + fn)])
        precision = np.stack([ratio(tn, tn + fn), ratio(tp, tp + fp)])
        by_chance = (tn + fp) * (tn + fn) + (tp + fn) * (tp + fp)
        values = {
            "accuracy": ratio(tn + tp, total),
            "balanced_accuracy": (recall + specificity) / 2,
            "kappa": ratio((tn + tp) * total - by_chance, total**2 - by_chance),
            "precision": precision[1],
            "recall": recall,
            "f1": f1[1],
            "macro_f1": mean_defined(f1.T),
            "iou": ratio(tp, tp + fp + fn),
            "mcc": ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "log_loss": ratio(surprised, total),
            "tn": tn,
            "fp": fp,
            "fn": fn,
            "tp": tp,
            "sureness": 2 * ratio(unsure, total),
            "confidence": 1 - self._usual_error - mean_excess,
            "confidence_std": np.sqrt(np.maximum(ratio(excess2, total) - mean_excess**2, 0)),
            "imbalance": imbalance,
            "imbalance_normalised": ratio(imbalance, total),
        }
        by_class = {"recall": np.stack([specificity, recall]), "precision": precision, "f1": f1}
        return Measured(values, by_class)

    def _rank(self, weights: Floats) -> tuple[Floats, Floats]:
        """Area under the ROC curve (trapezoids) and average precision (steps, as scikit-learn defines it)."""
        ordered = weights[:, self._order]
        seen = np.cumsum(ordered, axis=1)[:, self._thresholds]
        tp = np.cumsum(ordered * self.labels[self._order], axis=1)[:, self._thresholds]
        fp = seen - tp
        positives, negatives = tp[:, -1], fp[:, -1]
        gained = np.diff(tp, axis=1, prepend=0)
        area = (np.diff(fp, axis=1, prepend=0) * (tp - gained / 2)).sum(axis=1)
        steps = (gained * np.divide(tp, seen, out=np.zeros_like(tp), where=seen != 0)).sum(axis=1)
        return ratio(area, positives * negatives), ratio(steps, positives)

"""Metrics of two classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hqnn.metrics.measures import Floats, Measured, mean_defined, per_unit, ratio, surprise
from hqnn.metrics.ranking import Ranked, Ranking

THRESHOLD = 0.5


class BinaryMeasures:
    """All metrics of one set of binary predictions as functions of weights.

    Precision, recall, F1, intersection over union and the curves speak of class 1; kappa and macro F1 are as for more
    classes. Sureness 2 mean|p - 1/2|, confidence 1 - mean|label - p| and imbalance n_0 - n_1 are those of Gupta et al.,
    "On the status of current quantum machine learning software".

    Args:
        labels: 0 or 1, shape (samples,).
        probability: of class 1, shape (samples,).
        predicted: 0 or 1, shape (samples,).
        unit: what each sample is weighted with, from 0, shape (samples,); each for itself where absent.
    """

    def __init__(
        self, labels: Floats, probability: Floats, predicted: Floats, unit: NDArray[np.int64] | None = None
    ) -> None:
        unit = np.arange(labels.size) if unit is None else unit
        error = np.abs(labels - probability)
        self._usual_error = error.mean()  # differences from it keep the variance exact where it is small
        excess = error - self._usual_error
        terms = np.stack(
            [1 - predicted, predicted, np.abs(probability - 0.5), excess, excess**2, surprise(1 - error)], axis=1
        )
        units = int(unit.max(initial=-1)) + 1
        by_class = [per_unit(terms * (labels == value)[:, None], unit, units) for value in (0, 1)]
        self._terms = np.concatenate(by_class, axis=1)
        self._ranking = Ranking(labels == 1, probability, unit, units)

    def __call__(self, weights: Floats) -> Measured:
        """Metrics under weights of shape (draws, units)."""
        return self.samplings(weights, ("all",))["all"]

    def samplings(self, weights: Floats, names: tuple[str, ...] = ("all", "balanced")) -> dict[str, Measured]:
        """Metrics of the samples as they are, and of both classes weighted equally.

        Balanced, each class has half of the whole weight: what draws of equally likely classes give on average, and
        NaN where one class is missing.

        Args:
            weights: shape (draws, units).
            names: `all`, `balanced` or both.
        """
        sums = (weights @ self._terms).reshape(len(weights), 2, -1)
        ranked = self._ranking(np.ascontiguousarray(weights.T))
        of_class = sums[:, :, 0] + sums[:, :, 1]
        half = np.where(of_class.all(axis=1), of_class.sum(axis=1) / 2, np.nan)
        scales = {"all": np.ones_like(of_class), "balanced": ratio(np.stack([half, half], axis=1), of_class)}
        return {name: self._measured(sums, ranked, scales[name]) for name in names}

    def _measured(self, sums: Floats, ranked: Ranked, scale: Floats) -> Measured:
        """Metrics from sums of shape (draws, 2, terms), each class times a scale, shape (draws, 2)."""
        (tn, fp, *_), (fn, tp, *_) = scaled = (sums * scale[:, :, None]).transpose(1, 2, 0)
        unsure, excess, excess2, surprised = scaled[:, 2:].sum(axis=0)
        total = tn + fp + fn + tp
        specificity, recall = ratio(tn, tn + fp), ratio(tp, tp + fn)
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
            "roc_auc": ranked.area(),
            "average_precision": ranked.average_precision(scale[:, 1], scale[:, 0]),
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
        return Measured(values, {"recall": np.stack([specificity, recall]), "precision": precision, "f1": f1})

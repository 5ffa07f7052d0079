"""Scores of two classes at any threshold, from counts that any number of pixels can be added to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.metrics.measures import Floats, ratio

EVERY_PIXEL = "every_pixel"  # the sampling of such scores in the tidy table
LEVELS = 1 << 16  # thresholds that are told apart


class ThresholdCounts:
    """How many pixels of either class have which probability, in steps of 1 / `LEVELS`.

    A pixel counts as of class 1 where its probability is the threshold or more. Thresholds are multiples of the step,
    so that scores are exact, and memory does not grow with the pixels.

    Attributes:
        counts: of class and level of probability, shape (2, `LEVELS`).
    """

    def __init__(self, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros((2, LEVELS), dtype=np.int64) if counts is None else counts

    def add(self, labels: NDArray[Any], probability: Floats) -> None:
        """Take in pixels.

        Args:
            labels: 0 or 1, shape (pixels,).
            probability: of class 1, in [0, 1], shape (pixels,).
        """
        level = np.minimum((probability.astype(np.float64) * LEVELS).astype(np.int64), LEVELS - 1)
        place = labels.astype(np.int64) * LEVELS + level
        self.counts += np.bincount(place, minlength=2 * LEVELS).reshape(2, LEVELS)

    def __add__(self, other: ThresholdCounts) -> ThresholdCounts:
        """The pixels of both."""
        return ThresholdCounts(self.counts + other.counts)

    @property
    def pixels(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    def best_threshold(self) -> float:
        """The threshold of greatest F1, the lowest of several.

        Raises:
            UserError: no pixel is of class 1, so that no threshold is better than another.
        """
        f1 = self._at_levels()["f1"]
        if np.isnan(f1).all():
            raise UserError("no pixel to choose a threshold by is of the second class; train on a scene that has some")
        return float(np.nanargmax(f1) / LEVELS)

    def scores(self, threshold: float) -> Mapping[str, float]:
        """F1, precision, recall and intersection over union of class 1; NaN where undefined.

        Args:
            threshold: a multiple of 1 / `LEVELS`.
        """
        return {name: float(values[round(threshold * LEVELS)]) for name, values in self._at_levels().items()}

    def _at_levels(self) -> Mapping[str, Floats]:
        """Every score at every threshold; shape (LEVELS,) each."""
        fp, tp = np.cumsum(self.counts[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
        positives = np.full(LEVELS, float(self.counts[1].sum()))
        return {
            "f1": np.where(positives > 0, ratio(2 * tp, tp + fp + positives), np.nan),
            "precision": ratio(tp, tp + fp),
            "recall": ratio(tp, positives),
            "iou": np.where(positives > 0, ratio(tp, fp + positives), np.nan),
        }

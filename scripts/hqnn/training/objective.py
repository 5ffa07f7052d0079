"""What training minimises."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hqnn.errors import UserError
from hqnn.training.draws import require_every_class


class Objective:
    """Mean cross-entropy of logits, in nats.

    Logits of shape (batch,) are of class 1 of two; logits of shape (batch, classes) are of every class.

    Args:
        classes: how many the labels know.
        weights: of each class, see `class_weights`; all alike where None.
    """

    def __init__(self, classes: int, weights: Tensor | None = None) -> None:
        self._classes = classes
        self._weights = weights

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean over a batch, weighted by the samples' classes.

        Args:
            logits: see the class.
            labels: shape (batch,), int64.

        Raises:
            UserError: the labels know more classes than the model.
        """
        known = 2 if logits.dim() == 1 else logits.shape[1]
        if self._classes > known:
            raise UserError(f"the labels are of {self._classes} classes, the model knows {known}; give it as many")
        reduction = "mean" if self._weights is None else "none"
        if logits.dim() == 1:
            targets = labels.to(logits.dtype)
            losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
        else:
            losses = functional.cross_entropy(logits, labels, reduction=reduction)
        if self._weights is None:
            return losses
        weights = self._weights.to(losses)[labels]
        return (weights * losses).sum() / weights.sum()


def right(logits: Tensor, labels: Tensor) -> Tensor:
    """Which samples get the highest logit for their own class; shape (batch,), bool."""
    predicted = (logits > 0).to(labels.dtype) if logits.dim() == 1 else logits.argmax(dim=1)
    return predicted == labels


def class_weights(labels: NDArray[np.uint8], classes: int) -> Tensor:
    """Weights inverse to the classes' frequencies: all classes weigh the same, a sample 1 on average.

    Args:
        labels: of the train samples.
        classes: how many there are.

    Returns:
        Shape (classes,), float64.

    Raises:
        UserError: a class has no sample.
    """
    counts = np.bincount(labels, minlength=classes)
    require_every_class(counts.tolist(), "class_weights to 'none'")
    return torch.from_numpy(len(labels) / (classes * counts))

"""Which samples an epoch sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError


def epoch_order(labels: NDArray[np.uint8], balanced: bool, generator: np.random.Generator) -> NDArray[np.int64]:
    """Indices of one epoch, as many as there are samples.

    Args:
        labels: class of every train sample, 0 or 1.
        balanced: draw with replacement, both classes equally likely; otherwise every sample once, shuffled.
        generator: the source of randomness.

    Returns:
        Indices, shape (samples,).

    Raises:
        UserError: balanced draws were asked for and a class has no sample.
    """
    if not balanced:
        return generator.permutation(len(labels))
    members = [np.flatnonzero(labels == value) for value in (0, 1)]
    if not all(len(m) for m in members):
        raise UserError("the train samples are all of one class; add a city with changed and unchanged pixels")
    classes = generator.integers(2, size=len(labels))
    picks = [m[generator.integers(len(m), size=len(labels))] for m in members]
    return np.where(classes, picks[1], picks[0])

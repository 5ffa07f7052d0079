"""Which samples an epoch sees, and in which batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError

STEPS = 20  # of an epoch, at least, where the size of a batch follows the number of samples
ORDER = 41  # the purpose of the order of samples, beside its seed


def order_generator(seed: int) -> np.random.Generator:
    """What draws the order of samples of all epochs of a run, and nothing else."""
    return np.random.default_rng(np.random.SeedSequence([seed, ORDER]))


def epoch_order(labels: NDArray[np.uint8], balanced: bool, generator: np.random.Generator) -> NDArray[np.int64]:
    """Indices of one epoch, as many as there are samples.

    Args:
        labels: class of every train sample, from 0.
        balanced: draw with replacement, all classes equally likely; otherwise every sample once, shuffled.
        generator: the source of randomness.

    Returns:
        Indices, shape (samples,).

    Raises:
        UserError: balanced draws were asked for and a class has no sample.
    """
    if not balanced:
        return generator.permutation(len(labels))
    members = [np.flatnonzero(labels == value) for value in range(max(2, int(labels.max()) + 1))]
    require_every_class([len(m) for m in members], "balanced to false")
    classes = generator.integers(len(members), size=len(labels))
    picks = np.stack([m[generator.integers(len(m), size=len(labels))] for m in members])
    return picks[classes, np.arange(len(labels))]


def usual_batch(samples: int) -> int:
    """Samples a step where nobody says how many: a power of two from 8 to 512, for 20 steps an epoch or more."""
    return int(min(512, max(8, 2 ** int(np.log2(max(1, samples // STEPS))))))


def batch_sizes(samples: int, batch_size: int, least: int = 1) -> list[int]:
    """Sizes of an epoch's batches; a rest smaller than `least` joins the batch before it.

    Args:
        samples: in the epoch.
        batch_size: of all batches but the last.
        least: samples that a batch must have.
    """
    whole, rest = divmod(samples, batch_size)
    sizes = [batch_size] * whole
    if whole and 0 < rest < least:
        sizes[-1] += rest
    elif rest:
        sizes.append(rest)
    return sizes


def require_every_class(counts: list[int], otherwise: str) -> None:
    """Refuse a class without samples.

    Args:
        counts: train samples of each class.
        otherwise: what to set instead, for the message.

    Raises:
        UserError: a class has none.
    """
    if 0 in counts:
        raise UserError(f"no train sample is of class {counts.index(0)}; add some, or set {otherwise}")

"""Expectation values and their standard errors from the bits of measured circuits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hqnn.circuits.measurement import MeasurementGroup

Values = NDArray[np.float64]

_SHOTS_AT_ONCE = 2**20
_BYTES = 8  # of an outcome as one number


def means(packed: NDArray[np.uint8], group: MeasurementGroup) -> tuple[Values, Values]:
    """Means over shots of what a group measures, and the variances of these means.

    What one observable reads of the same shots is added up shot by shot, so that its products may be correlated.

    Args:
        packed: bits, the last byte's lowest bit being wire 0, shape (samples, shots, bytes), at most 8 bytes.
        group: what was measured.

    Returns:
        Two arrays of shape (samples, members): means, and ``(mean(v^2) - mean(v)^2) / (shots - 1)``.
    """
    samples, shots, _ = packed.shape
    size = max(1, _SHOTS_AT_ONCE // shots)
    parts = [_means(packed[first : first + size], group) for first in range(0, samples, size)]
    found, variances = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return found, variances


def _means(packed: NDArray[np.uint8], group: MeasurementGroup) -> tuple[Values, Values]:
    samples, shots, width = packed.shape
    wide = np.zeros((samples, shots, _BYTES), np.uint8)
    wide[..., _BYTES - width :] = packed
    read = sum(1 << wire for wire, letter in enumerate(group.basis) if letter != "I")
    numbers = wide.view(">u8").astype(np.uint64) & np.uint64(read)
    outcomes, which = np.unique(numbers, return_inverse=True)
    rows = np.repeat(np.arange(samples), shots)
    counts = csr_array((np.ones(samples * shots), (rows, which.ravel())), (samples, len(outcomes)))
    values = group.values((outcomes[:, None] >> np.arange(len(group.basis), dtype=np.uint64)).astype(np.int64) & 1)
    middle = (values.max(axis=0) + values.min(axis=0)) / 2  # so that a large constant costs no digits
    mean, square = (counts @ (values - middle) ** power / shots for power in (1, 2))
    return mean + middle, np.maximum(0.0, square - mean**2) / max(1, shots - 1)

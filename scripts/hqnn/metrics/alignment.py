"""How well a kernel says which samples are of one class, before anything is fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-12  # of a kernel that is the same everywhere


def kernel_target_alignment(kernel: NDArray[np.float64], labels: Any) -> float:
    """Centred alignment of a kernel with the kernel that is 1 within a class and 0 between classes.

    Source: Cortes, Mohri and Rostamizadeh, J. Mach. Learn. Res. 13, 795 (2012), definition 4. Of two classes it is that
    of labels 1 and -1.

    Args:
        kernel: symmetric, shape (samples, samples).
        labels: classes, shape (samples,).

    Returns:
        In [-1, 1], 1 for the best; NaN where the kernel, or the labels, are all the same.
    """
    means = kernel.mean(0)
    centred = kernel - means - means[:, None] + means.mean()
    of_class = (np.asarray(labels)[:, None] == np.unique(labels)).astype(float)
    of_class -= of_class.mean(0)
    sizes = np.linalg.norm(centred), np.linalg.norm(of_class.T @ of_class)
    if sizes[0] <= ROUNDING * np.linalg.norm(kernel) or not sizes[1]:
        return float("nan")
    return float(np.sum(of_class * (centred @ of_class)) / (sizes[0] * sizes[1]))

"""What the numbers of images of more than 8 bits run over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (2, 98)  # of what is looked at; a few dead or glaring pixels do not decide
LOOKED_AT = 1 << 20  # pixels of a channel


def evenly(count: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Rows of so many images of a shape that are enough to tell a range by, in equal steps."""
    enough = max(1, LOOKED_AT // (shape[0] * shape[1]))
    return np.unique(np.linspace(0, count - 1, min(count, enough)).round().astype(np.int64))


def channel_ranges(images: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offset and scale of each channel: ``(stored - offset) * scale`` is about 0 to 1.

    The offset is the 2nd percentile, the scale one over the distance to the 98th, of all pixels of at most `LOOKED_AT`
    in evenly spaced images; where these are equal, of the least and the greatest number. What never varies becomes 0.
    Nothing is clipped: the brightest pixels are above 1.

    Args:
        images: shape (images, height, width, channels).

    Returns:
        Both of shape (channels,).
    """
    pixels = images[evenly(len(images), images.shape[1:])].reshape(-1, images.shape[-1])
    low, high = np.percentile(pixels, PERCENTILES, axis=0)
    narrow = high <= low
    low[narrow], high[narrow] = pixels.min(axis=0)[narrow], pixels.max(axis=0)[narrow]
    width = high - low
    return low, np.divide(1, width, out=np.zeros_like(width), where=width > 0)

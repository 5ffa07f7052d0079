"""Images of any bands and depth as a screen shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.pictures import STRETCH_PERCENTILES, TRUE_COLOUR


def in_colours(images: NDArray[Any], bands: Sequence[str] = ()) -> NDArray[np.uint8]:
    """Grey or colours of 8 bits as they are; of other images one band or three, stretched alike in all of them.

    Shown are red, green and blue where bands have Sentinel-2's names; else all of three, the last, the middle and the
    first of more, and the first of fewer.

    Args:
        images: shape (images, height, width, bands).
        bands: their names, as far as known.

    Returns:
        Shape (images, height, width, 1 or 3).
    """
    count = images.shape[3]
    if images.dtype == np.uint8 and count in (1, 3):
        return images
    shown = images[..., _shown(count, bands)].astype(np.float64)
    finite = np.where(np.isfinite(shown), shown, np.nan)
    if np.isnan(finite).all():
        return np.zeros(shown.shape, dtype=np.uint8)
    low, high = np.nanpercentile(finite, STRETCH_PERCENTILES, axis=(0, 1, 2))
    stretched = np.clip((finite - low) / np.where(high > low, high - low, 1), 0, 1)
    return np.asarray(np.nan_to_num(255 * stretched).round(), dtype=np.uint8)


def _shown(count: int, bands: Sequence[str]) -> list[int]:
    if set(TRUE_COLOUR) <= set(bands):
        return [list(bands).index(name) for name in TRUE_COLOUR]
    if count < 3:
        return [0]
    return [0, 1, 2] if count == 3 else [count - 1, count // 2, 0]

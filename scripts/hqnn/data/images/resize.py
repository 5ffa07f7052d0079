"""Images of a set brought to one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hqnn.data.images.source import Batch, ImageSource


def resized(pixels: NDArray[Any], size: int) -> NDArray[Any]:
    """Bring an image to a square of a size, channel by channel, antialiased bilinear; it is stretched where it is none.

    Args:
        pixels: uint8, uint16 or float32, shape (height, width, channels).
        size: rows and columns.

    Returns:
        The same type, shape (size, size, channels).
    """
    if pixels.shape[:2] == (size, size):
        return pixels
    channels = (Image.fromarray(channel.astype(np.float32)) for channel in np.moveaxis(pixels, -1, 0))
    scaled = np.stack([np.asarray(one.resize((size, size), Image.Resampling.BILINEAR)) for one in channels], axis=-1)
    return (scaled if pixels.dtype.kind == "f" else np.rint(scaled)).astype(pixels.dtype)


def with_size(source: ImageSource, size: int | None) -> ImageSource:
    """The same set with images of a size; as it is where None."""
    if size is None or source.shape[:2] == (size, size):
        return source
    return replace(source, shape=(size, size, source.shape[2]), batches=_resized(source.batches, size))


def _resized(batches: Iterator[Batch], size: int) -> Iterator[Batch]:
    for batch in batches:
        yield replace(batch, images=np.stack([resized(image, size) for image in batch.images]))

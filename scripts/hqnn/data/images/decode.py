"""One small image from its file, at full depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.deep_images import Band, DeepImage, read_deep
from hqnn.data.image_files import DAMAGE, UnreadableImageError, open_upright
from hqnn.data.images.resize import resized
from hqnn.errors import UserError

MODES = {1: "L", 3: "RGB"}
GREY = ("1", "L", "LA")
BYTES = (*GREY, "P", "RGB", "RGBA", "CMYK", "YCbCr")
LONGEST_SIDE = 4096


@dataclass(frozen=True)
class Form:
    """How images are to be read.

    Attributes:
        channels: 1 grey, 3 colour; as stored where None.
        bands: names or numbers from 1; all where empty.
        size: rows and columns that every image is brought to; as stored where None.
    """

    channels: int | None = None
    bands: Sequence[Band] = ()
    size: int | None = None


def decode(path: Path, form: Form) -> DeepImage:
    """Read an image: 8 bits of grey or colours stay what they are, all else is read at full depth, see `read_deep`.

    Raises:
        UnreadableImageError: it is damaged, too large, or no image.
        UserError: it has no such band, or other bands than the channels asked for.
    """
    try:
        deep = read_deep(path, form.bands)
    except DAMAGE as error:
        raise UnreadableImageError(path, str(error).splitlines()[0] if str(error) else "it is damaged") from error
    image = DeepImage(_ordinary(path, form.channels), (), 0) if deep is None else _with_channels(deep, form, path)
    if form.size is None:
        return image
    return DeepImage(resized(image.pixels, form.size), image.bands, image.empty)


def _ordinary(path: Path, channels: int | None) -> NDArray[np.uint8]:
    """An image of 8 bits, shape (height, width, channels): grey stays grey where no channels are asked for."""
    image = open_upright(path, LONGEST_SIDE**2)
    if max(image.size) > LONGEST_SIDE:
        raise UnreadableImageError(path, f"{image.width} x {image.height} pixels, more than {LONGEST_SIDE} a side")
    if image.mode not in BYTES:
        raise UnreadableImageError(path, f"its pixels, of mode {image.mode}, do not have 8 bits")
    stored = "L" if image.mode in GREY else "RGB"
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # the same colours; Pillow warns of the short way
    pixels = np.asarray(image.convert(stored if channels is None else MODES[channels]))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _with_channels(image: DeepImage, form: Form, path: Path) -> DeepImage:
    """The image with as many channels as asked for; only grey is repeated."""
    height, width, found = image.pixels.shape
    if max(height, width) > LONGEST_SIDE:
        raise UnreadableImageError(path, f"{width} x {height} pixels, more than {LONGEST_SIDE} a side")
    if form.channels in (None, found):
        return image
    if found != 1:
        raise UserError(f"{path} has {found} bands but channels is {form.channels}; leave channels empty")
    return DeepImage(np.repeat(image.pixels, 3, axis=2), (), image.empty)

"""One small image from its file, at full depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hqnn.data.colours import Mode
from hqnn.data.deep_images import Band, DeepImage, read_deep
from hqnn.data.images.resize import resized
from hqnn.data.limits import Limits
from hqnn.data.opening import DAMAGE, UnreadableImageError, open_upright, reason_of
from hqnn.errors import UserError

MODES: dict[int, Mode] = {1: "L", 3: "RGB"}
LIMITS = Limits(side=4096)


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
        deep = read_deep(path, form.bands, limits=LIMITS)
    except DAMAGE as error:
        raise UnreadableImageError(path, reason_of(error)) from error
    image = _ordinary(path, form.channels) if deep is None else _with_channels(deep, form, path)
    return image if form.size is None else replace(image, pixels=resized(image.pixels, form.size))


def _ordinary(path: Path, channels: int | None) -> DeepImage:
    """An image of 8 bits: grey stays grey where no channels are asked for."""
    image, remarks = open_upright(path, LIMITS, None if channels is None else MODES[channels])
    pixels = np.asarray(image)
    return DeepImage(pixels if pixels.ndim == 3 else pixels[:, :, None], (), 0, remarks)


def _with_channels(image: DeepImage, form: Form, path: Path) -> DeepImage:
    """The image with as many channels as asked for; only grey is repeated."""
    found = image.pixels.shape[2]
    if form.channels in (None, found):
        return image
    if found != 1:
        raise UserError(f"{path} has {found} bands but channels is {form.channels}; leave channels empty")
    return replace(image, pixels=np.repeat(image.pixels, 3, axis=2), bands=())

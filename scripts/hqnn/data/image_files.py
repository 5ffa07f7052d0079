"""Images of any kind as 8-bit RGB, and as the squares a backbone sees."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from hqnn.data.deep_images import DeepImage, described, read_deep
from hqnn.data.limits import MAX_PIXELS, Limits
from hqnn.data.opening import DAMAGE, UnreadableImageError, of_other_kind, open_upright, reason_of
from hqnn.errors import UserError
from hqnn.wording import plural

log = logging.getLogger(__name__)

STORED_SIZE = 256  # rows and columns of a stored square: a margin around what a backbone sees
SUFFIXES = tuple(
    sorted(
        {".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
        | {".pbm", ".pgm", ".pnm", ".ppm"}
        | ({".avif"} if features.check("avif") else set())
    )
)
MOST_ELONGATED = 50  # sides; a square of a strip would be gigabytes, of which nearly nothing is seen

Fit: TypeAlias = Literal["crop", "stretch"]


@dataclass(frozen=True)
class Picture:
    """An image as 8-bit RGB.

    Attributes:
        pixels: upright, shape (height, width, 3).
        remarks: what was assumed, as `hqnn.data.losses.Losses` takes it.
    """

    pixels: NDArray[np.uint8]
    remarks: tuple[str, ...] = ()


def read_picture(
    path: str | os.PathLike[str],
    *,
    max_pixels: int = MAX_PIXELS,
    bits: int = 16,
    any_shape: bool = False,
    shrunk: bool = False,
) -> Picture:
    """Read an image as 8-bit RGB, upright.

    Grey is repeated, of 16 bits the upper 8 of those in use are taken, alpha is left out (what lies under it is shown),
    and of several images in one file the first is read.

    Args:
        path: of the file; its content says what it is, not its name.
        max_pixels: an image of more pixels is refused before it is decompressed. Pillow refuses more than twice
            `MAX_PIXELS` whatever is said here.
        bits: how many of 16 bits are in use, 8 to 16, see `bits_used`; what is brighter is white.
        any_shape: whether an image may be more than `MOST_ELONGATED` times as long as wide.
        shrunk: whether a large image may be read smaller, see `shrinking`.

    Raises:
        UnreadableImageError: it is missing, empty, truncated, damaged, too large, too elongated, or no image; or its
            pixels have 32 bits.
        UserError: it has bands that are no colours.
    """
    limits = Limits(max_pixels, elongation=None if any_shape else MOST_ELONGATED)
    deep = _deep(path, limits, shrunk=shrunk)
    if deep is None:
        image, remarks = open_upright(path, limits, "RGB", shrunk=shrunk)
        return Picture(np.asarray(image), remarks)
    seen = np.minimum(deep.pixels >> (bits - 8), 255).astype(np.uint8)
    return Picture(np.repeat(seen, 3, axis=2) if seen.shape[2] == 1 else seen, deep.remarks)


def read_image(
    path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS, bits: int = 16, any_shape: bool = False
) -> NDArray[np.uint8]:
    """The pixels that `read_picture` gives, none shrunk, shape (height, width, 3)."""
    return read_picture(path, max_pixels=max_pixels, bits=bits, any_shape=any_shape).pixels


def bits_used(paths: Iterable[Path], pool: Executor) -> int:
    """How many bits the brightest of all images of 16 bits needs, 8 to 16; 16 where there are none.

    Cameras and scanners store 10, 12 or 14 bits in 16, whose upper 8 would be nearly black. One scale is taken for all,
    since one for each would take their brightness away. It is said loudly where fewer than 16 are in use. Only headers
    are read of other images.

    Args:
        paths: of all images; those that cannot be read do not count.
        pool: of threads that read.
    """
    brightest = [number for number in pool.map(_brightest, paths) if number is not None]
    bits = max(8, max(brightest).bit_length()) if brightest else 16
    if bits < 16:
        log.warning(
            "%s of 16 bits, whose numbers go up to %d: taken as of %d bits, 0 to %d is black to white; scale them to "
            "16 bits where another number is white",
            plural(len(brightest), "image"), max(brightest), bits, 2**bits - 1,
        )  # fmt: skip
    elif brightest:
        log.info("%s of 16 bits: 0 to 65535 is black to white", plural(len(brightest), "image"))
    return bits


def _brightest(path: Path) -> int | None:
    """The greatest number of an image of 16 bits; None of any other file."""
    try:
        deep = _deep(path, Limits(elongation=MOST_ELONGATED), shrunk=True)
    except UserError:
        return None
    return None if deep is None else int(deep.pixels.max())


def _deep(path: str | os.PathLike[str], limits: Limits, *, shrunk: bool) -> DeepImage | None:
    """An image of 16 bits, grey or of colours; None of one of 8 bits.

    Raises:
        UserError: see `read_picture`.
    """

    def check(bands: int, dtype: np.dtype[Any]) -> None:
        if bands not in (1, 3):
            raise of_other_kind(path, described(bands, dtype))
        if dtype != np.uint16:
            reason = f"{described(bands, dtype)}, {dtype}; save 8 or 16 bits, whole numbers from 0, or take kind images"
            raise UnreadableImageError(path, reason)

    try:
        deep = read_deep(Path(path), limits=limits, shrunk=shrunk, wanted=check)
    except DAMAGE as error:
        raise UnreadableImageError(path, reason_of(error)) from error
    if deep is not None:
        check(deep.pixels.shape[2], deep.pixels.dtype)  # which a scale makes another
    return deep


def read_mask(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Read a mask, shape (height, width): True where it is 255.

    Raises:
        UnreadableImageError: see `read_picture`.
        UserError: it holds other values than 0 and 255.
    """
    limits = Limits(max_pixels)
    deep = _deep(path, limits, shrunk=False)
    values = np.asarray(open_upright(path, limits, "RGB")[0]) if deep is None else deep.pixels
    strange = values[(values != 0) & (values != 255)]
    if strange.size:
        raise UserError(f"{path} holds the value {strange[0]}; a mask is 255 where something is and 0 elsewhere")
    if (values != values[:, :, :1]).any():
        raise UserError(f"{path} is coloured; a mask is 255 where something is and 0 elsewhere")
    return np.asarray(values[:, :, 0] == 255)


def square(image: NDArray[np.uint8], size: int, fit: Fit = "crop") -> NDArray[np.uint8]:
    """Make an image a square, antialiased bilinear.

    ``crop`` scales the shorter side to the size and cuts out the central square. A central 224 of 256 is, bit for bit,
    what torchvision's `resize` to these sides and `center_crop` see. The longer side is rounded to the nearest pixel;
    torchvision's own choice of it rounds down. ``stretch`` scales each side to the size, and so loses nothing but the
    proportions.

    Args:
        image: shape (height, width, 3).
        size: of the square, in pixels.
        fit: ``crop`` or ``stretch``.

    Returns:
        Shape (size, size, 3).
    """
    height, width = image.shape[:2]
    if fit == "stretch":
        return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))
    shorter = min(height, width)
    rows, columns = (size if side == shorter else round(size * side / shorter) for side in (height, width))
    scaled = np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BILINEAR))
    top, left = round((rows - size) / 2), round((columns - size) / 2)
    return scaled[top : top + size, left : left + size]

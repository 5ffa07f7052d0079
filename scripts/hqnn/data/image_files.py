"""Images of any kind as 8-bit RGB, and as the squares a backbone sees."""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from hqnn.data.deep_images import described, form_of, read_deep
from hqnn.errors import UserError

log = logging.getLogger(__name__)
logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)  # it logs an error beside raising it

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
STORED_SIZE = 256  # rows and columns of a stored square: a margin around what a backbone sees
MAX_PIXELS = 89_478_485  # Pillow's own: a quarter of a gigabyte as RGB
MOST_ELONGATED = 50  # sides; a square of a strip would be gigabytes, of which nearly nothing is seen
SUFFIXES_OF_DEPTH = (".png", ".tif", ".tiff")
SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
TOO_DEEP = ("I", "F")
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError, IndexError, KeyError)

Fit: TypeAlias = Literal["crop", "stretch"]


class UnreadableImageError(UserError):
    """A file that is no whole image, or one too large.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f"{path} cannot be read as an image ({reason}); replace it or take it out of the folder")
        self.reason = reason


def read_image(
    path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS, bits: int = 16, any_shape: bool = False
) -> NDArray[np.uint8]:
    """Read an image as 8-bit RGB, upright, shape (height, width, 3).

    Grey is repeated, of 16 bits the upper 8 of those in use are taken, alpha is left out (what lies under it is shown),
    and of an animation the first frame is read.

    Args:
        path: of the file; its content says what it is, not its name.
        max_pixels: an image of more pixels is refused before it is decompressed. Pillow refuses more than twice
            `MAX_PIXELS` whatever is said here.
        bits: how many of 16 bits are in use, 8 to 16, see `bits_used`; what is brighter is white.
        any_shape: whether an image may be more than `MOST_ELONGATED` times as long as wide.

    Raises:
        UnreadableImageError: it is missing, empty, truncated, damaged, too large, too elongated, or no image.
        UserError: its pixels have 32 bits, or it has bands that are no colours.
    """
    image = open_upright(path, max_pixels)
    if not any_shape and max(image.size) > MOST_ELONGATED * min(image.size):
        size = f"{image.width} x {image.height} pixels"
        raise UnreadableImageError(path, f"{size}, more than {MOST_ELONGATED} times as long as wide")
    if image.mode in TOO_DEEP:
        raise UserError(f"{path} has pixels of 32 bits (mode {image.mode}); save it with 8 or 16 bits a channel")
    deep = np.asarray(image)[:, :, None] if image.mode in SIXTEEN_BITS else _deep_colours(path)
    if deep is not None:
        seen = np.minimum(deep >> (bits - 8), 255).astype(np.uint8)
        return np.repeat(seen, 3, axis=2) if seen.shape[2] == 1 else seen
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # the same colours; Pillow warns of the short way
    return np.asarray(image.convert("RGB"))


def bits_used(paths: Sequence[Path], pool: Executor) -> int:
    """How many bits the brightest of all images of 16 bits needs, 8 to 16; 16 where there are none.

    Cameras and scanners store 10, 12 or 14 bits in 16, whose upper 8 would be nearly black. It is said loudly where
    fewer than 16 are in use. Only headers are read of other images.

    Args:
        paths: of all images; those that cannot be read do not count.
        pool: of threads that read.
    """
    looked_at = [path for path in paths if path.suffix.lower() in SUFFIXES_OF_DEPTH]
    brightest = [number for number in pool.map(_brightest, looked_at) if number is not None]
    bits = max(8, max(brightest).bit_length()) if brightest else 16
    if bits < 16:
        log.warning(
            "%d images of 16 bits use numbers up to %d; they are taken as of %d bits, 0 to %d is black to white",
            len(brightest), max(brightest), bits, 2**bits - 1,
        )  # fmt: skip
    return bits


def _brightest(path: Path) -> int | None:
    """The greatest number of an image of 16 bits; None of any other file."""
    try:
        with Image.open(path) as image:
            deep = np.asarray(image) if image.mode in SIXTEEN_BITS else _deep_colours(path)
    except (UserError, Image.DecompressionBombError, Image.DecompressionBombWarning, *DAMAGE):
        return None
    return None if deep is None else int(deep.max())


def _deep_colours(path: str | os.PathLike[str]) -> NDArray[np.uint16] | None:
    """An image of colours of 16 bits, of which Pillow would give the upper 8; None of one of 8 bits.

    Raises:
        UserError: it has other bands, of which Pillow would leave out some.
    """
    deep = read_deep(Path(path))
    if deep is not None and (deep.pixels.dtype != np.uint16 or deep.pixels.shape[2] != 3):
        raise _of_other_kind(path, described(deep.pixels.shape[2], deep.pixels.dtype))
    return None if deep is None else deep.pixels


def _of_other_kind(path: str | os.PathLike[str], form: str) -> UserError:
    return UserError(f"{path} has {form}; use kind images for such sets, or save it as 8-bit RGB")


def read_mask(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Read a mask, shape (height, width): True where it is 255.

    Raises:
        UnreadableImageError: see `read_image`.
        UserError: it holds other values than 0 and 255.
    """
    image = open_upright(path, max_pixels)
    values = np.asarray(image.convert("RGB") if image.mode not in (*SIXTEEN_BITS, *TOO_DEEP) else image)
    strange = values[(values != 0) & (values != 255)]
    if strange.size:
        raise UserError(f"{path} holds the value {strange[0]}; a mask is 255 where something is and 0 elsewhere")
    if values.ndim == 3 and (values != values[:, :, :1]).any():
        raise UserError(f"{path} is coloured; a mask is 255 where something is and 0 elsewhere")
    return np.asarray(values.reshape(*values.shape[:2], -1)[:, :, 0] == 255)


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


def open_upright(path: str | os.PathLike[str], max_pixels: int) -> Image.Image:
    """Decode a file and turn it as its EXIF orientation says."""
    try:
        if not Path(path).stat().st_size:
            raise UnreadableImageError(path, "it is empty")
        with Image.open(path) as image:
            if image.width * image.height > max_pixels:
                raise UnreadableImageError(path, _too_large(f"{image.width} x {image.height} pixels", max_pixels))
            image.load()
            return ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(path, _too_large("a decompression bomb", max_pixels)) from error
    except UnidentifiedImageError as error:
        form = form_of(Path(path))
        if form is None:
            raise UnreadableImageError(path, "it is no image") from error
        raise _of_other_kind(path, form) from error
    except DAMAGE as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableImageError(path, said.splitlines()[0]) from error


def _too_large(what: str, max_pixels: int) -> str:
    return f"{what}, more than {max_pixels} pixels"

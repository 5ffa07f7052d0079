"""Image files opened by Pillow: what they may be called, how they stand upright, and what is wrong with them."""

from __future__ import annotations

import logging
import math
import os
import struct
import zlib
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from hqnn.data.colours import BYTES, Mode, in_mode, is_grey
from hqnn.data.deep_images import SEVERAL, form_of
from hqnn.data.limits import Limits, shrinking
from hqnn.data.orientation import said_orientation, turned
from hqnn.errors import UserError

logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)  # it logs an error beside raising it

DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError, IndexError, KeyError)
ONE_PHOTO = ("MPO",)  # several images of which the first is the photograph, and others belong to it
EXIF_DAMAGED = "with EXIF data that cannot be read: taken as upright"
SHRUNK = "of more than 24 million pixels: shrunk before all else"
STRIP = 64  # rows of what is shrunk


class UnreadableImageError(UserError):
    """A file that is no whole image, or one too large.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f"{path} cannot be read as an image ({reason}); replace it or take it out of the folder")
        self.reason = reason


def of_other_kind(path: str | os.PathLike[str], form: str) -> UserError:
    """What is said of an image whose bands are no colours, where colours are wanted."""
    return UserError(f"{path} has {form}; use kind images for such sets, or save it as 8-bit RGB")


def open_upright(
    path: str | os.PathLike[str], limits: Limits, mode: Mode | None = None, *, shrunk: bool = False
) -> tuple[Image.Image, tuple[str, ...]]:
    """Decode a file of 8 bits a channel and turn it as its EXIF orientation says.

    Args:
        path: of the file; its content says what it is, not its name.
        limits: an image beyond is refused before it is decoded.
        mode: what it becomes; grey where it is grey and colours where it has some, where None.
        shrunk: whether a large image may be read smaller, see `shrinking`.

    Returns:
        The image, and remarks on what was assumed, as `hqnn.data.losses.Losses` takes them.

    Raises:
        UnreadableImageError: the file is missing, empty, truncated, damaged, too large, deeper, or no image.
        UserError: it has bands that are no colours.
    """
    try:
        if not Path(path).stat().st_size:
            raise UnreadableImageError(path, "it is empty")
        with Image.open(path) as image:
            limits.check(image.width, image.height)
            if image.mode not in BYTES:
                raise UnreadableImageError(path, f"its pixels, of mode {image.mode}, do not have 8 bits")
            several = image.format not in ONE_PHOTO and getattr(image, "is_animated", False)
            decoded, remarks = _decoded(image, mode or ("L" if is_grey(image) else "RGB"), shrunk=shrunk)
            return decoded, ((SEVERAL, *remarks) if several else remarks)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(path, f"a decompression bomb, more than {limits.pixels} pixels") from error
    except UnidentifiedImageError as error:
        form = form_of(Path(path))
        if form is None:
            raise UnreadableImageError(path, "it is no image") from error
        raise of_other_kind(path, form) from error
    except DAMAGE as error:
        raise UnreadableImageError(path, reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """What an error of a damaged file says, on one line."""
    said = getattr(error, "strerror", None) or str(error) or "it is damaged"
    return str(said).splitlines()[0]


def _decoded(image: Image.Image, mode: Mode, *, shrunk: bool) -> tuple[Image.Image, tuple[str, ...]]:
    wide = image.width
    factor = shrinking(wide, image.height) if shrunk else 1
    if factor > 1:
        image.draft(image.mode, (wide // factor, image.height // factor))  # a JPEG is decoded smaller at once
    image.load()
    orientation = said_orientation(image)
    seen, remarks = _reduced(image, mode, factor * image.width // wide) if factor > 1 else in_mode(image, mode)
    if orientation is None:
        remarks = (*remarks, EXIF_DAMAGED)
    return turned(seen, orientation), remarks


def _reduced(image: Image.Image, mode: Mode, factor: int) -> tuple[Image.Image, tuple[str, ...]]:
    """The image in a mode, so many rows and columns as their mean, strip by strip: modes that are wide stay small."""
    size = (math.ceil(image.width / factor), math.ceil(image.height / factor))
    small, remarks = Image.new(mode, size), dict.fromkeys([SHRUNK])
    for top in range(0, size[1], STRIP):
        box = (0, top * factor, image.width, min((top + STRIP) * factor, image.height))
        strip = image.crop(box)
        strip.info, strip.format = image.info, image.format
        seen, said = in_mode(strip, mode)
        small.paste(seen.reduce(factor), (0, top))
        remarks |= dict.fromkeys(said)
    return small, tuple(remarks)

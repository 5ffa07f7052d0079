"""Which way up an image stands, by its EXIF data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

ORIENTATION = 0x0112
TURNS = {  # as EXIF 2.3 numbers them
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS = (5, 6, 7, 8)  # rows and columns, before anything is mirrored
REVERSES_ROWS = (3, 4, 7, 8)
REVERSES_COLUMNS = (2, 3, 6, 7)


def orientation_of(path: Path) -> int | None:
    """The EXIF orientation of a file, None where it says none or Pillow cannot open it; pixels are not decoded."""
    try:
        with Image.open(path) as image:
            return None if image.format == "PNG" and "exif" not in image.info else said_orientation(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None


def said_orientation(image: Image.Image) -> int | None:
    """The EXIF orientation of an open image, 1 where it says none, None where its EXIF data cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError):
        return None


def turned(image: Image.Image, orientation: int | None) -> Image.Image:
    """An image turned and mirrored as an orientation says."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def upright(pixels: NDArray[Any], orientation: int | None) -> NDArray[Any]:
    """Pixels turned and mirrored as an orientation says, shape (height, width, channels)."""
    if orientation in SWAPS:
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in REVERSES_ROWS else 1
    columns = -1 if orientation in REVERSES_COLUMNS else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])

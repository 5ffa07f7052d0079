"""How large images may be, so that the memory of decoding one is bounded whatever its file says."""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_PIXELS = 89_478_485  # Pillow's own, above which it warns
LARGE = 24_000_000  # pixels; what has more is shrunk where its size does not matter
SHRUNK = 6_000_000  # pixels that are left of it at most


@dataclass(frozen=True)
class Limits:
    """What an image may be at most.

    Attributes:
        pixels: their number.
        side: rows or columns; any number where None.
        elongation: how many times as long as wide; any where None.
    """

    pixels: int = MAX_PIXELS
    side: int | None = None
    elongation: int | None = None

    def check(self, width: int, height: int) -> None:
        """Refuse an image by its size, before anything is decoded.

        Raises:
            OSError: it is larger or longer than allowed.
        """
        said = f"{width} x {height} pixels, more than"
        if width * height > self.pixels:
            raise OSError(f"{said} {self.pixels} pixels")
        if self.side and max(width, height) > self.side:
            raise OSError(f"{said} {self.side} a side")
        if self.elongation and max(width, height) > self.elongation * min(width, height):
            raise OSError(f"{said} {self.elongation} times as long as wide")


def shrinking(width: int, height: int) -> int:
    """How many rows and columns become one, where an image is only wanted small: 1 up to `LARGE` pixels."""
    return math.ceil(math.sqrt(width * height / SHRUNK)) if width * height > LARGE else 1

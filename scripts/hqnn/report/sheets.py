"""Contact sheets: many small pictures with a line of words each."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import PIL.Image
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hqnn.data.image_files import square
from hqnn.execution.new_data.image_rows import Seen
from hqnn.report.colours import in_colours
from hqnn.report.style import INK, STYLE, png

SIDE = 96  # pixels of a thumbnail
GAP, LINE = 8, 30  # pixels between thumbnails, and below them for words
COLUMNS = 10
LETTERS = 18  # of a line below a thumbnail
DPI = 100  # one pixel of the sheet for one of a thumbnail
COLOURS = 128


@dataclass(frozen=True)
class Thumbnail:
    """One picture of a sheet.

    Attributes:
        image: uint8, shape (height, width, 3) or (height, width, 1).
        words: below it, two short lines at most.
    """

    image: NDArray[np.uint8]
    words: str


def contact_sheet(thumbnails: Sequence[Thumbnail], columns: int = COLUMNS) -> bytes:
    """Draw a sheet, as PNG on white.

    Args:
        thumbnails: in reading order.
        columns: pictures a row.
    """
    columns = min(columns, len(thumbnails))
    rows = math.ceil(len(thumbnails) / columns)
    width, height = columns * (SIDE + GAP) + GAP, rows * (SIDE + LINE + GAP) + GAP
    mosaic = np.full((height, width, 3), 255, dtype=np.uint8)
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(width / DPI, height / DPI))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for place, one in enumerate(thumbnails):
            top = GAP + place // columns * (SIDE + LINE + GAP)
            left = GAP + place % columns * (SIDE + GAP)
            mosaic[top : top + SIDE, left : left + SIDE] = _small(one.image)
            axes.text(
                left, top + SIDE + 3, one.words, fontsize=7, color=INK, va="top", linespacing=1.15, parse_math=False
            )
        axes.imshow(mosaic, interpolation="nearest", aspect="auto", extent=(0, width, height, 0))
        return _few_colours(png(figure, dpi=DPI))


def predicted_sheet(seen: Sequence[Seen], bands: Sequence[str] = ()) -> bytes:
    """Draw images with what was said of them, as PNG.

    Args:
        seen: what `hqnn.execution.new_data.image_rows.write_image_rows` gave; there may be none.
        bands: names of the images' channels, where they are no grey or colours.
    """
    if not seen:
        return contact_sheet([Thumbnail(np.full((SIDE, SIDE, 3), 240, dtype=np.uint8), "no image could be read")])
    pictures = in_colours(np.stack([one.image for one in seen]), bands)
    return contact_sheet([Thumbnail(picture, _said(one)) for picture, one in zip(pictures, seen, strict=True)])


def _said(one: Seen) -> str:
    """Class and probability, and below them the end of the file's name."""
    name = "".join(letter if letter.isprintable() else " " for letter in one.file.rpartition("/")[2])
    return f"{one.predicted[:LETTERS]} {one.probability:.2f}\n{name[-LETTERS:]}"


def _few_colours(image: bytes) -> bytes:
    """The same picture in a palette, a third of the bytes; words keep their colours."""
    whole = PIL.Image.open(io.BytesIO(image)).convert("RGB")
    kept = [blend for share in (1.0, 0.7, 0.4) for blend in _on_white(INK, share)]
    free = COLOURS - len(kept) // 3
    palette = PIL.Image.new("P", (1, 1))
    palette.putpalette([*(whole.quantize(free).getpalette() or [])[: 3 * free], *kept])
    buffer = io.BytesIO()
    whole.quantize(palette=palette, dither=PIL.Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _on_white(colour: str, share: float) -> list[int]:
    return [round(255 + share * (value - 255)) for value in bytes.fromhex(colour[1:])]


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A thumbnail of `SIDE` pixels; small images are enlarged pixel by pixel."""
    height, width = image.shape[:2]
    colour = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    if min(height, width) >= SIDE:
        return square(colour, SIDE)
    rows, columns = (np.arange(SIDE) * side // SIDE for side in (height, width))
    return np.asarray(colour[np.ix_(rows, columns)])

"""Contact sheets: many small pictures with a line of words each."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import PIL.Image
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hqnn.data.image_files import read_image, square
from hqnn.report.panels import Image
from hqnn.report.style import INK, STYLE, png
from hqnn.store import whole_file

SIDE = 96  # pixels of a thumbnail
GAP, LINE = 8, 30  # pixels between thumbnails, and below them for words
COLUMNS = 10
WRONG = "#d55e00"
SHOWN = 60
DPI = 100  # one pixel of the sheet for one of a thumbnail
COLOURS = 128


@dataclass(frozen=True)
class Thumbnail:
    """One picture of a sheet.

    Attributes:
        image: uint8, shape (height, width, 3) or (height, width, 1).
        words: below it, two short lines at most.
        wrong: whether it is framed.
    """

    image: NDArray[np.uint8]
    words: str
    wrong: bool = False


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
            colour = WRONG if one.wrong else INK
            axes.text(left, top + SIDE + 3, one.words, fontsize=7, color=colour, va="top", linespacing=1.15)
            if one.wrong:
                frame = Rectangle((left - 2, top - 2), SIDE + 3, SIDE + 3, fill=False, edgecolor=WRONG, linewidth=2.2)
                axes.add_patch(frame)
        axes.imshow(mosaic, interpolation="nearest", aspect="auto", extent=(0, width, height, 0))
        return _few_colours(png(figure, dpi=DPI))


def embedded(sheet: bytes, caption: str) -> Image:
    """A sheet as it stands in the page, no larger than its thumbnails are."""
    data = base64.b64encode(sheet).decode()
    width = PIL.Image.open(io.BytesIO(sheet)).width
    picture = Markup('<img src="data:image/png;base64,{}" alt="{}" style="max-width: {}px">')
    return Image(picture.format(data, caption, width), caption)


def write_classified_sheet(output: Path, table: Path, images: Path) -> None:
    """Draw the first images of a table of `hqnn.execution.classify` with what was said of them.

    Args:
        output: PNG file.
        table: CSV file.
        images: the image, or the folder, that the table is about.
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["predicted"]][:SHOWN]
    thumbnails = [
        Thumbnail(
            square(read_image(images / row["file"] if images.is_dir() else images), SIDE),
            f"{row['predicted']} {float(row['probability_' + row['predicted']]):.2f}\n{Path(row['file']).name[-18:]}",
        )
        for row in rows
    ]
    blank = [Thumbnail(np.full((SIDE, SIDE, 3), 240, dtype=np.uint8), "no image could be read")]
    with whole_file(output) as partial:
        partial.write_bytes(contact_sheet(thumbnails or blank))


def _few_colours(image: bytes) -> bytes:
    """The same picture in a palette, a third of the bytes; words and frames keep their colours."""
    whole = PIL.Image.open(io.BytesIO(image)).convert("RGB")
    kept = [blend for colour in (WRONG, INK) for share in (1.0, 0.7, 0.4) for blend in _on_white(colour, share)]
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
    side = image.shape[0]
    colour = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    if side >= SIDE:
        return square(colour, SIDE)
    nearest = np.arange(SIDE) * side // SIDE
    return np.asarray(colour[np.ix_(nearest, nearest)])

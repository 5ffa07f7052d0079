"""What a table of small images says of itself: their size, depth and bands, and the numbers of each part and class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.deep_images import described
from hqnn.data.parts import PARTS
from hqnn.report.chapter import Block, Words, folded, shown
from hqnn.report.samples import SampleNotes, part_counts, untested
from hqnn.report.tables import Cell, Table
from hqnn.store import open_table, read_attributes
from hqnn.wording import plural

NOUN = "image"
MOST_ROWS = 40  # classes that are shown without being unfolded
NAMED = {  # group of the table: the two columns, and what its rows are
    "unreadable": (("source", "reason"), "unreadable"),
    "dropped": (("source", "copy_of"), "left out as equal to an earlier one"),
    "conflicts": (("source", "like"), "equal to one of another class"),
}


@dataclass(frozen=True)
class Held:
    """What the table holds besides images.

    Attributes:
        about: its attributes.
        shape: of all images, (samples, height, width, channels).
        dtype: of these.
        labels: of each, shape (samples,).
        split: code of the part of each, shape (samples,).
        named: group of `NAMED` to its rows.
    """

    about: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    labels: NDArray[Any]
    split: NDArray[np.uint8]
    named: Mapping[str, list[tuple[str, ...]]]

    @property
    def counts(self) -> dict[str, list[int]]:
        """Part to the number of images of each class."""
        classes = len(self.about["classes"])
        return {
            part: np.bincount(self.labels[self.split == code], minlength=classes).tolist()
            for code, part in enumerate(PARTS)
        }


def image_notes(path: Path | None) -> SampleNotes:
    """Read what a table of images says.

    Args:
        path: what `hqnn.data.images.prepare.prepare_small_images` wrote; nothing is told where None.

    Raises:
        UserError: the file is missing or damaged.
    """
    if path is None:
        return SampleNotes(NOUN, f"{NOUN}s")
    held = _read(path)
    classes = held.about["classes"]
    table = part_counts(classes, held.counts, NOUN)
    many = len(classes) > MOST_ROWS
    return SampleNotes(
        NOUN,
        f"{NOUN}s",
        (*_warnings(held), *untested(classes, held.counts, NOUN)),
        (
            Words(tuple(_words(held))),
            folded(f"Numbers of each of {len(classes)} classes", table) if many else shown(table),
            *_named(held),
        ),
    )


def _read(path: Path) -> Held:
    with open_table(path) as file:
        images = file["images"]
        return Held(
            read_attributes(file),
            tuple(images.shape),
            images.dtype,
            file["labels"][()],
            file["split"][()],
            {name: _rows(file[name], columns) for name, (columns, _) in NAMED.items() if name in file},
        )


def _rows(group: h5py.Group, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(group[name].asstr()[()].tolist() for name in columns), strict=True))


def _words(held: Held) -> Iterator[str]:
    number, height, width, channels = held.shape
    bands = held.about.get("bands", ())
    names = f" ({', '.join(bands)})" if bands and list(bands) != [str(band) for band in range(1, channels + 1)] else ""
    colours = {1: "grey of 8 bits", 3: "colours of 8 bits"}
    plain = held.dtype == np.uint8 and not bands and channels in colours
    form = colours[channels] if plain else described(channels, held.dtype)
    yield f"{plural(number, NOUN)} of {width} × {height} pixels, {form}{names}."
    if "scale" in held.about:
        ends = [(low, low + 1 / scale if scale else low) for low, scale in _ranges(held.about)]
        yield (
            f"What nets take as 0 to 1, band by band, the 2nd to the 98th percentile of the train images' pixels: "
            f"{', '.join(f'{low:g} to {high:g}' for low, high in ends)}."
        )


def _ranges(about: Mapping[str, Any]) -> list[tuple[float, float]]:
    return list(zip(about["offset"], about["scale"], strict=True))


def _warnings(held: Held) -> Iterator[str]:
    found = len(held.named.get("conflicts", ()))
    if found:
        yield f"{plural(found, NOUN)} equal to one of another class, so that one of two labels is wrong; see “Images”."


def _named(held: Held) -> Iterator[Block | None]:
    for name, rows in held.named.items():
        columns, what = NAMED[name]
        cells = tuple(tuple(Cell(text) for text in row) for row in rows)
        heads = tuple(column.replace("_", " ") for column in columns)
        yield folded(f"{plural(len(rows), NOUN)} {what}", Table("By name.", heads, cells, labels=2))

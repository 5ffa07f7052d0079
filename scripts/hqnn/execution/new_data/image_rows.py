"""Predictions of image files: a row each, whatever is read of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hqnn.data.class_folders import is_visible
from hqnn.data.image_files import SUFFIXES
from hqnn.errors import UserError

BATCH = 32
SHOWN = 60

Predict = Callable[[NDArray[Any]], NDArray[np.float64]]


class Reading(Protocol):
    """How image files become what a model takes.

    Attributes:
        classes: names, in the order of probabilities.
        bands: names of the channels, where they are no grey or colours.
    """

    classes: tuple[str, ...]
    bands: tuple[str, ...]

    def read(self, file: Path) -> tuple[NDArray[Any], str]:
        """Read an image, shape (height, width, channels), the same for all, and what its row should say of it.

        Raises:
            UserError: it cannot be read, or the model cannot take it.
        """

    def inputs(self, images: NDArray[Any]) -> NDArray[Any]:
        """What the model takes of images, shape (images, height, width, channels)."""


@dataclass(frozen=True)
class Seen:
    """An image that was predicted.

    Attributes:
        file: its name in the table.
        image: as it was read, shape (height, width, channels).
        predicted: name of the class.
        probability: of that class.
    """

    file: str
    image: NDArray[Any]
    predicted: str
    probability: float


def write_image_rows(output: Path, place: Path, reading: Reading, predict: Predict) -> list[Seen]:
    """Write what a model says of images, a row each.

    The table has the columns file, predicted, a probability of each class, and note, which says why an image could not
    be read, or how it was brought to what the model takes. Memory is that of one batch.

    Args:
        output: CSV file, UTF-8.
        place: an image, or a folder that is searched for images, subfolders too.
        reading: of the files.
        predict: what the reading gives to the probability of every class, shape (images, classes).

    Returns:
        The first `SHOWN` images that were predicted.

    Raises:
        UserError: there is no image.
    """
    files = image_files(place)
    shown: list[Seen] = []
    with output.open("w", encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["file", "predicted", *(f"probability_{name}" for name in reading.classes), "note"])
        for batch in _batches(files):
            seen = []
            for row, one in _rows(batch, place, reading, predict):
                table.writerow(row)
                seen += [one] if one else []
            shown += seen[: SHOWN - len(shown)]
    return shown


def image_files(place: Path) -> list[Path]:
    """The image itself, or all images below a folder, by name; hidden files and folders do not count.

    Raises:
        UserError: there is none.
    """
    if place.is_file():
        return [place]
    found = sorted(
        file
        for file in place.rglob("*")
        if file.suffix.lower() in SUFFIXES and all(map(is_visible, file.relative_to(place).parts))
    )
    if not found:
        raise UserError(f"{place} is no image and no folder with images; name one, with a suffix such as .jpg or .png")
    return found


def _batches(files: list[Path]) -> Iterator[list[Path]]:
    waiting = iter(files)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _rows(
    files: Sequence[Path], place: Path, reading: Reading, predict: Predict
) -> Iterator[tuple[list[str], Seen | None]]:
    """The rows of a batch, in the order of the files, and the images that were predicted."""
    read: dict[Path, NDArray[Any]] = {}
    notes: dict[Path, str] = {}
    for file in files:
        try:
            read[file], notes[file] = reading.read(file)
        except UserError as error:
            notes[file] = str(error)
    found: dict[Path, NDArray[np.float64]] = {}
    if read:
        found = dict(zip(read, predict(reading.inputs(np.stack(list(read.values())))), strict=True))
    for file in files:
        name = _text((file.relative_to(place) if place.is_dir() else file).as_posix())
        if file in found:
            of_all, likeliest = found[file], int(found[file].argmax())
            seen = Seen(name, read[file], reading.classes[likeliest], float(of_all[likeliest]))
            yield [name, seen.predicted, *(f"{p:.6f}" for p in of_all), _text(notes[file])], seen
        else:
            yield [name, "", *("" for _ in reading.classes), _text(notes[file])], None


def _text(name: str) -> str:
    """A name as Unicode text, whatever bytes a file system has for it."""
    return os.fsencode(name).decode(errors="replace")

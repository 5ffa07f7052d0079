"""Images of a table, small, and what was said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.report.colours import in_colours
from hqnn.report.runs import Predictions
from hqnn.report.sheets import Thumbnail
from hqnn.store import open_table, read_attributes


@dataclass(frozen=True)
class ImageTable:
    """A raw set's table of images.

    Attributes:
        path: of the file.
        about: its attributes: `classes`, and what was `dropped` and which labels are in `conflicts`.
        counts: of the images of each class.
    """

    path: Path
    about: Mapping[str, Any]
    counts: tuple[int, ...]

    @classmethod
    def read(cls, path: Path) -> ImageTable:
        """Read all but the images.

        Raises:
            UserError: the file is missing or is no table.
        """
        with open_table(path) as file:
            about = read_attributes(file)
            counts = np.bincount(file["labels"][()], minlength=len(about["classes"]))
        return cls(path, about, tuple(counts.tolist()))

    def images(self, ids: NDArray[np.int64]) -> NDArray[Any]:
        """Some images, rising rows; shape (images, side, side, channels)."""
        with open_table(self.path) as file:
            images: NDArray[Any] = file["images"][ids]
            return images


def is_wrong(one: Predictions) -> NDArray[np.bool_]:
    """Where something else was said than is true, shape (samples,)."""
    return np.asarray(one.columns["predicted"] != one.columns["label"])


def surest(one: Predictions, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Of some rows of predictions those whose predicted class is likeliest, the likeliest first."""
    return rows[np.argsort(-_likelihood(one)[rows], kind="stable")][:most]


def thumbnails(
    images: ImageTable, one: Predictions, rows: NDArray[np.int64], *, truth: bool = True, framed: bool = True
) -> list[Thumbnail]:
    """Images with the predicted class and its probability below.

    Args:
        images: the table.
        one: predictions of images of it.
        rows: of the predictions, in reading order.
        truth: whether the true class stands below where another one was said.
        framed: whether these are framed.
    """
    classes, sure, wrong = images.about["classes"], _likelihood(one), is_wrong(one)
    ids, order = np.unique(one.columns["sample"][rows], return_inverse=True)
    drawn = []
    pictures = in_colours(images.images(ids), images.about.get("bands", ()))
    for row, picture in zip(rows, pictures[order], strict=True):
        true, said = (classes[int(one.columns[name][row])] for name in ("label", "predicted"))
        below = f"\nis {true}" if truth and wrong[row] else ""
        drawn.append(Thumbnail(picture, f"{said} {sure[row]:.2f}{below}", framed and bool(wrong[row])))
    return drawn


def _likelihood(one: Predictions) -> NDArray[np.float64]:
    """The probability of the predicted class, shape (samples,)."""
    said, probability = one.columns["predicted"].astype(int), one.columns["probability"]
    if probability.ndim == 1:
        return np.asarray(np.where(said == 1, probability, 1 - probability))
    return np.asarray(probability[np.arange(len(said)), said])

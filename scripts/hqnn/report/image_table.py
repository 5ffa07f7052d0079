"""The table of a raw set's images, and which of them were taken for another class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.report.runs import Predictions
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


def likelihood(one: Predictions) -> NDArray[np.float64]:
    """The probability of the predicted class, shape (samples,)."""
    said, probability = one.columns["predicted"].astype(int), one.columns["probability"]
    if probability.ndim == 1:
        return np.asarray(np.where(said == 1, probability, 1 - probability))
    return np.asarray(probability[np.arange(len(said)), said])

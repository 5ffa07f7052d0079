"""Thumbnails images with what was said of each, to be enlarged and, where scripts run, filtered by class."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from hqnn.report.colours import in_colours
from hqnn.report.image_table import ImageTable, is_wrong, likelihood
from hqnn.report.runs import Predictions

MOST_SIDE = 192  # pixels of an image in the page; larger ones are made smaller
JPEG_FROM = 65  # pixels of a side, from which on an image is a photograph
QUALITY = 82


@dataclass(frozen=True)
class Picture:
    """One tested image.

    Attributes:
        address: that holds the image.
        said: predicted class.
        true: class of its label.
        sure: probability of the predicted class.
    """

    address: str
    said: str
    true: str
    sure: float

    @property
    def wrong(self) -> bool:
        """Whether another class was predicted than is true."""
        return self.said != self.true


@dataclass(frozen=True)
class Gallery:
    """Images under one caption."""

    pictures: tuple[Picture, ...]
    caption: str


def pictures_of(images: ImageTable, one: Predictions, rows: NDArray[np.int64]) -> tuple[Picture, ...]:
    """Images of a table with what was said of them.

    Args:
        images: the table.
        one: predictions of images of it.
        rows: of the predictions, in reading order.
    """
    classes, sure = images.about["classes"], likelihood(one)
    ids, order = np.unique(one.columns["sample"][rows], return_inverse=True)
    shown = in_colours(images.images(ids), images.about.get("bands", ()))
    said, true = ([str(classes[int(one.columns[name][row])]) for row in rows] for name in ("predicted", "label"))
    return tuple(map(Picture, map(address_of, shown[order]), said, true, sure[rows].tolist()))


def surest(one: Predictions, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Of some rows of predictions the surest of each true class in turn, class by class, the surest first."""
    labels = one.columns["label"][rows]
    order = np.lexsort((-likelihood(one)[rows], labels))
    firsts = np.searchsorted(labels[order], labels[order])
    chosen = np.argsort(np.arange(len(order)) - firsts, kind="stable")[:most]
    return rows[order[np.sort(chosen)]]


def mistakes(images: ImageTable, one: Predictions, most: int) -> Gallery | None:
    """Test images that were taken for another class; nothing where there are none."""
    wrong = np.flatnonzero(is_wrong(one))
    if not wrong.size:
        return None
    shown = surest(one, wrong, most)
    some = "" if len(shown) == wrong.size else f"; {len(shown)} are here, of each true class the surest ones"
    many = f"{wrong.size:,} of {len(one.columns['label']):,} test images are wrong"
    caption = f"{one.run.model}, seed {one.run.seed}: {many}{some}. Number: probability of the predicted class."
    return Gallery(pictures_of(images, one, shown), caption)


def address_of(image: NDArray[np.uint8]) -> str:
    """An image as an address that holds it: a photograph as JPEG, a small image without loss.

    Args:
        image: shape (height, width, 1 or 3).
    """
    picture = PIL.Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    photograph = min(picture.size) >= JPEG_FROM
    picture.thumbnail((MOST_SIDE, MOST_SIDE))
    buffer = io.BytesIO()
    if photograph:
        picture.save(buffer, "JPEG", quality=QUALITY)
    else:
        picture.save(buffer, "PNG", optimize=True)
    return f"data:image/{'jpeg' if photograph else 'png'};base64,{base64.b64encode(buffer.getvalue()).decode()}"

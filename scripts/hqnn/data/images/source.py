"""What a set of small labelled images is, whatever files it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.opening import UnreadableImageError

BATCH_BYTES = 4 << 20


@dataclass(frozen=True)
class Batch:
    """Some images.

    Attributes:
        images: uint8, uint16 or float32, shape (images, height, width, channels).
        labels: index into the classes, uint8 or uint16, see `label_type`, shape (images,).
        split: code of `hqnn.data.parts`, shape (images,); empty where the set says nothing about it.
        names: where each came from: its file, or a file and the position in it.
        empty: pixels without data, which are 0.
        lost: name, label and error of each image that cannot be read and is not among these.
        remarks: what was assumed of some, one an image and assumption, as `hqnn.data.losses.Losses` takes it.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    split: NDArray[np.uint8]
    names: list[str]
    empty: int = 0
    lost: tuple[tuple[str, int, UnreadableImageError], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageSource:
    """A set of images that are read batch by batch.

    Attributes:
        root: the folder that holds its files.
        classes: names, in the order of labels.
        shape: height, width and channels of every image.
        rows: number of images.
        batches: all of them once, train images first where there is a split.
        files: every file that is read.
        own_split: `published`, the parts the set comes in; `listed`, lists beside the images; or `none`.
        skipped: reason to number of files that are left out.
        dtype: of the images: uint8, uint16 or float32.
        bands: names of the channels, where they are no grey or colours.
    """

    root: Path
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    rows: int
    batches: Iterator[Batch]
    files: tuple[Path, ...]
    own_split: str
    skipped: dict[str, int]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint8))
    bands: tuple[str, ...] = ()


def batch_rows(shape: tuple[int, int, int], itemsize: int = 1) -> int:
    """How many images of a shape, and of so many bytes a number, make a batch."""
    return max(1, BATCH_BYTES // (int(np.prod(shape)) * itemsize))

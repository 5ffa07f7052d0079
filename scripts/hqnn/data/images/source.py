"""What a set of small labelled images is, whatever files it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BATCH_BYTES = 4 << 20


@dataclass(frozen=True)
class Batch:
    """Some images.

    Attributes:
        images: shape (images, height, width, channels).
        labels: index into the classes, shape (images,).
        split: 0 train, 1 test, shape (images,); empty where the set says nothing about it.
        names: where each came from: its file, or a file and the position in it.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    names: list[str]


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
    """

    root: Path
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    rows: int
    batches: Iterator[Batch]
    files: tuple[Path, ...]
    own_split: str
    skipped: dict[str, int]


def batch_rows(shape: tuple[int, int, int]) -> int:
    """How many images of a shape make a batch."""
    return max(1, BATCH_BYTES // int(np.prod(shape)))

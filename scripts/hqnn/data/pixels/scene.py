"""What every reader of scenes gives: rasters of one date or more on one grid, window by window, and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray

PREDICT = "predict"  # the part of a scene without labels
UNLABELLED = 255  # where a raster of classes says nothing
PLACEHOLDERS = (0, 65535, -9999, -32768)  # that files hold where nothing was measured, often without a tag
WINDOW_ROWS, WINDOW_COLUMNS = 256, 1024  # both multiples of the usual tile; 2 x 13 bands in float32 are 27 MB
WINDOW_PLANES = 26  # bands of all dates; windows of more are narrower
BLOCK_ROWS = 1024  # of the largest usual block, in JPEG 2000 and in cloud-optimised tiles


Window = tuple[range, range]  # rows and columns of the grid


class Scene(Protocol):
    """One place, open for reading.

    Attributes:
        name: of the scene.
        shape: rows and columns of the grid.
        crs: of the grid, None where the files have none.
        transform: column and row to coordinates.
        dates: how many.
        bands: their names, the same for every date.
        placeholders: what each of `PLACEHOLDERS`, stored in a file, reads as; NaN where it cannot be read. Shape
            (placeholders, dates, bands).
    """

    name: str
    shape: tuple[int, int]
    crs: Any
    transform: Affine
    dates: int
    bands: tuple[str, ...]
    placeholders: NDArray[np.float32]

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read all bands of all dates at pixels of the grid.

        Args:
            rows: of the grid, any step; may reach beyond it.
            columns: likewise.

        Returns:
            Values, shape (dates, bands, rows, columns), NaN where not valid; and where all bands of all dates are
            valid, shape (rows, columns).

        Raises:
            UserError: a file is damaged or cut off.
        """

    def labels(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Class of each pixel, `UNLABELLED` where none is known, shape (rows, columns); ranges of step 1 on the grid.

        Raises:
            UserError: the scene has no labels, or a value means nothing.
        """

    def of(self, bands: Sequence[str]) -> Scene:
        """The same scene without its other bands: these are not read, and a pixel may be valid that is not in them.

        Args:
            bands: names of bands of the scene, each once.
        """


@dataclass(frozen=True)
class Listed:
    """A scene that a collection lists.

    Attributes:
        name: of the scene, in the order of the table of samples.
        part: train, validation or test; empty where the samples of the scene are to be dealt, ``predict`` where it has
            no labels and is only to be predicted.
        files: all that reading it opens.
    """

    name: str
    part: str
    files: tuple[Path, ...]


class Collection(Protocol):
    """Scenes of one data set, whatever their layout.

    Attributes:
        root: folder of the data set.
        scenes: all of them.
        classes: names, in the order of labels.
        bands: names of the bands of every date.
        dates: how many every scene has.
        lacks: of bands that only some scenes have, and which are left out, where one is missing.
    """

    root: Path
    scenes: Sequence[Listed]
    classes: tuple[str, ...]
    bands: tuple[str, ...]
    dates: int
    lacks: Mapping[str, str]

    def open(self, name: str) -> AbstractContextManager[Scene]:
        """Open a scene and check that its files fit together.

        Raises:
            UserError: a file is missing or damaged, or does not fit the others.
        """

    def about(self) -> Mapping[str, Any]:
        """What the table of samples should say of how the files were read; anything JSON can say."""


def windows(shape: tuple[int, int], planes: int = 1) -> Iterator[Window]:
    """Rows and columns of windows that cover a grid, each small enough to be held with all its bands.

    Those that lie in one block of a raster follow each other, so that it is decoded once.

    Args:
        shape: rows and columns of the grid.
        planes: how many bands all dates have together.
    """
    width = max(1, WINDOW_COLUMNS * WINDOW_PLANES // max(planes, WINDOW_PLANES))
    for block in range(0, shape[0], BLOCK_ROWS):
        for column in range(0, shape[1], width):
            for row in range(block, min(block + BLOCK_ROWS, shape[0]), WINDOW_ROWS):
                rows = range(row, min(row + WINDOW_ROWS, block + BLOCK_ROWS, shape[0]))
                yield rows, range(column, min(column + width, shape[1]))


def by_block(given: Iterable[Window]) -> Iterator[list[Window]]:
    """Windows that follow each other in one block of a raster."""
    for _, own in groupby(given, key=lambda window: (window[0].start // BLOCK_ROWS, window[1].start)):
        yield list(own)


def windows_of(scene: Scene) -> Iterator[Window]:
    """The windows of a scene."""
    return windows(scene.shape, scene.dates * len(scene.bands))

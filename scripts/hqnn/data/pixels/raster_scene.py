"""A scene made of open rasters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hqnn.data.pixels.grids import Grid, read_dates
from hqnn.data.pixels.raster_bands import Band
from hqnn.data.pixels.scene import PLACEHOLDERS

ReadLabels = Callable[[range, range], NDArray[np.uint8]]


class RasterScene:
    """Bands of one date or more on the grid of one of them; attributes as of `hqnn.data.pixels.scene.Scene`.

    Attributes:
        sources: the bands of each date, in the order of `bands`.
    """

    def __init__(
        self, name: str, grid: Grid, bands: tuple[str, ...], sources: Sequence[Sequence[Band]], labels: ReadLabels
    ) -> None:
        self.name = name
        self.grid = grid
        self.shape: tuple[int, int] = grid.shape
        self.crs: Any = grid.crs
        self.transform: Affine = grid.transform
        self.bands = bands
        self.sources = tuple(tuple(date) for date in sources)
        self.dates = len(self.sources)
        self.placeholders: NDArray[np.float32] = np.array(
            [[[value * band.scale + band.offset for band in date] for date in self.sources] for value in PLACEHOLDERS],
            dtype=np.float32,
        )
        self._labels = labels

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read all bands of all dates at pixels of the grid, see `read_dates`."""
        return read_dates(self.grid, self.sources, rows, columns)

    def labels(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Class of each pixel, `UNLABELLED` where none is known, shape (rows, columns); ranges of step 1 on the grid.

        Raises:
            UserError: the scene has no labels, or a value means nothing.
        """
        return self._labels(rows, columns)

    def of(self, bands: Sequence[str]) -> RasterScene:
        """The same scene without its other bands, see `Scene.of`."""
        chosen = [self.bands.index(name) for name in bands]
        sources = [[date[place] for place in chosen] for date in self.sources]
        return RasterScene(self.name, self.grid, tuple(bands), sources, self._labels)

"""Pixels of an image pair with their raw features, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import layout_named
from hqnn.data.grids import Pair, windows
from hqnn.data.oscd import BAND_SETS, BANDS
from hqnn.errors import UserError, nearest


@dataclass(frozen=True)
class Pixels:
    """Valid pixels of one window.

    Attributes:
        window: rows and columns of the grid that were read.
        rows: of each pixel on the grid, shape (pixels,).
        columns: likewise.
        raw: raw features, shape (pixels, raw features).
        dates: all 13 bands of both dates, shape (pixels, 2, bands).
        masked: number of invalid pixels of the whole window, on the stride or not.
        skipped: number of pixels on the stride that are left out.
    """

    window: tuple[range, range]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    raw: NDArray[np.float32]
    dates: NDArray[np.float32]
    masked: int
    skipped: int


@dataclass(frozen=True)
class Sampling:
    """Which raw features are read, and at which pixels.

    Attributes:
        bands: name of a band set.
        layout: name of a feature layout.
        stride: every how many-th row and column.

    Raises:
        UserError: a name is unknown.
    """

    bands: str
    layout: str
    stride: int = 1

    def __post_init__(self) -> None:
        if self.bands not in BAND_SETS:
            raise UserError(f"band set {self.bands!r} is unknown{nearest(self.bands, BAND_SETS)}")
        layout_named(self.layout)

    def count(self, shape: tuple[int, int]) -> int:
        """How many pixels of a grid are on the stride."""
        return -(-shape[0] // self.stride) * -(-shape[1] // self.stride)

    def read(self, pair: Pair) -> Iterator[Pixels]:
        """Read a city, one window at a time."""
        for rows, columns in windows(pair.shape):
            yield self._window(pair, rows, columns)

    def _window(self, pair: Pair, rows: range, columns: range) -> Pixels:
        layout = layout_named(self.layout)
        margin, chosen = layout.margin, [BANDS.index(band) for band in BAND_SETS[self.bands]]
        dates, valid = pair.read(_grown(rows, margin), _grown(columns, margin))
        raw = layout.raw(dates[:, chosen], valid)
        inner = (slice(margin, margin + len(rows)), slice(margin, margin + len(columns)))
        usable = valid[inner] & np.isfinite(raw).all(axis=0)
        own = np.ix_(_on_stride(rows, self.stride), _on_stride(columns, self.stride))
        row, column = np.nonzero(usable[own])
        row, column = own[0][row, 0], own[1][0, column]
        return Pixels(
            (rows, columns),
            (row + rows.start).astype(np.int32),
            (column + columns.start).astype(np.int32),
            raw[:, row, column].T,
            np.moveaxis(dates[:, :, row + margin, column + margin], 2, 0),
            masked=int((~valid[inner]).sum()),
            skipped=int((~usable[own]).sum()),
        )


def _grown(pixels: range, margin: int) -> range:
    return range(pixels.start - margin, pixels.stop + margin)


def _on_stride(pixels: range, stride: int) -> NDArray[np.int64]:
    """Positions within a window of the pixels whose number on the grid is a multiple of the stride."""
    return np.arange(-pixels.start % stride, len(pixels), stride)

"""Pixels of an image pair with their raw features, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.grids import Pair, windows
from hqnn.data.pixels.layouts import RawFeatures, layout_named
from hqnn.data.pixels.oscd import BAND_SETS, BANDS
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
        UserError: a name is unknown, or the layout needs other bands.
    """

    bands: str
    layout: str
    stride: int = 1

    def __post_init__(self) -> None:
        if self.bands not in BAND_SETS:
            raise UserError(f"band set {self.bands!r} is unknown{nearest(self.bands, BAND_SETS)}")
        needed = layout_named(self.layout).bands or self.bands
        if self.bands != needed:
            raise UserError(
                f"features.bands is {self.bands!r} but features.layout {self.layout!r} needs {needed!r}; set that"
            )

    def count(self, shape: tuple[int, int]) -> int:
        """How many pixels of a grid are on the stride."""
        return -(-shape[0] // self.stride) * -(-shape[1] // self.stride)

    def read(self, pair: Pair) -> Iterator[Pixels]:
        """Read a city, one window at a time, after its statistics where the layout needs these."""
        raw_features = layout_named(self.layout).of_image(self._image(pair))
        for rows, columns in windows(pair.shape):
            yield self._window(pair, rows, columns, raw_features)

    @property
    def _bands(self) -> list[int]:
        return [BANDS.index(band) for band in BAND_SETS[self.bands]]

    def _image(self, pair: Pair) -> Iterator[NDArray[np.float32]]:
        """All valid pixels, window by window, shape (2, bands, pixels)."""
        for rows, columns in windows(pair.shape):
            dates, valid = pair.read(rows, columns)
            yield dates[:, self._bands][:, :, valid]

    def _window(self, pair: Pair, rows: range, columns: range, raw_features: RawFeatures) -> Pixels:
        margin = layout_named(self.layout).margin
        dates, valid = _read_around(pair, rows, columns, margin)
        raw = raw_features(dates[:, self._bands], valid)
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


def around(
    rows: range, columns: range, shape: tuple[int, int], margin: int
) -> tuple[tuple[range, range], list[tuple[int, int]]]:
    """A window and a margin around it: rows and columns on a grid, and how many pixels before and after are beyond."""
    sides = list(zip((rows, columns), shape, strict=True))
    near_rows, near_columns = (
        range(max(0, side.start - margin), min(size, side.stop + margin)) for side, size in sides
    )
    beyond = [
        (own.start - side.start + margin, side.stop + margin - own.stop)
        for own, (side, _) in zip((near_rows, near_columns), sides, strict=True)
    ]
    return (near_rows, near_columns), beyond


def _read_around(pair: Pair, rows: range, columns: range, margin: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read a window and a margin around it, where beyond the image's border this is mirrored."""
    near, beyond = around(rows, columns, pair.shape, margin)
    dates, valid = pair.read(*near)
    return np.pad(dates, ((0, 0), (0, 0), *beyond), "symmetric"), np.pad(valid, beyond, "symmetric")


def _on_stride(pixels: range, stride: int) -> NDArray[np.int64]:
    """Positions within a window of the pixels whose number on the grid is a multiple of the stride."""
    return np.arange(-pixels.start % stride, len(pixels), stride)

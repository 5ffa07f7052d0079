"""Pixels of a scene with their raw features, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.bands import places
from hqnn.data.pixels.layouts import Layout, RawFeatures, layout_named
from hqnn.data.pixels.scene import Scene, windows_of
from hqnn.progress import Progress


@dataclass(frozen=True)
class Pixels:
    """Valid pixels of one window.

    Attributes:
        window: rows and columns of the grid that were read.
        rows: of each pixel on the grid, shape (pixels,).
        columns: likewise.
        raw: raw features, shape (pixels, raw features).
        dates: all bands of all dates, shape (pixels, dates, bands).
        zeros: where all bands of some date are stored as 0, shape (pixels,).
        suspect: where some band is stored as another of `PLACEHOLDERS`, shape (pixels,).
        masked: number of invalid pixels of the whole window, on the stride or not.
        skipped: number of pixels on the stride that are left out.
    """

    window: tuple[range, range]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    raw: NDArray[np.float32]
    dates: NDArray[np.float32]
    zeros: NDArray[np.bool_]
    suspect: NDArray[np.bool_]
    masked: int
    skipped: int

    @property
    def within(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of each pixel in the window."""
        return self.rows - self.window[0].start, self.columns - self.window[1].start

    def taken(self, chosen: NDArray[np.bool_]) -> Pixels:
        """Some of the pixels, shape (pixels,)."""
        if chosen.all():
            return self
        return replace(
            self,
            rows=self.rows[chosen],
            columns=self.columns[chosen],
            raw=self.raw[chosen],
            dates=self.dates[chosen],
            zeros=self.zeros[chosen],
            suspect=self.suspect[chosen],
        )


@dataclass(frozen=True)
class Sampling:
    """Which raw features are read, and at which pixels.

    Attributes:
        bands: names of the bands of every date, in the order of the raw features.
        layout: name of a feature layout.
        stride: every how many-th row and column.
        windows: sides of the windows that the layout looks at, where it looks at any.

    Raises:
        UserError: a layout is unknown.
    """

    bands: tuple[str, ...]
    layout: str
    stride: int = 1
    windows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        layout_named(self.layout, self.windows)

    @property
    def kind(self) -> Layout:
        """Its layout."""
        return layout_named(self.layout, self.windows)

    def count(self, shape: tuple[int, int]) -> int:
        """How many pixels of a grid are on the stride."""
        return -(-shape[0] // self.stride) * -(-shape[1] // self.stride)

    def read(self, scene: Scene, skip: int = 0) -> Iterator[Pixels]:
        """Read a scene, one window at a time, after its statistics where the layout needs these; the log says how far.

        Args:
            scene: open.
            skip: so many windows are not read.

        Raises:
            UserError: a file is damaged, or the scene lacks a band.
        """
        chosen = places(self.bands, scene)
        raw_features = self.kind.of_image(_image(scene, chosen))
        left = list(windows_of(scene))[skip:]
        total = sum(len(rows) * len(columns) for rows, columns in left)
        progress = Progress(f"scene {scene.name}", total, "pixels")
        for rows, columns in left:
            yield self._window(scene, rows, columns, chosen, raw_features)
            progress.add(len(rows) * len(columns))

    def _window(
        self, scene: Scene, rows: range, columns: range, chosen: list[int], raw_features: RawFeatures
    ) -> Pixels:
        margin = self.kind.margin
        dates, valid = _read_around(scene, rows, columns, margin)
        raw = raw_features(dates[:, chosen], valid)
        inner = (slice(margin, margin + len(rows)), slice(margin, margin + len(columns)))
        usable = valid[inner] & np.isfinite(raw).all(axis=0)
        own = np.ix_(_on_stride(rows, self.stride), _on_stride(columns, self.stride))
        row, column = np.nonzero(usable[own])
        row, column = own[0][row, 0], own[1][0, column]
        found = np.moveaxis(dates[:, :, row + margin, column + margin], 2, 0)
        zero, *others = scene.placeholders
        return Pixels(
            (rows, columns),
            (row + rows.start).astype(np.int32),
            (column + columns.start).astype(np.int32),
            raw[:, row, column].T,
            found,
            (found == zero).all(axis=2).any(axis=1),
            np.any([(found == other).any(axis=(1, 2)) for other in others], axis=0),
            masked=int((~valid[inner]).sum()),
            skipped=int((~usable[own]).sum()),
        )


def _image(scene: Scene, chosen: list[int]) -> Iterator[NDArray[np.float32]]:
    """All valid pixels, window by window, shape (dates, bands, pixels)."""
    for rows, columns in windows_of(scene):
        dates, valid = scene.read(rows, columns)
        yield dates[:, chosen][:, :, valid]


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


def _read_around(
    scene: Scene, rows: range, columns: range, margin: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read a window and a margin around it, where beyond the image's border this is mirrored."""
    near, beyond = around(rows, columns, scene.shape, margin)
    dates, valid = scene.read(*near)
    return np.pad(dates, ((0, 0), (0, 0), *beyond), "symmetric"), np.pad(valid, beyond, "symmetric")


def _on_stride(pixels: range, stride: int) -> NDArray[np.int64]:
    """Positions within a window of the pixels whose number on the grid is a multiple of the stride."""
    return np.arange(-pixels.start % stride, len(pixels), stride)

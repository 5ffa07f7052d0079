"""Pixels of a scene with their raw features, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.bands import places
from hqnn.data.pixels.layouts import Layout, RawFeatures, layout_named
from hqnn.data.pixels.scene import Scene, Window, windows_of
from hqnn.progress import Progress

VALUE_BYTES = 4  # of a band's value as it is read, float32


@dataclass(frozen=True)
class Pixels:
    """Valid pixels of one window.

    Attributes:
        window: rows and columns of the grid that were read.
        rows: of each pixel on the grid, shape (pixels,).
        columns: likewise.
        raw: raw features, shape (pixels, raw features).
        dates: all bands of all dates, shape (pixels, dates, bands).
        placeholders: of the scene.
        masked: number of invalid pixels of the whole window, on the stride or not.
        skipped: number of pixels on the stride that are left out.
    """

    window: tuple[range, range]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    raw: NDArray[np.float32]
    dates: NDArray[np.float32]
    placeholders: NDArray[np.float32]
    masked: int
    skipped: int

    @property
    def zeros(self) -> NDArray[np.bool_]:
        """Where all bands of some date are stored as 0, shape (pixels,)."""
        return np.asarray((self.dates == self.placeholders[0]).all(axis=2).any(axis=1))

    @property
    def suspect(self) -> NDArray[np.bool_]:
        """Where some band is stored as another of `PLACEHOLDERS`, shape (pixels,)."""
        return np.asarray(np.any([(self.dates == other).any(axis=(1, 2)) for other in self.placeholders[1:]], axis=0))

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

    def read(self, scene: Scene) -> Iterator[Pixels]:
        """Read a scene, one window at a time; the log says how far.

        Args:
            scene: open.

        Raises:
            UserError: a file is damaged, or the scene lacks a band.
        """
        read = self.reader(scene)
        progress = progress_of(scene, windows_of(scene))
        for window in windows_of(scene):
            yield read(scene, window)
            progress.add(pixels_of(window))

    def reader(self, scene: Scene) -> Callable[[Scene, Window], Pixels]:
        """What reads windows of this scene, however often it is open, after its statistics where the layout needs them.

        Args:
            scene: open.

        Raises:
            UserError: a file is damaged, or the scene lacks a band.
        """
        chosen = places(self.bands, scene)
        raw_features = self.kind.of_image(_image(scene, chosen))
        return lambda opened, window: self._window(opened, *window, chosen, raw_features)

    def _window(
        self, scene: Scene, rows: range, columns: range, chosen: list[int], raw_features: RawFeatures
    ) -> Pixels:
        margin = self.kind.margin
        dates, valid = _read_around(scene, rows, columns, margin)
        every = chosen == list(range(len(scene.bands)))
        raw = raw_features(dates if every else dates[:, chosen], valid)
        inner = (slice(margin, margin + len(rows)), slice(margin, margin + len(columns)))
        usable = valid[inner] & np.isfinite(raw).all(axis=0)
        own = np.ix_(_on_stride(rows, self.stride), _on_stride(columns, self.stride))
        row, column = np.nonzero(usable[own])
        row, column = own[0][row, 0], own[1][0, column]
        return Pixels(
            (rows, columns),
            (row + rows.start).astype(np.int32),
            (column + columns.start).astype(np.int32),
            _taken(raw, row, column).T,
            np.moveaxis(_taken(dates[:, :, *inner], row, column), -1, 0),
            scene.placeholders,
            masked=int((~valid[inner]).sum()),
            skipped=int((~usable[own]).sum()),
        )


def pixels_of(window: Window) -> int:
    """How many a window has."""
    return len(window[0]) * len(window[1])


def progress_of(scene: Scene, left: Iterable[Window]) -> Progress:
    """What says how many pixels of the windows that are left are done."""
    planes = scene.dates * len(scene.bands)
    return Progress(f"scene {scene.name}", sum(map(pixels_of, left)), "pixels", planes * VALUE_BYTES)


def _taken(planes: NDArray[np.float32], row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float32]:
    """Pixels of planes, shape (..., pixels), row by row; all of them are taken without looking for each."""
    if len(row) == planes.shape[-2] * planes.shape[-1]:
        return planes.reshape(*planes.shape[:-2], -1)
    return planes[..., row, column]


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
    if not margin:
        return dates, valid
    return np.pad(dates, ((0, 0), (0, 0), *beyond), "symmetric"), np.pad(valid, beyond, "symmetric")


def _on_stride(pixels: range, stride: int) -> NDArray[np.int64]:
    """Positions within a window of the pixels whose number on the grid is a multiple of the stride."""
    return np.arange(-pixels.start % stride, len(pixels), stride)

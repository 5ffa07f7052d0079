"""Windows of a map, each a raster of its own until the map is whole: a job that was killed goes on at the next one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.grids import Grid
from hqnn.data.pixels.mosaics import Piece, write_mosaic
from hqnn.data.pixels.scene import Scene, Window, windows_of
from hqnn.data.pixels.tiffs import open_raster, write_bands
from hqnn.store import whole_file

PIECE_OPTIONS: Mapping[str, Any] = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
    "compress": "ZSTD",
    "zstd_level": 1,
}


class MappedWindows:
    """Windows that are done, in the order in which a scene is read.

    Args:
        folder: of their files; what is in it counts as done.
        scene: that is mapped.
        names: of the map's bands.
    """

    def __init__(self, folder: Path, scene: Scene, names: Sequence[str]) -> None:
        self._folder, self._scene, self._names = folder, scene, tuple(names)
        folder.mkdir(parents=True, exist_ok=True)
        self._done = list(takewhile(lambda window: self._raster(window).is_file(), windows_of(scene)))

    def __len__(self) -> int:
        return len(self._done)

    @property
    def across(self) -> int:
        """How many lie beside each other."""
        return len({columns.start for _, columns in self._done})

    def kept(self) -> Iterator[dict[str, NDArray[np.float32]]]:
        """What was kept of each window beside its map."""
        for window in self._done:
            with np.load(self._kept(window)) as file:
                yield dict(file)

    def pixels(self) -> Iterator[int]:
        """How many pixels of each window were predicted."""
        for window in self._done:
            with open_raster(self._raster(window)) as file:
                yield int(np.isfinite(file.read(1)).sum())

    def add(self, window: Window, values: NDArray[np.float32], kept: Mapping[str, NDArray[np.float32]]) -> None:
        """One more is done.

        Args:
            window: the next one.
            values: shape (bands, rows, columns).
            kept: arrays of any shapes.
        """
        with whole_file(self._kept(window)) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **kept)
        with whole_file(self._raster(window)) as partial:
            write_bands(partial, values, PIECE_OPTIONS)
        self._done.append(window)

    def mosaic(self, tags: Mapping[str, str]) -> Path:
        """All of them as one virtual raster on the grid of the scene, nodata NaN, with tags."""
        scene, path = self._scene, self._folder / "mosaic.vrt"
        pieces = (
            Piece(self._raster(window).name, window[0].start, window[1].start, (len(window[0]), len(window[1])))
            for window in self._done
        )
        write_mosaic(path, Grid(scene.shape, scene.crs, scene.transform), self._names, tags, pieces)
        return path

    def remove(self) -> None:
        """All their files."""
        shutil.rmtree(self._folder)

    def _raster(self, window: Window) -> Path:
        rows, columns = window
        return self._folder / f"{rows.start}-{columns.start}.tif"

    def _kept(self, window: Window) -> Path:
        return self._raster(window).with_suffix(".npz")

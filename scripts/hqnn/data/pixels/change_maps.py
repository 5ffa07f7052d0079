"""Change maps of OSCD, read window by window."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.class_maps import check_label
from hqnn.data.pixels.grids import Grid
from hqnn.data.pixels.oscd_files import City
from hqnn.data.pixels.raster_bands import Band, class_band, has_georeference, measured_bands
from hqnn.data.pixels.scene import UNLABELLED, windows
from hqnn.data.pixels.tiffs import open_raster, read_window
from hqnn.errors import UserError

UNCHANGED, CHANGED = 1, 2  # in <city>-cm.tif; the data set's own README says 0 and 1
OTHER_CODES = ((0, 1), (0, 255))  # of unchanged and changed, in maps of other makers
PNG = ".png"
PNG_THRESHOLD = 128  # aguasclaras' cm.png is anti-aliased; from here up it equals its TIFF

Warn = Callable[[str], None]


class ChangeMap:
    """The change map of a city, opened when it is first read."""

    def __init__(self, city: City, grid: Grid, stack: ExitStack, warn: Warn) -> None:
        self.city, self.grid, self.stack, self.warn = city, grid, stack, warn
        self.band: Band | None = None
        self.codes = UNCHANGED, CHANGED

    def __call__(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Read where the ground changed (1), where not (0), and where that is not known (`UNLABELLED`).

        Args:
            rows: of step 1.
            columns: likewise.

        Raises:
            UserError: the map is missing, unreadable, of another shape or place, or holds values that mean nothing.
        """
        if self.band is None:
            self.band = self._open()
        values, valid = self.band.stored(rows, columns)
        changed = values >= PNG_THRESHOLD if _is_png(self.band.source) else values == self.codes[1]
        return np.where(valid, changed, UNLABELLED).astype(np.uint8)

    def _open(self) -> Band:
        city = self.city
        if city.label is None:
            raise UserError(
                f"city {city.name} has no change map; put {city.name}/cm/{city.name}-cm.tif into train_labels or "
                "test_labels, or take the city out of the lists"
            )
        source = self.stack.enter_context(open_raster(city.label))
        if source.shape != self.grid.shape:
            raise UserError(
                f"{city.label} has {source.height} x {source.width} pixels but the city's 10 m bands have "
                f"{self.grid.shape[0]} x {self.grid.shape[1]}; take the change map that belongs to these images"
            )
        if has_georeference(source):  # the published maps have none
            check_label(source, self.grid, "date 1's B02", self.warn)
        if _is_png(source):
            return _grey(source)
        band = class_band(source)
        self.codes = _codes(band, self.warn)
        return band


def _is_png(source: Any) -> bool:
    return Path(source.name).suffix.lower() == PNG


def _codes(band: Band, warn: Warn) -> tuple[int, int]:
    """The values of unchanged and changed pixels: the data set's own, or those that other makers use."""
    present: set[float] = set()
    for window in windows(band.source.shape):
        stored, valid = band.stored(*window)
        present |= set(np.unique(stored[valid]).tolist())
    if present <= {UNCHANGED, CHANGED}:
        return UNCHANGED, CHANGED
    codes = next((codes for codes in OTHER_CODES if present <= set(codes)), None)
    if codes is None:
        odd = max(present - {UNCHANGED, CHANGED})
        raise UserError(
            f"{band.source.name} holds the value {odd:g}; a change map holds {UNCHANGED} (unchanged) and {CHANGED} "
            "(changed), 0 and 1, or 0 and 255"
        )
    warn(f"{band.source.name} holds {codes[0]} where nothing changed and {codes[1]} where something did, as it is read")
    return codes


def _grey(source: Any) -> Band:
    """The first band of a picture whose colours are all grey."""
    indices, brightest = measured_bands(source), 0
    for window in windows(source.shape):
        first, *others = (read_window(source, *window, index) for index in indices)
        if any((other != first).any() for other in others):
            raise UserError(f"{source.name} is in colours; a change map in PNG is black and white, so convert it")
        brightest = max(brightest, int(first.max()))
    if brightest in (UNCHANGED, CHANGED):
        raise UserError(f"{source.name} holds the value {brightest}; a change map in PNG holds 0 and 255 (changed)")
    return Band(source, indices[0])

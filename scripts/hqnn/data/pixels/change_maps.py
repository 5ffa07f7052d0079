"""Change maps of OSCD, read window by window."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.oscd_files import City
from hqnn.data.pixels.tiffs import open_raster, read_window
from hqnn.errors import UserError

UNCHANGED, CHANGED = 1, 2  # in <city>-cm.tif; the data set's own README says 0 and 1
PNG = ".png"
PNG_THRESHOLD = 128  # aguasclaras' cm.png is anti-aliased; from here up it equals its TIFF


class ChangeMap:
    """The change map of a city, opened when it is first read."""

    def __init__(self, city: City, shape: tuple[int, int], stack: ExitStack) -> None:
        self.city, self.shape, self.stack = city, shape, stack
        self.source: Any = None

    def __call__(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Read where the ground changed (1) and where not (0), shape (rows, columns); ranges of step 1.

        Raises:
            UserError: the map is missing, unreadable, of another shape, or holds values that mean nothing.
        """
        if self.source is None:
            self.source = self._open()
        decode = _from_png if self.source.name.endswith(PNG) else _from_tif
        return decode(self.source.name, read_window(self.source, rows, columns)).astype(np.uint8)

    def _open(self) -> Any:
        city = self.city
        if city.label is None:
            raise UserError(
                f"city {city.name} has no change map; put {city.name}/cm/{city.name}-cm.tif into train_labels or "
                "test_labels, or take the city out of the lists"
            )
        source = self.stack.enter_context(open_raster(city.label))
        if source.shape != self.shape:
            raise UserError(
                f"{city.label} has {source.height} x {source.width} pixels but the city's 10 m bands have "
                f"{self.shape[0]} x {self.shape[1]}; take the change map that belongs to these images"
            )
        return source


def _from_tif(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    odd = values[(values != UNCHANGED) & (values != CHANGED)]
    if odd.size:
        raise UserError(
            f"{name} holds the value {odd[0]:g}; a change map holds {UNCHANGED} (unchanged) and {CHANGED} (changed)"
        )
    return np.asarray(values == CHANGED)


def _from_png(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.max() in (UNCHANGED, CHANGED):
        raise UserError(f"{name} holds the value {values.max()}; a change map in PNG holds 0 and 255 (changed)")
    return np.asarray(values >= PNG_THRESHOLD)

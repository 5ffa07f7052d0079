"""Change maps of OSCD, read window by window."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.oscd import City
from hqnn.data.pixels.tiffs import open_raster, read_window
from hqnn.errors import UserError

log = logging.getLogger(__name__)

UNCHANGED, CHANGED = 1, 2  # in <city>-cm.tif; the data set's own README says 0 and 1
UNLABELLED = 255  # where a map of classes says nothing
PNG_THRESHOLD = 128  # aguasclaras' cm.png is anti-aliased; from here up it equals its TIFF
BLOCK_ROWS = 512

ReadLabels = Callable[[range, range], NDArray[np.bool_]]


@contextmanager
def open_labels(city: City, shape: tuple[int, int]) -> Iterator[ReadLabels]:
    """Open a city's change map.

    Args:
        city: whose map.
        shape: rows and columns that it must have.

    Yields:
        A function of rows and columns (ranges of step 1) that gives True where the ground changed.

    Raises:
        UserError: the map is missing, unreadable, of another shape, or holds values that mean nothing.
    """
    if city.label is None:
        raise UserError(
            f"city {city.name} has no change map; put {city.name}/cm/{city.name}-cm.tif into train_labels or "
            "test_labels, or take the city out of the lists"
        )
    decode = _from_png if city.label.suffix == ".png" else _from_tif
    with open_raster(city.label) as source:
        if source.shape != shape:
            raise UserError(
                f"{city.label} has {source.height} x {source.width} pixels but the city's 10 m bands have "
                f"{shape[0]} x {shape[1]}; take the change map that belongs to these images"
            )
        yield lambda rows, columns: decode(source.name, read_window(source, rows, columns))


def changed_pixels(city: City, shape: tuple[int, int]) -> int:
    """Check a city's whole change map and count its changed pixels; what it raises, see `open_labels`."""
    if city.label is not None and city.label.suffix == ".png":
        log.warning("%s has no -cm.tif: %s is used, changed from grey %d up", city.name, city.label, PNG_THRESHOLD)
    blocks = (range(row, min(row + BLOCK_ROWS, shape[0])) for row in range(0, shape[0], BLOCK_ROWS))
    with open_labels(city, shape) as read:
        changed = sum(int(read(rows, range(shape[1])).sum()) for rows in blocks)
    if changed == 0:
        log.warning("%s has no changed pixel", city.name)
    return changed


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

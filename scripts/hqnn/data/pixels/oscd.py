"""Pairs in the layout of the Onera Satellite Change Detection data set."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.change_maps import PNG, PNG_THRESHOLD, ChangeMap
from hqnn.data.pixels.grids import GDAL_CACHE_BYTES, SNAP, Band, Grid, overlaps
from hqnn.data.pixels.oscd_files import City, FileGrid, open_city, split_of
from hqnn.data.pixels.raster_scene import RasterScene
from hqnn.data.pixels.scene import Listed
from hqnn.data.pixels.tiffs import open_raster
from hqnn.errors import UserError

log = logging.getLogger(__name__)

CLASSES = ("no_change", "change")
REFERENCE_BAND = "B02"
NOMINAL_M = {band: 60 if band in ("B01", "B09", "B10") else 10 for band in BANDS} | dict.fromkeys(
    ("B05", "B06", "B07", "B8A", "B11", "B12"), 20
)


@dataclass
class OscdCollection:
    """Cities of two dates; attributes as of `hqnn.data.pixels.scene.Collection`.

    Attributes:
        grid: `native` or `rect`, see `open_city`.
    """

    root: Path
    scenes: Sequence[Listed]
    grid: FileGrid
    classes: tuple[str, ...] = CLASSES
    bands: tuple[str, ...] = BANDS
    dates: int = 2

    @contextmanager
    def open(self, name: str) -> Iterator[RasterScene]:
        """Open a city, one of the list or any other in the folder, on the grid of date 1's B02.

        Raises:
            UserError: a file is missing or cannot be opened, has no georeference, its size does not fit the other bands
                of its date, or the dates do not overlap.
        """
        city = open_city(self.root, name, self.grid)
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES))
            dates = [[stack.enter_context(open_raster(files[band])) for band in BANDS] for files in city.dates]
            reference = dates[0][BANDS.index(REFERENCE_BAND)]
            for sources in dates:
                _check(city, sources, reference)
            grid = Grid.of(reference)
            _check_overlap(city, grid, dates[1][BANDS.index(REFERENCE_BAND)])
            bands = [[Band(source) for source in sources] for sources in dates]
            yield RasterScene(name, grid, BANDS, bands, ChangeMap(city, grid.shape, stack))

    def about(self) -> Mapping[str, Any]:
        """Which files were read."""
        return {"grid": self.grid}


def open_oscd(
    root: str | os.PathLike[str],
    *,
    train: Sequence[str] = (),
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    grid: FileGrid = "native",
) -> OscdCollection:
    """Find the cities of a data set in OSCD's layout.

    Args:
        root: folder of the data set.
        train: cities to train on; the data set's own list, less those to validate on, where empty.
        validation: cities to validate on.
        test: cities to test on; the data set's own list where empty.
        grid: `native` or `rect`, see `open_city`.

    Raises:
        UserError: a list, a city or a band is missing, no city is to be trained on, or one is in two lists.
    """
    folder = Path(root)
    parts = _parts(folder, {"train": tuple(train), "test": tuple(test), "validation": tuple(validation)})
    cities = [open_city(folder, name, grid) for name in parts]
    for city in cities:
        if city.label is not None and city.label.suffix == PNG:
            log.warning("%s has no -cm.tif: %s is used, changed from grey %d up", city.name, city.label, PNG_THRESHOLD)
    return OscdCollection(folder, tuple(Listed(city.name, parts[city.name], city.files) for city in cities), grid)


def _parts(root: Path, named: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The part of every city, train cities first."""
    listed = dict(named)
    if not (named["train"] and named["test"]):
        own = split_of(root)
        own = own | {"train": tuple(name for name in own["train"] if name not in named["validation"])}
        listed |= {part: named[part] or own[part] for part in PUBLISHED_PARTS}
    if not listed["train"]:
        raise UserError(f"{root / 'train.txt'} names no city; name at least one city to train on")
    parts: dict[str, str] = {}
    for part, names in listed.items():
        for name in names:
            if parts.setdefault(name, part) != part:
                raise UserError(
                    f"city {name!r} is both a {parts[name]} and a {part} city; take it out of one of the lists"
                )
    return parts


def _check(city: City, sources: Sequence[Any], reference: Any) -> None:
    own = sources[BANDS.index(REFERENCE_BAND)]
    for band, source in zip(BANDS, sources, strict=True):
        if city.grid == "rect":
            _check_equal(source, reference)
        else:
            _check_size(band, source, own)


def _check_equal(source: Any, reference: Any) -> None:
    if source.shape != reference.shape:
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels but {reference.name} has {reference.height} x "
            f"{reference.width}; resampled files of a city have one size, so restore the file"
        )


def _check_size(band: str, source: Any, own: Any) -> None:
    """A band has as many pixels as its resolution asks for, or as the 10 m bands, and its date's bounds."""
    if source.transform.is_identity or source.crs is None:
        raise UserError(f"{source.name} has no georeference; restore it or choose the grid 'rect' for resampled files")
    factor = NOMINAL_M[band] // NOMINAL_M[REFERENCE_BAND]
    sized = all(abs(have * factor - want) <= factor for have, want in zip(source.shape, own.shape, strict=True))
    if not (sized or source.shape == own.shape):
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels, which does not fit the {own.height} x "
            f"{own.width} of {own.name} at {NOMINAL_M[band]} m; restore the file"
        )
    pixel = max(abs(source.transform.a), abs(source.transform.e), abs(source.transform.b), abs(source.transform.d))
    if source.crs != own.crs or np.abs(np.subtract(source.bounds, own.bounds)).max() > pixel * (1 + SNAP):
        raise UserError(
            f"{source.name} lies at {tuple(source.bounds)}, {own.name} at {tuple(own.bounds)}; the bands of one date "
            "cover one area, so restore the file"
        )


def _check_overlap(city: City, grid: Grid, other: Any) -> None:
    if not overlaps(grid, other):
        raise UserError(f"the two dates of city {city.name} do not overlap ({other.name}); restore the files of a date")

"""Pairs in the layout of the Onera Satellite Change Detection data set."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.change_maps import PNG, PNG_THRESHOLD, ChangeMap
from hqnn.data.pixels.decoded_blocks import DecodedBlocks
from hqnn.data.pixels.grids import SNAP, Grid, gdal_cache_bytes, overlaps
from hqnn.data.pixels.once import Once
from hqnn.data.pixels.oscd_files import City, FileGrid, is_level_2a, open_city, shared_bands, split_of
from hqnn.data.pixels.raster_bands import Band, has_georeference, in_unit, sharing, single_band
from hqnn.data.pixels.raster_scene import RasterScene
from hqnn.data.pixels.scene import Listed
from hqnn.data.pixels.tiffs import GDAL_OPTIONS, open_raster, with_sidecars
from hqnn.errors import UserError

log = logging.getLogger(__name__)

CLASSES = ("no_change", "change")
REFLECTANCE_UNIT, REFLECTANCE_SCALE = 1e-4, 10_000  # a file tagged with that scale holds reflectance x 10000
ROUNDED = 1e-3  # relative; how far a tag may be from that
NOT_IN_L2A = "B10"
NOMINAL_M = {band: 60 if band in ("B01", "B09", "B10") else 10 for band in BANDS} | dict.fromkeys(
    ("B05", "B06", "B07", "B8A", "B11", "B12"), 20
)


@dataclass
class OscdCollection:
    """Cities of two dates; attributes as of `hqnn.data.pixels.scene.Collection`.

    Values are reflectance x 10000, as the data set's files store it without a tag; what is tagged with a scale of
    0.0001 is brought to that.

    Attributes:
        grid: `native` or `rect`, see `open_city`.
        once: gives its warnings.
        blocks: that all who have opened one city share.
    """

    root: Path
    scenes: Sequence[Listed]
    grid: FileGrid
    classes: tuple[str, ...] = CLASSES
    bands: tuple[str, ...] = BANDS
    dates: int = 2
    lacks: Mapping[str, str] = field(default_factory=dict)
    once: Once = field(default_factory=lambda: Once(log))
    blocks: DecodedBlocks = field(default_factory=DecodedBlocks)

    @contextmanager
    def open(self, name: str) -> Iterator[RasterScene]:
        """Open a city, one of the list or any other in the folder, on the grid of date 1's B02.

        Without B02 it is that of the first of the finest bands.

        Raises:
            UserError: a file is missing or cannot be opened, holds more than its band, has no georeference, its size
                does not fit the other bands of its date, or the dates do not overlap.
        """
        city = open_city(self.root, name, self.grid)
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL_OPTIONS))
            dates = [_open_date(stack, files, self.bands, self.blocks) for files in city.dates]
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=gdal_cache_bytes(dates)))
            self._say(city, dates)
            reference = self.bands.index(min(self.bands, key=NOMINAL_M.__getitem__))
            first, second = ([band.source for band in date] for date in dates)
            for sources in (first, second):
                self._check(sources, sources[reference], first[reference])
            grid = Grid.of(first[reference])
            _check_overlap(city, grid, second[reference])
            labels = ChangeMap(city, grid, stack, self.once.warn)
            yield RasterScene(name, grid, self.bands, dates, labels)

    def about(self) -> Mapping[str, Any]:
        """Which files were read."""
        return {"grid": self.grid}

    def _check(self, sources: Sequence[Any], own: Any, reference: Any) -> None:
        finest_m = min(NOMINAL_M[band] for band in self.bands)
        for band, source in zip(self.bands, sources, strict=True):
            if self.grid == "rect":
                _check_equal(source, reference)
            else:
                _check_size(band, source, own, finest_m)

    def _say(self, city: City, dates: Sequence[Sequence[Band]]) -> None:
        """Say what the numbers of its files are taken for."""
        for number, date in enumerate(dates, start=1):
            scaled = [band for band in date if band.scaled]
            if scaled:
                formula = f"number x {scaled[0].scale:g} {scaled[0].offset:+g}"
                self.once.warn(
                    f"{city.name}: {len(scaled)} of {len(date)} bands of date {number} have a scale or an offset, "
                    f"which is applied ({formula}); untagged files are taken for reflectance x 10000 as they are"
                )
        surface = [is_level_2a(files) for files in city.dates]
        if surface[0] != surface[1]:
            self.once.warn(
                f"{city.name}: the files of date {1 + surface.index(True)} are named as level L2A, at the surface, "
                "those of the other date are not: reflectance above and below the atmosphere does not compare, so take "
                "one level for both"
            )


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
    bands, lacks = shared_bands(cities)
    if set(lacks) - {NOT_IN_L2A}:
        log.warning(
            "bands %s are left out of all cities: %s lacks %s",
            ", ".join(lacks), lacks[next(iter(lacks))], next(iter(lacks)),
        )  # fmt: skip
    for city in cities:
        if city.label is not None and city.label.suffix.lower() == PNG:
            log.warning("%s has no -cm.tif: %s is used, changed from grey %d up", city.name, city.label, PNG_THRESHOLD)
    listed = tuple(Listed(city.name, parts[city.name], with_sidecars(city.files)) for city in cities)
    return OscdCollection(folder, listed, grid, bands=bands, lacks=lacks)


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


def _open_date(stack: ExitStack, files: Mapping[str, Path], bands: Sequence[str], blocks: DecodedBlocks) -> list[Band]:
    """Open bands, each in the unit of the data set."""
    opened = []
    for name in bands:
        if name not in files:
            folder = next(iter(files.values())).parent
            raise UserError(f"{folder} has no file of band {name} (*_{name}.tif); add it")
        band = sharing(single_band(stack.enter_context(open_raster(files[name])), f"band {name}"), blocks)
        tagged = abs(band.scale / REFLECTANCE_UNIT - 1) < ROUNDED
        opened.append(in_unit(band, REFLECTANCE_SCALE) if tagged else band)
    return opened


def _check_equal(source: Any, reference: Any) -> None:
    if source.shape != reference.shape:
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels but {reference.name} has {reference.height} x "
            f"{reference.width}; resampled files of a city have one size, so restore the file"
        )


def _check_size(band: str, source: Any, own: Any, own_m: int) -> None:
    """A band has as many pixels as its resolution asks for, or as the finest bands, and its date's bounds."""
    if not has_georeference(source) or source.crs is None:
        raise UserError(f"{source.name} has no georeference; restore it or choose the grid 'rect' for resampled files")
    factor = max(1, NOMINAL_M[band] // own_m)
    sized = all(abs(have * factor - want) <= factor for have, want in zip(source.shape, own.shape, strict=True))
    if not (sized or source.shape == own.shape):
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels, which does not fit the {own.height} x "
            f"{own.width} of {own.name} at {NOMINAL_M[band]} m; restore the file"
        )
    pixel = max(abs(source.transform.a), abs(source.transform.e), abs(source.transform.b), abs(source.transform.d))
    if source.crs != own.crs or np.abs(np.subtract(_extent(source), _extent(own))).max() > pixel * (1 + SNAP):
        raise UserError(
            f"{source.name} lies at {tuple(source.bounds)}, {own.name} at {tuple(own.bounds)}; the bands of one date "
            "cover one area, so restore the file"
        )


def _extent(source: Any) -> tuple[float, ...]:
    """Least and greatest x, least and greatest y, whichever way the rows go."""
    west, south, east, north = source.bounds
    return *sorted((west, east)), *sorted((south, north))


def _check_overlap(city: City, grid: Grid, other: Any) -> None:
    if not overlaps(grid, other):
        raise UserError(f"the two dates of city {city.name} do not overlap ({other.name}); restore the files of a date")

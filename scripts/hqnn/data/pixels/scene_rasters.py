"""Rasters of a scene that a user names: which bands they hold, and how these fit together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.warp import transform as reproject_points

from hqnn.data.pixels.decoded_blocks import DecodedBlocks
from hqnn.data.pixels.grids import Grid, overlaps, place
from hqnn.data.pixels.raster_bands import Band, has_georeference, measured_bands, open_band, sharing
from hqnn.data.pixels.tiffs import open_raster
from hqnn.errors import UserError

SAME_SIZE = 1e-6  # relative; pixels whose areas differ by less are as fine as each other


@dataclass(frozen=True)
class BandFile:
    """Where a band lies.

    Attributes:
        name: of the band.
        path: of its raster.
        index: of the band there, counted from 1.
        scale: the raster's own; what it measured is the stored number times this,
        offset: and this added.
        unit: what the raster says of it, empty where nothing.
    """

    name: str
    path: Path
    index: int
    scale: float
    offset: float
    unit: str


def bands_of_date(rasters: Iterable[tuple[Path, str]]) -> tuple[BandFile, ...]:
    """Find the bands in the rasters of one date.

    A band is called what the user says, else as its raster describes it, else B1, B2, ... by its place in the date.
    Alpha bands are masks, not bands.

    Args:
        rasters: path, and name of the band where the user says one.

    Raises:
        UserError: a raster cannot be opened, holds no numbers that measure, or is named as one band and holds several;
            or two bands have one name.
    """
    found: list[BandFile] = []
    for path, said in rasters:
        with open_raster(path) as source:
            bands = _measured(path, source)
            if said and len(bands) != 1:
                raise UserError(
                    f"{path} holds {len(bands)} bands but is named as the one band {said!r}; leave its column band "
                    "empty, and describe the bands in the raster"
                )
            for band in bands:
                name = said or (source.descriptions[band.index - 1] or "").strip() or f"B{len(found) + 1}"
                twin = next((other for other in found if other.name == name), None)
                if twin:
                    raise UserError(
                        f"two bands of one date are called {name!r}, in {twin.path} and {path}; name them apart in the "
                        "column band, or take one out"
                    )
                found.append(BandFile(name, path, band.index, band.scale, band.offset, band.unit))
    return tuple(found)


def open_dates(
    stack: ExitStack, scene: str, dates: Sequence[Sequence[BandFile]], blocks: DecodedBlocks
) -> tuple[Grid, list[list[Band]]]:
    """Open all bands of a scene and check that they fit together.

    Args:
        stack: that closes the rasters.
        scene: its name.
        dates: the bands of each.
        blocks: that are shared with others who have the scene open.

    Returns:
        The finest grid of the first date, and the open bands of each date.

    Raises:
        UserError: a raster cannot be opened, only some have a georeference or a CRS, they have none and different
            sizes, or one does not overlap the grid.
    """
    paths = dict.fromkeys(band.path for date in dates for band in date)
    sources = {path: stack.enter_context(open_raster(path)) for path in paths}
    finest = _finest([sources[path] for path in dict.fromkeys(band.path for band in dates[0])])
    grid = Grid.of(finest)
    for source in sources.values():
        _check(scene, finest, source)
    return grid, [[sharing(open_band(sources[band.path], band.index), blocks) for band in date] for date in dates]


def _measured(path: Path, source: Any) -> list[Band]:
    indices = measured_bands(source)
    if not indices:
        raise UserError(f"{path} has no band of measurements (an alpha band is a mask); name a raster that has one")
    return [open_band(source, index) for index in indices]


def _finest(sources: Sequence[Any]) -> Any:
    """The raster with the smallest pixels, the first of equal ones."""
    finest = sources[0]
    if has_georeference(finest):
        for source in sources[1:]:
            if _pixel_area(source, sources[0].crs) < _pixel_area(finest, sources[0].crs) * (1 - SAME_SIZE):
                finest = source
    return finest


def _pixel_area(source: Any, crs: Any) -> float:
    """Area of the middle pixel in some CRS, in its units squared."""
    column, row = source.width / 2, source.height / 2
    x, y = place(source.transform, np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    if source.crs != crs and source.crs is not None and crs is not None:
        x, y = map(np.array, reproject_points(source.crs, crs, x, y))
    return float(abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])))


def _check(scene: str, finest: Any, source: Any) -> None:
    if has_georeference(source) != has_georeference(finest) or (source.crs is None) != (finest.crs is None):
        without = source if has_georeference(finest) and finest.crs is not None else finest
        lack = "no coordinate reference system" if has_georeference(without) else "no georeference"
        other = finest if without is source else source
        raise UserError(
            f"{without.name} of scene {scene!r} has {lack} but {other.name} has one; give all rasters of a scene one, "
            "or none"
        )
    if not has_georeference(source) and source.shape != finest.shape:
        raise UserError(
            f"{source.name} of scene {scene!r} has {source.height} x {source.width} pixels and {finest.name} has "
            f"{finest.height} x {finest.width}, without a georeference; give them one, or one size"
        )
    if not overlaps(Grid.of(finest), source):
        raise UserError(
            f"{source.name} and {finest.name} of scene {scene!r} do not overlap; name rasters of one place for a scene"
        )

"""Virtual rasters (VRT) that put rasters together on one grid without copying them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from affine import Affine

from hqnn.data.pixels.grids import Grid
from hqnn.data.pixels.tiffs import open_raster

log = logging.getLogger(__name__)

PARTS_OF_PIXEL = 1000  # to which grids agree that are on one lattice
NAMED = 3  # pairs of overlapping rasters


@dataclass(frozen=True)
class Piece:
    """A raster of a mosaic.

    Attributes:
        file: its path, relative to the mosaic's folder.
        row: of the mosaic's grid, where its first row lies.
        column: likewise.
        shape: its rows and columns.
    """

    file: str
    row: int
    column: int
    shape: tuple[int, int]

    def overlaps(self, other: Piece) -> bool:
        """Whether both hold some pixel of the grid."""
        rows, columns = self.shape
        more_rows, more_columns = other.shape
        return -more_rows < other.row - self.row < rows and -more_columns < other.column - self.column < columns


def write_mosaic(
    path: Path,
    grid: Grid,
    names: Sequence[str],
    tags: Mapping[str, str],
    pieces: Iterable[Piece],
    *,
    overlapping: bool = False,
) -> None:
    """Write a virtual raster of float32 bands, nodata NaN.

    Args:
        path: of the VRT.
        grid: of the mosaic.
        names: of the bands, in the order in which every piece has them.
        tags: of the mosaic.
        pieces: rasters on the lattice of the grid.
        overlapping: whether pixels without a value must let those of an earlier piece be seen, which takes GDAL longer.
    """
    rows, columns = grid.shape
    root = ElementTree.Element("VRTDataset", rasterXSize=str(columns), rasterYSize=str(rows))
    if grid.crs is not None:
        _leaf(root, "SRS", grid.crs.to_wkt())
    if not grid.transform.is_identity:
        _leaf(root, "GeoTransform", ", ".join(map(repr, grid.transform.to_gdal())))
    metadata = ElementTree.SubElement(root, "Metadata")
    for key, value in tags.items():
        _leaf(metadata, "MDI", value, key=key)
    placed = list(pieces)
    for number, name in enumerate(names, start=1):
        band = ElementTree.SubElement(root, "VRTRasterBand", dataType="Float32", band=str(number))
        _leaf(band, "Description", name)
        _leaf(band, "NoDataValue", "nan")
        for piece in placed:
            _put(band, piece, number, overlapping=overlapping)
    ElementTree.ElementTree(root).write(path, encoding="utf-8")


def write_mosaics(folder: Path, maps: Mapping[str, Path]) -> list[Path]:
    """Put maps beside each other, those on one lattice into one mosaic.

    A warning names scenes that overlap; there the later one is seen. Maps without georeference, turned ones, and one
    that is alone on its lattice are in no mosaic.

    Args:
        folder: of the mosaics, and of the maps: `mosaic.vrt`, or `mosaic_1.vrt` and so on where there are several.
        maps: scene to its map, of the same bands.

    Returns:
        The mosaics.

    Raises:
        UserError: a map is damaged.
    """
    lattices: dict[tuple[Any, ...], dict[str, tuple[Path, Grid]]] = {}
    for scene, path in maps.items():
        with open_raster(path) as file:
            grid, names, tags = Grid.of(file), file.descriptions, {"classes": file.tags()["classes"]}
        lattice = _lattice(grid)
        if lattice is not None:
            lattices.setdefault(lattice, {})[scene] = path, grid
    several = [members for members in lattices.values() if len(members) > 1]
    written = []
    for number, members in enumerate(several, start=1):
        path = folder / ("mosaic.vrt" if len(several) == 1 else f"mosaic_{number}.vrt")
        whole, pieces = _together(members)
        _say_overlaps(pieces)
        write_mosaic(path, whole, names, tags, pieces.values(), overlapping=True)
        written.append(path)
    return written


def _lattice(grid: Grid) -> tuple[Any, ...] | None:
    """What grids have in common that differ by whole pixels; None of one that has no place, or is turned."""
    place = grid.transform
    if grid.crs is None or place.is_identity or not place.is_rectilinear:
        return None
    shifts = (round(start / step * PARTS_OF_PIXEL) % PARTS_OF_PIXEL for start, step in _axes(place))
    return (grid.crs.to_wkt(), place.a, place.e, *shifts)


def _axes(place: Affine) -> tuple[tuple[float, float], tuple[float, float]]:
    """First coordinate and step of the columns and of the rows."""
    return (place.c, place.a), (place.f, place.e)


def _together(members: Mapping[str, tuple[Path, Grid]]) -> tuple[Grid, dict[str, Piece]]:
    """The grid that holds all grids of a lattice, and where they lie on it."""
    first = next(iter(members.values()))[1]
    (x, step_x), (y, step_y) = _axes(first.transform)
    starts = {
        scene: (round((grid.transform.f - y) / step_y), round((grid.transform.c - x) / step_x))
        for scene, (_, grid) in members.items()
    }
    top, left = (min(start[axis] for start in starts.values()) for axis in (0, 1))
    pieces = {
        scene: Piece(path.name, starts[scene][0] - top, starts[scene][1] - left, grid.shape)
        for scene, (path, grid) in members.items()
    }
    rows, columns = (
        max(start + size for start, size in ends)
        for ends in zip(*(((p.row, p.shape[0]), (p.column, p.shape[1])) for p in pieces.values()), strict=True)
    )
    return Grid((rows, columns), first.crs, first.transform @ Affine.translation(left, top)), pieces


def _say_overlaps(pieces: Mapping[str, Piece]) -> None:
    pairs = [f"{a} and {b}" for a, b in combinations(pieces, 2) if pieces[a].overlaps(pieces[b])]
    if pairs:
        others = f" and {len(pairs) - NAMED} more pairs" if len(pairs) > NAMED else ""
        log.warning(
            "scenes overlap (%s%s): the mosaic shows the later one, and sums over all scenes count such pixels in each",
            ", ".join(pairs[:NAMED]), others,
        )  # fmt: skip


def _put(band: ElementTree.Element, piece: Piece, number: int, *, overlapping: bool) -> None:
    source = ElementTree.SubElement(band, "ComplexSource" if overlapping else "SimpleSource")
    _leaf(source, "SourceFilename", piece.file, relativeToVRT="1")
    _leaf(source, "SourceBand", str(number))
    rows, columns = piece.shape
    size = {"xSize": str(columns), "ySize": str(rows)}
    ElementTree.SubElement(source, "SrcRect", {"xOff": "0", "yOff": "0", **size})
    ElementTree.SubElement(source, "DstRect", {"xOff": str(piece.column), "yOff": str(piece.row), **size})
    if overlapping:
        _leaf(source, "NODATA", "nan")


def _leaf(parent: ElementTree.Element, name: str, text: str, **attributes: Any) -> None:
    ElementTree.SubElement(parent, name, **attributes).text = text

"""What a Sentinel-2 product itself says of clouds and land cover: its scene classification or its cloud masks."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from hqnn.data.pixels.scene import windows
from hqnn.data.pixels.sentinel2 import SCENE_CLASSIFICATION, Product
from hqnn.data.pixels.tiffs import open_raster
from hqnn.data.pixels.tile_grid import TileGrid, check_fit, read_nearest
from hqnn.errors import UserError, plain

# Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD, legend of the scene classification.
SCL_CLASSES = (
    "no data",
    "saturated or defective",
    "dark area",
    "cloud shadow",
    "vegetation",
    "not vegetated",
    "water",
    "unclassified",
    "cloud medium probability",
    "cloud high probability",
    "thin cirrus",
    "snow or ice",
)
SCL_MASKED = (0, 1, 3, 8, 9, 10)
OPAQUE, CIRRUS = 1, 2  # codes, and the bands of MSK_CLASSI, whose third is snow
MASK_CLASSES = {OPAQUE: "opaque clouds", CIRRUS: "cirrus"}

ReadCodes = Callable[[range, range], NDArray[np.uint8]]


def cloud_file(product: Product, pixel_m: int) -> Path | None:
    """Where a product says what is cloud: SCL, else MSK_CLASSI (since baseline 04.00), else MSK_CLOUDS, else nowhere.

    Of several SCL that of the grid's own pixels is taken, else the finest.
    """
    if product.resolutions(SCENE_CLASSIFICATION):
        return product.image(SCENE_CLASSIFICATION, pixel_m)
    rasters = [*product.quality.glob("*MSK_CLASSI*.jp2"), *product.quality.glob("*MSK_CLASSI*.tif")]
    return next(iter([*sorted(rasters), *sorted(product.quality.glob("*MSK_CLOUDS*.gml"))]), None)


def is_scene_classification(file: Path) -> bool:
    """Whether a file holds the codes of `SCL_CLASSES`, not those of `MASK_CLASSES`."""
    return f"_{SCENE_CLASSIFICATION}" in file.name.upper()


def masked_codes(file: Path) -> Mapping[int, str]:
    """Codes of pixels that a mask takes out, and what they mean."""
    return {code: SCL_CLASSES[code] for code in SCL_MASKED} if is_scene_classification(file) else MASK_CLASSES


@contextmanager
def open_codes(file: Path, grid: TileGrid) -> Iterator[ReadCodes]:
    """Open a scene classification or cloud mask.

    Args:
        file: as `cloud_file` finds it.
        grid: on which it is read, by nearest neighbour.

    Yields:
        A function of rows and columns (not empty, any step; beyond the grid the nearest pixel of it) that gives codes,
        shape (rows, columns): of `SCL_CLASSES`, or of `MASK_CLASSES` with 0 for what is neither.

    Raises:
        UserError: the file is damaged, does not cover the grid, or holds a code that has no meaning.
    """
    if file.suffix.lower() == ".gml":
        shapes = _polygons(file)
        yield lambda rows, columns: _burnt(shapes, grid, rows, columns)
        return
    read = _classes if is_scene_classification(file) else _masks
    with open_raster(file) as source:
        check_fit(source, grid)
        yield lambda rows, columns: read(source, grid, rows, columns)


def count_codes(file: Path, grid: TileGrid) -> NDArray[np.int64]:
    """How many pixels of a grid have each code, shape (codes,); what it raises, see `open_codes`."""
    counts = np.zeros(len(SCL_CLASSES), dtype=np.int64)
    with open_codes(file, grid) as read:
        for rows, columns in windows(grid.shape):
            counts += np.bincount(read(rows, columns).ravel(), minlength=len(SCL_CLASSES))
    return counts


def _classes(source: Any, grid: TileGrid, rows: range, columns: range) -> NDArray[np.uint8]:
    codes = read_nearest(source, grid, rows, columns, (1,))[0]
    if codes.max() >= len(SCL_CLASSES):
        raise UserError(
            f"{source.name} holds the class {codes.max()}; a scene classification holds 0 to {len(SCL_CLASSES) - 1}, "
            "so download the product again"
        )
    return np.asarray(codes, dtype=np.uint8)


def _masks(source: Any, grid: TileGrid, rows: range, columns: range) -> NDArray[np.uint8]:
    opaque, cirrus = read_nearest(source, grid, rows, columns, (OPAQUE, CIRRUS)) > 0
    return np.where(opaque, OPAQUE, np.where(cirrus, CIRRUS, 0)).astype(np.uint8)


def _polygons(file: Path) -> list[tuple[Mapping[str, Any], int]]:
    """Polygons of a vector mask with their codes, cirrus first, so that opaque clouds lie above."""
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314 (a local file, which expat's own limits guard)
        shapes = [
            ({"type": "Polygon", "coordinates": [_ring(ring) for ring in polygon.iterfind(".//{*}posList")]}, code)
            for feature in root.iterfind(".//{*}MaskFeature")
            for code in [CIRRUS if "CIRRUS" in (feature.findtext("{*}maskType") or "") else OPAQUE]
            for polygon in feature.iterfind(".//{*}Polygon")
        ]
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({plain(error)}); download the product again") from error
    return sorted(shapes, key=lambda shape: -shape[1])


def _ring(positions: ElementTree.Element) -> list[tuple[float, float]]:
    numbers = [float(number) for number in (positions.text or "").split()]
    step = int(positions.get("srsDimension", 2))
    return list(zip(numbers[::step], numbers[1::step], strict=True))


def _burnt(
    shapes: list[tuple[Mapping[str, Any], int]], grid: TileGrid, rows: range, columns: range
) -> NDArray[np.uint8]:
    """Codes of pixels whose centres lie in the polygons."""
    i, j = (np.clip(r, 0, n - 1) for r, n in zip((rows, columns), grid.shape, strict=True))
    corner = int(i.min()), int(j.min())
    shape = int(i.max()) + 1 - corner[0], int(j.max()) + 1 - corner[1]
    if not shapes:
        return np.zeros((len(i), len(j)), dtype=np.uint8)
    transform = grid.transform * Affine.translation(corner[1], corner[0])
    burnt = rasterize(shapes, out_shape=shape, transform=transform, dtype="uint8")
    return np.asarray(burnt[(i - corner[0])[:, None], j - corner[1]])

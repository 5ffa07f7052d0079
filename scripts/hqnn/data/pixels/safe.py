"""Sentinel-2 products as a collection of scenes: reflectance x 10000 of every baseline, clouds masked."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hqnn.data.pixels.clouds import (
    SCL_CLASSES,
    ReadCodes,
    cloud_file,
    count_codes,
    is_scene_classification,
    masked_codes,
    open_codes,
)
from hqnn.data.pixels.decoded_blocks import DecodedBlocks
from hqnn.data.pixels.grids import GDAL_CACHE_BYTES, gdal_cache_bytes
from hqnn.data.pixels.raster_bands import Band, Floats, sharing, single_band
from hqnn.data.pixels.scene import PLACEHOLDERS, PREDICT, UNLABELLED, Listed
from hqnn.data.pixels.sentinel2 import BANDS, RESOLUTIONS_M, Product, find_products, read_product
from hqnn.data.pixels.tiffs import GDAL_OPTIONS, open_raster
from hqnn.data.pixels.tile_grid import Decode, TileGrid, check_fit, fetch_values, grid_of, read_values
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

LABELS = ("", "scl")
NO_DATA, SATURATED = 0, 65535  # the special values of every product
REFLECTANCE_SCALE = 10_000


@dataclass
class ProductScene:
    """Products of one tile, open for reading; the attributes and methods are those of `Scene`."""

    name: str
    shape: tuple[int, int]
    crs: Any
    transform: Affine
    dates: int
    bands: tuple[str, ...]
    placeholders: NDArray[np.float32]
    grid: TileGrid
    sources: Sequence[Sequence[tuple[Band, Decode]]]
    masks: Sequence[tuple[ReadCodes, tuple[int, ...]]]
    classes: ReadCodes | None
    codes: tuple[int, ...]

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Reflectance x 10000, see `Scene.read`; not valid are no data, saturated pixels, clouds and their shadows."""
        raw = np.full((self.dates, len(self.bands), len(rows), len(columns)), np.nan, dtype=np.float32)
        valid = np.logical_and.outer(*(_inside(r, n) for r, n in zip((rows, columns), self.shape, strict=True)))
        if not valid.any():
            return raw, valid
        for source, _ in chain(*self.sources):
            fetch_values(source, self.grid, rows, columns)
        for date, sources in enumerate(self.sources):
            for band, (source, decode) in enumerate(sources):
                raw[date, band] = read_values(source, self.grid, rows, columns, decode)
        for read_codes, masked in self.masks:
            valid &= ~np.isin(read_codes(rows, columns), masked)
        valid &= np.isfinite(raw).all(axis=(0, 1))
        raw[:, :, ~valid] = np.nan
        return raw, valid

    def labels(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Class of the scene classification at each pixel, see `Scene.labels`."""
        if self.classes is None:
            raise UserError(f"the scene {self.name} is read without labels; set 'labels' to 'scl'")
        label_of = np.full(len(SCL_CLASSES), UNLABELLED, dtype=np.uint8)
        label_of[list(self.codes)] = range(len(self.codes))
        return label_of[self.classes(rows, columns)]

    def of(self, bands: Sequence[str]) -> ProductScene:
        """The same scene without its other bands, see `Scene.of`."""
        chosen = [self.bands.index(name) for name in bands]
        sources = [[date[place] for place in chosen] for date in self.sources]
        return replace(self, bands=tuple(bands), placeholders=self.placeholders[:, :, chosen], sources=sources)


@dataclass
class Products:
    """Sentinel-2 products; the attributes and methods are those of `Collection`.

    Attributes:
        blocks: that all who have opened one scene share.
    """

    root: Path
    scenes: Sequence[Listed]
    classes: tuple[str, ...]
    bands: tuple[str, ...]
    dates: int
    groups: Mapping[str, Sequence[Product]]
    resolution_m: int
    mask_clouds: bool
    codes: tuple[int, ...]
    lacks: Mapping[str, str] = field(default_factory=dict)
    blocks: DecodedBlocks = field(default_factory=DecodedBlocks)

    @contextmanager
    def open(self, name: str) -> Iterator[ProductScene]:
        """Open the bands and masks of a scene.

        Raises:
            UserError: there is no such scene, or a file cannot be opened or does not cover the tile's grid.
        """
        if name not in self.groups:
            raise UserError(f"{self.root} has no scene {name!r}{nearest(name, self.groups)}")
        products = self.groups[name]
        grid = _grid(products[0], self.bands, self.resolution_m)
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL_OPTIONS))
            sources = [[self._open_band(stack, product, band, grid) for band in self.bands] for product in products]
            cache_bytes = gdal_cache_bytes([[band for band, _ in date] for date in sources])
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=cache_bytes))
            files = _cloud_files(products, self.resolution_m) if self.mask_clouds or self.codes else []
            opened = [(stack.enter_context(open_codes(file, grid)), tuple(masked_codes(file))) for file in files]
            yield ProductScene(
                name,
                grid.shape,
                grid.crs,
                grid.transform,
                self.dates,
                self.bands,
                np.full((len(PLACEHOLDERS), self.dates, len(self.bands)), np.nan, dtype=np.float32),
                grid,
                sources,
                opened if self.mask_clouds else [],
                opened[0][0] if self.codes else None,
                self.codes,
            )

    def about(self) -> Mapping[str, Any]:
        """Of every product its level, baseline, offsets and what share of its grid is masked as what."""
        products = [product for group in self.groups.values() for product in group]
        return {
            "products": [self._about(product) for product in products],
            "resolution_m": self.resolution_m,
            "labels": "scl" if self.codes else "",
            "class_values": list(self.codes),
        }

    def _open_band(self, stack: ExitStack, product: Product, band: str, grid: TileGrid) -> tuple[Band, Decode]:
        source = stack.enter_context(open_raster(product.image(band, grid.pixel_m)))
        single = sharing(single_band(source, f"band {band}"), self.blocks)
        check_fit(source, grid)
        return single, functools.partial(
            _reflectance, offset=product.offsets[band], scale=REFLECTANCE_SCALE / product.quantification
        )

    def _about(self, product: Product) -> Mapping[str, Any]:
        return {
            "product": product.name,
            "level": product.level,
            "baseline": product.baseline,
            "offset": {band: product.offsets[band] for band in self.bands},
            "quantification": product.quantification,
            "masked": self._masked.get(product.name, {}),
        }

    @functools.cached_property
    def _masked(self) -> Mapping[str, Mapping[str, float]]:
        """Product to what is masked in it, as shares of the grid."""
        shares = {}
        for product in (product for group in self.groups.values() for product in group if self.mask_clouds):
            file = cloud_file(product, self.resolution_m)
            if file is not None:
                counts = _count(product, file, self.bands, self.resolution_m)
                shares[product.name] = {
                    name: float(counts[code] / counts.sum()) for code, name in masked_codes(file).items()
                }
        return shares


def open_products(
    root: str | os.PathLike[str],
    *,
    bands: Sequence[str] = (),
    mask_clouds: bool = True,
    labels: str = "scl",
    resolution_m: int | None = None,
    series: bool = False,
) -> Products:
    """Find Sentinel-2 products, of level L1C or L2A, as they are delivered.

    Values are (DN + offset) / quantification x 10000, so they mean the same in every processing baseline; they may be
    negative.

    Args:
        root: a folder `*.SAFE`, or one above such folders.
        bands: such as B02, in the order wanted; all that every product has if none are given.
        mask_clouds: whether clouds, their shadows and defects, as the product itself has them, are not valid; not
            where the labels are that very classification.
        labels: ``scl`` for the classes of the scene classification as ground truth (which is computed from these
            bands), empty for none.
        resolution_m: 10, 20 or 60; that of the finest band if none is given.
        series: whether the products of one tile and relative orbit are the dates of one scene, in order of time; else
            each is a scene.

    Raises:
        UserError: there is no product, one is an archive, of another level than others, without metadata or a band, or
            there twice; tiles have different numbers of dates; labels are wanted where there are none.
    """
    place = Path(root)
    products = [read_product(folder) for folder in find_products(place)]
    _check_options(products, bands, labels, resolution_m, series)
    groups = _groups(products, series)
    chosen = _bands(products, bands)
    pixel_m = resolution_m or _finest(products, chosen)
    codes = _codes(products, chosen, pixel_m) if labels else ()
    mask = mask_clouds and not labels
    part, clouds = "" if labels else PREDICT, bool(labels) or mask
    scenes = tuple(Listed(name, part, _files(group, chosen, pixel_m, clouds)) for name, group in groups.items())
    for product in products if mask else ():
        if cloud_file(product, pixel_m) is None:
            log.warning("%s has no SCL, MSK_CLASSI or MSK_CLOUDS: its clouds are not masked", product.name)
    names, dates = tuple(SCL_CLASSES[code] for code in codes), len(next(iter(groups.values())))
    return Products(place, scenes, names, chosen, dates, groups, pixel_m, mask, codes)


def _check_options(
    products: Sequence[Product], bands: Sequence[str], labels: str, resolution_m: int | None, series: bool
) -> None:
    if labels not in LABELS:
        raise UserError(f"'labels' is {labels!r}; it is 'scl' (the scene classification) or empty")
    if labels and series:
        raise UserError(
            "labels of 'scl' are of one date, but 'series' makes scenes of several; leave one of them empty"
        )
    if resolution_m is not None and resolution_m not in RESOLUTIONS_M:
        raise UserError(f"'resolution_m' is {resolution_m}; Sentinel-2 has {', '.join(map(str, RESOLUTIONS_M))}")
    unknown = next((band for band in bands if band not in BANDS), None)
    if unknown is not None:
        raise UserError(f"Sentinel-2 has no band {unknown!r}{nearest(unknown, BANDS)}")
    if len(set(bands)) < len(bands):
        raise UserError(f"a band is named twice in {', '.join(bands)}; name each once")
    other = next((product for product in products if product.level != products[0].level), None)
    if other is not None:
        raise UserError(
            f"{products[0].name} is of level {products[0].level} but {other.name} of {other.level}: reflectance above "
            "and below the atmosphere does not compare, so keep products of one level"
        )


def _groups(products: Sequence[Product], series: bool) -> dict[str, tuple[Product, ...]]:
    """Scenes by name, each with its products in order of time."""
    groups: dict[str, tuple[Product, ...]] = {}
    for product in sorted(products, key=lambda product: (product.tile, product.orbit, product.time)):
        name = f"T{product.tile}_R{product.orbit:03d}" + ("" if series else f"_{product.time}")
        twin = next((other for other in groups.get(name, ()) if other.time == product.time), None)
        if twin is not None:
            raise UserError(f"{twin.name} and {product.name} are the same tile at the same time; keep one")
        groups[name] = (*groups.get(name, ()), product)
    first, *others = groups
    uneven = next((name for name in others if len(groups[name]) != len(groups[first])), None)
    if uneven is not None:
        raise UserError(
            f"{first} has {len(groups[first])} dates but {uneven} has {len(groups[uneven])}; a series has as many "
            "products of every tile and orbit, so add or remove some"
        )
    return groups


def _bands(products: Sequence[Product], wanted: Sequence[str]) -> tuple[str, ...]:
    """Those wanted, which every product must have, else those that every product has."""
    for product in products:
        missing = next((band for band in wanted if band not in product.bands), None)
        if missing is not None:
            why = "; L2A never has B10" if missing == "B10" and product.level == "L2A" else ""
            raise UserError(f"{product.name} has no file of band {missing}{why}{nearest(missing, product.bands)}")
    common = tuple(band for band in BANDS if all(band in product.bands for product in products))
    if not common:
        raise UserError(f"{products[0].name} has no bands in common with the others, or none; download it again")
    left_out = sorted({band for product in products for band in product.bands} - set(common))
    if left_out and not wanted:
        log.warning("bands %s are left out: not every product has them", ", ".join(left_out))
    return tuple(wanted) or common


def _finest(products: Sequence[Product], bands: Sequence[str]) -> int:
    finest = [min(product.resolutions(band)[0] for band in bands) for product in products]
    if len(set(finest)) > 1:
        other = next(i for i, resolution in enumerate(finest) if resolution != finest[0])
        raise UserError(
            f"the finest band of {products[0].name} has pixels of {finest[0]} m but that of {products[other].name} of "
            f"{finest[other]} m; set 'resolution_m'"
        )
    return finest[0]


def _codes(products: Sequence[Product], bands: Sequence[str], pixel_m: int) -> tuple[int, ...]:
    """Classes that any product has a pixel of."""
    counts = np.zeros(len(SCL_CLASSES), dtype=np.int64)
    for product in products:
        file = cloud_file(product, pixel_m)
        if file is None or not is_scene_classification(file):
            raise UserError(
                f"{product.name} ({product.level}) has no scene classification (*_SCL_20m.jp2); take L2A products or "
                "leave 'labels' empty"
            )
        counts += _count(product, file, bands, pixel_m)
    present = tuple(int(code) for code in np.flatnonzero(counts) if code)
    if not present:
        raise UserError(f"the scene classification of {products[0].name} is all no data; take other products")
    return present


def _count(product: Product, file: Path, bands: Sequence[str], pixel_m: int) -> NDArray[np.int64]:
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES, **GDAL_OPTIONS):
        return count_codes(file, _grid(product, bands, pixel_m))


def _grid(product: Product, bands: Sequence[str], pixel_m: int) -> TileGrid:
    return grid_of(product.image(bands[0], pixel_m), pixel_m)


def _reflectance(stored: NDArray[Any], *, offset: int, scale: float) -> Floats:
    values = (stored.astype(np.float64) + offset) * scale
    values[(stored == NO_DATA) | (stored == SATURATED)] = np.nan
    return values


def _files(products: Sequence[Product], bands: Sequence[str], pixel_m: int, clouds: bool) -> tuple[Path, ...]:
    images = (product.image(band, pixel_m) for product in products for band in bands)
    return (*(p.metadata for p in products), *images, *(_cloud_files(products, pixel_m) if clouds else ()))


def _cloud_files(products: Sequence[Product], pixel_m: int) -> list[Path]:
    return [file for file in (cloud_file(product, pixel_m) for product in products) if file is not None]


def _inside(indices: range, size: int) -> NDArray[np.bool_]:
    every = np.array(indices, dtype=np.intp)
    return np.asarray((every >= 0) & (every < size))

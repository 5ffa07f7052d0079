"""A small synthetic data set in the layout of OSCD."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.transform import from_bounds

from hqnn.data.folders import whole_folder
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.change_maps import CHANGED, UNCHANGED
from hqnn.data.pixels.oscd import NOMINAL_M
from hqnn.data.pixels.tiffs import write_band
from hqnn.data.synthetic.land_cover import make_scene

NAMES = ("alder", "birch", "cedar", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine", "rowan")
SIDES = (200, 260)
PIXEL_DEGREES = 9e-5  # 10 m of latitude
ACQUIRED = ("20160514", "20180723")


def write_sample(
    folder: str | os.PathLike[str], *, seed: int, train: int = 3, test: int = 2, side: int | None = None
) -> None:
    """Write synthetic Sentinel-2 pairs: 13 bands on their native 10, 20 and 60 m grids, uint16, EPSG:4326.

    As in OSCD, all bands of a city have the same bounds and rounded sizes, and date 2 of the first city has two rows
    and columns less than date 1. Change maps are 1 and 2 in `-cm.tif`, 0 and 255 in `cm.png`.

    Args:
        folder: where; replaced if it exists.
        seed: of everything that is random; the same one gives the same files.
        train: number of train cities.
        test: number of test cities.
        side: rows and columns at 10 m, drawn between 200 and 260 for each city where None.
    """
    names = NAMES[: train + test]
    with whole_folder(folder) as root:
        for split, cities in (("train", names[:train]), ("test", names[train:])):
            for place in (root, root / "images"):
                place.mkdir(exist_ok=True)
                (place / f"{split}.txt").write_text(",".join(cities) + "\n", encoding="utf-8")
            for city in cities:
                generator = np.random.default_rng((seed, NAMES.index(city)))
                low, high = (side, side) if side else SIDES
                shape = (int(generator.integers(low, high + 1)), int(generator.integers(low, high + 1)))
                _write_city(root, split, city, shape, generator)


def _write_city(root: Path, split: str, city: str, shape: tuple[int, int], generator: np.random.Generator) -> None:
    scene = make_scene(shape, generator)
    west, north = 5 + 2 * NAMES.index(city) + generator.random(), 45 + generator.random()
    bounds = (west, north - shape[0] * PIXEL_DEGREES, west + shape[1] * PIXEL_DEGREES, north)
    fewer = 2 if city == NAMES[0] else 0
    folder = root / "images" / city
    for date, (image, acquired, less) in enumerate(zip(scene.images, ACQUIRED, (0, fewer), strict=True), start=1):
        size = (shape[0] - less, shape[1] - less)
        for band, values in zip(BANDS, image, strict=True):
            path = folder / f"imgs_{date}" / f"T00SYN_{acquired}T101031_{band}.tif"
            _write_band(path, values, size, NOMINAL_M[band] // 10, bounds)
    dates = "".join(f"date_{date}: {acquired}\n" for date, acquired in enumerate(ACQUIRED, start=1))
    (folder / "dates.txt").write_text(dates, encoding="utf-8")
    maps = root / f"{split}_labels" / city / "cm"
    write_band(
        maps / f"{city}-cm.tif", np.where(scene.changed, CHANGED, UNCHANGED).astype(np.uint8), {"driver": "GTiff"}
    )
    write_band(maps / "cm.png", np.where(scene.changed, 255, 0).astype(np.uint8), {"driver": "PNG"})


def _write_band(
    path: Path, values: NDArray[np.float64], size: tuple[int, int], factor: int, bounds: tuple[float, ...]
) -> None:
    rows, columns = (max(1, round(length / factor)) for length in size)
    averaged = _averaging(values.shape[0], rows) @ values @ _averaging(values.shape[1], columns).T
    georeference = {"crs": "EPSG:4326", "transform": from_bounds(*bounds, columns, rows)}
    compression = {"driver": "GTiff", "compress": "deflate", "predictor": 2, "zlevel": 1}
    write_band(path, np.clip(np.rint(averaged), 1, 65535).astype(np.uint16), compression | georeference)


def _averaging(fine: int, coarse: int) -> NDArray[np.float64]:
    """Means over coarse pixels of the fine pixels they overlap, by area: shape (coarse, fine)."""
    edges = np.arange(coarse + 1) * fine / coarse
    starts = np.arange(fine)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return np.asarray(np.clip(overlap, 0, None) * (coarse / fine))

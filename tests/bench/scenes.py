"""Pairs of tiles as large as Sentinel-2's: 13 bands at 10, 20 and 60 m, two dates, GeoTIFF or JPEG 2000."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.oscd import NOMINAL_M
from hqnn.data.synthetic.land_cover import make_scene

TOWN = 480  # rows and columns at 10 m of what is drawn; a tile repeats it, mirrored so that no edge shows
DATES = ("2018-07-23", "2020-07-22")
FIRST_M = (300_000, 5_400_000)
OPTIONS = {
    "tif": {"driver": "GTiff", "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    | {"predictor": 2, "zlevel": 1, "num_threads": 2},
    "jp2": {"driver": "JP2OpenJPEG", "quality": 100, "reversible": "YES", "blockxsize": 1024, "blockysize": 1024},
}


def write_tile_pairs(folder: Path, side: int, *, tiles: int = 1, suffix: str = "tif", seed: int = 0) -> Path:
    """Write pairs of tiles, uint16 in EPSG:32632, and a table of scenes that lists them without labels.

    Args:
        folder: where.
        side: rows and columns at 10 m.
        tiles: how many, from west to east in rows of four.
        suffix: tif or jp2, lossless.
        seed: of the towns.

    Returns:
        The folder.
    """
    rows = ["scene,date,file,label,split,band"]
    for tile in range(tiles):
        towns = make_scene((TOWN, TOWN), np.random.default_rng((seed, tile))).images
        corner = (FIRST_M[0] + tile % 4 * side * 10, FIRST_M[1] - tile // 4 * side * 10)
        for date, town in zip(DATES, towns, strict=True):
            for band, values in zip(BANDS, town, strict=True):
                path = Path(f"tile{tile:02d}", f"{date}_{band}.{suffix}")
                _write_band(folder / path, values, side, NOMINAL_M[band], corner, suffix)
                rows.append(f"tile{tile:02d},{date},{path},,,{band}")
    (folder / "scenes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def _write_band(
    path: Path, town: NDArray[np.float64], side: int, metres: int, corner: Sequence[float], suffix: str
) -> None:
    factor = metres // 10
    coarse = town.reshape(TOWN // factor, factor, TOWN // factor, factor).mean(axis=(1, 3))
    patch = np.clip(np.rint(coarse), 1, 65535).astype(np.uint16)
    mirrored = np.block([[patch, patch[:, ::-1]], [patch[::-1], patch[::-1, ::-1]]])
    size = -(-side // factor)
    repeats = -(-size // len(mirrored))
    place = Affine(metres, 0, corner[0], 0, -metres, corner[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"width": size, "height": size, "count": 1, "dtype": "uint16"}
    with rasterio.open(path, "w", crs="EPSG:32632", transform=place, **shape, **OPTIONS[suffix]) as file:
        file.write(np.tile(mirrored, (repeats, repeats))[:size, :size], 1)

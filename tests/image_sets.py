"""Small sets of images of any depth, in class folders."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning


def write_patch(path: Path, pixels: np.ndarray, *, names: Sequence[str] = (), **profile: Any) -> Path:
    """Write a GeoTIFF, or what the profile says, of shape (height, width, bands); a scale and an offset become tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scale, offset = profile.pop("scale", 1.0), profile.pop("offset", 0.0)
    height, width, count = pixels.shape
    sizes = {"driver": "GTiff", "height": height, "width": width, "count": count, "dtype": pixels.dtype.name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        opened = rasterio.open(path, "w", **{**sizes, **profile})
    with opened as file:
        file.write(np.moveaxis(pixels, -1, 0))
        if (scale, offset) != (1, 0):
            file.scales, file.offsets = (scale,) * count, (offset,) * count
        for band, name in enumerate(names, 1):
            file.set_band_description(band, name)
    return path


def write_patches(
    root: Path, *, bands: int = 13, side: int = 8, dtype: str = "uint16", each: int = 5, names: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Write patches of random numbers of two classes; path below the root to pixels."""
    generator = np.random.default_rng(0)
    written = {}
    for name in ("Forest", "River"):
        for number in range(each):
            pixels = generator.integers(0, 4096 if dtype != "uint8" else 256, (side, side, bands)).astype(dtype)
            written[f"{name}/{number}.tif"] = pixels
            write_patch(root / name / f"{number}.tif", pixels, names=names)
    return written


def write_pictures(root: Path, classes: Sequence[str], *, each: int = 3, side: int = 8, seed: int = 0) -> Path:
    """Write coloured pictures of random numbers, so many a class."""
    generator = np.random.default_rng(seed)
    for name in classes:
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            Image.fromarray(generator.integers(0, 256, (side, side, 3)).astype("uint8")).save(
                root / name / f"{number}.png"
            )
    return root

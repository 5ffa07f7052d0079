"""Maps of scenes as rasters."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.windows import Window

from hqnn.data.features import FeatureTransform
from hqnn.data.pixels.sampling import Pixels, Sampling
from hqnn.data.pixels.scene import Scene, windows
from hqnn.data.pixels.tiffs import explained_writes
from hqnn.store import whole_file

CLASS_BAND = "class"
MAP_BANDS = ("probability", CLASS_BAND)  # of two classes
PLAIN_OPTIONS = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "DEFLATE"}
COG_OPTIONS = {"blocksize": 256, "compress": "DEFLATE", "overview_resampling": "NEAREST"}

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]


def map_scene(
    scene: Scene,
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predict,
    output: str | os.PathLike[str],
    classes: Sequence[str],
    *,
    threshold: float = 0.5,
) -> None:
    """Predict every pixel of a scene, window by window, and write a cloud-optimised GeoTIFF on its grid.

    Of two classes it has the bands `probability` of the second and `class`, 1 where that is above the threshold, else
    0; of more, `class`, the likeliest, counted from 0, and the probability of each by its name. All are float32,
    because a GeoTIFF has one type, and NaN, which is nodata, on pixels that have no features. The tag `classes` names
    the class of each number, as JSON.

    Args:
        scene: open; its labels are not read.
        sampling: of stride 1, as `read_transform` gives it.
        transform: of its raw features.
        predict: features, shape (pixels, features), to the probability of the second of two classes, shape (pixels,),
            or of every class, shape (pixels, classes).
        output: the GeoTIFF.
        classes: names.
        threshold: above which probability a pixel counts as of the second of two classes.

    Raises:
        UserError: a file is damaged, the scene lacks a band, or the map cannot be written.
    """
    target = Path(output)
    names = MAP_BANDS if len(classes) == 2 else (CLASS_BAND, *(f"probability_{name}" for name in classes))
    with whole_file(target) as partial, tempfile.TemporaryDirectory(dir=partial.parent) as scratch:
        plain = Path(scratch) / "map.tif"
        with explained_writes(target), _new_map(plain, scene, names) as file:
            file.update_tags(classes=json.dumps(dict(enumerate(classes)), ensure_ascii=False))
            for pixels in sampling.read(scene):
                rows, columns = pixels.window
                values = _mapped(pixels, transform, predict, len(names), threshold)
                file.write(values, window=Window(columns.start, rows.start, len(columns), len(rows)))
        with explained_writes(target):
            rasterio.shutil.copy(plain, partial, driver="COG", **COG_OPTIONS)
            _read_back(partial)


def _new_map(path: Path, scene: Scene, names: Sequence[str]) -> Any:
    height, width = scene.shape
    file = rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=len(names),
        dtype="float32",
        nodata=np.nan,
        crs=scene.crs,
        transform=scene.transform,
        **PLAIN_OPTIONS,
    )
    file.descriptions = tuple(names)
    return file


def _mapped(
    pixels: Pixels, transform: FeatureTransform, predict: Predict, bands: int, threshold: float
) -> NDArray[np.float32]:
    """Bands of a window, shape (bands, rows, columns)."""
    rows, columns = pixels.window
    values = np.full((bands, len(rows), len(columns)), np.nan, dtype=np.float32)
    if len(pixels.rows):
        found = np.asarray(predict(transform.transform(pixels.raw)))
        if bands == len(MAP_BANDS):
            second = found if found.ndim == 1 else found[:, 1]
            found = np.stack([second, second > threshold])
        else:
            found = np.vstack([found.argmax(axis=1), found.T])
        values[:, *pixels.within] = found
    return values


def _read_back(path: Path) -> None:
    """Read a raster to its end: GDAL may be silent about a disk that fills up as it closes a file."""
    with rasterio.open(path) as file:
        for rows, columns in windows(file.shape):
            file.read(window=Window(columns.start, rows.start, len(columns), len(rows)))

"""A small synthetic set of scenes of one date, with three kinds of land cover, in the layout of a table of scenes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from affine import Affine
from scipy.ndimage import maximum_filter, minimum_filter

from hqnn.data.folders import whole_folder
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.data.synthetic.land_cover import ASPHALT, FIELD, FOREST, ROOFS, make_landscape

SCENES: Mapping[str, str] = {"fen": "train", "heath": "train", "moor": "test"}
CHOSEN = ("B02", "B03", "B04", "B08", "B11", "B12")
CLASSES: Mapping[str, tuple[int, ...]] = {
    "open_land": (FIELD,),
    "forest": (FOREST,),
    "built_up": (ASPHALT, *ROOFS),
}  # label values 1, 2 and 3
DATE, PIXEL_M, SIDE = "2018-07-23", 10.0, 150
BORDER_SHARE = 0.5  # of the pixels beside another land cover; so many nobody labelled
SCENE = 1  # purpose of random numbers


def write_scenes(folder: str | os.PathLike[str], seed: int) -> None:
    """Write three scenes of six bands, uint16, EPSG:32632, with their labels, `scenes.csv` and `classes.csv`.

    Labels are 1, 2 and 3, and 0 where nobody labelled: in water, and at half of the pixels beside another land cover.

    Args:
        folder: where; replaced if it exists.
        seed: of everything that is random; the same one gives the same files.
    """
    with whole_folder(folder) as root:
        rows = ["scene,date,file,label,split"]
        for number, (name, split) in enumerate(SCENES.items()):
            generator = np.random.default_rng(np.random.SeedSequence([seed, SCENE, number]))
            _write_scene(root, name, number, generator)
            rows.append(f"{name},{DATE},images/{name}.tif,labels/{name}.tif,{split}")
        (root / "scenes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        names = [f"{value},{name}" for value, name in enumerate(CLASSES, start=1)]
        (root / "classes.csv").write_text("\n".join(["value,name", *names]) + "\n", encoding="utf-8")


def _write_scene(root: Path, name: str, number: int, generator: np.random.Generator) -> None:
    cover, image = make_landscape((SIDE, SIDE), generator)
    labels = np.zeros(cover.shape, dtype=np.uint8)
    for value, covers in enumerate(CLASSES.values(), start=1):
        labels[np.isin(cover, covers)] = value
    border = maximum_filter(labels, 3) != minimum_filter(labels, 3)
    labels[border & (generator.random(cover.shape) < BORDER_SHARE)] = 0
    place = Affine(PIXEL_M, 0, 500_000 + 5_000 * number, 0, -PIXEL_M, 5_400_000)
    options = {"driver": "GTiff", "crs": "EPSG:32632", "transform": place, "compress": "deflate"}
    values = image[[BANDS.index(band) for band in CHOSEN]]
    write_bands(root / f"images/{name}.tif", np.clip(np.rint(values), 1, 65535).astype(np.uint16), options, CHOSEN)
    write_band(root / f"labels/{name}.tif", labels, {**options, "nodata": 0})

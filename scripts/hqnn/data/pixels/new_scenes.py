"""Scenes that a trained model is to map, with labels or without."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform
from hqnn.data.moments import Moments
from hqnn.data.parts import PARTS, TEST
from hqnn.data.pixels.bands import places
from hqnn.data.pixels.columns import read_transform, sampling_of
from hqnn.data.pixels.features import Features
from hqnn.data.pixels.layouts_of_scenes import open_collection
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import PREDICT, UNLABELLED, Collection, Listed, Scene
from hqnn.errors import UserError
from hqnn.store import open_table, read_attributes

TABLE = "scenes.csv"
RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")


def open_new_scenes(place: str | os.PathLike[str], dates: int, *, layout: str, **options: Any) -> Collection:
    """Find scenes to map: all that there are, whatever lists say.

    Args:
        place: a table of scenes, or a folder with one called `TABLE`; products of Sentinel-2; one raster of several
            bands, which is a scene of one date; or what the layout says.
        dates: how many the model takes.
        layout: of the scenes that the model was trained on, see `open_collection`.
        options: of that layout.

    Raises:
        UserError: nothing is found, or scenes have another number of dates; or see `open_collection`.
    """
    path = Path(place)
    if path.suffix.lower() in RASTERS and layout != "cube":
        collection = _open_raster(path)
    else:
        collection = _opened(path, _layout(path, layout), dates, options)
    if collection.dates != dates:
        raise UserError(
            f"{place} has scenes of {_counted(collection.dates)} but the model was trained on {_counted(dates)}; give "
            "it scenes of as many"
        )
    return collection


def transform_of(samples: str | os.PathLike[str], scene: Scene) -> tuple[Sampling, FeatureTransform]:
    """How the features of the pixels of a scene that a table does not have are computed.

    Where the fit was on images it is done anew on the scene's own pixels, of which no label is read.

    Args:
        samples: the table that the model was trained on.
        scene: open.

    Raises:
        UserError: the scene lacks a band, or see `read_transform`.
    """
    with open_table(samples) as file:
        about = read_attributes(file)
    places(about["bands"], scene)
    if about["fit"] == "train":
        return read_transform(samples, scene.name)
    sampling = sampling_of(about)
    groups = sampling.kind.parts(about["dates"])
    moments = Moments()
    for pixels in sampling.read(scene):
        moments.add(pixels.raw)
    return sampling, Features(sampling, about["components"], "image", about["whiten"], groups).fitted(moments)


def same_classes(found: NDArray[np.uint8], names: tuple[str, ...], classes: tuple[str, ...]) -> NDArray[np.uint8]:
    """Labels with the numbers that a model has for classes of these names; `UNLABELLED` where it has none.

    Args:
        found: labels, any shape.
        names: of their classes.
        classes: of the model.
    """
    number_of = np.full(UNLABELLED + 1, UNLABELLED, dtype=np.uint8)
    for number, name in enumerate(names):
        number_of[number] = classes.index(name) if name in classes else UNLABELLED
    return number_of[found]


def _layout(path: Path, own: str) -> str:
    """What a place says of its layout, else the one that the model was trained on."""
    if path.suffix.lower() == ".csv" or (path / TABLE).is_file():
        return "scenes"
    if path.suffix.upper() == ".SAFE" or (path.is_dir() and any(path.glob("*.SAFE"))):
        return "safe"
    return own


def _opened(path: Path, layout: str, dates: int, options: Mapping[str, Any]) -> Collection:
    if layout == "oscd":
        return _open_cities(path, options)
    if layout == "safe":
        # A model of the scene classification says clouds itself.
        mask = options.get("mask_clouds", True) and not options.get("labels")
        return open_collection("safe", path, labels="", mask_clouds=mask, series=dates > 1)
    if layout == "scenes":
        return open_collection("scenes", path, unlabelled=options.get("unlabelled", (0,)))
    return open_collection(layout, path)


def _open_cities(root: Path, options: Mapping[str, Any]) -> Collection:
    from hqnn.data.pixels.oscd import OscdCollection
    from hqnn.data.pixels.oscd_files import cities_in, open_city, shared_bands

    grid = options.get("grid", "native")
    cities = [open_city(root, name, grid) for name in cities_in(root)]
    bands, lacks = shared_bands(cities)
    listed = tuple(Listed(c.name, PREDICT if c.label is None else PARTS[TEST], c.files) for c in cities)
    return OscdCollection(root, listed, grid, bands=bands, lacks=lacks)


def _open_raster(path: Path) -> Collection:
    from hqnn.data.pixels.scene_rasters import bands_of_date
    from hqnn.data.pixels.scene_table import SceneRows
    from hqnn.data.pixels.scenes import SceneCollection

    bands = bands_of_date([(path, "")])
    name, names = path.stem, tuple(band.name for band in bands)
    rows = {name: SceneRows(name, PREDICT, (("", ((path, ""),)),), None)}
    listed = (Listed(name, PREDICT, (path,)),)
    return SceneCollection(path.parent, listed, (), names, 1, rows, {name: (bands,)}, (), (), path.name)


def _counted(dates: int) -> str:
    return f"{dates} date{'s' if dates > 1 else ''}"

"""Scenes that a user lists in a table: rasters of any date, band, resolution and CRS, and labels of any classes."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from hqnn.data.pixels.class_maps import ClassMap, class_names, class_values
from hqnn.data.pixels.decoded_blocks import DecodedBlocks
from hqnn.data.pixels.grids import gdal_cache_bytes
from hqnn.data.pixels.once import Once
from hqnn.data.pixels.raster_scene import RasterScene, ReadLabels
from hqnn.data.pixels.scene import PREDICT, Listed
from hqnn.data.pixels.scene_rasters import BandFile, bands_of_date, open_dates
from hqnn.data.pixels.scene_table import SceneRows, read_scene_table
from hqnn.data.pixels.tiffs import GDAL_OPTIONS, with_sidecars
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)


@dataclass
class SceneCollection:
    """Scenes of a table; attributes as of `hqnn.data.pixels.scene.Collection`.

    Attributes:
        rows: what the table says of each.
        files: the bands of each date of a scene, in the order of `bands`.
        values: class numbers in the order of `classes`.
        unlabelled: numbers that mean that there is no label.
        table: name of the file.
        once: gives its warnings.
        blocks: that all who have opened one scene share.
    """

    root: Path
    scenes: Sequence[Listed]
    classes: tuple[str, ...]
    bands: tuple[str, ...]
    dates: int
    rows: Mapping[str, SceneRows]
    files: Mapping[str, tuple[tuple[BandFile, ...], ...]]
    values: tuple[int, ...]
    unlabelled: tuple[int, ...]
    table: str
    lacks: Mapping[str, str] = field(default_factory=dict)
    once: Once = field(default_factory=lambda: Once(log))
    blocks: DecodedBlocks = field(default_factory=DecodedBlocks)

    @contextmanager
    def open(self, name: str) -> Iterator[RasterScene]:
        """Open a scene on the finest grid of its first date.

        Raises:
            UserError: there is no such scene, or see `open_dates`.
        """
        if name not in self.rows:
            raise UserError(f"{self.root / self.table} has no scene {name!r}{nearest(name, self.rows)}")
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL_OPTIONS))
            grid, sources = open_dates(stack, name, self.files[name], self.blocks)
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=gdal_cache_bytes(sources)))
            label = self.rows[name].label
            labels: ReadLabels = self._unlabelled(name)
            if label is not None:
                labels = ClassMap(label, self.values, self.unlabelled, grid, stack, self.once.warn)
            yield RasterScene(name, grid, self.bands, sources, labels)

    def about(self) -> Mapping[str, Any]:
        """How the scenes were read: class numbers, names of dates where all scenes share them, scales, offsets."""
        dates = {tuple(date for date, _ in rows.dates) for rows in self.rows.values()}
        scales = Counter((band.scale, band.offset) for scene in self.files.values() for date in scene for band in date)
        return {
            "class_values": list(self.values),
            "unlabelled": list(self.unlabelled),
            "date_names": list(dates.pop()) if len(dates) == 1 else [],
            "scaled": [
                {"scale": scale, "offset": offset, "bands": count}
                for (scale, offset), count in scales.items()
                if (scale, offset) != (1.0, 0.0)
            ],
        }

    def _unlabelled(self, name: str) -> ReadLabels:
        def read(rows: range, columns: range) -> NDArray[np.uint8]:
            raise UserError(f"{self.root / self.table} names no label of scene {name!r}; name one")

        return read


def open_scenes(
    root: str | os.PathLike[str],
    *,
    table: str = "scenes.csv",
    names: str = "classes.csv",
    unlabelled: Sequence[int] = (0,),
    train: Sequence[str] = (),
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
) -> SceneCollection:
    """Read a table of scenes, and what bands and classes these have.

    The label values present are the classes, in ascending order.

    Args:
        root: folder of the table, or the table itself.
        table: its name, see `read_scene_table`.
        names: of a file beside it that says what classes are called, see `class_names`; it may be missing.
        unlabelled: label values that mean that there is no label, as the label's own nodata value does.
        train: scenes to train on, whatever the table says.
        validation: scenes to validate on, likewise.
        test: scenes to test on, likewise.

    Raises:
        UserError: see `read_scene_table`, `bands_of_date` and `class_values`; or scenes and dates have no band in
            common; or a scene that is named does not exist, has no label or is named for two parts.
    """
    folder, table = (Path(root).parent, Path(root).name) if Path(root).is_file() else (Path(root), table)
    rows = {scene.name: scene for scene in read_scene_table(folder / table)}
    for part, scenes in (("train", train), ("validation", validation), ("test", test)):
        rows |= _moved(folder / table, rows, part, scenes)
    _check_lists(train, validation, test)
    files, lacks = _files(folder / table, rows)
    _say_meaning(folder / table, files)
    none = tuple(unlabelled)
    values = class_values((scene.label for scene in rows.values() if scene.label is not None), none)
    listed = tuple(_listed(scene, files[scene.name]) for scene in rows.values())
    first = next(iter(files.values()))
    classes = class_names(folder / names, values, none)
    bands = tuple(band.name for band in first[0])
    return SceneCollection(folder, listed, classes, bands, len(first), rows, files, values, none, table, lacks)


Files = dict[str, tuple[tuple[BandFile, ...], ...]]


def _files(path: Path, rows: Mapping[str, SceneRows]) -> tuple[Files, dict[str, str]]:
    """Those bands of each date of each scene that all have, in the order of the first date of the first scene.

    Returns:
        They; and of each other band what lacks it.
    """
    found = {
        scene.name: [{band.name: band for band in bands_of_date(rasters)} for _, rasters in scene.dates]
        for scene in rows.values()
    }
    every = [
        (f"{name}, date {rows[name].dates[number][0]}" if len(dates) > 1 else name, date)
        for name, dates in found.items()
        for number, date in enumerate(dates)
    ]
    shared = [name for name in every[0][1] if all(name in date for _, date in every)]
    others = sorted({name for _, date in every for name in date} - set(shared))
    lacks = {name: f"scene {next(where for where, date in every if name not in date)}" for name in others}
    if not shared:
        raise UserError(f"{path}: no band is in all scenes and dates, there are {', '.join(others)}; name them alike")
    if others:
        log.warning("%s: bands that not all scenes and dates have are left out: %s", path, ", ".join(others))
    return {name: tuple(tuple(date[band] for band in shared) for date in dates) for name, dates in found.items()}, lacks


def _say_meaning(path: Path, files: Files) -> None:
    """Warn of what rasters say of their numbers: a scale or an offset, and a band in several units."""
    bands = [band for dates in files.values() for date in dates for band in date]
    scaled = [band for band in bands if (band.scale, band.offset) != (1.0, 0.0)]
    if scaled:
        log.warning(
            "%s: %d of %d bands have a scale or an offset, which is applied (in %s: number x %g %+g)",
            path, len(scaled), len(bands), scaled[0].path, scaled[0].scale, scaled[0].offset,
        )  # fmt: skip
    units: dict[str, dict[str, Path]] = {}
    for band in bands:
        if band.unit:
            units.setdefault(band.name, {}).setdefault(band.unit, band.path)
    for name, several in units.items():
        if len(several) > 1:
            said = ", ".join(f"{unit!r} in {file}" for unit, file in several.items())
            log.warning("%s: band %s has several units (%s); convert its rasters to one", path, name, said)


def _moved(path: Path, rows: Mapping[str, SceneRows], part: str, names: Sequence[str]) -> dict[str, SceneRows]:
    """Scenes that go to another part than the table says."""
    for name in names:
        if name not in rows:
            raise UserError(f"{path} has no scene {name!r} to {part} on{nearest(name, rows)}")
        if rows[name].label is None:
            raise UserError(f"{path} names no label of scene {name!r}, which is for {part}; name one")
    return {name: replace(rows[name], part=part) for name in names}


def _check_lists(*lists: Sequence[str]) -> None:
    twice = [name for name, count in Counter(name for names in lists for name in set(names)).items() if count > 1]
    if twice:
        raise UserError(f"scene {twice[0]!r} is named for two parts; take it out of one of the lists")


def _listed(scene: SceneRows, files: Sequence[Sequence[BandFile]]) -> Listed:
    paths = dict.fromkeys(band.path for date in files for band in date)
    label = () if scene.label is None else (scene.label,)
    return Listed(scene.name, scene.part if label else PREDICT, with_sidecars((*paths, *label)))

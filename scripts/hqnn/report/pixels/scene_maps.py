"""Maps of scenes by a trained model: a GeoTIFF and a picture each."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform
from hqnn.data.folders import whole_folder
from hqnn.data.parts import TEST
from hqnn.data.pixels.bands import places
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.new_scenes import open_new_scenes, same_classes, transform_of
from hqnn.data.pixels.pictures import colours_of, place_in_thinned, stretched, thinned_shape, thinned_windows, truth
from hqnn.data.pixels.rasters import CLASS_BAND, map_legend, map_numbers, map_scene
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import PREDICT, UNLABELLED, Collection, Listed, Scene, windows
from hqnn.data.pixels.tiffs import open_raster
from hqnn.execution.new_data.map_summary import SUMMARY, write_map_summary
from hqnn.execution.new_data.predictor import Execution, Predictor, execution_by
from hqnn.models.hybrid import MEMORY_LIMIT_MB
from hqnn.report.pixels.map_panel import SceneMap, map_panel
from hqnn.report.pixels.scene_layers import scene_layers
from hqnn.store import code_and_packages, file_digest, open_table, read_attributes, read_table

log = logging.getLogger(__name__)

PANEL_PIXELS = 600


class Unfinished:
    """Where windows of maps lie until the maps are whole, for the next call if this one is killed.

    Args:
        output: folder of the maps.
        samples: the store that says how features are computed.
        key: of the model and of how it runs.
        code: digest of the code that maps; windows of other code, or of other versions of packages, are not gone on
            from.
    """

    def __init__(self, output: str | os.PathLike[str], samples: str | os.PathLike[str], key: str, code: str) -> None:
        target = Path(output)
        self._root = target.with_name(f".{target.name}.windows")
        self._key = key + file_digest(samples) + code_and_packages(code)

    def pieces(self, listed: Listed) -> Path:
        """Of a scene, as long as its files, the model, how it runs and what computes it stay the same."""
        stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in listed.files if file.is_file()]
        return self._root / hashlib.sha256(repr((self._key, listed.name, stats)).encode()).hexdigest()[:16]

    def remove(self) -> None:
        """All of them, those of earlier keys too."""
        shutil.rmtree(self._root, ignore_errors=True)


def map_test_scenes(
    output: str | os.PathLike[str],
    *,
    collection: Collection,
    samples: str | os.PathLike[str],
    model: str | os.PathLike[str],
    memory_limit_mb: float,
    threads: int = 1,
    code: str = "",
) -> None:
    """Map every scene that has test samples, or no labels, without noise.

    Args:
        output: folder of ``<scene>.tif``, see `map_scene`, ``<scene>.png``, see `map_panel`, and ``<scene>.h5``, see
            `SceneLayers`.
        collection: that the table was made of.
        samples: the store; says which scenes are tested and how features are computed.
        model: file of a trained classifier.
        memory_limit_mb: of the engine.
        threads: that read.
        code: see `Unfinished`.

    Raises:
        UserError: a file is missing or damaged.
    """
    predict = Predictor(model, execution_by("exact", (), shots=1, seed=0), memory_limit_mb)
    columns, about = read_table(samples, "scene", "split")
    tested = [about["scenes"][index] for index in np.unique(columns["scene"][columns["split"] == TEST])]
    classes = tuple(about["classes"])
    said: dict[str, Any] = {"numbers": map_numbers(about), "levels": about["levels"]}
    unfinished = Unfinished(output, samples, predict.key, code)
    with whole_folder(output) as folder:
        for listed in collection.scenes:
            said["pieces"] = unfinished.pieces(listed)
            if listed.name in tested:
                with _opened(collection, listed.name, threads) as scenes:
                    read = read_transform(samples, listed.name)
                    _look_through(folder, scenes[0], *read, predict, classes, labelled=True)
                    _map(folder, scenes, *read, predict, classes, classes, said)
            elif listed.part == PREDICT:
                with _opened(collection, listed.name, threads) as scenes:
                    read = transform_of(samples, scenes[0])
                    _look_through(folder, scenes[0], *read, predict, classes, labelled=False)
                    _map(folder, scenes, *read, predict, classes, (), said)
    unfinished.remove()


def map_new_scene(
    output: str | os.PathLike[str],
    place: str | os.PathLike[str],
    name: str,
    *,
    samples: str | os.PathLike[str],
    reading: Mapping[str, Any],
    model: str | os.PathLike[str],
    execution: Execution,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    threads: int = 1,
    code: str = "",
) -> None:
    """Map a scene that a model was not trained on; labels that it has are compared with.

    Args:
        output: folder of ``<scene>.tif``, see `map_scene`, ``<scene>.png``, see `map_panel`, and ``summary.csv``, see
            `write_map_summary`; whole or absent.
        place: of this scene and others, see `open_new_scenes`.
        name: of the scene.
        samples: the store that the model was trained on.
        reading: layout of the scenes that the model was trained on, and its options.
        model: its file.
        execution: how it runs.
        memory_limit_mb: of the engine.
        threads: that read.
        code: see `Unfinished`.

    Raises:
        UserError: see `open_new_scenes`; a band is missing, or a file is damaged.
    """
    predict = Predictor(model, execution, memory_limit_mb)
    with open_table(samples) as file:
        about = read_attributes(file)
    classes = tuple(about["classes"])
    collection = open_new_scenes(place, about["dates"], **reading)
    listed = next(one for one in collection.scenes if one.name == name)
    unfinished = Unfinished(output, samples, predict.key, code)
    said = {"numbers": map_numbers(about), "levels": about["levels"], "pieces": unfinished.pieces(listed)}
    labelled = collection.classes if listed.part != PREDICT else ()
    with whole_folder(output) as folder:
        with _opened(collection, name, threads) as whole:
            scenes = [_as_read(scene, about["bands"]) for scene in whole]
            mapped = _map(folder, scenes, *transform_of(samples, scenes[0]), predict, classes, labelled, said)
        write_map_summary(folder / SUMMARY, name, mapped, classes)
    unfinished.remove()


@contextmanager
def _opened(collection: Collection, name: str, times: int) -> Iterator[list[Scene]]:
    """A scene, opened once for every thread that shall read it."""
    with ExitStack() as stack:
        yield [stack.enter_context(collection.open(name)) for _ in range(times)]


def _as_read(scene: Scene, bands: Sequence[str]) -> Scene:
    """A scene with the bands that a model reads and a picture shows; `places` raises where it lacks one."""
    needed = {*places(bands, scene), *map(scene.bands.index, colours_of(scene.bands))}
    return scene.of([scene.bands[place] for place in sorted(needed)])


def _map(
    folder: Path,
    scenes: Sequence[Scene],
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predictor,
    classes: tuple[str, ...],
    labelled: tuple[str, ...],
    said: Mapping[str, Any],
) -> Path:
    """Write the map of a scene and its picture.

    `labelled` are the classes of its labels, none where it has none; `said` are further arguments of `map_scene`.
    """
    scene, *others = scenes
    mapped = folder / f"{scene.name}.tif"
    step = _step(scene)
    colours = map_scene(scene, sampling, transform, predict, mapped, classes, step=step, others=others, **said)
    dates = [stretched(date) for date in colours]
    known = _truth(scene, step, classes, labelled)
    (folder / f"{scene.name}.png").write_bytes(map_panel(dates, _thinned(mapped, step, classes), known))
    return mapped


def _look_through(
    folder: Path,
    scene: Scene,
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predictor,
    classes: tuple[str, ...],
    *,
    labelled: bool,
) -> None:
    """Write what the page lets a reader look through."""
    step = _step(scene)
    scene_layers(
        scene,
        sampling,
        transform,
        predict.with_expectations,
        truth(scene, step=step) if labelled else None,
        step=step,
        classes=classes,
        observables=predict.observables,
    ).write(folder / f"{scene.name}.h5")


def _step(scene: Scene) -> int:
    """Every how many-th row and column is shown."""
    return -(-max(scene.shape) // PANEL_PIXELS)


def _truth(scene: Scene, step: int, classes: tuple[str, ...], labelled: tuple[str, ...]) -> NDArray[np.uint8] | None:
    """Labels by the numbers of the model's classes; None where none is of such a class."""
    if not set(labelled) & set(classes):
        if labelled:
            log.warning(
                "scene %s: its labels are left aside, none of its classes (%s) is one of the model's (%s)",
                scene.name, ", ".join(labelled), ", ".join(classes),
            )  # fmt: skip
        return None
    unknown = [name for name in labelled if name not in classes]
    if unknown:
        log.warning(
            "scene %s: labels of %s are left aside, which is no class of the model's", scene.name, ", ".join(unknown)
        )
    return same_classes(truth(scene, step=step), labelled, classes)


def _thinned(mapped: Path, step: int, classes: tuple[str, ...]) -> SceneMap:
    """Every so manieth pixel of a map."""
    with open_raster(mapped) as file:
        names, shape, numbers = file.descriptions, thinned_shape(file.shape, step), list(map_legend(file))
        found = np.full((file.count, *shape), np.nan, dtype=np.float32)
        for rows, columns in thinned_windows(windows(file.shape, file.count), step):
            area = ((rows.start, rows[-1] + 1), (columns.start, columns[-1] + 1))
            found[:, *place_in_thinned(rows, columns, step)] = file.read(window=area)[:, ::step, ::step]
    code = found[names.index(CLASS_BAND)]
    of_classes = found[[name != CLASS_BAND for name in names]]
    predicted = np.full(shape, UNLABELLED, dtype=np.uint8)
    for place, number in enumerate(numbers):
        predicted[code == number] = place
    return SceneMap(classes, predicted, of_classes.max(axis=0))

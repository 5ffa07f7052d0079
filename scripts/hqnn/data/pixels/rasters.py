"""Maps of scenes as rasters."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform
from hqnn.data.pixels.bands import places
from hqnn.data.pixels.mapped_windows import MappedWindows
from hqnn.data.pixels.pictures import ThinnedColours
from hqnn.data.pixels.plausibility import Levels, Sizes, doubts_of_dates, doubts_of_scene, thinned_dates
from hqnn.data.pixels.read_ahead import read_ahead
from hqnn.data.pixels.sampling import Sampling, pixels_of, progress_of
from hqnn.data.pixels.scene import Scene, Window, by_block, windows, windows_of
from hqnn.data.pixels.tiffs import explained_writes
from hqnn.store import whole_file

log = logging.getLogger(__name__)

CLASS_BAND = "class"
MAP_BANDS = ("probability", CLASS_BAND)  # of two classes
MOST = 65535  # what a raster of classes of 16 bits holds
COG_OPTIONS = {"blocksize": 256, "compress": "DEFLATE", "level": 1, "overview_resampling": "NEAREST"}
MAP_CACHE_BYTES = 64 * 2**20  # else GDAL keeps a twentieth of the memory full of what was read
COG_SETTINGS = {"ZSTD_LEVEL_OVERVIEW": 1}  # of files that go when the map is written


class Predict(Protocol):
    """Features, shape (pixels, features), to probabilities."""

    def __call__(self, features: NDArray[np.float32], /) -> NDArray[Any]:
        """See `map_scene`."""


@dataclass(frozen=True)
class Ready:
    """A window that was read.

    Attributes:
        window: rows and columns of the grid.
        within: rows and columns in the window of the pixels that have features.
        features: of them, shape (pixels, features).
        kept: `levels`, see `thinned_dates`, and `colours`, see `ThinnedColours`.
    """

    window: Window
    within: tuple[NDArray[np.int32], NDArray[np.int32]]
    features: NDArray[np.float32]
    kept: Mapping[str, NDArray[np.float32]]


@runtime_checkable
class Numbered(Protocol):
    """A `Predict` whose calls are numbered, as those are that sample."""

    def pass_over(self, calls: Iterable[int]) -> None:
        """Count calls that were made before, each with so many samples."""


def map_scene(
    scene: Scene,
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predict,
    output: str | os.PathLike[str],
    classes: Sequence[str],
    *,
    numbers: Sequence[int] = (),
    levels: Sequence[Sequence[Sequence[float]]] = (),
    threshold: float = 0.5,
    pieces: Path | None = None,
    step: int = 1,
    others: Sequence[Scene] = (),
) -> NDArray[np.float32]:
    """Predict every pixel of a scene, window by window, and write a cloud-optimised GeoTIFF on its grid.

    Of two classes it has the bands `probability` of the second and `class`, the second where that is above the
    threshold; of more, `class`, the likeliest, and the probability of each by its name. Classes stand as their numbers,
    which `map_numbers` gives. All bands are float32, because a GeoTIFF has one type, and NaN, which is nodata, on
    pixels that have no features. The tag `classes` names the class of each number, as JSON, in the order of the model.
    Warnings say what is doubtful of the scene's numbers.

    Args:
        scene: open; its labels are not read.
        sampling: of stride 1, as `read_transform` gives it.
        transform: of its raw features.
        predict: features, shape (pixels, features), to the probability of the second of two classes, shape (pixels,),
            or of every class, shape (pixels, classes).
        output: the GeoTIFF.
        classes: names.
        numbers: that stand for them, see `map_numbers`; counted from 0 where empty.
        levels: of the scenes that were trained on, as the table of samples has them; this one is compared with them.
        threshold: above which probability a pixel counts as of the second of two classes.
        pieces: folder of windows that are done, which a later call with the same arguments goes on from; removed when
            the map is whole. Where None the windows go when this call ends.
        step: every how many-th row and column is returned.
        others: the same scene, opened once more for every thread that shall read beside the first.

    Returns:
        Bands of every date as a picture shows them, see `ThinnedColours`, shape (dates, rows, columns, 3).

    Raises:
        UserError: a file is damaged, the scene lacks a band, or the map cannot be written.
    """
    names = MAP_BANDS if len(classes) == 2 else (CLASS_BAND, *(f"probability_{name}" for name in classes))
    codes = np.array(numbers or range(len(classes)), dtype=np.float32)
    sizes, colours = Sizes(), ThinnedColours(scene, step)
    with whole_file(Path(output)) as partial, tempfile.TemporaryDirectory(dir=partial.parent) as scratch:
        with explained_writes(Path(output)):
            done = MappedWindows(pieces or Path(scratch), scene, names)
            _go_on(done, sizes, colours, predict)
            for ready in _read((scene, *others), sampling, transform, colours, skip=len(done)):
                values = _mapped(ready, predict, len(names), threshold, codes)
                _take(ready.kept, sizes, colours)
                done.add(ready.window, values, ready.kept)
            _write_cog(done, dict(zip(map(int, codes), classes, strict=True)), partial, 1 + len(others))
        done.remove()
    _say_doubts(scene, sampling, sizes.levels(), levels)
    return colours.values


def map_numbers(about: Mapping[str, Any]) -> tuple[int, ...]:
    """Numbers that stand for the classes in maps: the label rasters' own where 16 bits hold them, else from 0.

    Args:
        about: attributes of the table of samples, `class_values` among them where its labels have numbers.
    """
    values = tuple(about.get("class_values", ()))
    return values if values and all(0 <= value <= MOST for value in values) else tuple(range(len(about["classes"])))


def map_legend(file: Any) -> dict[int, str]:
    """The class of each number in an open map, in the order of the model."""
    return {int(number): name for number, name in json.loads(file.tags()["classes"]).items()}


def _say_doubts(
    scene: Scene, sampling: Sampling, own: Sequence[Levels], trained: Sequence[Sequence[Sequence[float]]]
) -> None:
    """Warn of dates that are not in one unit, or not in that of the scenes that a model was trained on."""
    chosen = places(sampling.bands, scene)
    known = [Levels(*map(np.array, date)) for date in trained]
    doubts = doubts_of_dates(scene.name, own, scene.bands)
    doubts += doubts_of_scene(
        scene.name, [level.of(chosen) for level in own], "the scenes that were trained on", known, sampling.bands
    )
    for doubt in doubts:
        log.warning("%s", doubt)


def _go_on(done: MappedWindows, sizes: Sizes, colours: ThinnedColours, predict: Predict) -> None:
    """Take in the windows of an earlier call, so that the rest comes out as if it had not ended."""
    for kept in done.kept():
        _take(kept, sizes, colours)
    if isinstance(predict, Numbered):
        predict.pass_over(done.pixels())
    if len(done):
        log.info("%d windows were done before; going on at the next", len(done))


def _read(
    scenes: Sequence[Scene], sampling: Sampling, transform: FeatureTransform, colours: ThinnedColours, skip: int
) -> Iterator[Ready]:
    """Windows of a scene with their features, but for the first ones; the log says how far."""
    pixels_in = sampling.reader(scenes[0])

    def read(scene: Scene, window: Window) -> Ready:
        pixels = pixels_in(scene, window)
        features = transform.transform(pixels.raw)
        kept = {"levels": thinned_dates(pixels), "colours": colours.of(pixels)}
        return Ready(window, pixels.within, features, kept)

    left = list(windows_of(scenes[0]))[skip:]
    progress = progress_of(scenes[0], left)
    for ready in read_ahead(scenes, read, by_block(left)):
        yield ready
        progress.add(pixels_of(ready.window))


def _mapped(
    ready: Ready,
    predict: Predict,
    bands: int,
    threshold: float,
    codes: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Bands of a window, shape (bands, rows, columns)."""
    rows, columns = ready.window
    values = np.full((bands, len(rows), len(columns)), np.nan, dtype=np.float32)
    if len(ready.features):
        found = np.asarray(predict(ready.features))
        if bands == len(MAP_BANDS):
            second = found if found.ndim == 1 else found[:, 1]
            found = np.stack([second, codes[(second > threshold).astype(int)]])
        else:
            found = np.vstack([codes[found.argmax(axis=1)], found.T])
        values[:, *ready.within] = found
    return values


def _take(kept: Mapping[str, NDArray[np.float32]], sizes: Sizes, colours: ThinnedColours) -> None:
    sizes.take(kept["levels"])
    colours.take(kept["colours"])


def _write_cog(done: MappedWindows, legend: Mapping[int, str], path: Path, threads: int) -> None:
    mosaic = done.mosaic({"classes": json.dumps(legend, ensure_ascii=False)})
    with rasterio.Env(GDAL_CACHEMAX=MAP_CACHE_BYTES, GDAL_MAX_DATASET_POOL_SIZE=2 * done.across, **COG_SETTINGS):
        rasterio.shutil.copy(mosaic, path, driver="COG", num_threads=threads, **COG_OPTIONS)
    _read_back(path)


def _read_back(path: Path) -> None:
    """Read a raster to its end: GDAL may be silent about a disk that fills up as it closes a file."""
    with rasterio.open(path) as file:
        for rows, columns in windows(file.shape):
            file.read(window=((rows.start, rows.stop), (columns.start, columns.stop)))

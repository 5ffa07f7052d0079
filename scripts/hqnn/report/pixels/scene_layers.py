"""What the page lets a reader look through of a mapped scene, pixel by pixel, on a thinned grid."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform
from hqnn.data.pixels.pictures import bands_shown, thinned_shape
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import UNLABELLED, Scene
from hqnn.store import open_table, read_attributes, write_table

DATES_SHOWN = 4  # of more, the first and the last

Predict = Callable[[NDArray[np.float32]], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class SceneLayers:
    """Rasters of one thinned grid; NaN where nothing is known.

    Attributes:
        values: three bands of each date that is shown, as they were read, float32, shape (rows, columns, dates, 3).
        probability: of every class, float32, shape (rows, columns, classes).
        expectation: of every observable, float32, shape (rows, columns, observables); none where no circuit ran.
        truth: numbers of classes, `UNLABELLED` where none is known, uint8, shape (rows, columns).
        step: every how many-th row and column of the scene stands here.
        bands: names of the three.
        dates: their numbers, counted from 1.
        classes: names.
        observables: names.
    """

    values: NDArray[np.float32]
    probability: NDArray[np.float32]
    expectation: NDArray[np.float32]
    truth: NDArray[np.uint8]
    step: int
    bands: tuple[str, ...]
    dates: tuple[int, ...]
    classes: tuple[str, ...]
    observables: tuple[str, ...]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write them as a table, a row of the grid in each of its rows."""
        rasters = {name: getattr(self, name) for name in RASTERS}
        write_table(path, rasters, {name: getattr(self, name) for name in TOLD})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SceneLayers:
        """Read what `write` wrote.

        Raises:
            UserError: the file is missing or damaged.
        """
        with open_table(path) as file:
            about = read_attributes(file)
            rasters = {name: file[name][()] for name in RASTERS}
        return cls(
            **rasters,
            step=int(about["step"]),
            bands=tuple(about["bands"]),
            dates=tuple(about["dates"]),
            classes=tuple(about["classes"]),
            observables=tuple(about["observables"]),
        )


RASTERS = ("values", "probability", "expectation", "truth")
TOLD = ("step", "bands", "dates", "classes", "observables")


def scene_layers(
    scene: Scene,
    sampling: Sampling,
    transform: FeatureTransform,
    predict: Predict,
    truth: NDArray[np.uint8] | None,
    *,
    step: int,
    classes: Sequence[str],
    observables: Sequence[str],
) -> SceneLayers:
    """Read and predict every `step`-th row and column of a scene.

    Args:
        scene: open.
        sampling: of stride 1, as `hqnn.data.pixels.columns.read_transform` gives it.
        transform: of its raw features.
        predict: features, shape (pixels, features), to the probability of every class, shape (pixels, classes), and to
            expectation values, shape (pixels, observables).
        truth: numbers of classes on the thinned grid; None where there are no labels.
        step: every how many-th row and column.
        classes: names.
        observables: names.

    Raises:
        UserError: a file is damaged, or the scene lacks a band.
    """
    shape, shown = thinned_shape(scene.shape, step), bands_shown(scene.bands)
    dates = range(scene.dates) if scene.dates <= DATES_SHOWN else (0, scene.dates - 1)
    values = np.full((*shape, len(dates), len(shown)), np.nan, dtype=np.float32)
    probability = np.full((*shape, len(classes)), np.nan, dtype=np.float32)
    expectation = np.full((*shape, len(observables)), np.nan, dtype=np.float32)
    for pixels in replace(sampling, stride=step).read(scene):
        if len(pixels.rows):
            place = pixels.rows // step, pixels.columns // step
            values[place] = pixels.dates[:, list(dates)][:, :, shown]
            probability[place], expectation[place] = predict(transform.transform(pixels.raw))
    return SceneLayers(
        values,
        probability,
        expectation,
        np.full(shape, UNLABELLED, dtype=np.uint8) if truth is None else truth,
        step=step,
        bands=tuple(scene.bands[place] for place in shown),
        dates=tuple(date + 1 for date in dates),
        classes=tuple(classes),
        observables=tuple(observables),
    )

"""Pixels of scenes with their labels."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.sampling import Pixels, Sampling
from hqnn.data.pixels.scene import PREDICT, UNLABELLED, Collection, Listed, windows
from hqnn.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """Labelled pixels of one window.

    Attributes:
        pixels: they.
        labels: their classes, shape (pixels,).
        unlabelled: number of valid pixels on the stride without a label, which are left out.
    """

    pixels: Pixels
    labels: NDArray[np.uint8]
    unlabelled: int


def labelled_scenes(collection: Collection) -> tuple[Listed, ...]:
    """The scenes that have labels.

    Raises:
        UserError: there are none, they have fewer than two classes, or none is to be trained on.
    """
    scenes = tuple(scene for scene in collection.scenes if scene.part != PREDICT)
    if not scenes:
        raise UserError(f"{collection.root} has no scene with labels; name a raster of classes for at least one scene")
    if not collection.classes:
        raise UserError(
            f"every pixel of every label in {collection.root} is unlabelled; check the labels' nodata value and which "
            "values mean that there is no label"
        )
    if len(collection.classes) < 2:
        raise UserError(
            f"the labels in {collection.root} have one class, {collection.classes[0]}; a model needs two, so label "
            "another, or take it out of the values that mean that there is no label (set scenes.unlabelled to [] if "
            "every value is a class)"
        )
    if not any(scene.part in ("", "train") for scene in scenes):
        raise UserError(
            f"no scene in {collection.root} is to be trained on; give one the split 'train', or leave it empty"
        )
    return scenes


def count_labels(collection: Collection, scenes: Sequence[Listed]) -> Mapping[str, tuple[int, int]]:
    """Check all labels of scenes, and warn of classes that a scene does not have.

    Returns:
        Of each scene rows and columns of its grid.

    Raises:
        UserError: a file does not fit the others, a label's value means nothing, or nothing is labelled.
    """
    shapes, total = {}, 0
    for scene in scenes:
        shapes[scene.name], counts = _counted(collection, scene.name)
        total += int(counts.sum())
        if not counts.any():
            log.warning("%s has no labelled pixel", scene.name)
        elif len(collection.classes) == 2 and not counts.all():
            log.warning("%s has no pixel of class %s", scene.name, collection.classes[int(counts.argmin())])
    if total == 0:
        raise UserError(f"no pixel of the scenes in {collection.root} is labelled; check the labels' nodata value")
    return shapes


def labelled_pixels(collection: Collection, name: str, sampling: Sampling) -> Iterator[Labelled]:
    """Read a scene's labelled pixels, window by window; what it raises, see `Sampling.read`."""
    with collection.open(name) as scene:
        for pixels in sampling.read(scene):
            labels = scene.labels(*pixels.window)[pixels.within]
            known = labels != UNLABELLED
            yield Labelled(pixels.taken(known), labels[known], int((~known).sum()))


def _counted(collection: Collection, name: str) -> tuple[tuple[int, int], NDArray[np.int64]]:
    """Shape of a scene, and how many pixels of each class it has."""
    counts = np.zeros(UNLABELLED + 1, dtype=np.int64)
    with collection.open(name) as scene:
        for window in windows(scene.shape):
            counts += np.bincount(scene.labels(*window).ravel(), minlength=len(counts))
        return scene.shape, counts[: len(collection.classes)]

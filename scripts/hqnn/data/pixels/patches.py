"""Patches around the samples of a table, both dates in and dense labels out, window by window."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hqnn.data.moments import Floats, Moments
from hqnn.data.parts import TEST, TRAIN
from hqnn.data.pixels.bands import Choice, chosen_bands
from hqnn.data.pixels.sampling import around
from hqnn.data.pixels.scene import UNLABELLED, Collection, Scene, windows_of
from hqnn.errors import UserError
from hqnn.store import read_table

PATCHES_AT_ONCE = 1000

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Patches:
    """Square patches, each with a sample at row and column `centre`.

    Attributes:
        samples: rows of the samples in their table, shape (patches,).
        images: values as stored, NaN where not valid, the image mirrored beyond its border; the bands of date 1, then
            those of date 2; shape (patches, 2 x bands, size, size).
        labels: classes, `UNLABELLED` where none is known, not valid or beyond the border; shape (patches, size, size).
    """

    samples: NDArray[np.int64]
    images: NDArray[np.float32]
    labels: NDArray[np.uint8]

    @property
    def centre(self) -> int:
        """Row and column of the sample in its patch: of the middle four pixels the upper left one."""
        return _before(self.labels.shape[-1])


@dataclass(frozen=True)
class Cut:
    """What is cut out around a sample.

    Attributes:
        size: rows and columns of a patch, even.
        bands: of every date, see `chosen_bands`.
    """

    size: int
    bands: Choice


@dataclass(frozen=True)
class Standardisation:
    """Mean and standard deviation of either date's bands, shape (2 x bands,)."""

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, patches: Patches) -> Standardisation:
        """Fit to the samples in the patches."""
        moments = Moments()
        moments.add(patches.images[:, :, patches.centre, patches.centre])
        return cls(moments.mean, moments.scale)

    def apply(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Zero mean and unit variance, zero where not valid; the shape stays (patches, 2 x bands, size, size)."""
        mean, scale = (values.astype(np.float32)[:, None, None] for values in (self.mean, self.scale))
        return np.asarray(np.nan_to_num((images - mean) / scale), dtype=np.float32)


def patches_of_train(collection: Collection, samples: str | os.PathLike[str], cut: Cut) -> Patches:
    """Patches of the train samples, one in every tile of a patch's size, so that they hardly overlap.

    Args:
        collection: scenes of two dates.
        samples: the table of their samples.
        cut: size and bands.

    Raises:
        UserError: a file is missing, damaged or does not fit the others, the scenes do not have two dates or lack a
            band, or there is no train sample.
    """
    parts = list(_read(collection, samples, TRAIN, cut))
    if not parts:
        raise UserError(f"{samples} has no train samples; change the split or add data")
    return Patches(*(np.concatenate([getattr(part, name) for part in parts]) for name in Patches.__dataclass_fields__))


def patches_of_test(collection: Collection, samples: str | os.PathLike[str], cut: Cut) -> Iterator[Patches]:
    """Patches of all test samples, at most `PATCHES_AT_ONCE` at a time; for the rest see `patches_of_train`."""
    yield from _read(collection, samples, TEST, cut)


def _read(collection: Collection, samples: str | os.PathLike[str], split: int, cut: Cut) -> Iterator[Patches]:
    if collection.dates != 2:
        raise UserError(f"U-Nets compare two dates but the scenes of {collection.root} have {collection.dates}")
    bands = [collection.bands.index(name) for name in chosen_bands(cut.bands, collection.bands, collection.lacks)]
    columns, about = read_table(samples, "split", "scene", "row", "column")
    columns["sample"] = np.arange(len(columns["split"]))
    columns = _taken(columns, columns["split"] == split)
    if split == TRAIN:
        columns = _taken(columns, _first_of_tiles(columns, cut.size))
    for index in np.unique(columns["scene"]):
        own = _taken(columns, columns["scene"] == index)
        with collection.open(about["scenes"][index]) as scene:
            for window in windows_of(scene):
                yield from _of_window(scene, window, own, cut.size, bands)


def _of_window(
    scene: Scene, window: tuple[range, range], columns: Columns, size: int, bands: Sequence[int]
) -> Iterator[Patches]:
    rows, cols = window
    inside = (columns["row"] >= rows.start) & (columns["row"] < rows.stop)
    inside &= (columns["column"] >= cols.start) & (columns["column"] < cols.stop)
    if not inside.any():
        return
    images, labels = _views(scene, window, size, bands)
    own = _taken(columns, inside)
    shift = size // 2 - _before(size)
    for start in range(0, len(own["sample"]), PATCHES_AT_ONCE):
        piece = _taken(own, slice(start, start + PATCHES_AT_ONCE))
        top, left = piece["row"] - rows.start + shift, piece["column"] - cols.start + shift
        yield Patches(piece["sample"], np.moveaxis(images[:, top, left], 0, 1), labels[top, left])


def _views(
    scene: Scene, window: tuple[range, range], size: int, bands: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """All patches of a window by their upper left pixel, without copies: of images and of labels."""
    near, beyond = around(*window, scene.shape, size // 2)
    dates, valid = scene.read(*near)
    images = np.pad(dates[:, bands].reshape(-1, *valid.shape), ((0, 0), *beyond), "symmetric")
    known = np.where(valid, scene.labels(*near), UNLABELLED).astype(np.uint8)
    labels = np.pad(known, beyond, constant_values=UNLABELLED)
    square = (size, size)
    return sliding_window_view(images, square, axis=(1, 2)), sliding_window_view(labels, square)


def _before(size: int) -> int:
    """Pixels of a patch before its sample."""
    return (size - 1) // 2


def _first_of_tiles(columns: Columns, size: int) -> NDArray[np.int64]:
    """Where the first sample of every tile stands."""
    tiles = np.stack([columns["scene"], columns["row"] // size, columns["column"] // size])
    return np.sort(np.unique(tiles, axis=1, return_index=True)[1])


def _taken(columns: Columns, chosen: NDArray[Any] | slice) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}

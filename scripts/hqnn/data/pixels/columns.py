"""The table of samples: its columns, and how their features were computed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from hqnn.data.features import FeatureTransform
from hqnn.data.pixels.sampling import Sampling
from hqnn.errors import UserError, nearest
from hqnn.store import add_column, open_table, read_attributes

COLUMNS: Mapping[str, type[np.generic]] = {
    "labels": np.uint8,
    "split": np.uint8,
    "scene": np.uint16,
    "row": np.int32,
    "column": np.int32,
}
OF_PAIRS: Mapping[str, type[np.generic]] = {"change_vector_length": np.float32}


class SampleTable:
    """Columns of an open file that are filled piece by piece."""

    def __init__(self, file: h5py.File, *, features: int, dates: int, rows: int) -> None:
        kinds = {**COLUMNS, **(OF_PAIRS if dates == 2 else {})}
        empty = {name: np.empty(0, dtype=kind) for name, kind in kinds.items()}
        empty["features"] = np.empty((0, features), dtype=np.float32)
        self.columns = {name: add_column(file, name, values, rows=rows) for name, values in empty.items()}
        self.filled = 0

    def append(self, **values: Any) -> None:
        """Write rows: an array for each column, or one value for all of the rows."""
        end = self.filled + len(values["features"])
        for name, column in self.columns.items():
            column[self.filled : end] = values[name]
        self.filled = end

    def trim(self) -> None:
        """Give up the rows that were not filled."""
        for column in self.columns.values():
            column.resize(self.filled, axis=0)


def write_transforms(group: h5py.Group, transforms: Mapping[str, FeatureTransform], fit: str) -> None:
    """Write the one transform of all scenes, or, where `fit` is image, each scene's in a group of its name."""
    if fit == "image":
        for scene, transform in transforms.items():
            transform.save(group.create_group(scene))
    else:
        next(iter(transforms.values())).save(group)


def read_transform(samples: str | os.PathLike[str], scene: str) -> tuple[Sampling, FeatureTransform]:
    """Read how the features of a scene's pixels are computed.

    Args:
        samples: a table of samples.
        scene: its name; where the fit was on train samples, also one that is not in the table.

    Returns:
        What to read, at every pixel, and the transform of its raw features.

    Raises:
        UserError: the fit was on images, and this scene was not among them.
    """
    with open_table(samples) as file:
        about, group = read_attributes(file), file["transform"]
        if about["fit"] == "image" and scene not in group:
            raise UserError(f"{samples} has no fit for scene {scene!r}{nearest(scene, group)}")
        own = group[scene] if about["fit"] == "image" else group
        return sampling_of(about), FeatureTransform.load(own)


def sampling_of(about: Mapping[str, Any]) -> Sampling:
    """What a table says of what is read, at every pixel."""
    return Sampling(tuple(about["bands"]), about["layout"], windows=tuple(about["windows"]))

"""One hyperspectral cube with its ground truth, as a collection of one scene of one date."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hqnn.data.pixels.arrays import KINDS, Select, StoredArray, array_files, list_arrays
from hqnn.data.pixels.scene import PLACEHOLDERS, PREDICT, UNLABELLED, Listed
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

INTEGERS = "biu"
NUMBERS = INTEGERS + "f"
MAX_CLASSES = 254


@dataclass
class CubeScene:
    """A cube, open for reading; the attributes and methods are those of `Scene`."""

    name: str
    shape: tuple[int, int]
    crs: Any
    transform: Affine
    dates: int
    bands: tuple[str, ...]
    placeholders: NDArray[np.float32]
    select: Select
    truth: NDArray[np.uint8] | None

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Values, scaled as the file says, see `Scene.read`; not valid is what has NaN, inf or nodata in any band."""
        raw = np.full((1, len(self.bands), len(rows), len(columns)), np.nan, dtype=np.float32)
        (i, inside_rows), (j, inside_columns) = (
            _inside(r, n) for r, n in zip((rows, columns), self.shape, strict=True)
        )
        if i.size and j.size:
            with np.errstate(over="ignore"):  # beyond float32 is infinite, so not valid
                values = np.ma.filled(self.select(i, j).astype(np.float32), np.nan)
            raw[0][:, inside_rows[:, None] & inside_columns] = values.reshape(-1, len(self.bands)).T
        valid = np.asarray(np.isfinite(raw).all(axis=(0, 1)))
        raw[:, :, ~valid] = np.nan
        return raw, valid

    def labels(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Class of each pixel, see `Scene.labels`."""
        if self.truth is None:
            raise UserError(f"the cube {self.name} has no ground truth; name its file as 'truth'")
        return self.truth[rows.start : rows.stop, columns.start : columns.stop]

    def of(self, bands: Sequence[str]) -> CubeScene:
        """The same scene without its other bands, see `Scene.of`."""
        chosen, select = [self.bands.index(name) for name in bands], self.select
        return replace(
            self,
            bands=tuple(bands),
            placeholders=self.placeholders[:, :, chosen],
            select=lambda rows, columns: select(rows, columns)[..., chosen],
        )


@dataclass
class Cube:
    """A cube and its ground truth; the attributes and methods are those of `Collection`."""

    root: Path
    scenes: Sequence[Listed]
    classes: tuple[str, ...]
    bands: tuple[str, ...]
    dates: int
    stored: StoredArray
    truth: NDArray[np.uint8] | None
    read_as: Mapping[str, Any]
    lacks: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def open(self, name: str) -> Iterator[CubeScene]:
        """Open the one scene; of a MATLAB file the whole cube is loaded the first time and kept.

        Raises:
            UserError: the name is another, or the file is damaged or holds complex numbers.
        """
        if name != self.scenes[0].name:
            raise UserError(f"{self.root} has no scene {name!r}{nearest(name, [self.scenes[0].name])}")
        rows, columns, _ = self.stored.shape
        with self.stored.open() as select:
            first = np.zeros(1, dtype=np.intp)
            _check_kind(self.stored, select(first, first).dtype.kind, NUMBERS)
            crs, transform = self.stored.crs, self.stored.transform
            zeros = _placeholders(self.stored, len(self.bands))
            yield CubeScene(name, (rows, columns), crs, transform, 1, self.bands, zeros, select, self.truth)

    def about(self) -> Mapping[str, Any]:
        """Which arrays were taken for cube and ground truth, and which value is which class."""
        return self.read_as


def open_cube(
    root: str | os.PathLike[str],
    *,
    cube: str = "",
    truth: str = "",
    classes: Sequence[str] = (),
    unlabelled: Sequence[int] = (0,),
) -> Cube:
    """Find a hyperspectral cube and its ground truth.

    Files are MATLAB's (.mat, also 7.3), NumPy's (.npy), ENVI's (.hdr and its image) or GeoTIFF. What is not named is
    found: the cube is the array of rows, columns and bands, the ground truth the whole numbers of as many rows and
    columns. Whole numbers that a .mat file holds as double, MATLAB's usual type, count as such. Without ground truth
    the scene is only to be predicted.

    Args:
        root: a folder, or a file that holds the cube.
        cube: its file in the folder, or ``file:variable`` for one of several arrays of a MATLAB file.
        truth: likewise.
        classes: names, in ascending order of the values that stand for them; the values themselves if none are given.
        unlabelled: values of pixels without class; nodata of a raster is one too.

    Raises:
        UserError: there is no cube or more than one; ground truth is named but missing, of another size or place, not
            of whole numbers, all unlabelled, or of more than 254 classes; there are not as many names as classes; a
            file is damaged or holds objects, text or complex numbers.
    """
    place = Path(root)
    if not place.exists():
        raise UserError(f"{place} does not exist; name the folder or file of the cube")
    stored = _only("cube", [a for a in _arrays(place, cube) if len(a.shape) == 3], place, cube)
    _check_kind(stored, stored.kind, NUMBERS)
    found = _ground_truth(_arrays(place, truth), stored, place, truth)
    labels, names, values = (None, (), ()) if found is None else _classes(found, classes, unlabelled)
    if found is None:
        log.warning("%s has no ground truth: its pixels can only be predicted", stored)
    if set(stored.scaling) - {(1.0, 0.0)}:
        log.warning("%s has scales or offsets, which are applied to what it stores", stored)
    bands = stored.bands or tuple(str(band + 1) for band in range(stored.shape[2]))
    files = stored.files if found is None else tuple(dict.fromkeys((*stored.files, *found.files)))
    listed = Listed(stored.file.stem, PREDICT if found is None else "", files)
    read_as = {
        "cube": _label(stored),
        "truth": "" if found is None else _label(found),
        "unlabelled": list(unlabelled),
        "class_values": list(values),
        "scaled": [list(pair) for pair in dict.fromkeys(stored.scaling) if pair != (1.0, 0.0)],
    }
    return Cube(place, (listed,), names, bands, 1, stored, labels, read_as)


def _arrays(place: Path, name: str) -> list[StoredArray]:
    """Arrays of the file that is named, or of all files at a place."""
    folder = place if place.is_dir() else place.parent
    if not name:
        return [array for file in (array_files(place) if place.is_dir() else [place]) for array in list_arrays(file)]
    whole = (folder / name).is_file()
    file, variable = (name, "") if whole else (name.rpartition(":")[0] or name, name.partition(":")[2])
    if not (folder / file).is_file():
        raise UserError(f"{folder} has no file {file!r}{nearest(file, [f.name for f in array_files(folder)])}")
    arrays = list_arrays(folder / file)
    if variable and variable not in [array.variable for array in arrays]:
        raise UserError(f"{folder / file} has no {variable!r}{nearest(variable, [array.variable for array in arrays])}")
    return [array for array in arrays if variable in ("", array.variable)]


def _only(role: str, found: Sequence[StoredArray], place: Path, name: str) -> StoredArray:
    if not found:
        where = f"{place}: {name}" if name else str(place)
        raise UserError(
            f"{where} holds no {role}; a cube is an array of rows, columns and bands in a .mat, .npy, ENVI or GeoTIFF "
            f"file, its ground truth one of rows and columns, so add the file or name it as {role!r}"
        )
    if len(found) > 1:
        listed = ", ".join(f"{_label(array)} ({_size(array.shape)})" for array in found)
        raise UserError(
            f"{place} holds several arrays that may be the {role}: {listed}; name one as {role!r} (of a .mat file with "
            "several as file:variable)"
        )
    return found[0]


def _ground_truth(arrays: Sequence[StoredArray], cube: StoredArray, place: Path, name: str) -> StoredArray | None:
    """The array that is, or was meant to be, the ground truth of a cube; None where there is none and none is named."""
    flat = [array for array in arrays if len(array.shape) == 2]
    fitting = [array for array in flat if array.shape == cube.shape[:2]]
    whole = [array for array in fitting if array.kind in INTEGERS]
    others = [array for array in flat if min(array.shape) > 1]  # MATLAB's numbers and lists are arrays too
    found = whole or fitting or others[:1]
    if not found and not name:
        return None
    truth = _only("truth", found, place, name)
    if truth.shape != cube.shape[:2]:
        raise UserError(
            f"the ground truth {truth} has {_size(truth.shape)} pixels but the cube {cube} has {_size(cube.shape[:2])} "
            "(its bands are its last axis); take the ground truth of this cube"
        )
    _check_place(truth, cube)
    return truth


def _check_place(truth: StoredArray, cube: StoredArray) -> None:
    if truth.crs is None or cube.crs is None:
        return
    rows, columns = truth.shape
    own, other = (np.array([t * end for end in ((0, 0), (columns, rows))]) for t in (truth.transform, cube.transform))
    pixel = max(abs(value) for value in (cube.transform.a, cube.transform.b))
    if truth.crs != cube.crs or np.abs(own - other).max() > pixel / 2:
        raise UserError(f"the ground truth {truth} does not lie where the cube {cube} lies; take that of this cube")


def _classes(
    truth: StoredArray, names: Sequence[str], unlabelled: Sequence[int]
) -> tuple[NDArray[np.uint8], tuple[str, ...], tuple[int, ...]]:
    """Class of every pixel, names of the classes, and their values in the file."""
    stored = _whole_numbers(truth)
    values = np.ma.getdata(stored)
    known = ~np.ma.getmaskarray(stored) & ~np.isin(values, tuple(unlabelled))
    present = np.unique(values[known])
    if not present.size:
        raise UserError(
            f"the ground truth {truth} is {', '.join(map(str, unlabelled))} (unlabelled) everywhere; take another, or "
            "set 'unlabelled' to the values of pixels without class"
        )
    if present.size > MAX_CLASSES:
        raise UserError(
            f"the ground truth {truth} holds {present.size} different values, more than {MAX_CLASSES} classes; name "
            "the array of classes as 'truth'"
        )
    if names and len(names) != present.size:
        raise UserError(
            f"{len(names)} classes are named but the ground truth {truth} holds {present.size} values "
            f"({', '.join(str(value) for value in present)}); name one class for each, in this order"
        )
    labels = np.full(values.shape, UNLABELLED, dtype=np.uint8)
    labels[known] = np.searchsorted(present, values[known])
    numbers = tuple(int(value) for value in present)
    return labels, tuple(names) or tuple(str(number) for number in numbers), numbers


def _whole_numbers(truth: StoredArray) -> NDArray[Any]:
    rows, columns = (np.arange(size) for size in truth.shape)
    with truth.open() as select:
        values = select(rows, columns)
    if values.dtype.kind == "f":
        known = np.ma.masked_invalid(values)
        if (known == np.rint(known)).all():
            return known.astype(np.int64)
    _check_kind(truth, values.dtype.kind, INTEGERS)
    return values


def _check_kind(array: StoredArray, kind: str, wanted: str) -> None:
    if kind not in wanted:
        needed = "whole numbers" if wanted == INTEGERS else "real numbers"
        raise UserError(
            f"{array} holds {KINDS.get(kind, 'values that are no numbers')} where {needed} are needed; convert it and "
            "save it again, or name another array"
        )


def _placeholders(stored: StoredArray, bands: int) -> NDArray[np.float32]:
    """What `PLACEHOLDERS` read as in each band, shape (placeholders, 1, bands)."""
    scale, offset = np.array(stored.scaling or [(1.0, 0.0)] * bands).T
    return np.array([[value * scale + offset] for value in PLACEHOLDERS], dtype=np.float32)


def _inside(indices: range, size: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Indices that lie in an array, and which ones these are."""
    every = np.array(indices, dtype=np.intp)
    inside = (every >= 0) & (every < size)
    return every[inside], inside


def _label(array: StoredArray) -> str:
    return f"{array.file.name}:{array.variable}" if array.variable else array.file.name


def _size(shape: Sequence[int]) -> str:
    return " x ".join(str(side) for side in shape)

"""Rows in files of arrays: NPZ and HDF5."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.inflation import check_dataset, check_inflation
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.table.cells import check_names, likely, row_number, shown
from hqnn.data.table.raw_rows import RawRows, Values, plain_values
from hqnn.data.table.roles import Roles
from hqnn.errors import UserError
from hqnn.store import read_attributes

log = logging.getLogger(__name__)

FEATURES = ("features", "x", "raw", "data")
LABELS = ("labels", "label", "y", "target", "class")
IMAGES = ("images", "train_images")
PART_NAMES = {"train": TRAIN, "test": TEST, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION}

Array = NDArray[Any]


@dataclass(frozen=True)
class Arrays:
    """A file's arrays, each read when it is asked for.

    Attributes:
        path: of the file.
        names: of the arrays.
        read: gives an array.
        feature_names: empty where the file does not say.
        order: of classes, which labels are codes of; empty where labels are labels.
        codes: whether numbers in a split are codes of `hqnn.data.parts`.
        known: what codes mean, by array.
    """

    path: Path
    names: tuple[str, ...]
    read: Callable[[str], Array]
    feature_names: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    codes: bool = False
    known: Mapping[str, Sequence[str]] | None = None

    def find(self, names: Sequence[str]) -> str:
        """The first of some names that an array has, in capital letters or not; empty where there is none."""
        folded = {name.casefold(): name for name in self.names}
        return next((folded[name] for name in names if name in folded), "")


def read_npz(path: Path, wanted: Roles) -> RawRows:
    """Read rows of an NPZ file, in one array of features or one for each part; nothing in it is executed.

    Raises:
        UserError: it is missing, damaged, holds images or objects, or arrays do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            check_inflation(path, sum(member.file_size for member in archive.zip.infolist()))
            arrays = Arrays(path, tuple(archive.files), lambda name: _checked(path, name, archive[name]))
            named = arrays.find(("feature_names",))
            if named:
                arrays = replace(arrays, feature_names=tuple(map(str, arrays.read(named).ravel())))
            return _rows(_joined(arrays), wanted)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError) as error:
        if "allow_pickle" in str(error):
            raise UserError(f"{path} holds Python objects, which could be a program; save arrays of numbers") from error
        raise UserError(f"{path} is cut off or no NPZ file; mend or replace it") from error


def read_hdf5(path: Path, wanted: Roles) -> RawRows:
    """Read rows of an HDF5 file: one of our tables, or datasets of the same names.

    Raises:
        UserError: it is missing, damaged, holds images, or datasets do not fit.
    """
    try:
        with h5py.File(path, "r") as file:
            about = read_attributes(file)
            datasets = {name: one for name, one in file.items() if isinstance(one, h5py.Dataset)}
            for one in datasets.values():
                check_dataset(path, one)
            known = {name: read_attributes(one).get("names", ()) for name, one in datasets.items()}
            arrays = Arrays(
                path,
                tuple(datasets),
                lambda name: _checked(path, name, _values(datasets[name])),
                tuple(map(str, about.get("feature_names", ()))),
                tuple(map(str, about.get("classes", ()))),
                "versions" in about,  # as in all tables of ours
                known,
            )
            return _rows(arrays, wanted)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise UserError(f"{path} is missing, cut off or no HDF5 file; mend or replace it") from error


def _values(dataset: h5py.Dataset) -> Array:
    return np.asarray(dataset.asstr()[()] if h5py.check_string_dtype(dataset.dtype) else dataset[()])


def _checked(path: Path, name: str, array: Array) -> Array:
    if array.dtype.kind not in "buifSUO" or (
        array.dtype.kind == "O" and not all(isinstance(v, str) for v in array.flat)
    ):
        raise UserError(f"{path}: the array {name!r} holds neither numbers nor text; save it as one of these")
    return array


def _joined(arrays: Arrays) -> Arrays:
    """Arrays such as X_train and y_test brought together, with the split they say."""
    found: dict[str, tuple[str, str]] = {}
    for word in PART_NAMES:
        features = arrays.find([f"{name}_{word}" for name in FEATURES])
        labels = arrays.find([f"{name}_{word}" for name in LABELS])
        if features and not labels:
            raise UserError(f"{arrays.path} has {features} but no y_{word}; add the labels of these rows")
        if features:
            found[word] = features, labels
    if not found or arrays.find(FEATURES):
        return arrays
    read = {word: (arrays.read(features), arrays.read(labels)) for word, (features, labels) in found.items()}
    for word, (numbers, classes) in read.items():
        _matrix(arrays.path, found[word][0], numbers)
        _check_length(arrays.path, found[word][1], len(classes), len(numbers))
    if len({numbers.shape[1] for numbers, _ in read.values()}) > 1:
        shapes = ", ".join(f"{found[word][0]} {numbers.shape[1]}" for word, (numbers, _) in read.items())
        raise UserError(f"{arrays.path} has parts with different numbers of features, {shapes}; give all the same ones")
    joined = {
        "features": np.concatenate([numbers for numbers, _ in read.values()]),
        "labels": np.concatenate([classes for _, classes in read.values()]),
        "split": np.concatenate([np.full(len(classes), PART_NAMES[word]) for word, (_, classes) in read.items()]),
    }
    return replace(arrays, names=tuple(joined), read=joined.__getitem__, codes=True)


def _rows(arrays: Arrays, wanted: Roles) -> RawRows:
    name = arrays.find(FEATURES)
    if not name and arrays.find(IMAGES):
        raise UserError(f"{arrays.path} holds images; give the study the kind images")
    if not name:
        raise UserError(f"{arrays.path} has no array 'features' but {shown(arrays.names) or 'none'}; rename one")
    features = arrays.read(name)
    _matrix(arrays.path, name, features)
    names = arrays.feature_names or _counted_names(arrays.path, features.shape[1], wanted)
    if len(names) != features.shape[1]:
        raise UserError(f"{arrays.path} names {len(names)} features but {name!r} has {features.shape[1]}; mend one")
    check_names(arrays.path, names)

    def column(given: str, usual: Sequence[str], role: str) -> tuple[str, Values | None]:
        return _column(arrays, given, usual, role, len(features))

    named = wanted.label if wanted.labelled or arrays.find((wanted.label.casefold(),)) else ""
    label, labels = column(named, LABELS, "label")
    if wanted.labelled and labels is None:
        raise UserError(f"{arrays.path} has no array 'labels' but {shown(arrays.names)}; add it, or rename one")
    split, parts = column(wanted.split, ("split", "given_split"), "split") if wanted.labelled else ("", None)
    group, groups = column(wanted.group, _usual_groups(arrays), "group") if wanted.labelled else ("", None)
    own, ids = column(wanted.id, ("id",), "id")
    if parts and not arrays.codes:
        parts = [str(part) if part is not None else None for part in parts]
    chosen = _chosen(arrays.path, names, wanted)
    position = {one: index for index, one in enumerate(names)}
    kept = features if chosen == names else features[:, [position[one] for one in chosen]]
    return RawRows(
        arrays.path,
        chosen,
        kept.astype(np.float64),
        row_number,
        replace(wanted, label=label, features=chosen, split=split, group=group.removeprefix("group_"), id=own),
        labels,
        parts,
        groups,
        ids,
        arrays.order,
    )


def _counted_names(path: Path, width: int, wanted: Roles) -> tuple[str, ...]:
    """Names of features that have none: those a model needs, in the order of the file, or else numbered ones."""
    if wanted.labelled:
        return tuple(f"feature_{column}" for column in range(width))
    if len(wanted.features) != width:
        raise UserError(f"{path} has {width} features but {len(wanted.features)} are needed; add names or give all")
    log.warning("%s names no features; they are taken in the order of the file", path)
    return wanted.features


def _usual_groups(arrays: Arrays) -> tuple[str, ...]:
    """Where groups are looked for when nobody says; of several groupings of a table of ours, nowhere."""
    ours = tuple(name for name in arrays.names if name.startswith("group_"))
    return ("group", *(ours if len(ours) == 1 else ()))


def _chosen(path: Path, names: tuple[str, ...], wanted: Roles) -> tuple[str, ...]:
    missing = [name for name in wanted.features if name not in set(names)]
    if missing:
        raise UserError(f"{path} lacks the feature {missing[0]!r}{likely(missing[0], names)}")
    return wanted.features or names


def _column(arrays: Arrays, given: str, usual: Sequence[str], role: str, rows: int) -> tuple[str, Values | None]:
    """The name and the values of a column, codes of names as these names."""
    name = arrays.find((given.casefold(), f"group_{given}".casefold())) if given else arrays.find(usual)
    if given and not name:
        raise UserError(f"{arrays.path} has no array {given!r} to be the {role}{likely(given, arrays.names)}")
    if not name:
        return "", None
    values = arrays.read(name)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.ndim != 1:
        raise UserError(f"{arrays.path}: the array {name!r} is no single column; give one value a row")
    _check_length(arrays.path, name, len(values), rows)
    known = arrays.order if role == "label" else (arrays.known or {}).get(name, ())
    return name, _decoded(arrays.path, name, values, known)


def _decoded(path: Path, name: str, values: Array, known: Sequence[str]) -> Values:
    if not len(known) or values.dtype.kind not in "ui":
        return plain_values(values)
    wrong = np.flatnonzero((values < 0) | (values >= len(known)))
    if len(wrong):
        raise UserError(
            f"{path}, row {wrong[0] + 1} has {values[wrong[0]]} in {name!r} but the {len(known)} names have the "
            f"codes 0 to {len(known) - 1}; mend it"
        )
    return [known[value] for value in values.tolist()]


def _matrix(path: Path, name: str, features: Array) -> None:
    if features.ndim > 2:
        sizes = " x ".join(map(str, features.shape[1:]))
        raise UserError(
            f"{path}: {name!r} holds arrays of {sizes} a row; give the study the kind images, or flatten them"
        )
    if features.ndim < 2 or features.dtype.kind not in "buif":
        raise UserError(f"{path}: {name!r} is no matrix of numbers; give one row a sample")
    if 0 in features.shape:
        raise UserError(f"{path}: {name!r} is empty; add rows")


def _check_length(path: Path, name: str, length: int, rows: int) -> None:
    if length != rows:
        raise UserError(f"{path}: {name!r} has {length} values but there are {rows} rows; give one value a row")

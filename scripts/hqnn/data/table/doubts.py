"""Columns that read well and yet are hardly features: constant ones, ids, codes of missing values, the label itself."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.table.cells import shown

log = logging.getLogger(__name__)

MIN_ROWS = 20  # below, whole numbers often rise by chance
CHUNK = 1 << 22  # numbers that are sorted at once
CHANCE = 1e-3  # with which columns that know nothing may look as if they knew the label
MISSING_CODES = (-99999.0, -9999.0, -999.0, -32768.0, 1e20)  # of field instruments and rasters

Floats = NDArray[np.float64]


def say_what_is_doubtful(path: Path, names: Sequence[str], features: Floats, labels: NDArray[np.uint8]) -> None:
    """Warn of columns that tell nothing, count the rows, hold codes of missing values, or tell the label by themselves.

    Args:
        path: of the file, for messages.
        names: of the features.
        features: finite, shape (rows, features).
        labels: of the rows, shape (rows,).
    """
    found = {
        "never vary, so that they tell nothing and are left out: %s": constant_columns(features),
        "hold a number that often stands for a missing value (such as -9999): %s; leave these cells empty, and set "
        "columns.empty": coded_columns(features),
    }
    if len(features) >= MIN_ROWS:
        found[
            "count the rows, as ids or times do, and tell nothing of new ones: %s; name one in columns.id, or name "
            "the others in columns.features"
        ] = counting_columns(features)
        found[
            "tell the label of every row by themselves: %s; if they were made from the label, name the others in "
            "columns.features"
        ] = telling_columns(features, labels)
    for sentence, columns in found.items():
        if len(columns):
            listed = shown([names[column] for column in columns])
            log.warning("%s: columns that %s", path, sentence % listed)


def constant_columns(features: Floats) -> list[int]:
    """Columns with one value in all rows."""
    constant: list[int] = np.flatnonzero(np.ptp(features, axis=0) == 0).tolist()
    return constant


def coded_columns(features: Floats) -> list[int]:
    """Columns whose lowest or highest value is a usual code of missing values, far from all others."""
    found = []
    for column in np.flatnonzero(np.isin(features, MISSING_CODES).any(axis=0)):
        values = features[:, column]
        coded = np.isin(values, MISSING_CODES)
        rest = np.abs(values[~coded])
        if len(rest) and 2 * rest.max() < np.abs(values[coded]).min():
            found.append(int(column))
    return found


def counting_columns(features: Floats) -> list[int]:
    """Columns of whole numbers, none twice, that rise or fall from row to row or leave none between out."""
    whole = (features == np.round(features)).all(axis=0)
    steps = np.diff(features[:, whole], axis=0)
    ordered = (steps > 0).all(axis=0) | (steps < 0).all(axis=0)
    every = np.ptp(features[:, whole], axis=0) == len(features) - 1
    every[every] = [len(np.unique(values)) == len(features) for values in features[:, whole].T[every]]
    counting: list[int] = np.flatnonzero(whole)[ordered | every].tolist()
    return counting


def telling_columns(features: Floats, labels: NDArray[np.uint8]) -> list[int]:
    """Columns that are codes of the labels, or part the classes by thresholds, and not by chance.

    A column is one if rows with one value have one label. Of ``n! / prod(n_c!)`` ways to give rows these labels, so do
    ``classes ** values``, or ``classes!`` where each class is one interval; if a table of columns that know nothing has
    one such column less than once in a thousand, the column knows.

    Args:
        features: shape (rows, features).
        labels: shape (rows,).
    """
    counts = np.unique(labels, return_counts=True)[1]
    ways = math.lgamma(len(labels) + 1) - sum(math.lgamma(count + 1) for count in counts)
    limit = math.log(CHANCE) + ways - math.log(features.shape[1])
    found: list[int] = []
    for start, values in _chunks(features):
        order = np.argsort(values, axis=0)
        ordered, known = np.take_along_axis(values, order, axis=0), labels[order]
        changes, steps = known[1:] != known[:-1], ordered[1:] != ordered[:-1]
        pure = ~(changes & ~steps).any(axis=0)
        coded = (steps.sum(axis=0) + 1) * math.log(len(counts))
        parted = np.where(changes.sum(axis=0) == len(counts) - 1, math.lgamma(len(counts) + 1), np.inf)
        found += (start + np.flatnonzero(pure & (np.minimum(coded, parted) < limit))).tolist()
    return found


def _chunks(features: Floats) -> Iterator[tuple[int, Floats]]:
    """Some columns at a time, with the number of the first."""
    width = max(1, CHUNK // len(features))
    for start in range(0, features.shape[1], width):
        yield start, features[:, start : start + width]

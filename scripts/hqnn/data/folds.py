"""Folds of the train samples: parts that are scored once each by what was fitted on the others."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.deals import deal_groups, deal_samples
from hqnn.data.parts import PARTS, TEST, TRAIN, VALIDATION
from hqnn.data.samples import Files, Samples
from hqnn.errors import UserError
from hqnn.store import open_table
from hqnn.wording import plural, some

FOLDS = 43  # the purpose of the deal, beside its seed

Rows = NDArray[np.int64]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fold:
    """One part of the train samples, and the rest.

    Attributes:
        fitted: places among the train samples, on which a model is fitted.
        held: those on which it is scored.
    """

    fitted: Rows
    held: Rows


class LeakError(UserError):
    """A sample would be scored that was fitted on, or one that is not to be seen at all."""


def deal_folds(train: Samples, folds: int, seed: int, groups: NDArray[np.integer[Any]] | None = None) -> list[Fold]:
    """Deal the train samples to folds, each with the classes' shares of the whole; whole groups where there are any.

    Args:
        train: the train samples.
        folds: how many.
        seed: of the deal.
        groups: of each sample, shape (samples,).

    Raises:
        UserError: there are fewer samples or groups than folds.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, FOLDS]))
    units = len(train.labels) if groups is None else len(np.unique(groups))
    if folds > units:
        there = plural(units, "train sample" if groups is None else "group of train samples")
        raise UserError(f"tuning.folds is {folds} but there are {there}; take {units} folds or fewer, and at least 2")
    classes = np.unique(train.labels, return_inverse=True)[1].astype(np.int64)
    if groups is None:
        sizes = np.array([len(part) for part in np.array_split(np.arange(len(classes)), folds)])
        parts = deal_samples(classes, sizes, generator)
    else:
        numbered = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        parts = deal_groups(classes, numbered, np.full(folds, 1 / folds), generator)
    dealt = [Fold(np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)) for fold in range(folds)]
    _say_what_is_missing(train, dealt)
    return dealt


def refuse_leaks(
    folds: Sequence[Fold], train: Samples, files: Files, groups: NDArray[np.integer[Any]] | None = None
) -> None:
    """Prove that no fold holds a sample that the study does not train on, nor scores what it was fitted on.

    Args:
        folds: of the train samples.
        train: those samples.
        files: the tables they were read from, which say the part of each.
        groups: that are kept whole, shape (samples,).

    Raises:
        LeakError: one does.
    """
    parts = _column(files, "split")
    strangers = np.flatnonzero(parts[train.ids] != TRAIN)
    if len(strangers):
        part = PARTS[int(parts[train.ids[strangers[0]]])]
        raise LeakError(
            f"{plural(len(strangers), 'sample')} of the folds would be from outside the train part, the first row "
            f"{train.ids[strangers[0]]} of part {part}, so nothing is searched; delete the split and run again"
        )
    units = np.arange(len(train.ids)) if groups is None else groups
    for fold in folds:
        shared = np.intersect1d(units[fold.fitted], units[fold.held])
        if len(shared):
            what = "sample" if groups is None else "group"
            raise LeakError(f"{plural(len(shared), what)} of a fold would be fitted on and scored; deal folds anew")


def fold_groups(files: Files, train: Samples, by: Mapping[str, Any]) -> NDArray[np.int64] | None:
    """What the study's own split keeps whole, of each train sample; nothing where it deals single samples.

    Args:
        files: the tables of the store.
        train: their train samples.
        by: ``column`` that names groups; where it is ``scene`` and scenes are dealt within, squares of ``block`` pixels
            in their place, or single pixels where ``block`` is 0. Nothing where samples are dealt.

    Raises:
        UserError: the column is missing.
    """
    if not by:
        return None
    groups = _column(files, by["column"])[train.ids].astype(np.int64)
    if by["column"] != "scene" or not _dealt_within(files):
        return groups
    if not by["block"]:
        return None
    rows, columns = (_column(files, name)[train.ids].astype(np.int64) // by["block"] for name in ("row", "column"))
    return np.unique(np.stack([groups, rows, columns]), axis=1, return_inverse=True)[1].astype(np.int64).ravel()


def _dealt_within(files: Files) -> bool:
    """Whether a scene has samples to train on and others to score."""
    scene, parts = _column(files, "scene"), _column(files, "split")
    return bool(np.intersect1d(scene[parts == TRAIN], scene[(parts == TEST) | (parts == VALIDATION)]).size)


def _column(files: Files, name: str) -> NDArray[Any]:
    paths = [files] if isinstance(files, str | os.PathLike) else list(files)
    for path in paths:
        with open_table(path) as table:
            if name in table:
                found: NDArray[Any] = table[name][()]
                return found
    raise UserError(f"{paths[0]} has no column {name!r}; delete it and run again")


def _say_what_is_missing(train: Samples, folds: Sequence[Fold]) -> None:
    lacking = [
        name
        for label, name in enumerate(train.classes)
        if label in train.labels and any(label not in train.labels[fold.fitted] for fold in folds)
    ]
    if lacking:
        log.warning(
            "all train samples of class %s lie in one fold, so that the models scored on it never saw the class",
            some(lacking),
        )

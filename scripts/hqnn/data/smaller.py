"""Fewer train samples than there are, the smaller sets among the larger."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import TRAIN, UNUSED
from hqnn.data.rows import first_column
from hqnn.errors import UserError
from hqnn.store import write_table

SMALLER = 32  # the purpose of the order, beside its seed


def nested_order(labels: NDArray[np.integer], generator: np.random.Generator) -> NDArray[np.int64]:
    """An order of samples every beginning of which has each class's share, one of each class first.

    Args:
        labels: shape (samples,).
        generator: decides the order within classes, and who is first among equals.

    Returns:
        A permutation, shape (samples,).
    """
    shuffled = generator.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        place[own] = np.arange(len(own)) / len(own)
    return np.asarray(shuffled[np.argsort(place[shuffled], kind="stable")], dtype=np.int64)


def smaller_split(
    split: NDArray[np.uint8], labels: NDArray[Any], train: int, *, seed: int, key: str, where: Path
) -> NDArray[np.uint8]:
    """A split in which only so many train samples remain; the others are unused.

    Args:
        split: parts of samples, shape (samples,).
        labels: their classes, shape (samples,).
        train: how many are to train on.
        seed: of the order in which samples are taken; equal for all numbers.
        key: of the config that names the number, for messages.
        where: the samples are, for messages.

    Returns:
        Parts of samples, shape (samples,).

    Raises:
        UserError: there are fewer train samples than asked for, or fewer are asked for than there are classes.
    """
    ids = np.flatnonzero(split == TRAIN)
    classes = len(np.unique(labels[ids]))
    if not classes <= train <= len(ids):
        raise UserError(
            f"{key} names {train:,} train samples, and {where} has {len(ids):,} of {classes} classes; name numbers "
            f"from {classes} to {len(ids):,}"
        )
    order = nested_order(labels[ids], np.random.default_rng(np.random.SeedSequence([seed, SMALLER])))
    smaller = split.copy()
    smaller[ids[order[train:]]] = UNUSED
    return smaller


def write_smaller_split(
    output: str | os.PathLike[str], samples: Sequence[str | os.PathLike[str]], train: int, *, seed: int, key: str
) -> None:
    """Write a table with the column `split` of `smaller_split`.

    In front of the tables of the store, `hqnn.data.samples.read_samples` takes this column in place of theirs.

    Args:
        output: of the table.
        samples: the tables of the store.
        train: how many.
        seed: see `smaller_split`.
        key: likewise.

    Raises:
        UserError: see `smaller_split`.
    """
    split, labels = (first_column(samples, name) for name in ("split", "labels"))
    if split is None or labels is None:
        raise UserError(f"{samples[0]} has no column 'split' or 'labels'; delete it and run again")
    smaller = smaller_split(split, labels, train, seed=seed, key=key, where=Path(samples[0]).parent)
    write_table(output, {"split": smaller}, {"train": train, "seed": seed})

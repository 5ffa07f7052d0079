"""Samples of one split, read from the tables of a store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import PARTS, TEST, TRAIN
from hqnn.data.rows import read_rows
from hqnn.errors import UserError
from hqnn.store import open_table, read_attributes

SUBSET = 31  # the purpose of the draw of a subset, beside its seed

Files = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class NoSamplesError(UserError):
    """A split is empty."""


@dataclass(frozen=True)
class Samples:
    """Samples of one split of a store.

    Attributes:
        ids: their rows in the store, shape (samples,).
        features: float features, shape (samples, features) or, of samples to test that have several views, (samples,
            views, features); or uint8 images, shape (samples, height, width, channels).
        labels: shape (samples,).
        groups: the scene of each, shape (samples,); zeros where there are no scenes.
        classes: names, in the order of labels.
        augmented: of samples to train on, features of other views and of random variants, shape (samples, copies,
            features), where there are any.
    """

    ids: NDArray[np.int64]
    features: NDArray[Any]
    labels: NDArray[np.uint8]
    groups: NDArray[Any]
    classes: tuple[str, ...] = ("0", "1")
    augmented: NDArray[np.float32] | None = None


def read_samples(
    files: Files, split: int = TEST, *, subset: int | None = None, seed: int = 0, scored: bool | None = None
) -> Samples:
    """Read the samples of one split, all or a subset.

    Args:
        files: of the store; columns may be spread over several tables with the same rows.
        split: its code.
        subset: how many to draw, in proportion to scene and class; all where None or where there are no more.
        seed: of the draw.
        scored: whether samples are seen in all their views, as those to test are, or in variants, as those to train on;
            as the split says where None.

    Raises:
        UserError: there is no sample of that split, or a column is missing.
    """
    paths = [files] if isinstance(files, str | os.PathLike) else list(files)
    with ExitStack() as opened:
        tables = [opened.enter_context(open_table(path)) for path in paths]

        def column(*names: str) -> h5py.Dataset | None:
            return next((table[name] for name in names for table in tables if name in table), None)

        def needed(*names: str) -> h5py.Dataset:
            found = column(*names)
            if found is None:
                raise UserError(f"{paths[0]} has no column {names[0]!r}; delete it and run again")
            return found

        ids = np.flatnonzero(needed("split")[()] == split)
        if len(ids) == 0:
            raise NoSamplesError(f"{paths[-1]} has no {PARTS[split]} samples; change the split or add data")
        labels: NDArray[np.uint8] = needed("labels")[()]
        scene = column("scene")
        groups = np.zeros(len(labels), dtype=np.int64) if scene is None else scene[()]
        if subset is not None and subset < len(ids):
            strata = groups[ids].astype(np.int64) * (int(labels.max()) + 1) + labels[ids]
            ids = ids[stratified(strata, subset, np.random.default_rng(np.random.SeedSequence([seed, SUBSET])))]
        views, trained = column("views"), not (split != TRAIN if scored is None else scored)
        seen = [read_rows(one, ids) for one in (views, column("augmented")) if one is not None] if trained else []
        if seen and views is not None:
            seen[0] = seen[0][:, 1:]  # the first view is the features
        said = {key: value for table in tables for key, value in read_attributes(table).items()}
        several = views is not None and not trained
        return Samples(
            ids,
            read_rows(views if several else needed("features", "images"), ids),
            labels[ids],
            groups[ids],
            tuple(said.get("classes", ("0", "1"))),
            np.concatenate(seen, axis=1) if seen else None,
        )


def class_names(file: str | os.PathLike[str]) -> tuple[str, ...]:
    """Names of the classes of a table of samples, in the order of labels."""
    with open_table(file) as table:
        return tuple(read_attributes(table)["classes"])


def samples_if_any(files: Files, split: int) -> Samples | None:
    """Read the samples of one split, or None where it has none."""
    try:
        return read_samples(files, split)
    except NoSamplesError:
        return None


def stratified(strata: NDArray[Any], size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw without replacement so that every stratum keeps its share, rounded up or down.

    Every sample is as likely as any other: from the samples laid stratum by stratum, shuffled within each, every so
    many-th is taken from a random start (Madow, Ann. Math. Stat. 20, 333, 1949). So a small stratum has its share in
    the mean over draws.

    Args:
        strata: the stratum of each sample, shape (samples,).
        size: how many to draw; at most as many as there are.
        generator: the source of randomness.

    Returns:
        Sorted indices, shape (size,).
    """
    shuffled = generator.permutation(len(strata))
    grouped = shuffled[np.argsort(strata[shuffled], kind="stable")]
    places = (np.arange(size) + generator.random()) * len(strata) / max(1, size)
    return np.sort(grouped[np.minimum(places.astype(np.int64), len(strata) - 1)])

"""Splits of many seeds with their features, made in one process, since starting one takes longer than either."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hqnn.data.table.features import write_features
from hqnn.data.table.splits import write_table_split
from hqnn.notes import logged_to, noting
from hqnn.settings.splits import Split

Files = Sequence[str | os.PathLike[str]]


def split_together(
    samples: str | os.PathLike[str],
    splits: Files,
    features: Files,
    *,
    seeds: Sequence[int],
    split: Split,
    reduction: Mapping[str, Any],
) -> None:
    """Write every seed's split and features, to the bytes of its own jobs, each with its own log beside it.

    Args:
        samples: what `prepare_table` wrote.
        splits: the tables of the splits, seed by seed.
        features: the tables of the features, likewise.
        seeds: of what is dealt.
        split: how it is dealt.
        reduction: further arguments of `write_features`.

    Raises:
        UserError: see `write_table_split` and `write_features`.
    """
    for seed, dealt, fitted in zip(seeds, splits, features, strict=True):
        with logged_to(Path(dealt).with_suffix(".log")), noting():
            write_table_split(samples, dealt, split, seed=seed)
        with logged_to(Path(fitted).with_suffix(".log")), noting():
            write_features(fitted, samples, dealt, **reduction)

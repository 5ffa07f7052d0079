"""The papers' figures, and which of them stands beside which of our numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.metrics.table import POOLED, read_csv

PUBLISHED_COLUMNS = ("dataset", "model", "phase", "path", "sampling", "metric", "value", "note", "source")
SUBSET_SAMPLINGS = {"all": "subset", "balanced": "subset_balanced"}


def read_published(*paths: Path) -> pd.DataFrame:
    """Read the papers' figures; none of any paper where no file is given.

    One row a figure, columns `PUBLISHED_COLUMNS`. A figure stands beside every number of ours with the same model,
    metric, sampling, dataset, phase and path, where

    - an empty dataset or phase stands for any;
    - a dataset without its split, such as mnist, stands for each of its splits, and ``-4_4_92`` for that split of any
      dataset;
    - device or noisy stands for these phases of every backend, but ideal not for ``ideal-cirq``, another trainer;
    - a path without a backend stands for every backend's;
    - `sampling` is all or balanced, each for subsets too, or train for facts of training runs;
    - a metric at some epoch ends in its number, such as ``train_accuracy_epoch_3``.

    `note` says how a figure came about; `source` is the place in the paper.

    Raises:
        UserError: the file is missing or has other columns.
    """
    if not paths:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "value" else str) for name in PUBLISHED_COLUMNS})
    return pd.concat([read_csv(path, PUBLISHED_COLUMNS, numbers=("value",)) for path in paths], ignore_index=True)


def published_beside(table: pd.DataFrame, published: pd.DataFrame | None) -> pd.Series[float]:
    """The figure that stands beside each pooled row of a tidy table, NaN where none does.

    Args:
        table: with all columns of the tidy table before `published`.
        published: figures as `read_published` gives them.
    """
    if published is None:
        return pd.Series(np.nan, index=table.index)
    keys = ["dataset", "phase", "model", "path", "sampling", "metric"]
    figures: dict[tuple[Any, ...], float] = dict(
        zip(published[keys].itertuples(index=False, name=None), published["value"], strict=True)
    )
    wanted = table[[*keys, "backend"]].assign(
        sampling=table["sampling"].replace({subset: whole for whole, subset in SUBSET_SAMPLINGS.items()})
    )
    found = [
        next((figures[place] for place in _places(*row) if place in figures), np.nan)
        for row in wanted.itertuples(index=False, name=None)
    ]
    return pd.Series(found, index=table.index, dtype=float).where(table["group"] == POOLED)


def _places(dataset: str, phase: str, model: str, path: str, sampling: str, metric: str, backend: str) -> Iterator[Any]:
    """Where a published figure may stand that belongs beside a row, the most particular place first."""
    data, _, split = dataset.rpartition("-")
    datasets = (dataset, *((data, f"-{split}") if data else ()), "")
    stem, kind = phase.split("-")[0], path.split("-")[0]
    phases = (phase, *((stem,) if stem != "ideal" else ()), "")
    return product(datasets, phases, (model,), (f"{kind}-{backend}", kind), (sampling,), (metric,))

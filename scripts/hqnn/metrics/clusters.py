"""Which samples are not independent, by what their tables say of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.rows import first_column
from hqnn.store import open_table, read_attributes

BLOCK = 32  # pixels along a side
SOURCE = "source_image"


def sample_clusters(tables: Sequence[Path], ids: NDArray[np.int64], dataset: str) -> NDArray[np.int64] | None:
    """A number of what each sample belongs to, for `hqnn.metrics.score.score`; None where nothing says so.

    Pixels, which have a row and a column, belong to blocks of 32 x 32 within their scene, since neighbours share light
    and land cover. Other samples belong to the group that the split of the data set dealt them by, such as the site;
    patches whose split names none belong to the photograph they were cut from.

    Args:
        tables: tables of samples and of splits; the columns are looked for in all.
        ids: rows of the samples, shape (samples,).
        dataset: name of the data set, which ends in that of its split.
    """
    row, column = first_column(tables, "row"), first_column(tables, "column")
    if row is not None and column is not None:
        scene = first_column(tables, "scene")
        place = (row[ids] // BLOCK, column[ids] // BLOCK)
        return _numbered(*place) if scene is None else _numbered(scene[ids], *place)
    named = _split_group(tables, dataset)
    found = first_column(tables, f"group_{named or SOURCE}")
    if found is not None:
        return _numbered(found[ids])
    if named:
        said = "no table has the column group_%s, by which %s was split; its intervals take samples as independent"
        logging.getLogger(__name__).warning(said, named, dataset)
    return None


def _split_group(tables: Sequence[Path], dataset: str) -> str | None:
    """By which group the split was dealt that a data set's name ends in."""
    for table in tables:
        with open_table(table) as file:
            about = read_attributes(file)
            if "split" in file and "name" in about and dataset.endswith(f"-{about['name']}"):
                return about.get("group") or None
    return None


def _numbered(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Equal rows of keys get equal numbers."""
    return np.asarray(np.unique(np.stack(keys), axis=1, return_inverse=True)[1], dtype=np.int64).ravel()

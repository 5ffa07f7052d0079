"""Which samples are not independent, by what their tables say of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hqnn.store import open_table, read_attributes, read_table

BLOCK = 32  # pixels along a side
SOURCE = "source_image"


class Origins:
    """What tables say of where samples come from; every table is looked through once, and every column read once.

    Args:
        tables: of samples and of splits; the columns are looked for in all.
    """

    def __init__(self, tables: Sequence[Path]) -> None:
        self._tables = list(tables)
        self._column = cache(self._read)
        self._unnamed: set[str] = set()  # data sets whose groups no table has

    def scenes(self, ids: NDArray[np.int64]) -> NDArray[np.str_] | None:
        """Names of the scenes of samples; None where nothing says so.

        Args:
            ids: rows of the samples, shape (samples,).
        """
        scene = self._column("scene")
        return None if scene is None else self._names_of_scenes[scene[ids]]

    def clusters(self, ids: NDArray[np.int64], dataset: str) -> NDArray[np.int64] | None:
        """A number of what each sample belongs to, for `hqnn.metrics.score.score`; None where nothing says so.

        Pixels, which have a row and a column, belong to blocks of 32 x 32 within their scene, since neighbours share
        light and land cover. Other samples belong to the group that the split of the data set dealt them by, such as
        the site; patches whose split names none belong to the photograph they were cut from.

        Args:
            ids: rows of the samples, shape (samples,).
            dataset: name of the data set, which ends in that of its split.
        """
        row, column, scene = (self._column(name) for name in ("row", "column", "scene"))
        if row is not None and column is not None:
            place = (row[ids] // BLOCK, column[ids] // BLOCK)
            return _numbered(*place) if scene is None else _numbered(scene[ids], *place)
        named = next((group for split, group in self._contents.splits.items() if dataset.endswith(f"-{split}")), None)
        found = self._column(f"group_{named or SOURCE}")
        if found is not None:
            return _numbered(found[ids])
        if named and dataset not in self._unnamed:
            self._unnamed.add(dataset)
            said = "no table has the column group_%s, by which %s was split; its intervals take samples as independent"
            logging.getLogger(__name__).warning(said, named, dataset)
        return None

    @cached_property
    def _contents(self) -> _Contents:
        found = _Contents({}, {})
        for table in self._tables:
            with open_table(table) as file:
                for name in file:
                    found.first.setdefault(name, table)
                about = read_attributes(file) if "split" in file else {}
                if "name" in about:
                    found.splits.setdefault(about["name"], about.get("group") or None)
        return found

    @cached_property
    def _names_of_scenes(self) -> NDArray[np.str_]:
        return np.asarray(read_table(self._contents.first["scene"], "scene")[1]["scenes"], dtype=str)

    def _read(self, name: str) -> NDArray[Any] | None:
        table = self._contents.first.get(name)
        return None if table is None else read_table(table, name)[0][name]


class _Contents(NamedTuple):
    """What is where in tables.

    Attributes:
        first: name of a column to the first table that has it.
        splits: name of a split to the group that it was dealt by; None where it was dealt by none.
    """

    first: dict[str, Path]
    splits: dict[str, str | None]


def _numbered(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Equal rows of keys get equal numbers."""
    return np.asarray(np.unique(np.stack(keys), axis=1, return_inverse=True)[1], dtype=np.int64).ravel()

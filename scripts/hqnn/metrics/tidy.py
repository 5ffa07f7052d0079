"""Rows of the tidy table as they are scored, file by file, and the table that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hqnn.metrics.published import published_beside
from hqnn.metrics.table import AS_SET, COLUMNS, IDENTITY

Number = tuple[str, str, str, float, float, float, int]
EACH = ("sampling", "group", "metric", "value", "low", "high", "samples")  # what such a number says


class Rows(NamedTuple):
    """Numbers of one file.

    Attributes:
        identity: what was run: the values of `IDENTITY`.
        numbers: what `EACH` names, a row each.
    """

    identity: Sequence[Any]
    numbers: Sequence[Number]


def tidy(parts: Sequence[Rows], published: pd.DataFrame | None = None) -> pd.DataFrame:
    """The tidy table of files; one table of many costs as much as ten tables of one file each.

    Args:
        parts: what each file gave, of one file at least.
        published: figures to put beside, as `read_published` gives them.

    Returns:
        Columns `COLUMNS`, in the order of the files.
    """
    lengths = [len(part.numbers) for part in parts]
    columns = dict(
        zip(IDENTITY, (_repeated(column, lengths) for column in _turned(p.identity for p in parts)), strict=True)
    )
    columns |= dict(zip(EACH, _turned(chain.from_iterable(part.numbers for part in parts)), strict=True))
    table = pd.DataFrame({**columns, **AS_SET})
    table["published"] = published_beside(table, published)
    return table[list(COLUMNS)]


def _turned(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _repeated(values: Sequence[Any], lengths: Sequence[int]) -> Any:
    return np.repeat(np.array(values, dtype=int if isinstance(values[0], int) else object), lengths)

"""The tidy table: one row a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from hqnn.errors import UserError, plain
from hqnn.store import whole_file

COLUMNS = (
    "study",
    "dataset",
    "model",
    "phase",
    "path",
    "backend",
    "seed",
    "sampling",
    "group",
    "metric",
    "value",
    "low",
    "high",
    "samples",
    "published",
    "axis",
    "at",
)
IDENTITY = COLUMNS[:7]
NUMBERS = ("value", "low", "high", "published", "at")
AS_SET: Mapping[str, Any] = MappingProxyType({"axis": "", "at": np.nan})  # what was run as the study's keys say
POOLED = "pooled"
RERUN, RESTORE = "delete it and run again", "restore it from the repository"  # what mends a damaged table


def write_metrics(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tidy tables as one CSV file, ordered by what was run; numbers with nine significant digits."""
    whole = pd.concat([t[list(COLUMNS)] for t in tables], ignore_index=True)
    whole = whole.sort_values(list(IDENTITY), kind="stable")
    with whole_file(path) as partial:
        whole.to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def read_metrics(path: Path) -> pd.DataFrame:
    """Read a tidy table.

    Raises:
        UserError: the file is missing or has other columns than `COLUMNS`.
    """
    return read_csv(path, COLUMNS, numbers=NUMBERS, counts=("seed", "samples"), cure=RERUN)


def as_set(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of what was run as a study's keys say, without those of the axes along which it was repeated."""
    return metrics[metrics["axis"] == ""]


def along_axes(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of the points of a study's axes, see `hqnn.metrics.points`."""
    return metrics[metrics["axis"] != ""]


def collect(output: Path, tables: Sequence[Path]) -> None:
    """Write the tidy tables of all studies as one."""
    write_metrics(output, [read_metrics(table) for table in tables])


def write_parquet(path: Path, metrics: Path) -> None:
    """Write a tidy table as Parquet, whose columns have types: the very numbers of the CSV file."""
    table = read_metrics(metrics)
    with whole_file(path) as partial:
        table.to_parquet(partial, engine="pyarrow", index=False)


def read_csv(
    path: Path, columns: Sequence[str], *, numbers: Sequence[str], counts: Sequence[str] = (), cure: str = RESTORE
) -> pd.DataFrame:
    """Read a CSV file of known columns; all but `numbers` (NaN where empty) and `counts` is text.

    Raises:
        UserError: the file is missing, has other columns, or text where numbers belong.
    """
    types: dict[str, type] = dict.fromkeys(columns, str)
    types |= dict.fromkeys(numbers, float) | dict.fromkeys(counts, int)
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in numbers}, dtype=types)
    except OSError as error:
        raise UserError(f"{path} cannot be read as a table ({plain(error)}); {cure}") from error
    except (ValueError, OverflowError) as error:  # pandas' own errors among them, which speak of its types
        raise UserError(
            f"{path} cannot be read as a table (damaged, or text where a number belongs); {cure}"
        ) from error
    if tuple(table.columns) != tuple(columns):
        raise UserError(f"{path} has the columns {', '.join(table.columns)}; it needs {', '.join(columns)}; {cure}")
    infinite = [name for name in numbers if np.isinf(table[name]).any()]
    if infinite:
        raise UserError(f"{path} has an infinite number in column {infinite[0]!r}; {cure}")
    return table

"""Rows in Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from hqnn.data.table.cells import Cells, check_names, row_number
from hqnn.errors import UserError


def read_parquet(path: Path) -> Cells:
    """Read a Parquet file.

    Raises:
        UserError: it is damaged or has no rows.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            check_names(path, names)
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} is cut off or no Parquet file; mend or replace it") from error
    if not table.num_rows:
        raise UserError(f"{path} has no rows; add some")
    return Cells(path, names, dict(zip(names, table.columns, strict=True)), row_number)

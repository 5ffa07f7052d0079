"""Rows of a small CSV file that a user wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.errors import UserError, nearest


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        line: of the file, counted from 1.
        cells: column to text without blanks around it.
    """

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a CSV file in UTF-8, with or without a byte order mark; empty rows are left out.

    Args:
        path: of the file.
        columns: that it must have; others are kept.

    Raises:
        UserError: it is missing, is not UTF-8, lacks a column, or a row has more cells than the header.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        for column in columns:
            if column not in header:
                raise UserError(f"{path} has no column {column!r}{nearest(column, header)}; add it to the first line")
        rows = []
        for values in reader:
            cells = [value.strip() for value in values]
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise UserError(
                    f"{path} has {len(cells)} cells in line {reader.line_num} but {len(header)} columns; put text that "
                    "holds a comma in quotes"
                )
            if any(cells):
                rows.append(Row(reader.line_num, dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as CSV (line {reader.line_num}: {error}); mend the line") from error
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}); save it as CSV in UTF-8") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); put the file there or name another") from error

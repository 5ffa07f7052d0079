"""Rows of a small CSV file that a user wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.data.encodings import decoded
from hqnn.errors import UserError, nearest

SEPARATORS = ",;\t"  # of equally many, the first


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
    """Read a CSV file; empty rows are left out.

    Encodings as `hqnn.data.encodings`; the separator is the comma, semicolon or tab that is most often in the header.

    Args:
        path: of the file.
        columns: that it must have; others are kept.

    Raises:
        UserError: it is missing, is in another encoding, lacks a column or has one twice, or a row has more cells than
            the header.
    """
    text = _text(path)
    separator = max(SEPARATORS, key=text.lstrip().partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    try:
        header = [name.strip() for name in next((row for row in reader if any(row)), [])]
        twice = [name for name in header if name and header.count(name) > 1]
        if twice:
            raise UserError(f"{path} has two columns named {twice[0]!r}; rename one or take it out")
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
        return decoded(path, path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); put the file there or name another") from error

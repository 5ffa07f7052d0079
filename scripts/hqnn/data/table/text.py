"""Rows in text files: CSV with any usual separator, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from hqnn.data.encodings import decoded
from hqnn.data.inflation import read_inflated
from hqnn.data.table.cells import Cells, check_names
from hqnn.data.table.numerals import NUMERAL
from hqnn.errors import UserError, plain

SEPARATORS = ",;\t|"  # of equally many, the first
SEPARATOR_LINE = re.compile(r"\Asep=[^\r\n]?(?=[\r\n])", re.IGNORECASE)
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
MAX_BLOCK = 1 << 30  # bytes that are parsed at once; a row must fit in


def read_text(path: Path) -> Cells:
    """Read a CSV file: all cells as text.

    Encodings as `hqnn.data.encodings`; lines end in any usual way; the separator is the one that cuts the header into
    most columns, whatever a first line `sep=` says.

    Raises:
        UserError: the file is missing, empty, damaged, in another encoding, has no header, or a row of another length.
    """
    text = decoded(path, _bytes(path)).rstrip(" \r\n\x1a")  # DOS ends a text with Ctrl-Z
    text = SEPARATOR_LINE.sub("", text)  # as Excel writes it; its end stays, so that lines keep their numbers
    header, lines, separator = _header(path, text)
    check_names(path, header)
    columns = _columns(path, text, header, lines, separator)
    places = partial(_line, text, separator)
    return Cells(path, tuple(header), dict(zip(header, columns, strict=True)), places, separator)


def _bytes(path: Path) -> bytes:
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                return read_inflated(path, file)
        return path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({plain(error)}); mend or replace it") from error


def _header(path: Path, text: str) -> tuple[list[str], int, str]:
    """The names, the number of lines until their end, and the separator."""

    def cut(separator: str) -> tuple[list[str], int]:
        reader = csv.reader(_lines(text), delimiter=separator)
        names = next(row for row in reader if row)
        return [name.strip() for name in names], reader.line_num

    def width(separator: str) -> int:
        try:
            return len(cut(separator)[0])
        except csv.Error:  # such as a name of 131,072 letters
            return 0

    separator = max(SEPARATORS, key=width)
    try:
        names, lines = cut(separator)
    except csv.Error as error:
        raise UserError(f"{path} has a header that cannot be read ({error}); mend it") from error
    if all(NUMERAL.fullmatch(name) for name in names):
        raise UserError(f"{path} begins with numbers instead of names; add a header")
    return names, lines, separator


def _columns(path: Path, text: str, header: list[str], lines: int, separator: str) -> list[pa.ChunkedArray]:
    raw = text.encode()
    keys = [str(column) for column in range(len(header))]
    try:
        if next(islice(_records(text, separator), 1, None), None) is None:
            raise UserError(f"{path} has no rows below its header; add some")
        table = pyarrow.csv.read_csv(
            pa.BufferReader(raw),
            read_options=pyarrow.csv.ReadOptions(
                column_names=keys, skip_rows=lines, use_threads=False, block_size=min(len(raw), MAX_BLOCK)
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except (pa.ArrowInvalid, csv.Error) as error:
        raise _unequal(path, text, len(header), separator) from error
    return list(table.columns)


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, one at a time, so that the text is not copied for a header."""
    return (line.group() for line in LINE.finditer(text))


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of the header and of every row; slow, for messages."""
    reader = csv.reader(_lines(text), delimiter=separator)
    end = 0
    for cells in reader:
        if cells:
            yield end + 1, cells
        end = reader.line_num


def _line(text: str, separator: str, row: int) -> str:
    for record, (line, _) in enumerate(_records(text, separator)):
        if record == row + 1:
            return f"line {line}"
    return f"row {row + 1}"


def _unequal(path: Path, text: str, width: int, separator: str) -> UserError:
    """What to say of rows that cannot be cut into columns."""
    try:
        for line, cells in _records(text, separator):
            if len(cells) != width:
                return UserError(
                    f"{path}, line {line} has {len(cells)} cells but the header has {width} names; mend the line"
                )
    except csv.Error:
        pass
    return UserError(f"{path} cannot be cut into rows and columns; look for a quotation mark that is not closed")

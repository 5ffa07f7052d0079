"""Numbers as files write them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hqnn.data.table.cells import Cells
from hqnn.errors import UserError

NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# What stands in a cell without a number: of pandas, R, SAS, MATLAB and spreadsheets.
EMPTY = (
    *("", "-", "--", ".", "?", "#n/a", "#na", "<na>", "n/a", "na", "nan", "-nan", "nat", "nil", "none", "null"),
    *("#div/0!", "#name?", "#null!", "#num!", "#ref!", "#value!"),
)
COMMA = r"^\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*$"
POINT = r"^\s*[+-]?\d*\.\d*([eE][+-]?\d+)?\s*$"
GROUPED = r"^\s*[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+\s*$"  # 1.234,5
IN_THOUSANDS = {mark: rf"^\s*[+-]?[1-9]\d{{0,2}}(\{mark}\d{{3}})+\s*$" for mark in ",."}

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


def read_numbers(cells: Cells, names: tuple[str, ...]) -> Floats:
    """Read columns as numbers: numerals in text, true and false as 1 and 0.

    Returns:
        Shape (rows, names); NaN where a cell is empty.

    Raises:
        UserError: a cell holds anything else; the message names it.
    """
    columns = {name: _plain(cells, name) for name in names}
    comma = cells.separator not in ("", ",") and _decimal_commas(cells, columns)
    if comma and _first(columns, GROUPED):
        columns = {name: _without_points(column) for name, column in columns.items()}
        log.warning("%s: points are read as marks of thousands, as 1.234,5 is 1234.5", cells.path)
    rows = len(next(iter(columns.values())))
    numbers = np.empty((rows, len(names)))
    for position, (name, column) in enumerate(columns.items()):
        numbers[:, position] = _text_numbers(cells, name, column, comma) if _is_text(column) else _typed(column)
    return numbers


def _plain(cells: Cells, name: str) -> pa.ChunkedArray:
    """A column of text, numbers or truth values."""
    column = cells.columns[name]
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    if not _is_text(column) and not any(is_kind(kind) for is_kind in known):
        raise UserError(
            f"{cells.path}, column {name!r} holds {kind} instead of numbers; name the columns that are numbers in "
            "columns.features"
        )
    return column


def _is_text(column: pa.ChunkedArray) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(column.type) for is_kind in kinds)


def _typed(column: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy())


def _text_numbers(cells: Cells, name: str, column: pa.ChunkedArray, comma: bool) -> Floats:
    text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    if comma:
        text = pc.replace_substring(text, ",", ".")
    empty = pc.is_in(pc.utf8_lower(text), value_set=pa.array(EMPTY))
    text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    for kind in (pa.float64(), pa.bool_()):
        try:
            return _typed(pc.cast(text, kind))
        except pa.ArrowInvalid:
            continue
    raise _no_number(cells, name, text.to_pylist())


def _no_number(cells: Cells, name: str, values: list[str | None]) -> UserError:
    for row, value in enumerate(values):
        if value is not None and not NUMERAL.fullmatch(value) and value.lower().strip("+-") not in ("inf", "infinity"):
            return UserError(
                f"{cells.path}, {cells.place(row)}, column {name!r}: {value[:40]!r} is no number; mend the cell, or "
                "name the columns that are numbers in columns.features"
            )
    return UserError(f"{cells.path}, column {name!r} holds text that is no number; mend it")


def _decimal_commas(cells: Cells, columns: Mapping[str, pa.ChunkedArray]) -> bool:
    """Whether numbers are written like 1,5.

    Raises:
        UserError: some are, and others like 1.5, so that nobody knows what 1,234 is; or all commas may part thousands.
    """
    comma, grouped = _first(columns, COMMA), _first(columns, GROUPED)
    point = _first(columns, POINT, but=IN_THOUSANDS["."] if grouped else "")
    first = comma or grouped
    if first and point:
        places = (f"{cell!r} in {cells.place(row)}, column {name!r}" for name, row, cell in (first, point))
        raise UserError(f"{cells.path} has decimal commas and decimal points, {' and '.join(places)}; write all alike")
    if comma and cells.separator != ";" and not _first(columns, COMMA, but=IN_THOUSANDS[","]):
        raise UserError(
            f"{cells.path}: {comma[2]!r} in {cells.place(comma[1])}, column {comma[0]!r} may be a thousand or a "
            "fraction, as may all numbers with a comma; write them without marks of thousands, and fractions with a "
            "point"
        )
    if point and cells.separator == ";" and not _first(columns, POINT, but=IN_THOUSANDS["."]):
        log.warning(
            "%s: %r in %s, column %r is read as a fraction; if points part thousands, take them out",
            cells.path,
            *(point[2], cells.place(point[1]), point[0]),
        )
    return first is not None


def _without_points(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(column, ".", "") if _is_text(column) else column


def _first(columns: Mapping[str, pa.ChunkedArray], pattern: str, *, but: str = "") -> tuple[str, int, str] | None:
    """Column, row and content of the first cell that matches a pattern and not another."""
    for name, column in columns.items():
        fits = pc.match_substring_regex(column, pattern)
        if but:
            fits = pc.and_not(fits, pc.match_substring_regex(column, but))
        found = pc.index(fits, True).as_py()
        if found >= 0:
            return name, found, column[found].as_py()
    return None

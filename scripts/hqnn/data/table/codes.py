"""Codes of classes and parts, and the text of names."""

from __future__ import annotations

import logging
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.part_words import part_of
from hqnn.data.parts import PARTS
from hqnn.data.table.cells import NAMES_SHOWN, shown
from hqnn.data.table.numerals import EMPTY, NUMERAL
from hqnn.data.table.raw_rows import RawRows, Value, Values
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

MAX_CLASSES = 256
CONTINUOUS = 10  # different numbers; more that are fractions, and as many as half the rows, are no classes

Numbers = NDArray[np.uint8]


def code_classes(raw: RawRows, labels: Sequence[str | int | float]) -> tuple[Numbers, tuple[str, ...]]:
    """Number the classes: in the order the file gives; else numbers by value, text by the alphabet.

    Args:
        raw: where the labels come from, for messages.
        labels: of the rows, none empty.

    Returns:
        Codes, shape (rows,), and names.

    Raises:
        UserError: there is one class only, or more than 256, or labels are measurements.
    """
    name_of, known = _named(set(labels))
    _refuse_measurements(raw, known, len(labels))
    if set(known) <= set(raw.order):
        known = _ordered(raw, set(known))
    _check_classes(raw.path, known)
    code = {label: known.index(name) for label, name in name_of.items()}
    codes = np.array([code[label] for label in labels], dtype=np.uint8)
    single = [known[index] for index in np.flatnonzero(np.bincount(codes) == 1)]
    if single:
        log.warning(
            "%s has classes with one row only, so that no test sees what training saw: %s", raw.path, shown(single)
        )
    return codes, tuple(known)


def _ordered(raw: RawRows, known: set[str]) -> list[str]:
    """Classes that have rows, in the order the file gives."""
    absent = [name for name in raw.order if name not in known]
    if absent:
        log.warning("%s has no rows of some of its classes, which are left out: %s", raw.path, shown(absent))
    return [name for name in raw.order if name in known]


def _named(labels: set[str | int | float]) -> tuple[dict[str | int | float, str], list[str]]:
    """The name of each label, and all names in their order."""
    numbers = {label: number for label in labels if (number := _number(label)) is not None}
    if len(numbers) < len(labels):
        names = {label: text_of(label) for label in labels}
        return names, sorted(set(names.values()))
    return {label: text_of(number) for label, number in numbers.items()}, list(
        map(text_of, sorted(set(numbers.values())))
    )


def _check_classes(path: Path, known: Sequence[str]) -> None:
    if len(known) == 1:
        raise UserError(f"{path} holds one class only, {known[0]!r}; add rows of another")
    if len(known) > MAX_CLASSES:
        raise UserError(
            f"{path} has {len(known):,} different labels, from {known[0]!r} to {known[-1]!r}, but {MAX_CLASSES} "
            "classes are the most; name a column of classes in columns.label"
        )
    _say_what_is_alike(path, known)
    empty = [name for name in known if name.casefold() in EMPTY]
    if empty:
        log.warning(
            "%s: %s counts as a class; if it means that there is no label, leave the cell empty", path, shown(empty)
        )


def _refuse_measurements(raw: RawRows, known: Sequence[str], rows: int) -> None:
    """Refuse labels that are continuous numbers."""
    numbers = [float(name) for name in known if NUMERAL.fullmatch(name)]
    fractions = sum(not number.is_integer() for number in numbers)
    if fractions and len(numbers) == len(known) > CONTINUOUS and 2 * len(known) >= rows:
        raise UserError(
            f"{raw.path}: the label {raw.roles.label!r} is a measurement, with {len(known):,} different numbers in "
            f"{rows:,} rows, from {known[0]} to {known[-1]}; to predict it would be regression, which is not done "
            "here, so name a column of classes in columns.label, or make ranges of it classes"
        )


def _say_what_is_alike(path: Path, known: Sequence[str]) -> None:
    """Warn of names that differ in capital letters, spaces or the way an accent is stored, and so are two classes."""
    spellings: dict[str, list[str]] = {}
    for name in known:
        folded = unicodedata.normalize("NFKC", name).casefold()
        spellings.setdefault(re.sub(r"[\s_-]+", " ", folded), []).append(name)
    alike = [f"{' and '.join(map(repr, names))}" for names in spellings.values() if len(names) > 1]
    if alike:
        log.warning(
            "%s has classes that differ in capital letters or spaces only, %s; they count as different, so write them "
            "alike if they are one",
            path,
            "; ".join(alike[:NAMES_SHOWN]),
        )


def code_parts(raw: RawRows, values: Values, rows: Sequence[int]) -> Numbers:
    """Codes of words such as train, val and test, see `hqnn.data.parts`.

    Args:
        raw: where they come from, for messages.
        values: of the rows; whole numbers are codes already.
        rows: which rows of the file these are.

    Raises:
        UserError: a word is no part, or a cell is empty.
    """
    codes = np.empty(len(values), dtype=np.uint8)
    for position, value in enumerate(values):
        code = part_of(value) if isinstance(value, str) else value
        if not isinstance(code, int) or not 0 <= code < len(PARTS):
            place = f"{raw.path}, {raw.place(rows[position])}, column {raw.roles.split!r}"
            if value is None:
                raise UserError(f"{place} is empty; write train, validation or test")
            raise UserError(f"{place}: {value!r} is no part{nearest(str(value), ('train', 'validation', 'test'))}")
        codes[position] = code
    return codes


def text_of(value: Value) -> str:
    """A name as text: of a number the same one, whether 1 or 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number(label: str | int | float) -> int | float | None:
    """The number that a label is or says; None where it is text."""
    if not isinstance(label, str):
        return label if math.isfinite(label) else None
    if not NUMERAL.fullmatch(label):
        return None
    return int(label) if label.lstrip("+-").isdigit() else float(label)

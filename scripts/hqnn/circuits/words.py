"""Pauli words as a user writes them, read without importing anything heavy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hqnn.errors import UserError

PLACED = re.compile(r"([IXYZ])(\d+)")


def parse_word(text: str, wires: int) -> str:
    """Read an observable: one letter a wire (``"IZII"``), or letters with their wires (``"Z1"``, ``"X0Y3"``).

    Args:
        text: what the user wrote.
        wires: how many the circuit has.

    Returns:
        The word with one letter a wire, wire 0 first.

    Raises:
        UserError: the text is neither form, or names a wire that is not there or twice.
    """
    if wires and re.fullmatch(rf"[IXYZ]{{{wires}}}", text):
        return text
    if not re.fullmatch(rf"({PLACED.pattern})+", text):
        raise UserError(_no_word(text, wires))
    letters = ["I"] * wires
    seen: set[int] = set()
    for letter, wire in ((m[1], int(m[2])) for m in PLACED.finditer(text)):
        if wire >= wires:
            known = "one wire, 0" if wires == 1 else f"{wires} wires, 0 to {wires - 1}"
            raise UserError(f"observable {text!r} names wire {wire}, but the circuit has {known}; {_cure(wires)}")
        if wire in seen:
            raise UserError(f"observable {text!r} names wire {wire} twice; give each wire at most one letter")
        seen.add(wire)
        letters[wire] = letter
    return "".join(letters)


def check_words(words: Sequence[str], wires: int) -> tuple[str, ...]:
    """Read the observables of a circuit, and refuse those that measure nothing new.

    Args:
        words: what the user wrote, in either form of `parse_word`; may be empty.
        wires: how many the circuit has.

    Returns:
        The words with one letter a wire, in the same order.

    Raises:
        UserError: see `parse_word`; or a word is the identity, or two words are the same observable.
    """
    first: dict[str, str] = {}
    for text in words:
        word = parse_word(text, wires)
        if set(word) <= {"I"}:
            raise UserError(f"observable {text!r} is the identity, whose value is always 1; leave it out")
        if word in first:
            earlier = "" if first[word] == text else f", as {first[word]!r}"
            raise UserError(f"observable {text!r} is listed twice{earlier}; leave one of the two out")
        first[word] = text
    return tuple(first)


def _no_word(text: str, wires: int) -> str:
    start = f"observable {text!r} is no Pauli word on {wires} wire{'s' * (wires != 1)}"
    upper = text.upper()
    if upper != text and (re.fullmatch(rf"({PLACED.pattern})+", upper) or re.fullmatch(r"[IXYZ]+", upper)):
        return f"{start}; write its letters as capitals, {upper!r}"
    if re.fullmatch(r"[IXYZ]+", text):
        return f"{start}, since it has {len(text)} letter{'s' * (len(text) != 1)}; {_cure(wires)}"
    return f"{start}; {_cure(wires)}"


def _cure(wires: int) -> str:
    return (
        f"write one letter of IXYZ a wire, as in {'Z' + 'I' * (wires - 1)!r}, or letters with their wires, as in "
        f"'Z{wires - 1}'"
    )

"""Observables as a user writes them, read without importing anything heavy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import product

from hqnn.circuits.observables import PROJECTORS, sum_of, terms_of, wires_read
from hqnn.errors import UserError

PLACED = re.compile(r"([IXYZ])(\d+)")
WIRES = r"\d+(?:\s*,\s*\d+|\s+\d+)*"
FACTOR = re.compile(rf"\s*(?:{PLACED.pattern}|\|([01]+)>\s*@\s*({WIRES}))")
PROBABILITIES = re.compile(rf"\s*probs\s*@\s*({WIRES})\s*")
MOST_READ = 12  # wires of which all outcomes are observables


def parse_observables(texts: Sequence[str], wires: int) -> tuple[str, ...]:
    """Read the observables of a circuit.

    Args:
        texts: each a product, with one letter of ``IXYZ`` a wire (``"IZII"``), or of letters and bitstrings with
            their wires (``"Z1"``, ``"X0Y3"``, ``"|01>@0,2"``, ``"X0|1>@2"``); a weighted sum of products and numbers
            (``"0.5*Z0 - 0.3*X1Z2 + 1"``); or ``"probs@0,1"``: the projectors onto all bitstrings of these wires, the
            last wire's bit changing fastest, as of PennyLane's ``qml.probs``. The forms that are stored are read, too.
        wires: how many the circuit has.

    Returns:
        Observables as `hqnn.circuits.observables` writes them, in the same order.

    Raises:
        UserError: a text cannot be read, or names a wire that is not there or twice.
    """
    return tuple(observable for text in texts for observable in _parsed(text, wires))


def check_observables(texts: Sequence[str], wires: int) -> tuple[str, ...]:
    """Read the observables of a circuit, and refuse those that measure nothing new.

    Args:
        texts: what the user wrote, see `parse_observables`; may be empty.
        wires: how many the circuit has.

    Returns:
        As `parse_observables`.

    Raises:
        UserError: see `parse_observables`; or an observable is a constant, or two are the same.
    """
    first: dict[str, str] = {}
    for text in texts:
        for observable in _parsed(text, wires):
            if not wires_read([observable]):
                which = "the identity, whose value is always 1" if "*" not in observable else "a constant"
                raise UserError(f"observable {text!r} is {which}; leave it out")
            if observable in first:
                earlier = "" if first[observable] == text else f", as {first[observable]!r}"
                raise UserError(f"observable {text!r} is listed twice{earlier}; leave one of the two out")
            first[observable] = text
    return tuple(first)


def written(observable: str) -> str:
    """An observable as a user would write it: ``Z1``, ``|01>@0,2``, ``0.5*Z0 - 0.3*X1Z2 + 1``.

    Args:
        observable: as `hqnn.circuits.observables` writes it; coefficients are shown with six digits.
    """
    text = ""
    for term in terms_of(observable):
        product, size = _product(term.word), abs(term.coefficient)
        factor = f"{size:.6g}" if size != 1 or not product else ""
        sign = ("- " if text else "-") if term.coefficient < 0 else "+ " if text else ""
        text += f"{' ' if text else ''}{sign}{'*'.join(part for part in (factor, product) if part)}"
    return text


def _product(word: str) -> str:
    letters = "".join(f"{letter}{wire}" for wire, letter in enumerate(word) if letter in "XYZ")
    bits = {wire: bit for wire, letter in enumerate(word) for bit, sign in PROJECTORS.items() if sign == letter}
    return f"{letters}|{''.join(bits.values())}>@{','.join(map(str, bits))}" if bits else letters


def _parsed(text: str, wires: int) -> Iterator[str]:
    if whole := PROBABILITIES.fullmatch(text):
        named = _named(whole[1], wires, text)
        if len(named) > MOST_READ:
            raise UserError(
                f"observable {text!r} is {2 ** len(named):,} probabilities; name {MOST_READ} wires at most, or single "
                "bitstrings"
            )
        for letters in product(PROJECTORS.values(), repeat=len(named)):
            yield _placed(dict(zip(named, letters, strict=True)), wires)
    elif re.fullmatch(r"[IXYZPQ]+", text) or not re.search(r"[*+-]", text):
        yield _word(text, wires, text)
    else:
        yield _sum(text, wires)


def _sum(text: str, wires: int) -> str:
    first, *rest = re.split(r"(?<![eE])([+-])", text)
    signed = ["+", first, *rest] if first.strip() else rest
    total = sum_of(_term(sign, body.strip(), wires, text) for sign, body in zip(signed[::2], signed[1::2], strict=True))
    if not total:
        raise UserError(f"the terms of observable {text!r} cancel, so that its value is always 0; leave it out")
    for term in terms_of(total):
        _check_finite(term.coefficient, str(term.coefficient), text)
    return total


def _check_finite(coefficient: float, written: str, text: str) -> None:
    if not math.isfinite(coefficient):
        raise UserError(f"observable {text!r} has the coefficient {written}; give a finite number")


def _term(sign: str, body: str, wires: int, text: str) -> tuple[float, str]:
    number, times, word = body.partition("*")
    try:
        coefficient = float(sign + number.strip())
    except ValueError:
        if times:
            example = "0.5*Z0 + 1" if wires < 2 else "0.5*Z0 - 0.3*X0Z1 + 1"
            raise UserError(
                f"observable {text!r} has the coefficient {number.strip()!r}, which is no number; write a sum as in "
                f"{example!r}"
            ) from None
        return float(sign + "1"), _word(body, wires, text)
    _check_finite(coefficient, number.strip(), text)
    return coefficient, _word(word.strip(), wires, text) if times else "I" * wires


def _word(written: str, wires: int, text: str) -> str:
    """Read a product, which is a part of the text that a message quotes."""
    if wires and re.fullmatch(rf"[IXYZPQ]{{{wires}}}", written):
        return written
    factors = list(FACTOR.finditer(written))
    if not written or "".join(factor[0] for factor in factors) != written:
        raise UserError(_no_word(written, wires, text))
    letters: dict[int, str] = {}
    for letter, wire, bits, places in (factor.groups() for factor in factors):
        named = _named(wire or places, wires, text)
        if bits and len(bits) != len(named):
            raise UserError(
                f"observable {text!r} has the bitstring {bits} of {len(bits)} bit{'s' * (len(bits) != 1)} on "
                f"{len(named)} wire{'s' * (len(named) != 1)}; give each of the wires one bit"
            )
        for place, sign in zip(named, (PROJECTORS[bit] for bit in bits) if bits else letter, strict=True):
            if place in letters:
                raise UserError(f"observable {text!r} names wire {place} twice; give each wire at most one letter")
            letters[place] = sign
    return _placed(letters, wires)


def _named(text: str, wires: int, observable: str) -> list[int]:
    """Wires by number."""
    named = [int(wire) for wire in re.findall(r"\d+", text)]
    for wire in named:
        if wire >= wires:
            known = "one wire, 0" if wires == 1 else f"{wires} wires, 0 to {wires - 1}"
            raise UserError(f"observable {observable!r} names wire {wire}, but the circuit has {known}; {_cure(wires)}")
        if named.count(wire) > 1:
            raise UserError(f"observable {observable!r} names wire {wire} twice; give each wire at most one letter")
    return named


def _placed(letters: dict[int, str], wires: int) -> str:
    return "".join(letters.get(wire, "I") for wire in range(wires))


def _no_word(written: str, wires: int, text: str) -> str:
    whole = f"observable {text!r}" if written == text else f"{written!r} in observable {text!r}"
    start = f"{whole} is no Pauli word on {wires} wire{'s' * (wires != 1)}"
    upper = written.upper()
    if upper != written and (re.fullmatch(rf"({PLACED.pattern})+", upper) or re.fullmatch(r"[IXYZ]+", upper)):
        return f"{start}; write its letters as capitals, {upper!r}"
    if re.fullmatch(r"[IXYZPQ]+", written):
        return f"{start}, since it has {len(written)} letter{'s' * (len(written) != 1)}; {_cure(wires)}"
    return f"{start}; {_cure(wires)}"


def _cure(wires: int) -> str:
    last = wires - 1
    return (
        f"write one letter of IXYZ a wire, as in {'Z' + 'I' * last!r}, letters with their wires, as in 'Z{last}', a "
        f"bitstring, as in '|1>@{last}', or all of them, as in 'probs@{last}'"
    )

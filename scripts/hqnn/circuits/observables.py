"""Observables as programs hold them: weighted sums of products with one letter a wire.

The letters are I, X, Y and Z, and P and Q for the projectors ``|0><0|`` and ``|1><1|``. A product alone stands as its
letters, ``"IZII"`` or ``"PQII"``, any other sum as ``"0.5*ZIII-0.3*IXZI+1.0*IIII"``; coefficients keep every bit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

PROJECTORS = {"0": "P", "1": "Q"}  # of a wire's bit

_TERM = re.compile(r"([+-]?[\d.einf+-]+)\*([IXYZPQ]+)")
_AS_SUMS = {"P": (("I", 0.5), ("Z", 0.5)), "Q": (("I", 0.5), ("Z", -0.5))}
_READ_AS = str.maketrans("PQ", "ZZ")


@dataclass(frozen=True)
class Term:
    """One product of a sum.

    Attributes:
        coefficient: finite, not zero.
        word: one letter of ``IXYZPQ`` a wire, wire 0 first.
    """

    coefficient: float
    word: str

    @property
    def basis(self) -> str:
        """The Pauli letter that is measured on each wire, I where none is."""
        return self.word.translate(_READ_AS)


@lru_cache(maxsize=2**14)
def terms_of(observable: str) -> tuple[Term, ...]:
    """The products of an observable, each once."""
    if "*" not in observable:
        return (Term(1.0, observable),)
    return tuple(Term(float(coefficient), word) for coefficient, word in _TERM.findall(observable))


def sum_of(terms: Iterable[tuple[float, str]]) -> str:
    """The observable that is a sum of products.

    Args:
        terms: coefficients and words; equal words are added up, and what is zero is left out.

    Returns:
        Its text, empty where nothing is left.
    """
    total: dict[str, float] = {}
    for coefficient, word in terms:
        total[word] = total.get(word, 0.0) + coefficient
    kept = {word: coefficient for word, coefficient in total.items() if coefficient != 0}
    if list(kept.values()) == [1.0]:
        return next(iter(kept))
    return "".join(f"{c!r}*{w}" if c < 0 or not n else f"+{c!r}*{w}" for n, (w, c) in enumerate(kept.items()))


def in_words(observable: str, change: Callable[[str], str]) -> str:
    """An observable with every word changed."""
    return sum_of((term.coefficient, change(term.word)) for term in terms_of(observable))


def wires_read(observables: Iterable[str]) -> frozenset[int]:
    """Wires on which some word of some observable has another letter than I."""
    words = {term.word for observable in observables for term in terms_of(observable)}
    return frozenset(wire for word in words for wire, letter in enumerate(word) if letter != "I")


def limits_of(observable: str) -> tuple[float, float]:
    """Between what expectation values lie, term by term: -1 and 1 of a Pauli word, 0 and 1 of a projector.

    Returns:
        The lowest and the highest, which no state may reach.
    """
    ends = []
    for term in terms_of(observable):
        letters = set(term.word) - {"I"}
        low = 1.0 if not letters else 0.0 if letters <= set(PROJECTORS.values()) else -1.0
        ends.append(sorted((low * term.coefficient, term.coefficient)))
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def pauli_sum(observable: str) -> dict[str, float]:
    """An observable as a sum of Pauli words, ``|0><0| = (I + Z) / 2``, so that a projector on k wires has 2^k.

    Returns:
        Word to coefficient.
    """
    total: dict[str, float] = {}
    for term in terms_of(observable):
        for parts in product(*(_AS_SUMS.get(letter, ((letter, 1.0),)) for letter in term.word)):
            word = "".join(letter for letter, _ in parts)
            total[word] = total.get(word, 0.0) + term.coefficient * prod(factor for _, factor in parts)
    return {word: coefficient for word, coefficient in total.items() if coefficient != 0}

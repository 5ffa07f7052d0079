"""Pauli words and their algebra: small dense matrices, first letter most significant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from itertools import combinations, product

import numpy as np

from hqnn.circuits.program import ComplexMatrix

LETTERS = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


@cache
def word_matrix(word: str) -> ComplexMatrix:
    """The Kronecker product of a word's letters, shape (2^k, 2^k); do not write into it."""
    return reduce(np.kron, (LETTERS[letter] for letter in word), np.eye(1, dtype=complex))


def commute(left: str, right: str) -> bool:
    """Whether two words of one length commute: they differ, both not I, in an even number of places."""
    return sum(a != b and "I" not in (a, b) for a, b in zip(left, right, strict=True)) % 2 == 0


def all_commute(words: Sequence[str]) -> bool:
    """Whether every pair of words commutes."""
    return all(commute(a, b) for a, b in combinations(words, 2))


def coefficients(hermitian: ComplexMatrix) -> dict[str, float]:
    """Expand a Hermitian matrix in Pauli words, ``H = sum_P c_P P`` with ``c_P = tr(P H) / 2^k``.

    Args:
        hermitian: shape (2^k, 2^k).

    Returns:
        Word to coefficient, without the identity and without what is below 1e-10.
    """
    size = hermitian.shape[0]
    words = map("".join, product("IXYZ", repeat=size.bit_length() - 1))
    values = {word: float(np.vdot(word_matrix(word), hermitian).real) / size for word in words}
    return {word: c for word, c in values.items() if set(word) != {"I"} and abs(c) > 1e-10}

"""Pauli words as bit masks, and Clifford gates as what they make of words.

A word is ``i^power X^x Z^z`` with a bit a wire in ``x`` and ``z``, wire 0 the most significant:
``X^x Z^z |y> = (-1)^|y & z| |y ^ x>``. Any number of wires costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product
from typing import TypeAlias

import numpy as np

from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import ComplexMatrix

_CLIFFORD_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Word:
    """``i^power X^x Z^z``.

    Attributes:
        x: mask of the wires with X or Y.
        z: mask of the wires with Z or Y.
        power: of i, from 0 to 3; a Hermitian word has as many as it has Y, or two more where its sign is minus.
    """

    x: int
    z: int
    power: int = 0

    def __matmul__(self, other: Word) -> Word:
        """The product; ``other`` acts first."""
        swapped = 2 * parity(self.z & other.x)
        return Word(self.x ^ other.x, self.z ^ other.z, (self.power + other.power + swapped) % 4)

    def turned(self, other: Word) -> Word:
        """``R P R†`` of another word P, with this word's quarter turn ``R = exp(-i pi/4 W)``: P, or ``-i W P``."""
        if self.commutes(other):
            return other
        product = self @ other
        return Word(product.x, product.z, (product.power + 3) % 4)

    def commutes(self, other: Word) -> bool:
        """Whether the order of a product does not matter."""
        return parity(self.x & other.z) == parity(self.z & other.x)


def parity(mask: int) -> int:
    """Whether an odd number of bits is set, 0 or 1."""
    return mask.bit_count() & 1


def word_of(letters: str, wires: Sequence[int], total: int) -> Word:
    """Letters of ``IXYZ`` on some wires of so many."""
    bits = [1 << (total - 1 - wire) for wire in wires]
    x = sum(bit for letter, bit in zip(letters, bits, strict=True) if letter in "XY")
    z = sum(bit for letter, bit in zip(letters, bits, strict=True) if letter in "YZ")
    return Word(x, z, letters.count("Y") % 4)


def diagonalizing(words: Sequence[Word]) -> list[Word]:
    """Words whose quarter turns, one after the other, make words of Z of commuting words."""
    turns: list[Word] = []
    for word in words:
        now = behind(turns, word)
        if now.x:
            product = now @ Word(0, now.x & -now.x)  # which anticommutes with it, and with none that is done
            turns.append(Word(product.x, product.z, (product.power + 1) % 4))
    return turns


def behind(turns: Sequence[Word], word: Word) -> Word:
    """A word that is measured before quarter turns, as it is measured behind them."""
    return reduce(lambda seen, turn: turn.turned(seen), turns, word)


Images: TypeAlias = dict[str, tuple[str, int]]
"""For X and Z of each wire of a gate what ``U† P U`` is: letters on the gate's wires, and a power of i, 0 or 2."""


def clifford_images(matrix: ComplexMatrix) -> Images | None:
    """What a unitary makes of the generators of its wires' Pauli words, or None where one becomes a sum of words.

    Args:
        matrix: shape (2^k, 2^k).
    """
    wires = len(matrix).bit_length() - 1
    images: Images = {}
    for letters in _generators(wires):
        turned = matrix.conj().T @ word_matrix(letters) @ matrix
        found = [
            (word, sign)
            for word in map("".join, product("IXYZ", repeat=wires))
            for sign in (0, 2)
            if np.allclose(turned, (1 - sign) * word_matrix(word), rtol=0, atol=_CLIFFORD_TOLERANCE)
        ]
        if not found:
            return None
        (images[letters],) = found
    return images


class Frame:
    """A product of Clifford gates, as ``C† P C`` for X and Z of every wire; empty at first."""

    def __init__(self, wires: int) -> None:
        """Begin with the identity."""
        self._wires = wires
        self._x = [word_of("X", [wire], wires) for wire in range(wires)]
        self._z = [word_of("Z", [wire], wires) for wire in range(wires)]

    def image(self, letters: str, power: int, wires: Sequence[int]) -> Word:
        """``i^power C† P C`` for letters on some wires."""
        total = Word(0, 0, (power + letters.count("Y")) % 4)  # Y = i X Z
        for letter, wire in zip(letters, wires, strict=True):
            if letter in "XY":
                total = total @ self._x[wire]
            if letter in "YZ":
                total = total @ self._z[wire]
        return total

    def append(self, images: Images, wires: Sequence[int]) -> None:
        """Apply one more gate after those so far.

        Args:
            images: from `clifford_images`.
            wires: of the gate.
        """
        changed = [self.image(*images[letters], wires) for letters in _generators(len(wires))]
        for at, wire in enumerate(wires):
            self._x[wire], self._z[wire] = changed[at], changed[len(wires) + at]


@cache
def _generators(wires: int) -> tuple[str, ...]:
    """X of every wire, then Z of every wire."""
    return tuple("I" * at + letter + "I" * (wires - at - 1) for letter in "XZ" for at in range(wires))

"""Which observables one measurement serves, and the gates that turn them to the Z basis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.observables import PROJECTORS, Term, terms_of
from hqnn.circuits.program import Angle, Gate, Rotation

TURNS = {"X": ("RY", "Y", -math.pi / 2), "Y": ("RX", "X", math.pi / 2)}


@dataclass(frozen=True)
class MeasurementGroup:
    """Products that commute wire by wire, and so are read of the same shots.

    Attributes:
        basis: the letter that is measured on each wire, I where none is.
        members: indices of the observables of which products are here.
        terms: these products, for each member.
    """

    basis: str
    members: tuple[int, ...]
    terms: tuple[tuple[Term, ...], ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The rotations after which every product is one of Z and I: RY(-pi/2) for X, RX(pi/2) for Y."""
        return tuple(_turn(letter, wire) for wire, letter in enumerate(self.basis) if letter in TURNS)

    def values(self, bits: NDArray[np.integer]) -> NDArray[np.float64]:
        """What a shot gives for the products of each member, added up: ``(-1)^(sum of bits)`` of a Pauli word.

        Args:
            bits: that the wires read behind `gates`, shape (shots, wires).

        Returns:
            Shape (shots, members).
        """
        found = {letter: bits == int(bit) for bit, letter in PROJECTORS.items()}
        signs = 1.0 - 2.0 * bits

        def value(term: Term) -> NDArray[np.float64]:
            read = [found.get(a, signs)[:, w] for w, a in enumerate(term.word) if a != "I"]
            return term.coefficient * reduce(np.multiply, read, np.ones(len(bits)))

        return np.stack([sum(map(value, own), np.zeros(len(bits))) for own in self.terms], axis=1)


def measurement_groups(observables: Sequence[str]) -> tuple[MeasurementGroup, ...]:
    """Group the products of observables so that each group is measured at once; each joins the first group it fits.

    Args:
        observables: see `hqnn.circuits.observables`.
    """
    bases: list[str] = []
    members: list[dict[int, list[Term]]] = []
    for index, term in ((index, term) for index, o in enumerate(observables) for term in terms_of(o)):
        place = next((g for g, basis in enumerate(bases) if _fits(term.basis, basis)), len(bases))
        if place == len(bases):
            bases.append("I" * len(term.word))
            members.append({})
        bases[place] = "".join(a if a != "I" else b for a, b in zip(bases[place], term.basis, strict=True))
        members[place].setdefault(index, []).append(term)
    return tuple(
        MeasurementGroup(basis, tuple(group), tuple(map(tuple, group.values())))
        for basis, group in zip(bases, members, strict=True)
    )


def _fits(word: str, basis: str) -> bool:
    return all(a == b or "I" in (a, b) for a, b in zip(word, basis, strict=True))


def _turn(letter: str, wire: int) -> Gate:
    name, word, value = TURNS[letter]
    angle = Angle(value)
    return Gate(name, (wire,), (angle,), (Rotation(word, angle),))

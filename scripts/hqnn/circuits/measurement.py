"""Which observables one measurement serves, and the gates that turn them to the Z basis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hqnn.circuits.program import Angle, Gate, Rotation

TURNS = {"X": ("RY", "Y", -math.pi / 2), "Y": ("RX", "X", math.pi / 2)}


@dataclass(frozen=True)
class MeasurementGroup:
    """Observables that commute wire by wire.

    Attributes:
        basis: the letter that is measured on each wire, I where none is.
        members: indices of the observables.
        supports: for each member, the wires whose bits' parity gives it, ``<P> = mean((-1)^(sum of bits))``.
    """

    basis: str
    members: tuple[int, ...]
    supports: tuple[tuple[int, ...], ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The rotations after which every member is a word of Z: RY(-pi/2) for X, RX(pi/2) for Y."""
        return tuple(_turn(letter, wire) for wire, letter in enumerate(self.basis) if letter in TURNS)


def measurement_groups(observables: Sequence[str]) -> tuple[MeasurementGroup, ...]:
    """Group words so that each group is measured at once; each word joins the first group that it fits.

    Args:
        observables: Pauli words with one letter a wire.
    """
    bases: list[str] = []
    members: list[list[int]] = []
    for index, word in enumerate(observables):
        place = next((g for g, basis in enumerate(bases) if _fits(word, basis)), len(bases))
        if place == len(bases):
            bases.append("I" * len(word))
            members.append([])
        bases[place] = "".join(a if a != "I" else b for a, b in zip(bases[place], word, strict=True))
        members[place].append(index)
    return tuple(
        MeasurementGroup(basis, tuple(group), tuple(_support(observables[i]) for i in group))
        for basis, group in zip(bases, members, strict=True)
    )


def _fits(word: str, basis: str) -> bool:
    return all(a == b or "I" in (a, b) for a, b in zip(word, basis, strict=True))


def _support(word: str) -> tuple[int, ...]:
    return tuple(wire for wire, letter in enumerate(word) if letter != "I")


def _turn(letter: str, wire: int) -> Gate:
    name, word, value = TURNS[letter]
    angle = Angle(value)
    return Gate(name, (wire,), (angle,), (Rotation(word, angle),))

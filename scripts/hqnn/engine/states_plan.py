"""An ideal circuit as rotations of a real vector in planes of two entries.

Clifford gates are moved behind all rotations, where they change nothing but the observables' words; fixed gates that
are none are rotations by fixed angles. What remains is ``exp(-i angle/2 P)`` with words P on any number of wires.

A complex state is a real vector with one bit more for real and imaginary parts, and ``-i P`` is then a real matrix
``X^x Z^z`` that takes every entry to one other. Only entries that the rotations can reach from the initial state are
kept: half of them where the gates are real, fewer where the circuit has a symmetry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.fixed_rotations import rotations_of
from hqnn.circuits.observables import PROJECTORS, pauli_sum, terms_of, wires_read
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Angle, Constant, Factor, Program, Rotation, Terms
from hqnn.engine.states_words import Frame, Images, Word, behind, clifford_images, diagonalizing, parity

_BITS = str.maketrans({letter: bit for bit, letter in PROJECTORS.items()})
_QUARTER = np.pi / 2
_ROUNDING = 1e-13  # of quarter turns; what is left out is below the rounding of float64


@dataclass(frozen=True)
class Turn:
    """A rotation: with ``A = X^x Z^z``, ``exp(angle/2 A)``.

    Attributes:
        x: mask of the rows that change places, never 0; A is antisymmetric.
        z: mask of the rows whose parity is the sign.
        angle: in radians.
        bits: the state lies in the first ``2^bits`` rows afterwards.
    """

    x: int
    z: int
    angle: Angle
    bits: int


@dataclass(frozen=True)
class Observable:
    """``sign X^x Z^z``, a symmetric matrix; the sign is 0 where no sample can have another expectation value."""

    x: int
    z: int
    sign: int


@dataclass(frozen=True)
class Outcomes:
    """What some wires read in each row.

    Attributes:
        bits: a word of Z a wire; where it is -1 the wire reads 1. The first wire's bit is the most significant.
        columns: outcome to its number among all probabilities that are asked for.
    """

    bits: tuple[Observable, ...]
    columns: Mapping[int, int]


@dataclass(frozen=True)
class StatesPlan:
    """What the kernels run.

    Attributes:
        bits: the state has ``2^bits`` rows.
        inputs: numbers a sample.
        weights: numbers a copy.
        amplitudes: whether the inputs are the first rows of the initial state, which is row 0 alone otherwise.
        wires: of the program.
        turns: first to last.
        words: Pauli words that are measured.
        outcomes: sets of wires whose bits are.
        readings: every observable of the program as a weighted sum of what is measured, words first, then
            probabilities: pairs (number, coefficient).
    """

    bits: int
    inputs: int
    weights: int
    amplitudes: bool
    wires: int
    turns: tuple[Turn, ...]
    words: tuple[Observable, ...]
    outcomes: tuple[Outcomes, ...]
    readings: tuple[Terms, ...]

    @property
    def measurements(self) -> int:
        """How often all rows are read."""
        return len(self.words) + len(self.outcomes)

    @property
    def probabilities(self) -> int:
        """How many there are."""
        return sum(len(outcomes.columns) for outcomes in self.outcomes)

    @property
    def row_turns(self) -> int:
        """Rows that are turned in all, the cost of a sample."""
        return sum(2**turn.bits for turn in self.turns)


Rotated: TypeAlias = tuple[Word, Angle]


def states_plan_of(program: Program) -> StatesPlan:
    """Bring an ideal program to rotations of rows.

    Args:
        program: its factors are on at most two wires, as `hqnn.engine.elements.elements_of` has checked.
    """
    words, projectors, readings = _measured(program.observables)
    rotations, frame = _without_cliffords(program)
    bits = {wire: frame.image("Z", 0, [wire]) for wire in sorted(wires_read(projectors))}
    quarters = diagonalizing(list(bits.values()))
    rotations += [(word, Angle(_QUARTER)) for word in quarters]
    seen = [behind(quarters, frame.image(word, 0, range(program.wires))) for word in words]
    bits = {wire: behind(quarters, word) for wire, word in bits.items()}
    rows = _Rows(program)
    turns = rows.turns(_seen(_joined(rotations), [*seen, *bits.values()]))
    return replace(
        _plan(program, rows, turns),
        words=tuple(rows.observable(word) for word in seen),
        outcomes=_outcomes(projectors, {wire: rows.observable(word) for wire, word in bits.items()}),
        readings=readings,
    )


def whole_states_plan_of(program: Program) -> tuple[StatesPlan, Observable]:
    """All rotations of a program, whatever is measured, for what states have to do with each other.

    The states are those of the program but for one unitary, the same for all, and a phase of each.

    Args:
        program: see `states_plan_of`.

    Returns:
        A plan without observables; and the imaginary unit as a matrix of rows, whose sign is 0 where inner products of
        the states are real.
    """
    rows = _Rows(program)
    turns = rows.turns(_joined(_without_cliffords(program)[0]))
    return _plan(program, rows, turns), rows.observable(Word(0, 0, 1))


def _plan(program: Program, rows: _Rows, turns: tuple[Turn, ...]) -> StatesPlan:
    """A plan without observables."""
    return StatesPlan(
        bits=rows.bits,
        inputs=program.circuit_inputs,
        weights=program.weights,
        amplitudes=program.initial_state == "amplitudes",
        wires=program.wires,
        turns=turns,
        words=(),
        outcomes=(),
        readings=(),
    )


def _measured(observables: Sequence[str]) -> tuple[list[str], list[str], tuple[Terms, ...]]:
    """Pauli words, projectors onto bits of two wires or more, and the observables as sums of both."""
    words: dict[str, int] = {}
    projectors: dict[str, int] = {}
    sums: list[list[tuple[bool, int, float]]] = []
    for observable in observables:
        sums.append([])
        for term in terms_of(observable):
            projects = set(term.word) <= set("IPQ") and len(wires_read([term.word])) > 1
            parts = {term.word: 1.0} if projects else pauli_sum(term.word)
            known = projectors if projects else words
            for word, factor in parts.items():
                sums[-1].append((projects, known.setdefault(word, len(known)), term.coefficient * factor))
    readings = tuple(tuple((at + len(words) * projects, c) for projects, at, c in own) for own in sums)
    return list(words), list(projectors), readings


def _outcomes(projectors: Sequence[str], bits: Mapping[int, Observable]) -> tuple[Outcomes, ...]:
    by_wires: dict[tuple[int, ...], dict[int, int]] = {}
    for column, word in enumerate(projectors):
        wires = tuple(wire for wire, letter in enumerate(word) if letter != "I")
        by_wires.setdefault(wires, {})[int(word.replace("I", "").translate(_BITS), 2)] = column
    return tuple(Outcomes(tuple(bits[w] for w in wires), columns) for wires, columns in by_wires.items())


def columns_of(outcomes: Outcomes, bits: int) -> NDArray[np.int32]:
    """For each row the number of its probability, or -1."""
    rows = np.arange(1 << bits, dtype=np.int64)
    outcome = np.zeros_like(rows)
    for word in outcomes.bits:
        odd = np.bitwise_count(rows & word.z) & 1
        outcome = 2 * outcome + (odd ^ (word.sign < 0))
    column = np.full(1 << len(outcomes.bits), -1, np.int32)
    column[list(outcomes.columns)] = list(outcomes.columns.values())
    return column[outcome]


def _without_cliffords(program: Program) -> tuple[list[Rotated], Frame]:
    """Rotations first to last, and the Clifford gates moved behind them."""
    frame = Frame(program.wires)
    memo: dict[Factor, Images | None] = {}
    rotations: list[Rotated] = []
    for gate in program.gates:
        for factor in gate.unitary_factors:
            if factor not in memo:
                memo[factor] = _as_clifford(factor)
            images = memo[factor]
            if images is None:
                rotations.extend((frame.image(r.word, 0, gate.wires), r.angle) for r in _as_rotations(factor))
            else:
                frame.append(images, gate.wires)
    return rotations, frame


def _as_clifford(factor: Factor) -> Images | None:
    if isinstance(factor, Constant):
        return clifford_images(factor.matrix)
    quarters = factor.angle.constant / _QUARTER
    if not factor.angle.is_constant or abs(quarters - round(quarters)) > _ROUNDING:
        return None
    half, word = round(quarters) * _QUARTER / 2, word_matrix(factor.word)
    return clifford_images(np.cos(half) * np.eye(len(word)) - 1j * np.sin(half) * word)


def _as_rotations(factor: Factor) -> list[Rotation]:
    if isinstance(factor, Constant):
        return [Rotation(letters, Angle(angle)) for letters, angle in rotations_of(factor.matrix)]
    return [factor] if set(factor.word) != {"I"} else []


def _joined(rotations: list[Rotated]) -> list[Rotated]:
    """One rotation where two about the same word have only such between them as commute with it."""
    joined: list[Rotated] = []
    for word, angle in rotations:
        place = len(joined) - 1
        while place >= 0 and not _same(word, joined[place][0]) and word.commutes(joined[place][0]):
            place -= 1
        if place >= 0 and _same(word, joined[place][0]):
            other, before = joined[place]
            joined[place] = other, before + angle * (1.0 if word == other else -1.0)
        else:
            joined.append((word, angle))
    return [(word, angle) for word, angle in joined if angle != Angle()]


def _same(word: Word, other: Word) -> bool:
    """But for the sign."""
    return (word.x, word.z) == (other.x, other.z)


def _seen(rotations: list[Rotated], observables: list[Word]) -> list[Rotated]:
    """Without those that commute with everything behind them."""
    kept: list[Rotated] = []
    for word, angle in reversed(rotations):
        if not all(word.commutes(later) for later in [*observables, *(other for other, _ in kept)]):
            kept.append((word, angle))
    return kept[::-1]


class _Rows:
    """Numbers the entries that rotations reach, in the order in which they are reached.

    An entry of the complex vector is a mask of the wires; a further bit, `_plane`, tells imaginary from real parts.
    Row r is the sum (exclusive or) of those masks of `_basis` whose bit is set in r.
    """

    def __init__(self, program: Program) -> None:
        self._plane = 1 << program.wires
        self._basis: list[int] = []
        self._echelon: list[tuple[int, int]] = []  # mask and its row, by falling highest bit
        if program.initial_state == "amplitudes":
            for wire in range(program.wires):
                self._reach(1 << wire)

    @property
    def bits(self) -> int:
        """The entries so far are ``2^bits``."""
        return len(self._basis)

    def turns(self, rotations: Sequence[Rotated]) -> tuple[Turn, ...]:
        """All rotations but global phases."""
        return tuple(turn for word, angle in rotations if (turn := self.turn(word, angle)) is not None)

    def turn(self, word: Word, angle: Angle) -> Turn | None:
        """The next rotation, or None where it is a global phase on every state so far."""
        x, z, sign = self._real(word.x, word.z, word.power + 3)
        if x == self._plane and self._signs(z ^ self._plane) == 0:
            return None
        self._reach(x)
        return Turn(self._row(x)[1], self._signs(z), angle * float(sign), self.bits)

    def observable(self, word: Word) -> Observable:
        """A word that is measured behind all rotations."""
        x, z, sign = self._real(word.x, word.z, word.power)
        rest, row = self._row(x)
        return Observable(0, 0, 0) if rest else Observable(row, self._signs(z), sign)

    def _real(self, x: int, z: int, power: int) -> tuple[int, int, int]:
        """``i^power X^x Z^z`` as a signed real matrix; i is ``X Z`` on the plane's bit."""
        plane = self._plane * (power % 2)
        return x | plane, z | plane, 1 - power % 4 // 2 * 2

    def _signs(self, z: int) -> int:
        """The mask of rows that has the parity of a mask of entries."""
        return sum(parity(z & mask) << bit for bit, mask in enumerate(self._basis))

    def _row(self, mask: int) -> tuple[int, int]:
        """What no row reaches of a mask, and the row of the rest."""
        row = 0
        for other, its_row in self._echelon:
            if mask ^ other < mask:
                mask, row = mask ^ other, row ^ its_row
        return mask, row

    def _reach(self, mask: int) -> None:
        rest, row = self._row(mask)
        if rest:
            row ^= 1 << self.bits
            self._basis.append(mask)
            self._echelon = sorted([*self._echelon, (rest, row)], reverse=True)

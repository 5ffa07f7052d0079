"""Measurements inside a circuit as gates alone: what is measured is kept on further wires until the end.

A bit that was measured is a wire in a classical mixture, and a gate that depends on it is a controlled gate. A reset
wire is a further wire that begins in |0>. So a circuit with measurements, resets and conditions is one of unitary gates
(Nielsen and Chuang, 4.4), exact for expectation values, with noise and errors of reading too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from hqnn.circuits.fixed_rotations import rotations_of
from hqnn.circuits.observables import in_words
from hqnn.circuits.outcomes import MEASURE, RESET
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Angle, Channel, ComplexMatrix, Condition, Constant, Gate, Program, Rotation
from hqnn.errors import UserError
from hqnn.noise.channels import to_kraus
from hqnn.noise.coverage import qubits_of
from hqnn.noise.model import NoiseModel, Readout
from hqnn.noise.waits import waited

COPY: ComplexMatrix = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=complex)
FURTHER = -1  # the backend's qubit of a wire that no machine has


def deferred(program: Program, noise: NoiseModel | None = None, *, unread: bool = False) -> Program:
    """The same expectation values without conditions and resets.

    Args:
        program: any.
        noise: its errors of reading reach the gates that depend on outcomes, and its channels after such gates act
            only where the gate does. What wires suffer while they wait becomes channels between the gates. All other
            noise is still to be added.
        unread: whether measurements that nothing depends on are deferred too; otherwise they stay as channels.

    Returns:
        The program, with waits, where nothing depends on a measurement and nothing is reset. Otherwise one with
        further wires behind its own, whose native wires say where noise is looked up.

    Raises:
        UserError: a gate on two wires that depends on an outcome, or one that depends on two outcomes, has noise.
    """
    if noise is not None and noise.waiting is not None:
        program = waited(program, noise.waiting)
    changed = {RESET, MEASURE} if unread else {RESET}
    if all(gate.condition is None and gate.name not in changed for gate in program.gates):
        return program
    deferral = _Deferral(program, noise, unread)
    gates = tuple(part for place, gate in enumerate(program.gates) for part in deferral.parts(place, gate))
    wires = len(deferral.native)
    return replace(
        program,
        wires=wires,
        gates=gates,
        observables=tuple(in_words(observable, deferral.word) for observable in program.observables),
        native_wires=tuple(deferral.native),
    )


def in_front(program: Program, wires: int) -> Program:
    """The same program with its last wires first, so that amplitudes are those of the other wires.

    Args:
        program: any.
        wires: how many move.
    """
    own = program.wires - wires
    return replace(
        program,
        gates=tuple(
            replace(gate, wires=tuple((wire + wires) % program.wires for wire in gate.wires)) for gate in program.gates
        ),
        observables=tuple(in_words(o, lambda word: word[own:] + word[:own]) for o in program.observables),
        native_wires=program.native_wires[own:] + program.native_wires[:own],
    )


@dataclass
class _Deferral:
    """Where everything is while gates are taken first to last.

    Attributes:
        program: what is rewritten.
        noise: or None.
        unread: see `deferred`.
        native: of every wire so far.
        current: the wire that carries each of the program's.
        bits: the wire that carries each outcome.
    """

    program: Program
    noise: NoiseModel | None
    unread: bool
    native: list[int] = field(init=False)
    current: list[int] = field(init=False)
    bits: dict[int, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.native = list(self.program.native_wires or range(self.program.wires))
        self.current = list(range(self.program.wires))
        self._read = {n for gate in self.program.gates if gate.condition for n in gate.condition.outcomes}

    def parts(self, place: int, gate: Gate) -> Iterator[Gate]:
        """What a gate becomes."""
        here = replace(gate, wires=tuple(self.current[wire] for wire in gate.wires), outcome=None, condition=None)
        if gate.condition is not None:
            yield from self._conditioned(gate, gate.condition, here.wires)
        elif gate.name == RESET:
            (wire,) = gate.wires
            self.current[wire] = self._further(self.native[here.wires[0]])
            yield Gate(RESET, (self.current[wire],))
        elif gate.outcome in self._read or (self.unread and gate.name == MEASURE):
            yield from self._measured(place, gate, here)
        else:
            yield here

    def word(self, word: str) -> str:
        """An observable's word on the wires that carry the program's at the end."""
        letters = ["I"] * len(self.native)
        for wire, letter in enumerate(word):
            letters[self.current[wire]] = letter
        return "".join(letters)

    def _measured(self, place: int, gate: Gate, here: Gate) -> Iterator[Gate]:
        """Keep a bit: on the measured wire itself where nothing happens to it afterwards, else on a further one."""
        (wire,), (qubit,) = here.wires, qubits_of(self.program, gate)
        readout = (self.noise.readout if self.noise else {}).get(qubit, Readout(0.0, 0.0))
        bit = wire
        if self._used_later(place, gate.wires[0]) or (self.noise and self.noise.after(gate.name, (qubit,)) is not None):
            bit = self._further(FURTHER)
            yield Gate("", (wire, bit), (), (Constant(COPY),))
            yield replace(here, factors=())
        if readout.p10 or readout.p01:
            yield Gate("", (bit,), (), (Channel(_misread(readout)),))
        if gate.outcome is not None:
            self.bits[gate.outcome] = bit

    def _used_later(self, place: int, wire: int) -> bool:
        """Whether anything acts on a wire, or observes it, before it is reset."""
        for later in self.program.gates[place + 1 :]:
            if wire in later.wires:
                return later.name != RESET
        return wire in self.program.wires_read

    def _further(self, native: int) -> int:
        self.native.append(native)
        return len(self.native) - 1

    def _conditioned(self, gate: Gate, condition: Condition, wires: tuple[int, ...]) -> Iterator[Gate]:
        bits = [self.bits[number] for number in condition.outcomes]
        for rotation in _rotations(gate):
            for which, share in _parities(condition):
                letters = {bits[n]: "Z" for n in which} | dict(zip(wires, rotation.word, strict=True))
                yield from _turned({w: p for w, p in letters.items() if p != "I"}, rotation.angle * share)
        channel = self.noise.after(gate.name, qubits_of(self.program, gate)) if self.noise else None
        if channel is None:
            return
        if len(bits) + len(wires) > 2:
            raise UserError(
                f"{gate.name} on wires {gate.wires} depends on a measurement and has noise, which is exact only for "
                "gates on one wire that depend on one outcome; write it by such gates, or run it without noise"
            )
        yield Gate("", (bits[0], *wires), (), (Channel(_where_applied(to_kraus(channel), condition)),))


def _rotations(gate: Gate) -> Iterator[Rotation]:
    """A gate as rotations, up to a phase that no classical mixture sees."""
    for factor in replace(gate, condition=None).unitary_factors:
        if isinstance(factor, Rotation):
            yield factor
        else:
            yield from (Rotation(word, Angle(angle)) for word, angle in rotations_of(factor.matrix))


def _parities(condition: Condition) -> Iterator[tuple[tuple[int, ...], float]]:
    """The condition as a sum of parities, ``sum_T c_T prod_(n in T) (-1)^(bit n)``, by its Walsh transform."""
    count = len(condition.outcomes)
    for size in range(count + 1):
        for which in combinations(range(count), size):
            share = math.fsum((-1.0) ** sum(bits[n] for n in which) for bits in condition.values) / 2**count
            if share:
                yield which, share


def _turned(letters: dict[int, str], angle: Angle) -> Iterator[Gate]:
    """A Pauli rotation on any number of wires, by self-inverse gates on two that make its word shorter."""
    wires = list(letters)
    joins = [
        Gate("", (wires[-1], wire), (), (Constant(_join(letters[wires[-1]], letters[wire])),)) for wire in wires[:-2]
    ]
    kept = tuple(wires[-2:])
    if kept:
        yield from joins
        yield Gate("", kept, (), (Rotation("".join(letters[wire] for wire in kept), angle),))
        yield from reversed(joins)


def _join(keeps: str, joins: str) -> ComplexMatrix:
    """Takes ``keeps ⊗ joins`` to ``keeps ⊗ I``: the second letter, controlled in another basis than the first."""
    control = word_matrix("X" if keeps != "X" else "Z")
    plus, minus = (word_matrix("I") + control) / 2, (word_matrix("I") - control) / 2
    return np.asarray(np.kron(plus, word_matrix("I")) + np.kron(minus, word_matrix(joins)))


def _misread(readout: Readout) -> ComplexMatrix:
    """A bit that is read wrongly, shape (4, 2, 2)."""
    table = np.array([[1 - readout.p10, readout.p01], [readout.p10, 1 - readout.p01]])  # [read, true]
    units = np.eye(4).reshape(2, 2, 2, 2)
    kraus: ComplexMatrix = (np.sqrt(table)[:, :, None, None] * units).reshape(4, 2, 2).astype(complex)
    return kraus


def _where_applied(kraus: Sequence[ComplexMatrix], condition: Condition) -> ComplexMatrix:
    """Noise of a gate that depends on one outcome, on the bit and the gate's wire, shape (operators, 4, 4)."""
    operators = []
    for bit in (0, 1):
        projector = np.diag([1.0 - bit, bit])
        applied = kraus if (bit,) in condition.values else [word_matrix("I")]
        operators += [np.kron(projector, operator) for operator in applied]
    return np.array(operators, dtype=complex)

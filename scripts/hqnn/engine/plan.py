"""What is done to the observables, last gate first: blocks on one or two wires, and the form that meets the inputs.

The vector of an observable has one axis a wire: of size 1 where the observable has not come yet, 4 inside its light
cone, and as many as the wire has features once the first gates on it are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.observables import terms_of
from hqnn.circuits.program import Program
from hqnn.engine.elements import Element, Turn, elements_of
from hqnn.engine.embedding import Wire, split_embedding
from hqnn.engine.fusion import Group, fused, merged
from hqnn.engine.schedule import cheapest_order
from hqnn.noise.channels import identity, tensor
from hqnn.noise.deferral import deferred, in_front
from hqnn.noise.model import NoiseModel, Readout, TransferMatrix

_NO_ERROR = Readout(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Block:
    """Neighbouring elements on one or two wires, as one transfer matrix ``F_m ... F_1 start``.

    Attributes:
        wires: one or two, rising.
        rows: size of these wires' axes before the block (last gate first, so: later in time), each 1 or 4.
        columns: their size after it.
        start: shape (4^k, columns), what the first factor multiplies.
        factors: by rising time; rotations by weights and fixed channels on some of the wires.
    """

    wires: tuple[int, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    start: TransferMatrix
    factors: tuple[Element, ...]


Step: TypeAlias = Block | Turn
"""A `Turn` among the steps is by inputs: its matrix differs from sample to sample."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What the executors run.

    Attributes:
        wires: of the program.
        inputs: numbers a sample.
        weight_shape: of the program.
        amplitudes: whether the inputs are amplitudes of the initial state.
        observables: the vectors to begin with, shape (observables, d_0, ..., d_(wires-1)).
        shared: blocks that every sample shares, last gate first.
        batched: the steps after them (earlier in time), where inputs enter again; empty for most circuits.
        embedding: how each wire begins.
    """

    wires: int
    inputs: int
    weight_shape: tuple[int, ...]
    amplitudes: bool
    observables: NDArray[np.float64]
    shared: tuple[Block, ...]
    batched: tuple[Step, ...]
    embedding: tuple[Wire, ...]

    @property
    def final(self) -> tuple[int, ...]:
        """Axes of the vectors after the shared blocks: observables, then one a wire."""
        dims = list(self.observables.shape)
        for block in self.shared:
            for wire, size in zip(block.wires, block.columns, strict=True):
                dims[1 + wire] = size
        return tuple(dims)

    @property
    def weights(self) -> int:
        """How many weights one copy has."""
        return prod(self.weight_shape)


def columns_of(step: Step) -> tuple[int, ...]:
    """Sizes of a step's axes after it."""
    return step.columns if isinstance(step, Block) else (4,) * len(step.wires)


@dataclass(frozen=True, eq=False)
class Outline:
    """What a plan is made of, before its steps have an order; nothing in it grows with the vectors.

    Attributes:
        embedding: how each wire begins.
        early: groups up to the last inputs on their wires, first to last.
        late: groups after them, which every sample shares.
    """

    embedding: list[Wire]
    early: list[Group]
    late: list[Group]


def without_outcomes(program: Program, noise: NoiseModel | None = None) -> Program:
    """The same circuit without conditions and resets, on further wires; amplitudes are still the last wires'."""
    found = deferred(program, noise)
    return in_front(found, found.wires - program.wires) if program.initial_state == "amplitudes" else found


def outline_of(program: Program, noise: NoiseModel | None = None) -> Outline:
    """Fuse a program, whose gates depend on no outcome, and its noise into groups.

    Raises:
        UserError: see `elements_of`.
    """
    elements = elements_of(program, noise)
    embedding, rest = split_embedding(elements, program.wires, program.initial_state)
    return Outline(embedding, *_at_last_input(fused(rest)))


def plan_of(program: Program, noise: NoiseModel | None = None) -> Plan:
    """Bring a program and its noise to blocks, last gate first.

    Raises:
        UserError: see `elements_of`.
    """
    program = without_outcomes(program, noise)
    return arranged(program, noise, outline_of(program, noise))


def arranged(program: Program, noise: NoiseModel | None, outline: Outline) -> Plan:
    """Give an outline's groups the cheapest order; the observables' first vectors are in memory from here on."""
    embedding, early, late = outline.embedding, outline.early, outline.late
    observables = _observables(program, noise)
    dims = list(observables.shape[1:])
    shared: list[Step] = _scheduled(late, early, dims, embedding)
    batched = _scheduled(early, [], dims, embedding)
    unfinished = [w for w, size in enumerate(dims) if size == 4 and embedding[w].columns != 4]
    last = batched if early else shared
    last.extend(Block((w,), (4,), (embedding[w].columns,), embedding[w].start, ()) for w in unfinished)
    return Plan(
        wires=program.wires,
        inputs=program.circuit_inputs,
        weight_shape=program.weight_shape,
        amplitudes=program.initial_state == "amplitudes",
        observables=observables,
        shared=tuple(step for step in shared if isinstance(step, Block)),
        batched=tuple(batched),
        embedding=tuple(embedding),
    )


def _observables(program: Program, noise: NoiseModel | None) -> NDArray[np.float64]:
    """Vectors of the observables as noisy detectors see them."""
    letters = [_letters(program, wire, noise) for wire in range(program.wires)]
    vectors = np.zeros((len(program.observables), *(len(own["I"]) for own in letters)))
    for vector, observable in zip(vectors, program.observables, strict=True):
        for term in terms_of(observable):
            factors = (own[letter] for own, letter in zip(letters, term.word, strict=True))
            vector += term.coefficient * reduce(np.multiply.outer, factors)
    return vectors


def _letters(program: Program, wire: int, noise: NoiseModel | None) -> dict[str, NDArray[np.float64]]:
    """What each letter is on a wire, by I, X, Y and Z: P -> (1 - p10 - p01) P + (p01 - p10) I where reading errs."""
    if wire not in program.wires_read:
        return {"I": np.ones(1)}
    qubit = program.native_wires[wire] if program.native_wires else wire
    error = noise.readout.get(qubit, _NO_ERROR) if noise is not None else _NO_ERROR
    one = np.eye(4)[0]
    read = {letter: (1 - error.p10 - error.p01) * np.eye(4)["IXYZ".index(letter)] for letter in "XYZ"}
    seen = {letter: vector + (error.p01 - error.p10) * one for letter, vector in read.items()}
    return {"I": one, **seen, "P": (one + seen["Z"]) / 2, "Q": (one - seen["Z"]) / 2}


def _at_last_input(groups: list[Group]) -> tuple[list[Group], list[Group]]:
    """Part what comes before (and with) a rotation by inputs on the same wires from what every sample shares."""
    early: list[Group] = []
    late: list[Group] = []
    reached: set[int] = set()
    for group in reversed(groups):
        if group.by_input or reached.intersection(group.wires):
            reached.update(group.wires)
            early.append(group)
        else:
            late.append(group)
    return early[::-1], late[::-1]


def _scheduled(groups: list[Group], earlier: list[Group], dims: list[int], embedding: Sequence[Wire]) -> list[Step]:
    """Steps, last gate first.

    Args:
        groups: first to last.
        earlier: groups before them, which are scheduled afterwards.
        dims: sizes of the vector's axes before, one a wire; changed to those after.
        embedding: how each wire begins.
    """
    starts = [_starts(group, [*earlier, *groups[:n]], embedding) for n, group in enumerate(groups)]
    columns = [tuple(start.shape[1] for start in own) for own in starts]
    steps: list[Step] = []
    for n in cheapest_order(groups, columns, dims):
        if groups[n].by_input:
            missing = [wire for wire in groups[n].wires if dims[wire] == 1]
            steps.extend(Block((wire,), (1,), (4,), identity(1), ()) for wire in missing)
        steps.append(_step(groups[n], starts[n], dims))
        for wire, size in zip(groups[n].wires, columns[n], strict=True):
            dims[wire] = size
    return steps


def _starts(group: Group, earlier: list[Group], embedding: Sequence[Wire]) -> list[TransferMatrix]:
    """What the first factor on each wire multiplies: the wire's embedding, unless something comes before."""
    busy = {wire for g in earlier for wire in g.wires}
    return [identity(1) if wire in busy or group.by_input else embedding[wire].start for wire in group.wires]


def _step(group: Group, starts: list[TransferMatrix], dims: list[int]) -> Step:
    if group.by_input:
        (turn,) = group.elements
        assert isinstance(turn, Turn)  # noqa: S101 -- what `by_input` says, for the type checker
        return turn
    return Block(
        wires=group.wires,
        rows=tuple(dims[wire] for wire in group.wires),
        columns=tuple(start.shape[1] for start in starts),
        start=tensor(*starts),
        factors=tuple(merged(group.elements)),
    )

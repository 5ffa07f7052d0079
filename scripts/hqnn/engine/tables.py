"""A plan's blocks as flat arrays, for kernels that know nothing but numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Angle
from hqnn.engine.elements import Element, Fixed, Turn
from hqnn.engine.patterns import Mask, on_wires, pattern_of, places_of
from hqnn.engine.pauli import rotation_parts
from hqnn.engine.plan import Block
from hqnn.noise.model import TransferMatrix

Integers = NDArray[np.int64]

ROTATE, MULTIPLY = 0, 1


class BlockRow(NamedTuple):
    """One block among the integer tables.

    Attributes:
        left: product of the sizes of axes before the block's first wire, observables included.
        rows_a: size of the first wire's axis before the block.
        middle: product of the axes between the two wires; 1 for one wire.
        rows_b: size of the second wire's axis before the block; 1 for one wire.
        right: product of the axes after.
        columns_a: size of the first axis after the block.
        columns_b: size of the second.
        words: 4 or 16, rows of the matrices from which the block's is built.
        stride: from one kept row to the next on the first wire: 4, or 1 for one wire.
        op_start: its first operation.
        op_end: one behind its last.
        start: where its first matrix is among the constants.
        stages: where the matrices begin that are made while it is built.
        before: where the vector before the block begins.
        after: where the vector after it begins.
        by_row: where the places of each row's entries are told, among ``Tables.starts``.
        by_column: likewise of each column's.
    """

    left: int
    rows_a: int
    middle: int
    rows_b: int
    right: int
    columns_a: int
    columns_b: int
    words: int
    stride: int
    op_start: int
    op_end: int
    start: int
    stages: int
    before: int
    after: int
    by_row: int
    by_column: int


class OpRow(NamedTuple):
    """One factor of a block.

    Attributes:
        kind: `ROTATE` or `MULTIPLY`.
        where: a rotation's first pair of words; a matrix's place among the constants.
        extent: how many pairs turn; the matrix's size.
        outer: of a matrix: product of the word axes before those it acts on.
        inner: and after.
        angle: of a rotation.
    """

    kind: int
    where: int
    extent: int
    outer: int
    inner: int
    angle: int


class Tables(NamedTuple):
    """Everything a kernel needs of some blocks.

    Attributes:
        blocks: records with the fields of `BlockRow`.
        ops: records with the fields of `OpRow`.
        pairs: rows (i, j, sign): word i turns into sign * word j.
        constants: matrices, flat.
        starts: for every row or column of every block where its places begin, and one more.
        places: columns of a row's entries or rows of a column's, in groups; see `places_of`.
        angle_constants: shape (angles,).
        angle_starts: where each angle's terms begin, shape (angles + 1,).
        angle_weights: index of each term's weight.
        angle_factors: coefficient of each term.
    """

    blocks: NDArray[np.void]
    ops: NDArray[np.void]
    pairs: Integers
    constants: NDArray[np.floating]
    starts: Integers
    places: Integers
    angle_constants: NDArray[np.float64]
    angle_starts: Integers
    angle_weights: Integers
    angle_factors: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layout:
    """Tables and the sizes of what they make.

    Attributes:
        tables: see there.
        sizes: entries of the vector before each block, and of the last.
        stage_size: entries of all matrices that are made while the blocks are built.
        final: the last vector's axes: observables, then one a wire.
    """

    tables: Tables
    sizes: tuple[int, ...]
    stage_size: int
    final: tuple[int, ...]


def layout_of(blocks: Sequence[Block], dims: Sequence[int], dtype: np.dtype) -> Layout:
    """Flatten blocks, with their constants in the given precision.

    Args:
        blocks: last gate first.
        dims: the first vector's axes: observables, then one a wire.
        dtype: of the constants.
    """
    return _Builder(dtype).layout(blocks, list(dims))


class _Builder:
    """Collects constants, pairs, angles and operations once each."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.constants: list[float] = []
        self.pairs: list[tuple[int, int, int]] = []
        self.pair_places: dict[tuple[str, int, int], tuple[int, int]] = {}
        self.angles: dict[Angle, int] = {}
        self.ops: list[OpRow] = []
        self.starts: list[int] = []
        self.places: list[int] = []
        self.stage_size = 0

    def layout(self, blocks: Sequence[Block], dims: list[int]) -> Layout:
        sizes = [prod(dims)]
        rows = []
        for block in blocks:
            rows.append(self._block(block, dims, sum(sizes[:-1])))
            for wire, size in zip(block.wires, block.columns, strict=True):
                dims[1 + wire] = size
            sizes.append(prod(dims))
        return Layout(self._tables(rows), tuple(sizes), self.stage_size, tuple(dims))

    def _block(self, block: Block, dims: list[int], before: int) -> BlockRow:
        a, b = 1 + block.wires[0], 1 + block.wires[-1]
        pair = len(block.wires) == 2
        first_op = len(self.ops)
        for factor in block.factors:
            self.ops.append(self._op(factor, block.wires))
        start, stages = self._constant(block.start), self.stage_size
        mask = pattern_of(block)
        by_row, by_column = self._places(mask), self._places(mask.T)
        self.stage_size += (1 + len(block.factors)) * block.start.size
        return BlockRow(
            left=prod(dims[:a]),
            rows_a=block.rows[0],
            middle=prod(dims[a + 1 : b]) if pair else 1,
            rows_b=block.rows[1] if pair else 1,
            right=prod(dims[b + 1 :]),
            columns_a=block.columns[0],
            columns_b=block.columns[1] if pair else 1,
            words=len(block.start),
            stride=4 if pair else 1,
            op_start=first_op,
            op_end=len(self.ops),
            start=start,
            stages=stages,
            before=before,
            after=before + prod(dims),
            by_row=by_row,
            by_column=by_column,
        )

    def _op(self, factor: Element, wires: tuple[int, ...]) -> OpRow:
        whole = factor.wires == wires
        at_first = factor.wires[0] == wires[0]
        if isinstance(factor, Fixed):
            outer, inner = (1, 1) if whole else (1, 4) if at_first else (4, 1)
            return OpRow(MULTIPLY, self._constant(factor.matrix), len(factor.matrix), outer, inner, 0)
        where, count = self._pairs(factor, wires)
        return OpRow(ROTATE, where, count, 1, 1, self._angle(factor))

    def _places(self, mask: Mask) -> int:
        first = len(self.starts)
        for places in places_of(mask):
            self.starts.append(len(self.places))
            self.places.extend(places)
        self.starts.append(len(self.places))
        return first

    def _constant(self, matrix: TransferMatrix) -> int:
        place = len(self.constants)
        self.constants.extend(matrix.ravel())
        return place

    def _pairs(self, turn: Turn, wires: tuple[int, ...]) -> tuple[int, int]:
        key = (turn.word, len(wires), wires.index(turn.wires[0]))
        if key not in self.pair_places:
            sine = on_wires(rotation_parts(turn.word)[2], turn.wires, wires)
            found = [(int(i), int(j), int(sine[j, i])) for j, i in np.argwhere(sine) if i < j]
            self.pair_places[key] = (len(self.pairs), len(found))
            self.pairs.extend(found)
        return self.pair_places[key]

    def _angle(self, turn: Turn) -> int:
        return self.angles.setdefault(turn.angle, len(self.angles))

    def _tables(self, blocks: list[BlockRow]) -> Tables:
        terms = [term for angle in self.angles for term in angle.weights]
        starts = np.cumsum([0, *(len(angle.weights) for angle in self.angles)])
        return Tables(
            blocks=np.array(blocks, dtype=[(name, np.int64) for name in BlockRow._fields]),
            ops=np.array(self.ops, dtype=[(name, np.int64) for name in OpRow._fields]),
            pairs=np.array(self.pairs, dtype=np.int64).reshape(-1, 3),
            constants=np.array(self.constants, dtype=self.dtype),
            starts=np.array(self.starts, dtype=np.int64),
            places=np.array(self.places, dtype=np.int64),
            angle_constants=np.array([angle.constant for angle in self.angles], dtype=np.float64),
            angle_starts=starts.astype(np.int64),
            angle_weights=np.array([index for index, _ in terms], dtype=np.int64),
            angle_factors=np.array([factor for _, factor in terms], dtype=np.float64),
        )

"""Kernels of the blocks, in Numba: build them, take the observables through them, and the way back.

A block is contracted tile by tile: the entries that one application of its matrix needs are gathered into rows of
`TILE` contiguous numbers, multiplied, and scattered, so that no axis order is slow. Arithmetic is in the dtype of the
arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hqnn.engine.jit import kernel, part
from hqnn.engine.patterns import GROUP, NOWHERE
from hqnn.engine.tables import ROTATE

TILE = 64


@kernel
def cosines(tables: Any, weights: Any, cosine: Any, sine: Any) -> None:
    """Cosines and sines of all angles: (copies, weights) to twice (copies, angles)."""
    for copy in range(weights.shape[0]):
        for a in range(len(tables.angle_constants)):
            angle = tables.angle_constants[a]
            for term in range(tables.angle_starts[a], tables.angle_starts[a + 1]):
                angle += tables.angle_factors[term] * weights[copy, tables.angle_weights[term]]
            cosine[copy, a] = np.cos(angle)
            sine[copy, a] = np.sin(angle)


@kernel
def build(tables: Any, cosine: Any, sine: Any, stages: Any) -> None:
    """Every block's matrix after each of its factors, in place: stages has shape (copies, stage_size)."""
    for copy in range(stages.shape[0]):
        for b in range(len(tables.blocks)):
            row = tables.blocks[b]
            words, columns = row.words, row.columns_a * row.columns_b
            size = words * columns
            place = row.stages
            for entry in range(size):
                stages[copy, place + entry] = tables.constants[row.start + entry]
            for at in range(row.op_start, row.op_end):
                before = stages[copy, place : place + size].reshape(words, columns)
                place += size
                after = stages[copy, place : place + size].reshape(words, columns)
                op = tables.ops[at]
                if op.kind == ROTATE:
                    _rotate(tables, op, cosine[copy, op.angle], sine[copy, op.angle], before, after)
                else:
                    _multiply(tables, op, before, after)


@kernel
def unbuild(tables: Any, cosine: Any, sine: Any, stages: Any, matrix_gradients: Any, gradient: Any) -> None:
    """Gradients of the blocks' matrices to gradients of the weights.

    Args:
        tables: of the plan.
        cosine: shape (copies, angles).
        sine: likewise.
        stages: from `build`.
        matrix_gradients: shape (copies, blocks, 256), each beginning with (words, columns); overwritten.
        gradient: shape (copies, weights), added to.
    """
    scratch = np.empty((16, 16), stages.dtype)
    for copy in range(stages.shape[0]):
        for b in range(len(tables.blocks)):
            row = tables.blocks[b]
            words, columns = row.words, row.columns_a * row.columns_b
            size = words * columns
            flowing = matrix_gradients[copy, b, :size].reshape(words, columns)
            for at in range(row.op_end - 1, row.op_start - 1, -1):
                op = tables.ops[at]
                if op.kind != ROTATE:
                    _multiply_back(tables, op, flowing, scratch)
                    continue
                place = row.stages + (at - row.op_start + 1) * size
                after = stages[copy, place : place + size].reshape(words, columns)
                slope = _rotate_back(tables, op, cosine[copy, op.angle], sine[copy, op.angle], after, flowing)
                for term in range(tables.angle_starts[op.angle], tables.angle_starts[op.angle + 1]):
                    gradient[copy, tables.angle_weights[term]] += tables.angle_factors[term] * slope


@part
def _copy(matrix: Any, to: Any) -> None:
    """Copy a matrix to the beginning of another; an assignment of slices would take seconds to compile."""
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            to[r, c] = matrix[r, c]


@part
def _clear(matrix: Any) -> None:
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            matrix[r, c] = 0


@part
def _rotate(tables: Any, op: Any, cosine: Any, sine: Any, before: Any, after: Any) -> None:
    _copy(before, after)
    for p in range(op.where, op.where + op.extent):
        i, j = tables.pairs[p, 0], tables.pairs[p, 1]
        signed = sine if tables.pairs[p, 2] > 0 else -sine
        for c in range(before.shape[1]):
            after[i, c] = cosine * before[i, c] - signed * before[j, c]
            after[j, c] = cosine * before[j, c] + signed * before[i, c]


@part
def _rotate_back(tables: Any, op: Any, cosine: Any, sine: Any, after: Any, flowing: Any) -> Any:
    """Take the gradient through a rotation, in place; return the gradient of its angle."""
    slope = cosine * 0
    for p in range(op.where, op.where + op.extent):
        i, j = tables.pairs[p, 0], tables.pairs[p, 1]
        positive = tables.pairs[p, 2] > 0
        signed = sine if positive else -sine
        part = cosine * 0
        for c in range(after.shape[1]):
            up, down = flowing[i, c], flowing[j, c]
            part += down * after[i, c] - up * after[j, c]
            flowing[i, c] = cosine * up + signed * down
            flowing[j, c] = cosine * down - signed * up
        slope += part if positive else -part
    return slope


@part
def _multiply(tables: Any, op: Any, before: Any, after: Any) -> None:
    size, inner = op.extent, op.inner
    _clear(after)
    for o in range(op.outer):
        for n in range(inner):
            for r in range(size):
                for s in range(size):
                    factor = tables.constants[op.where + r * size + s]
                    if factor != 0:
                        to, of = (o * size + r) * inner + n, (o * size + s) * inner + n
                        for c in range(before.shape[1]):
                            after[to, c] += factor * before[of, c]


@part
def _multiply_back(tables: Any, op: Any, flowing: Any, scratch: Any) -> None:
    """Take the gradient through a fixed channel, in place."""
    size, inner = op.extent, op.inner
    columns = flowing.shape[1]
    _copy(flowing, scratch)
    _clear(flowing)
    for o in range(op.outer):
        for n in range(inner):
            for r in range(size):
                for s in range(size):
                    factor = tables.constants[op.where + r * size + s]
                    if factor != 0:
                        to, of = (o * size + r) * inner + n, (o * size + s) * inner + n
                        for c in range(columns):
                            flowing[of, c] += factor * scratch[to, c]


@kernel
def propagate(tables: Any, stages: Any, first: int, last: int, batch: int, vectors: Any) -> None:
    """Take vectors through the blocks first, ..., last - 1.

    Args:
        tables: of the plan.
        stages: from `build`, shape (copies, stage_size).
        first: a block.
        last: one behind the last block.
        batch: vectors that go through the same blocks, as an axis before the others.
        vectors: shape (copies, batch * entries), those before block ``first`` at the beginning; the others are written.
    """
    base = tables.blocks[first].before
    matrix = np.zeros((NOWHERE + 1, NOWHERE + 1), vectors.dtype)
    gathered = np.zeros((NOWHERE + 1, TILE), vectors.dtype)
    made = np.empty((NOWHERE, TILE), vectors.dtype)
    source, target = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
    for copy in range(vectors.shape[0]):
        for b in range(first, last):
            row = tables.blocks[b]
            before, after = vectors[copy, (row.before - base) * batch :], vectors[copy, (row.after - base) * batch :]
            _, columns = _matrix(row, stages[copy], matrix)
            total = batch * row.left * row.middle * row.right
            for tile in range(0, total, TILE):
                width = min(TILE, total - tile)
                _places(row, tile, width, source, target)
                _gather(before, source, width, row.rows_a, row.middle, row.rows_b, row.right, gathered)
                for c in range(columns):
                    _combine(tables, row.by_column + c, gathered, matrix[:, c], made[c])
                _scatter(made, target, width, row.columns_a, row.middle, row.columns_b, row.right, after)


@kernel
def propagate_back(
    tables: Any, stages: Any, first: int, last: int, batch: int, vectors: Any, flowing: Any, matrix_gradients: Any
) -> Any:
    """Take gradients back through the blocks last - 1, ..., first.

    Args:
        tables: of the plan.
        stages: from `build`.
        first: a block.
        last: one behind the last block.
        batch: as in `propagate`.
        vectors: from `propagate`.
        flowing: shape (2, copies, batch * entries of the largest vector), overwritten; in [0] that of the last.
        matrix_gradients: shape (copies, blocks, 256); the blocks' parts are added to.

    Returns:
        Which of the two halves of ``flowing`` has the gradient of the first vector.
    """
    base = tables.blocks[first].before
    matrix = np.zeros((NOWHERE + 1, NOWHERE + 1), vectors.dtype)
    slopes = np.empty((NOWHERE + 1, NOWHERE + 1), vectors.dtype)
    gathered = np.zeros((NOWHERE + 1, TILE), vectors.dtype)
    arrived = np.zeros((NOWHERE + 1, TILE), vectors.dtype)
    made = np.empty((NOWHERE, TILE), vectors.dtype)
    source, target = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
    for copy in range(vectors.shape[0]):
        side = 0
        for b in range(last - 1, first - 1, -1):
            row = tables.blocks[b]
            before = vectors[copy, (row.before - base) * batch :]
            after_gradient, before_gradient = flowing[side, copy], flowing[1 - side, copy]
            rows, _ = _matrix(row, stages[copy], matrix)
            _clear(slopes)
            total = batch * row.left * row.middle * row.right
            for tile in range(0, total, TILE):
                width = min(TILE, total - tile)
                if width < TILE:
                    _clear(arrived)
                _places(row, tile, width, source, target)
                _gather(before, source, width, row.rows_a, row.middle, row.rows_b, row.right, gathered)
                _gather(after_gradient, target, width, row.columns_a, row.middle, row.columns_b, row.right, arrived)
                for r in range(rows):
                    _combine(tables, row.by_row + r, arrived, matrix[r], made[r])
                    _add_slopes(tables, row.by_row + r, gathered[r], arrived, slopes[r])
                _scatter(made, source, width, row.rows_a, row.middle, row.rows_b, row.right, before_gradient)
            _keep_slopes(row, slopes, matrix_gradients[copy, b])
            side = 1 - side
    return (last - first) % 2


@part
def _matrix(row: Any, stages: Any, matrix: Any) -> Any:
    """Copy the rows that are kept of a block's finished matrix; return how many rows and columns."""
    columns = row.columns_a * row.columns_b
    place = row.stages + (row.op_end - row.op_start) * row.words * columns
    rows = row.rows_a * row.rows_b
    for a in range(row.rows_a):
        for b in range(row.rows_b):
            of = place + (a * row.stride + b) * columns
            for c in range(columns):
                matrix[a * row.rows_b + b, c] = stages[of + c]
    return rows, columns


@part
def _keep_slopes(row: Any, slopes: Any, gradient: Any) -> None:
    columns = row.columns_a * row.columns_b
    for a in range(row.rows_a):
        for b in range(row.rows_b):
            to = (a * row.stride + b) * columns
            for c in range(columns):
                gradient[to + c] += slopes[a * row.rows_b + b, c]


@part
def _places(row: Any, tile: int, width: int, source: Any, target: Any) -> None:
    """Where the entries of a tile begin, in the vector before the block and in the one after it."""
    middle, right = row.middle, row.right
    n = tile % right
    m = tile // right % middle
    outer = tile // right // middle
    for j in range(width):
        source[j] = (outer * row.rows_a * middle + m) * row.rows_b * right + n
        target[j] = (outer * row.columns_a * middle + m) * row.columns_b * right + n
        n += 1
        if n == right:
            n = 0
            m += 1
            if m == middle:
                m = 0
                outer += 1


@part
def _gather(vector: Any, places: Any, width: int, size_a: int, middle: int, size_b: int, right: int, rows: Any) -> None:
    for a in range(size_a):
        for b in range(size_b):
            offset = (a * middle * size_b + b) * right
            row = rows[a * size_b + b]
            if places[width - 1] - places[0] == width - 1:
                for j in range(width):
                    row[j] = vector[places[0] + offset + j]
            else:
                for j in range(width):
                    row[j] = vector[places[j] + offset]


@part
def _scatter(
    rows: Any, places: Any, width: int, size_a: int, middle: int, size_b: int, right: int, vector: Any
) -> None:
    for a in range(size_a):
        for b in range(size_b):
            offset = (a * middle * size_b + b) * right
            row = rows[a * size_b + b]
            if places[width - 1] - places[0] == width - 1:
                for j in range(width):
                    vector[places[0] + offset + j] = row[j]
            else:
                for j in range(width):
                    vector[places[j] + offset] = row[j]


@part
def _combine(tables: Any, which: int, rows: Any, factors: Any, combined: Any) -> None:
    """Combine those rows that one row or column of a block has; in groups, so that sums stay in registers."""
    begin, end = tables.starts[which], tables.starts[which + 1]
    if begin == end:
        for j in range(TILE):
            combined[j] = 0
    for k in range(begin, end, GROUP):
        p0, p1, p2, p3 = tables.places[k], tables.places[k + 1], tables.places[k + 2], tables.places[k + 3]
        f0, f1, f2, f3 = factors[p0], factors[p1], factors[p2], factors[p3]
        x0, x1, x2, x3 = rows[p0], rows[p1], rows[p2], rows[p3]
        if k == begin:
            for j in range(TILE):
                combined[j] = f0 * x0[j] + f1 * x1[j] + f2 * x2[j] + f3 * x3[j]
        else:
            for j in range(TILE):
                combined[j] += f0 * x0[j] + f1 * x1[j] + f2 * x2[j] + f3 * x3[j]


@part
def _add_slopes(tables: Any, which: int, row: Any, arrived: Any, slopes: Any) -> None:
    """Add the gradients of one row of a block's matrix, as far as it has entries."""
    for k in range(tables.starts[which], tables.starts[which + 1], GROUP):
        p0, p1, p2, p3 = tables.places[k], tables.places[k + 1], tables.places[k + 2], tables.places[k + 3]
        y0, y1, y2, y3 = arrived[p0], arrived[p1], arrived[p2], arrived[p3]
        s0 = s1 = s2 = s3 = row[0] * 0
        for j in range(TILE):
            s0 += row[j] * y0[j]
            s1 += row[j] * y1[j]
            s2 += row[j] * y2[j]
            s3 += row[j] * y3[j]
        slopes[p0] += s0
        slopes[p1] += s1
        slopes[p2] += s2
        slopes[p3] += s3

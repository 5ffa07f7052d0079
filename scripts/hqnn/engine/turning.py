"""Kernels for vectors that differ from sample to sample: rotations by inputs, and meeting the product states."""

from __future__ import annotations

from typing import Any

import numpy as np

from hqnn.engine.jit import kernel, part


@kernel
def turn(axes: Any, pairs: Any, cosine: Any, sine: Any, vectors: Any) -> None:
    """Take observables through rotations by inputs, in place; with the sine's sign changed, back.

    Args:
        axes: (left, middle, words on the second wire, right): products of the axes before the rotation's first wire,
            between its two, 4 or 1, and behind; observables are among the first.
        pairs: rows (i, j, sign): word i turns into sign * word j.
        cosine: of each sample's angle, shape (copies, samples).
        sine: likewise.
        vectors: shape (copies, samples * entries).
    """
    for copy in range(vectors.shape[0]):
        for n in range(cosine.shape[1]):
            c, s = cosine[copy, n], sine[copy, n]
            for outer in range(axes[0] * axes[1]):
                for p in range(len(pairs)):
                    i, j = _places(axes, pairs[p], n, outer)
                    signed = s if pairs[p, 2] > 0 else -s
                    first, second = vectors[copy, i : i + axes[3]], vectors[copy, j : j + axes[3]]
                    _rotate(c, signed, first, second)


@kernel
def turn_back(axes: Any, pairs: Any, cosine: Any, sine: Any, vectors: Any, flowing: Any, slopes: Any) -> None:
    """Take vectors and their gradients back through rotations by inputs, in place.

    Args:
        axes: as in `turn`.
        pairs: as in `turn`.
        cosine: as in `turn`.
        sine: as in `turn`.
        vectors: after the rotation, shape (copies, samples * entries).
        flowing: their gradients.
        slopes: gradients of the angles, shape (copies, samples), written.
    """
    for copy in range(vectors.shape[0]):
        for n in range(cosine.shape[1]):
            c, s = cosine[copy, n], sine[copy, n]
            slope = c * 0
            for outer in range(axes[0] * axes[1]):
                for p in range(len(pairs)):
                    i, j = _places(axes, pairs[p], n, outer)
                    positive = pairs[p, 2] > 0
                    signed = s if positive else -s
                    first, second = vectors[copy, i : i + axes[3]], vectors[copy, j : j + axes[3]]
                    up, down = flowing[copy, i : i + axes[3]], flowing[copy, j : j + axes[3]]
                    share = c * 0
                    for r in range(axes[3]):
                        share += up[r] * second[r] - down[r] * first[r]
                    slope += share if positive else -share
                    _rotate(c, -signed, first, second)
                    _rotate(c, -signed, up, down)
            slopes[copy, n] = slope


@kernel
def meet_each(rows: Any, features: Any, vectors: Any, values: Any) -> None:
    """Contract each sample's vector with its product state.

    Args:
        rows: of the features of each wire, shape (wires, 3); -1 where there are fewer.
        features: shape (copies, rows, samples).
        vectors: shape (copies, samples * entries), observables first and one axis a wire in each.
        values: shape (samples, copies * observables), written.
    """
    copies, samples = len(vectors), len(values)
    observables = values.shape[1] // copies
    entries = vectors.shape[1] // samples
    levels = np.empty(2 * entries, vectors.dtype)
    for copy in range(copies):
        for n in range(samples):
            levels[:entries] = vectors[copy, n * entries : (n + 1) * entries]
            last = _contract(rows, features[copy], n, entries, levels)
            for o in range(observables):
                values[n, copy * observables + o] = levels[last + o]


@kernel
def meet_each_back(rows: Any, features: Any, vectors: Any, flowing: Any, to_vectors: Any, to_features: Any) -> None:
    """Gradients of `meet_each`: ``to_vectors`` is written, ``to_features`` added to."""
    copies, samples = len(vectors), len(flowing)
    observables = flowing.shape[1] // copies
    entries = vectors.shape[1] // samples
    levels = np.empty(2 * entries, vectors.dtype)
    gradient = np.empty(entries, vectors.dtype)
    for copy in range(copies):
        for n in range(samples):
            levels[:entries] = vectors[copy, n * entries : (n + 1) * entries]
            at = _contract(rows, features[copy], n, entries, levels)
            gradient[:observables] = flowing[n, copy * observables : (copy + 1) * observables]
            count = observables
            for wire in range(len(rows)):
                size = _size(rows[wire])
                at -= count * size
                for i in range(count - 1, -1, -1):
                    g = gradient[i]
                    for c in range(size - 1, 0, -1):
                        to_features[copy, rows[wire, c - 1], n] += g * levels[at + i * size + c]
                        gradient[i * size + c] = g * features[copy, rows[wire, c - 1], n]
                    gradient[i * size] = g
                count *= size
            to_vectors[copy, n * entries : (n + 1) * entries] = gradient


@part
def _places(axes: Any, pair: Any, n: int, outer: int) -> Any:
    """Where the two words of a pair begin."""
    middle, second, right = axes[1], axes[2], axes[3]
    left, m = outer // middle, outer % middle
    base = ((n * axes[0] + left) * 4 * middle + m) * second * right
    i = base + (pair[0] // second * middle * second + pair[0] % second) * right
    j = base + (pair[1] // second * middle * second + pair[1] % second) * right
    return i, j


@part
def _rotate(cosine: Any, sine: Any, first: Any, second: Any) -> None:
    for r in range(len(first)):
        x, y = first[r], second[r]
        first[r] = cosine * x + sine * y
        second[r] = cosine * y - sine * x


@part
def _contract(rows: Any, features: Any, n: int, entries: int, levels: Any) -> int:
    """Contract wire after wire, last first, each result behind the one before; return where the last begins."""
    at, count = 0, entries
    for wire in range(len(rows) - 1, -1, -1):
        size = _size(rows[wire])
        count //= size
        for i in range(count):
            total = levels[at + i * size]
            for c in range(1, size):
                total += levels[at + i * size + c] * features[rows[wire, c - 1], n]
            levels[at + count * size + i] = total
        at += count * size
    return at


@part
def _size(rows: Any) -> int:
    size = 1
    for row in rows:
        if row >= 0:
            size += 1
    return size

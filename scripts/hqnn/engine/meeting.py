"""Kernels where an observable meets product states: ``sum_uv U[u, b] M[s, u, v] V[v, b]`` for samples b.

The wires are split in two halves; U and V hold the products of one half's features for all samples, one row a product.
Every wire's first feature is 1, so the products of fewer wires are among the rows of the products of all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hqnn.engine.jit import exact_kernel, kernel, part
from hqnn.engine.trigonometry import cosines_and_sines


@exact_kernel
def embed(inputs: Any, starts: Any, indices: Any, factors: Any, features: Any) -> Any:
    """Cosines and sines of the angles that inputs make.

    Args:
        inputs: shape (samples, copies * inputs).
        starts: where each angle's terms begin, shape (angles + 1,).
        indices: input of each term.
        factors: coefficient of each term.
        features: shape (copies, rows, samples); cosines are written to the first rows, sines to the next.

    Returns:
        Whether no input is NaN.
    """
    copies, angles = len(features), len(starts) - 1
    width = inputs.shape[1] // copies
    row = np.empty(len(inputs), features.dtype)  # apart from what is written, or compilers would not vectorise
    for copy in range(copies):
        for a in range(angles):
            row[:] = 0
            for term in range(starts[a], starts[a + 1]):
                column, factor = copy * width + indices[term], factors[term]
                for n in range(len(row)):
                    row[n] += factor * inputs[n, column]
            cosines_and_sines(row, features[copy, a], features[copy, angles + a])
    missing = 0
    for n in range(len(inputs)):
        for column in range(inputs.shape[1]):
            missing += np.isnan(inputs[n, column])
    return missing == 0


@kernel
def embed_back(features: Any, gradients: Any, starts: Any, indices: Any, factors: Any, to_inputs: Any) -> None:
    """Gradients of `embed`: those of the features to those of the inputs, which are added to."""
    copies, angles = len(features), len(starts) - 1
    width = to_inputs.shape[1] // copies
    for copy in range(copies):
        for a in range(angles):
            cosine, sine = features[copy, a], features[copy, angles + a]
            to_cosine, to_sine = gradients[copy, a], gradients[copy, angles + a]
            for term in range(starts[a], starts[a + 1]):
                column, factor = copy * width + indices[term], factors[term]
                for n in range(len(cosine)):
                    to_inputs[n, column] += factor * (cosine[n] * to_sine[n] - sine[n] * to_cosine[n])


@kernel
def products(features: Any, rows: Any, made: Any) -> None:
    """Products of some wires' features, last wire fastest.

    Args:
        features: shape (copies, feature rows, samples), without the ones.
        rows: of the features of each wire, shape (wires, 3); -1 where there are fewer.
        made: shape (copies, products, samples), written.
    """
    for copy in range(len(made)):
        _products(features[copy], rows, made[copy])


@kernel
def products_back(features: Any, rows: Any, made: Any, flowing: Any, gradients: Any) -> None:
    """Gradients of `products`: those of the features are added to; ``flowing`` is overwritten."""
    for copy in range(len(made)):
        _products_back(features[copy], rows, made[copy], flowing[copy], gradients[copy])


@kernel
def collect(left: Any, met: Any, values: Any) -> None:
    """``sum_u U[u, b] (M V)[s, u, b]``.

    Args:
        left: U, shape (copies, u, samples).
        met: ``M V``, shape (copies, observables * u, samples).
        values: shape (samples, copies * observables), written.
    """
    copies, count, samples = left.shape
    observables = values.shape[1] // copies
    total = np.empty(samples, left.dtype)
    for copy in range(copies):
        for s in range(observables):
            _scale(left[copy, 0], met[copy, s * count], total)
            for u in range(1, count):
                _add_scaled(left[copy, u], met[copy, s * count + u], total)
            for n in range(samples):
                values[n, copy * observables + s] = total[n]


@kernel
def spread(left: Any, met: Any, flowing: Any, weighted: Any, to_left: Any) -> None:
    """Gradients of `collect`.

    Args:
        left: as in `collect`.
        met: as in `collect`.
        flowing: of the values, shape (samples, copies * observables).
        weighted: of ``M V``, of its shape, written.
        to_left: of U, of its shape, written.
    """
    copies, count, _ = left.shape
    observables = flowing.shape[1] // copies
    for copy in range(copies):
        for s in range(observables):
            upstream = flowing[:, copy * observables + s].copy()
            for u in range(count):
                _scale(upstream, left[copy, u], weighted[copy, s * count + u])
                if s == 0:
                    _scale(upstream, met[copy, u], to_left[copy, u])
                else:
                    _add_scaled(upstream, met[copy, s * count + u], to_left[copy, u])


@part
def _products(features: Any, rows: Any, made: Any) -> None:
    """Products of the features of some wires, last wire fastest, in place from one row upwards."""
    made[0] = 1
    count = 1
    for wire in range(rows.shape[0]):
        size = _size(rows[wire])
        for i in range(count - 1, -1, -1):
            for c in range(size - 1, 0, -1):
                _scale(features[rows[wire, c - 1]], made[i], made[i * size + c])
            if i:
                made[i * size] = made[i]
        count *= size


@part
def _products_back(features: Any, rows: Any, made: Any, flowing: Any, gradients: Any) -> None:
    """Gradients of `_products` to the features; ``flowing`` is overwritten."""
    count = made.shape[0]
    stride = 1
    for wire in range(rows.shape[0] - 1, -1, -1):
        size = _size(rows[wire])
        count //= size
        stride *= size
        for i in range(count):
            for c in range(1, size):
                _add_scaled(made[i * stride], flowing[i * size + c], gradients[rows[wire, c - 1]])
            if i:
                flowing[i] = flowing[i * size]
            for c in range(1, size):
                _add_scaled(features[rows[wire, c - 1]], flowing[i * size + c], flowing[i])


@part
def _size(rows: Any) -> int:
    size = 1
    for row in rows:
        if row >= 0:
            size += 1
    return size


@part
def _scale(factors: Any, of: Any, to: Any) -> None:
    for n in range(len(to)):
        to[n] = factors[n] * of[n]


@part
def _add_scaled(factors: Any, of: Any, to: Any) -> None:
    for n in range(len(to)):
        to[n] += factors[n] * of[n]

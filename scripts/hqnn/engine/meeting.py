"""Kernels where an observable meets product states: ``sum_uv U[u, b] M[s, u, v] V[v, b]`` for samples b.

The wires are split in two halves; U and V hold the products of one half's features for all samples, one row a product.
Every wire's first feature is 1, so the products of fewer wires are among the rows of the products of all.
"""

from __future__ import annotations

from typing import Any

from hqnn.engine.jit import kernel, part


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
        values: shape (copies, observables, samples), written.
    """
    count = left.shape[1]
    for copy in range(values.shape[0]):
        for s in range(values.shape[1]):
            _scale(left[copy, 0], met[copy, s * count], values[copy, s])
            for u in range(1, count):
                _add_scaled(left[copy, u], met[copy, s * count + u], values[copy, s])


@kernel
def spread(left: Any, flowing: Any, weighted: Any) -> None:
    """Gradient of ``M V``: values' gradients (copies, observables, samples) times U, of the shape of ``M V``."""
    count = left.shape[1]
    for copy in range(flowing.shape[0]):
        for s in range(flowing.shape[1]):
            for u in range(count):
                _scale(flowing[copy, s], left[copy, u], weighted[copy, s * count + u])


@kernel
def spread_left(met: Any, flowing: Any, gradient: Any) -> None:
    """Gradient of U: values' gradients times ``M V``, summed over observables; of the shape of U."""
    count = gradient.shape[1]
    for copy in range(flowing.shape[0]):
        for u in range(count):
            _scale(flowing[copy, 0], met[copy, u], gradient[copy, u])
            for s in range(1, flowing.shape[1]):
                _add_scaled(flowing[copy, s], met[copy, s * count + u], gradient[copy, u])


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

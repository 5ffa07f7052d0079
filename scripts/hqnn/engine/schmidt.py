"""Operators as sums of few products of operators on two halves of the wires: their Schmidt decomposition.

Few gates reach over the cut of a shallow circuit, so few terms make an observable after it, whether it is noisy or not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

NOISE = 4  # times the precision of the largest entry: what rounding leaves of an entry


def schmidt_terms(operators: Array, observables: int) -> tuple[Array, Array] | None:
    """Operators ``M[s, u, v]`` as ``sum_k A[s, k, u] B[k, v]``, exact to rounding.

    By Gaussian elimination with complete pivoting, each step of which takes away one term; without LAPACK, so that
    the numbers do not depend on threads. O(terms x entries).

    Args:
        operators: shape (copies, observables * left, right).
        observables: how many.

    Returns:
        A, shape (copies, observables * terms, left), and B, shape (copies, terms, right), of the operators' type; None
        where so many terms are needed that they save less than half of the multiplications.
    """
    copies, rows, right = operators.shape
    most = max(1, rows * right // (2 * (rows + right)))
    precision = float(np.finfo(operators.dtype).eps)
    found = [_eliminated(operator, most, precision) for operator in operators.astype(np.float64)]
    parted = [terms for terms in found if terms is not None]
    if len(parted) < copies:
        return None
    count = max(len(ends) for _, ends in parted)
    lefts, rights = np.zeros((copies, rows, count)), np.zeros((copies, count, right))
    for copy, (columns, ends) in enumerate(parted):
        lefts[copy, :, : len(ends)], rights[copy, : len(ends)] = columns, ends
    lefts = lefts.reshape(copies, observables, -1, count).swapaxes(2, 3).reshape(copies, observables * count, -1)
    return lefts.astype(operators.dtype), rights.astype(operators.dtype)


def _eliminated(
    rest: NDArray[np.float64], most: int, precision: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Columns and rows, shapes (rows, terms) and (terms, right), whose product is a matrix."""
    noise = NOISE * precision * np.abs(rest).max()
    columns, ends = np.zeros((len(rest), most)), np.zeros((most, rest.shape[1]))
    for term in range(most + 1):
        u, v = np.unravel_index(np.abs(rest).argmax(), rest.shape)
        if abs(rest[u, v]) <= noise:
            return columns[:, : max(1, term)], ends[: max(1, term)]
        if term < most:
            columns[:, term], ends[term] = rest[:, v], rest[u] / rest[u, v]
            rest = rest - np.outer(columns[:, term], ends[term])
    return None

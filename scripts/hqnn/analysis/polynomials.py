"""The best linear and quadratic functions in the place of circuits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of a circuit's inputs for each of its expectation values.

    Attributes:
        degree: 1 or 2.
        coefficients: of 1, of each input and, of degree 2, of each product of two, shape (copies, terms, observables).
    """

    degree: int
    coefficients: Floats

    @classmethod
    def fitted(cls, inputs: Floats, values: Floats, *, copies: int, degree: int) -> Polynomial:
        """Fit by least squares, every copy of the circuit by its own inputs; of several best fits the smallest.

        Args:
            inputs: of the circuits, shape (..., copies * inputs).
            values: what they give, shape (..., copies * observables).
            copies: circuits in parallel.
            degree: 1 or 2.
        """
        terms = _terms(_of_copies(inputs, copies), degree)
        targets = _of_copies(values, copies)
        return cls(
            degree, np.stack([np.linalg.lstsq(own, wanted)[0] for own, wanted in zip(terms, targets, strict=True)])
        )

    def __call__(self, inputs: Floats) -> Floats:
        """What stands in the place of expectation values, shape (..., copies * observables)."""
        found = np.matmul(_terms(_of_copies(inputs, len(self.coefficients)), self.degree), self.coefficients)
        together: Floats = np.moveaxis(found, 0, 1).reshape(*inputs.shape[:-1], -1)
        return together


def explained_variance(values: Floats, fitted: Floats) -> float:
    """Share of the variance of expectation values that a fit explains, R^2, all together; 1 where none varies.

    Args:
        values: shape (..., observables).
        fitted: likewise.
    """
    values, fitted = values.reshape(-1, values.shape[-1]), fitted.reshape(-1, values.shape[-1])
    total = ((values - values.mean(axis=0)) ** 2).sum()
    return float(1 - ((values - fitted) ** 2).sum() / total) if total > 0 else 1.0


def _of_copies(columns: Floats, copies: int) -> Floats:
    """Shape (copies, rows, own columns)."""
    return np.moveaxis(columns.reshape(-1, copies, columns.shape[-1] // copies), 1, 0)


def _terms(inputs: Floats, degree: int) -> Floats:
    """Shape (copies, rows, terms)."""
    columns = [np.ones((*inputs.shape[:2], 1)), inputs]
    if degree == 2:
        first, second = np.triu_indices(inputs.shape[2])
        columns.append(inputs[:, :, first] * inputs[:, :, second])
    return np.concatenate(columns, axis=2)

"""Where the observables meet the samples' product states, on the CPU, with the way back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.engine import meeting
from hqnn.engine.features import Features
from hqnn.engine.plan import Plan
from hqnn.engine.schmidt import schmidt_terms

Array = NDArray[np.floating]

PARTED_FROM = 64  # samples for each column of an operator; parting it then takes less than a sixth of the whole


class Met(NamedTuple):
    """What `ProductStates.back` needs of some samples.

    Attributes:
        features: shape (copies, rows, samples).
        left: products U of one half of the wires, shape (copies, left, samples).
        right: products V of the other half.
        met: ``M V``, shape (copies, observables * left, samples).
    """

    features: Array
    left: Array
    right: Array
    met: Array


class ProductStates:
    """The features of a plan's wires, and how their products meet an operator.

    Attributes:
        features: of the wires.
        sizes: products of each half of the wires; the operator of an observable has this shape.
    """

    def __init__(self, plan: Plan) -> None:
        """Part the wires in two halves."""
        self.observables, *dims = plan.final
        self.features = Features(plan, dims)
        present = [w for w, size in enumerate(dims) if size > 1]
        halves = present[: len(present) // 2], present[len(present) // 2 :]
        self._rows = [self.features.rows_of(wires) for wires in halves]
        self.sizes = tuple(int(np.prod([dims[w] for w in wires], dtype=int)) for wires in halves)

    @property
    def sample_entries(self) -> int:
        """Numbers that one sample of one copy stores, on the way there and back."""
        left, right = self.sizes
        return 2 * (self.features.count + left + right + self.observables * left)

    def meet(self, operators: Array, inputs: Array, blochs: Array | None, values: Array) -> Met | None:
        """Expectation values.

        Args:
            operators: shape (copies, observables * left, right).
            inputs: shape (samples, copies * inputs).
            blochs: x, y and z of the wires in `Features.chains`, shape (copies, 3 * chains, samples).
            values: shape (samples, copies * observables), written.

        Returns:
            What `back` needs, or None where an input is NaN.
        """
        features = self.features.forward(inputs, blochs, len(operators))
        if features is None:
            return None
        left, right = self._products(features)
        met = _matmul(operators, right)
        meeting.collect(left, met, values)
        return Met(features, left, right, met)

    def parted(self, operators: Array, samples: int) -> tuple[Array, Array] | None:
        """The Schmidt terms of operators for `meet_parted`, where there are so many samples that these pay."""
        return schmidt_terms(operators, self.observables) if samples >= PARTED_FROM * self.sizes[1] else None

    def meet_parted(self, terms: tuple[Array, Array], inputs: Array, blochs: Array | None, values: Array) -> bool:
        """What `meet` writes, to rounding, from the Schmidt terms of the operators; False where an input is NaN."""
        features = self.features.forward(inputs, blochs, len(terms[0]))
        if features is None:
            return False
        left, right = self._products(features)
        meeting.collect(_matmul(terms[1], right), _matmul(terms[0], left), values)
        return True

    def _products(self, features: Array) -> tuple[Array, Array]:
        """Of both halves, shapes (copies, left, samples) and (copies, right, samples)."""
        copies, _, samples = features.shape
        left, right = (np.empty((copies, size, samples), features.dtype) for size in self.sizes)
        meeting.products(features, self._rows[0], left)
        meeting.products(features, self._rows[1], right)
        return left, right

    def back(
        self, operators: Array, kept: Met, flowing: Array, to_operators: Array | None, to_inputs: Array | None
    ) -> Array | None:
        """Gradients of `meet`.

        Args:
            operators: as in `meet`.
            kept: what `meet` returned.
            flowing: of the values.
            to_operators: of the operators, added to; or None.
            to_inputs: of the inputs, added to; or None, and then that of the Bloch vectors is left out too.

        Returns:
            Gradient of the Bloch vectors.
        """
        features, left, right, met = kept
        weighted, to_left = np.empty_like(met), np.empty_like(left)
        meeting.spread(left, met, flowing, weighted, to_left)
        if to_operators is not None:
            to_operators += _matmul(weighted, right.transpose(0, 2, 1))
        if to_inputs is None:
            return None
        gradients = np.zeros_like(features)
        to_right = _matmul(operators.transpose(0, 2, 1), weighted)
        meeting.products_back(features, self._rows[0], left, to_left, gradients)
        meeting.products_back(features, self._rows[1], right, to_right, gradients)
        return self.features.backward(features, gradients, to_inputs)


def _matmul(first: Array, second: Array) -> Array:
    """Product by torch, whose threads the user sets; shapes (copies, i, j) and (copies, j, k)."""
    if len(first) == 1:
        flat: Array = torch.mm(torch.from_numpy(first[0]), torch.from_numpy(second[0])).numpy()
        return flat[None]
    batched: Array = torch.bmm(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    return batched

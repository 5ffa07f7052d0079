"""Where the observables meet the samples' product states, on the CPU: kernels and their backward under torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hqnn.engine import meeting
from hqnn.engine.plan import Plan


class ProductStates:
    """The features of a plan's wires, and how their products meet an operator.

    Attributes:
        chains: wires whose Bloch vectors are found sample by sample.
    """

    def __init__(self, plan: Plan) -> None:
        """Give every feature a row and part the wires in two halves."""
        final = plan.final
        present = [w for w, size in enumerate(final[1:]) if size > 1]
        affine = [w for w in present if plan.embedding[w].angle is not None]
        self.chains = [w for w in present if plan.embedding[w].chain]
        self._angles = len(affine)
        self._mixing = torch.zeros(len(affine), plan.inputs, dtype=torch.float64)
        for row, wire in enumerate(affine):
            angle = plan.embedding[wire].angle
            for index, factor in angle.inputs if angle else ():
                self._mixing[row, index] = factor
        rows = {wire: (n, len(affine) + n, -1) for n, wire in enumerate(affine)}
        for n, wire in enumerate(self.chains):
            first = 2 * len(affine) + 3 * n
            rows[wire] = (first, first + 1, first + 2)
        half = len(present) // 2
        self._left, self._right = (
            np.array([rows[w] for w in wires], dtype=np.int64).reshape(-1, 3)
            for wires in (present[:half], present[half:])
        )
        self._sizes = tuple(
            int(np.prod([final[1 + w] for w in ws], dtype=int)) for ws in (present[:half], present[half:])
        )
        self._observables = final[0]

    @property
    def sample_entries(self) -> int:
        """Numbers that one sample of one copy stores."""
        left, right = self._sizes
        return 2 * self._angles + 3 * len(self.chains) + left + right + 2 * self._observables * left

    def __call__(self, operators: Tensor, inputs: Tensor, blochs: Tensor | None) -> Tensor:
        """Expectation values.

        Args:
            operators: shape (copies, observables, d_0, ..., d_(wires-1)).
            inputs: shape (copies, samples, inputs).
            blochs: x, y and z of the wires in `chains`, shape (copies, 3 * chains, samples).

        Returns:
            Shape (copies, samples, observables).
        """
        left, right = self._sizes
        operators = operators.reshape(len(operators), self._observables * left, right)
        values: Tensor = _Meeting.apply(operators, inputs, blochs, self)
        return values.transpose(1, 2)

    def features(self, inputs: Tensor, blochs: Tensor | None) -> Tensor:
        """Cosines, sines and Bloch vectors, shape (copies, rows, samples)."""
        n = self._angles
        angles = self._mixing.to(inputs.dtype) @ inputs.transpose(1, 2)
        features = inputs.new_empty(len(inputs), 2 * n + 3 * len(self.chains), inputs.shape[1])
        torch.cos(angles, out=features[:, :n])
        torch.sin(angles, out=features[:, n : 2 * n])
        if blochs is not None:
            features[:, 2 * n :] = blochs
        return features

    def meet(self, operators: Tensor, features: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Values (copies, observables, samples), and the products U, V and ``M V``."""
        copies, _, samples = features.shape
        left, right = (features.new_empty(copies, size, samples) for size in self._sizes)
        meeting.products(features.numpy(), self._left, left.numpy())
        meeting.products(features.numpy(), self._right, right.numpy())
        met = operators @ right
        values = features.new_empty(copies, self._observables, samples)
        meeting.collect(left.numpy(), met.numpy(), values.numpy())
        return values, (left, right, met)

    def features_back(
        self, operators: Tensor, features: Tensor, saved: tuple[Tensor, ...], flowing: Tensor, weighted: Tensor
    ) -> Tensor:
        """Gradient of the features."""
        left, right, met = saved
        gradients = torch.zeros_like(features)
        to_left = torch.empty_like(left)
        meeting.spread_left(met.numpy(), flowing.numpy(), to_left.numpy())
        to_right = operators.transpose(1, 2) @ weighted
        for rows, made, gradient in ((self._left, left, to_left), (self._right, right, to_right)):
            meeting.products_back(features.numpy(), rows, made.numpy(), gradient.numpy(), gradients.numpy())
        return gradients

    def inputs_back(self, features: Tensor, gradients: Tensor) -> Tensor:
        """Gradient of the inputs from that of cosines and sines."""
        n = self._angles
        slopes = features[:, :n] * gradients[:, n : 2 * n] - features[:, n : 2 * n] * gradients[:, :n]
        return slopes.transpose(1, 2) @ self._mixing.to(slopes.dtype)

    def blochs_back(self, gradients: Tensor) -> Tensor:
        """Gradient of the Bloch vectors of `chains`."""
        return gradients[:, 2 * self._angles :]

    def spread(self, saved: tuple[Tensor, ...], flowing: Tensor) -> Tensor:
        """Gradient of ``M V``."""
        weighted = torch.empty_like(saved[2])
        meeting.spread(saved[0].numpy(), flowing.numpy(), weighted.numpy())
        return weighted


class _Meeting(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, operators: Tensor, inputs: Tensor, blochs: Tensor | None, states: ProductStates) -> Tensor:
        features = states.features(inputs, blochs)
        values, saved = states.meet(operators, features)
        if any(ctx.needs_input_grad):
            ctx.states = states
            ctx.save_for_backward(operators, features, *saved)
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor | None, ...]:
        states: ProductStates = ctx.states
        operators, features, *saved = ctx.saved_tensors
        flowing = flowing.contiguous()
        weighted = states.spread(saved, flowing)
        to_operators, to_inputs, to_blochs, _ = ctx.needs_input_grad
        gradients = None
        if to_inputs or to_blochs:
            gradients = states.features_back(operators, features, saved, flowing, weighted)
        return (
            weighted @ saved[1].transpose(1, 2) if to_operators else None,
            states.inputs_back(features, gradients) if to_inputs and gradients is not None else None,
            states.blochs_back(gradients) if to_blochs and gradients is not None else None,
            None,
        )

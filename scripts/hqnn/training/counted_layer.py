"""A quantum layer whose values and slopes come from counts: one call, forward and backward, is one job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hqnn.engine.further import FurtherInputs
from hqnn.interpreters.free_angles import FreeAngles
from hqnn.training.shifts import Shifts, parameter_shifts

Values = NDArray[np.float64]
Evaluate: TypeAlias = Callable[[Values], Values]


class CountedLayer(nn.Module):
    """Takes the place of a `QuantumLayer`: same weights, values as they are measured.

    Attributes:
        weights: as the `QuantumLayer`'s.
        angles: the native circuit.
        evaluate: angles, shape (rows, angles), to expectation values, shape (rows, observables).
        shifts: for a number of samples times copies, and which angles need slopes.
        further: puts functions of inputs and weights behind a sample's numbers, see `FurtherInputs`; none where None.
    """

    def __init__(
        self,
        weights: nn.Parameter,
        angles: FreeAngles,
        evaluate: Evaluate,
        *,
        copies: int = 1,
        shifts: Callable[[int, NDArray[np.bool_]], Shifts] | None = None,
        further: FurtherInputs | None = None,
    ) -> None:
        super().__init__()
        self.weights, self.angles, self.evaluate, self.copies = weights, angles, evaluate, copies
        self.further = further
        self.shifts = shifts or (lambda samples, wanted: parameter_shifts(angles.program, wanted))

    def forward(self, inputs: Tensor) -> Tensor:
        """Run the circuit on every sample, with all that slopes need, at once; shapes as `QuantumLayer.forward`."""
        seen = inputs.to(self.weights.dtype)
        if self.further is not None:
            seen = self.further(seen, self.weights, self.copies)
        values: Tensor = _Counted.apply(seen, self.weights, self, torch.is_grad_enabled())
        return values


class _Counted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, layer: CountedLayer, sloped: bool) -> Tensor:
        angles = layer.angles
        samples = inputs.double().reshape(-1, layer.copies, angles.by_inputs.shape[1]).numpy()
        own = weights.double().reshape(layer.copies, -1).numpy()
        placed = angles.of(samples, own).reshape(-1, len(angles.constant))
        by_inputs, by_weights = (sloped and bool(needed) for needed in ctx.needs_input_grad[:2])
        coefficients = np.hstack([by_inputs * angles.by_inputs, by_weights * angles.by_weights])
        wanted = np.asarray(coefficients.any(axis=1), dtype=bool)
        shifts = layer.shifts(len(placed), wanted) if wanted.any() else parameter_shifts(angles.program, wanted)
        values, slopes = shifts.gathered(layer.evaluate(shifts.points(placed)))
        ctx.layer, ctx.slopes, ctx.like = layer, slopes, (inputs.shape, weights.shape)
        return torch.from_numpy(values).to(weights.dtype).reshape(*inputs.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (inputs, weights), angles, copies = ctx.like, ctx.layer.angles, ctx.layer.copies
        outer = gradients[0].double().reshape(len(ctx.slopes), -1).numpy()
        by_angle = np.einsum("nso,no->ns", ctx.slopes, outer).reshape(-1, copies, len(angles.constant))
        to = gradients[0].dtype
        return (
            torch.from_numpy(by_angle @ angles.by_inputs).to(to).reshape(inputs),
            torch.from_numpy(by_angle.sum(axis=0) @ angles.by_weights).to(to).reshape(weights),
            None,
            None,
        )

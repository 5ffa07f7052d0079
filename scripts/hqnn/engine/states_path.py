"""Pure states under torch's differentiation: the whole way in one node of its graph, in pieces of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hqnn.engine.memory import chunk_size
from hqnn.engine.states import States
from hqnn.engine.states_kernels import LANES

_CACHED_BYTES = 1e6


class StatesExpectations(torch.autograd.Function):
    """Expectation values by pure states; what does not fit in memory is found again on the way back."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, states: States, copies: int, limit_mb: float) -> Tensor:
        """Inputs (..., copies * inputs), weights of any shape to (..., copies * observables)."""
        x, w = _rows(inputs), weights.detach().contiguous().numpy().reshape(copies, -1)
        each = copies * states.tile_bytes
        most = chunk_size(each, limit_mb, f"the states of {LANES} samples") * LANES
        keep = any(ctx.needs_input_grad) and 1.5 * len(x) <= most  # on the way back a copy is used up
        piece = most if keep else min(most, max(1, int(_CACHED_BYTES / each)) * LANES)
        values = np.empty((len(x), copies * states.observables), x.dtype)
        kept = None
        for some in _pieces(len(x), piece):
            went = states.go(x[some], w, values[some])
            kept = went if keep else None
        if any(ctx.needs_input_grad):
            ctx.work = states, piece, kept, w, weights.shape
            ctx.save_for_backward(inputs)  # so that torch sees when they are written to in between
        return torch.from_numpy(values).reshape(*inputs.shape[:-1], values.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of inputs and weights."""
        states, piece, kept, w, shape = ctx.work
        (inputs,) = ctx.saved_tensors
        x, upstream = _rows(inputs), _rows(flowing)
        to_inputs, to_weights = np.zeros_like(x), np.zeros_like(w)
        for some in _pieces(len(x), piece):
            if kept is None:
                went = states.go(x[some], w, np.empty_like(upstream[some]))
            else:
                went = kept._replace(states=kept.states.copy())
            states.back(went, x[some], upstream[some], to_inputs[some], to_weights)
        by_inputs, by_weights = ctx.needs_input_grad[:2]
        return (
            torch.from_numpy(to_inputs).reshape(inputs.shape) if by_inputs else None,
            torch.from_numpy(to_weights).reshape(shape) if by_weights else None,
            None,
            None,
            None,
        )


def _pieces(samples: int, size: int) -> Iterator[slice]:
    return (slice(first, first + size) for first in range(0, samples, size))


def _rows(tensor: Tensor) -> Any:
    """All but the last axis as one."""
    return tensor.detach().contiguous().numpy().reshape(prod(tensor.shape[:-1]), tensor.shape[-1])

"""A plan on the CPU: kernels and their own backward, under torch's differentiation."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from hqnn.engine.batched import BatchedPart
from hqnn.engine.memory import chunk_size
from hqnn.engine.product_states import ProductStates
from hqnn.engine.shared import SharedPart
from hqnn.errors import UserError

_CACHED_BYTES = 2e6
_BATCHED_BYTES = 4e6

Array = NDArray[np.floating]


def nan_inputs() -> UserError:
    """What to say of NaN."""
    return UserError("the quantum layer got NaN among its inputs; look at the data and at the learning rate")


def _rows(tensor: Tensor) -> Array:
    """All but the last axis as one."""
    rows: Array = tensor.detach().contiguous().numpy().reshape(prod(tensor.shape[:-1]), tensor.shape[-1])
    return rows


class SharedVectors(torch.autograd.Function):
    """Weights (copies, weights) to the observables after all shared blocks (copies, observables, d_0, ...)."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, part: SharedPart) -> Tensor:
        """Keep what the way back needs."""
        vectors, saved = part.forward(weights.detach().contiguous().numpy())
        ctx.part, ctx.saved, ctx.shape = part, saved, weights.shape
        return torch.from_numpy(vectors).reshape(len(weights), *part.final)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor, None]:
        """Gradient of the weights."""
        gradient = ctx.part.backward(ctx.saved, flowing.reshape(len(flowing), -1).numpy(), ctx.shape[1])
        return torch.from_numpy(gradient), None


class ProductExpectations(torch.autograd.Function):
    """Expectation values in product states: the whole way in one node of torch's graph.

    Samples are taken in chunks under the memory limit; what does not fit is found again on the way back.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weights: Tensor,
        blochs: Tensor | None,
        part: SharedPart,
        states: ProductStates,
        limit_mb: float,
    ) -> Tensor:
        """Inputs (..., copies * inputs), weights of any shape to (..., copies * observables)."""
        x, w = _rows(inputs), weights.detach().contiguous().numpy().reshape(part.copies, -1)
        vectors, saved = part.forward(w)
        operators = vectors.reshape(len(w), states.observables * states.sizes[0], states.sizes[1])
        needed = any(ctx.needs_input_grad)
        terms = None if needed else states.parted(operators, len(x))
        each = len(w) * states.sample_entries * x.itemsize
        chunk = chunk_size(each, limit_mb, "the products of one sample's features")
        fits = len(x) <= chunk
        if not needed:
            chunk = min(chunk, max(64, int(_CACHED_BYTES / each)))
        y = None if blochs is None else blochs.detach().numpy()
        values = np.empty((len(x), len(w) * states.observables), x.dtype)
        for first in range(0, len(x), chunk):
            some = slice(first, first + chunk)
            angles = None if y is None else y[..., some]
            if terms is None:
                met = states.meet(operators, x[some], angles, values[some])
                whole = met is not None
            else:
                whole = states.meet_parted(terms, x[some], angles, values[some])
            if not whole:
                raise nan_inputs()
        if needed:
            ctx.work = part, states, chunk
            ctx.kept = y, operators, saved, met if fits and len(x) else None
            ctx.shape = weights.shape
            ctx.save_for_backward(inputs)  # so that torch sees when they are written to in between
        return torch.from_numpy(values).reshape(*inputs.shape[:-1], values.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of what is asked for."""
        part, states, chunk = ctx.work
        y, operators, saved, met = ctx.kept
        (inputs,) = ctx.saved_tensors
        by_inputs, by_weights, by_blochs = ctx.needs_input_grad[:3]
        x, upstream = _rows(inputs), _rows(flowing)
        to_operators = np.zeros_like(operators) if by_weights else None
        to_inputs = np.zeros_like(x) if by_inputs or by_blochs else None
        to_blochs = np.zeros_like(y) if by_blochs else None
        for first in range(0, len(x), chunk):
            some = slice(first, first + chunk)
            angles = None if y is None else y[..., some]
            kept = met or states.meet(operators, x[some], angles, np.empty_like(upstream[some]))
            inputs_part = None if to_inputs is None else to_inputs[some]
            found = states.back(operators, kept, upstream[some], to_operators, inputs_part)
            if to_blochs is not None:
                to_blochs[..., some] = found
        gradient = None
        if to_operators is not None:
            flat = part.backward(saved, to_operators.reshape(len(operators), -1), prod(ctx.shape) // part.copies)
            gradient = torch.from_numpy(flat).reshape(ctx.shape)
        return (
            torch.from_numpy(to_inputs).reshape(inputs.shape) if by_inputs and to_inputs is not None else None,
            gradient,
            None if to_blochs is None else torch.from_numpy(to_blochs),
            None,
            None,
            None,
        )


class BatchedExpectations(torch.autograd.Function):
    """Expectation values where inputs enter again after the shared part: from its vectors in one node of the graph."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weights: Tensor,
        vectors: Tensor,
        blochs: Tensor | None,
        part: BatchedPart,
        limit_mb: float,
    ) -> Tensor:
        """Inputs (samples, copies * inputs), weights and vectors (copies, ...) to (samples, copies * observables)."""
        x, w = _rows(inputs), weights.detach().contiguous().numpy()
        v = vectors.detach().reshape(len(w), -1).numpy()
        y = None if blochs is None else blochs.detach().numpy()
        each = len(w) * part.sample_entries * x.itemsize
        chunk = min(chunk_size(each, limit_mb, "the vectors of one sample"), max(1, int(_BATCHED_BYTES / each)))
        built = part.chain.build(w)
        values = np.empty((len(x), len(w) * part.observables), x.dtype)
        for first in range(0, len(x), chunk):
            some = slice(first, first + chunk)
            trace = part.forward(built, v, x[some], None if y is None else y[..., some], values[some])
            if trace is None:
                raise nan_inputs()
        if any(ctx.needs_input_grad):
            ctx.kept = part, chunk, v, y, built, trace if 0 < len(x) <= chunk else None
            ctx.save_for_backward(inputs)
            ctx.shapes = w.shape[1], vectors.shape
        return torch.from_numpy(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor | None, ...]:
        """All gradients; where there are several chunks, each is computed again."""
        part, chunk, v, y, built, kept = ctx.kept
        (inputs,) = ctx.saved_tensors
        weights, shape = ctx.shapes
        x, upstream = _rows(inputs), _rows(flowing)
        slopes = part.chain.empty_slopes(len(v))
        to_inputs, to_vectors = np.zeros_like(x), np.zeros_like(v)
        to_blochs = None if y is None else np.zeros_like(y)
        for first in range(0, len(x), chunk):
            some = slice(first, first + chunk)
            angles = None if y is None else y[..., some]
            trace = kept or part.forward(built, v, x[some], angles, np.empty_like(upstream[some]))
            more, found = part.backward(built, trace, upstream[some], slopes, to_inputs[some])
            to_vectors += more
            if to_blochs is not None:
                to_blochs[..., some] = found
        return (
            torch.from_numpy(to_inputs),
            torch.from_numpy(part.chain.unbuild(built, slopes, weights)),
            torch.from_numpy(to_vectors).reshape(shape),
            None if to_blochs is None else torch.from_numpy(to_blochs),
            None,
            None,
        )

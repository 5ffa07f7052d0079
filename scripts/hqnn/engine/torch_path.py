"""A plan in plain torch operations, on any device, with torch's own differentiation.

Axes: copies k, samples b, observables s, then one a wire. Tensors that all samples share have a sample axis of size 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from hqnn.circuits.program import Angle
from hqnn.engine.elements import Fixed, Turn
from hqnn.engine.embedding import Wire
from hqnn.engine.patterns import on_wires
from hqnn.engine.pauli import rotation_parts
from hqnn.engine.plan import Block, Plan
from hqnn.errors import UserError
from hqnn.noise.channels import PAULIS
from hqnn.noise.model import TransferMatrix


@dataclass(frozen=True, eq=False)
class Tables:
    """A plan's constants on one device."""

    like: Tensor

    def __call__(self, array: TransferMatrix) -> Tensor:
        """The array with the dtype and the device of the weights."""
        return torch.as_tensor(array, dtype=self.like.dtype, device=self.like.device)


def shared_vectors(plan: Plan, weights: Tensor) -> Tensor:
    """The observables after the shared blocks: (copies, weights) to (copies, observables, d_0, ..., d_(wires-1))."""
    table = Tables(weights)
    vectors = table(plan.observables)[None, None].expand(weights.shape[0], 1, *plan.observables.shape)
    for block in plan.shared:
        vectors = _apply(vectors, _block_matrix(block, weights, table)[:, None], block)
    return vectors[:, 0]


def expectations(plan: Plan, vectors: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
    """Expectation values of samples.

    Args:
        plan: from `plan_of`.
        vectors: from `shared_vectors`.
        inputs: shape (copies, samples, inputs).
        weights: shape (copies, weights), of the dtype and on the device of the inputs.

    Returns:
        Shape (copies, samples, observables).
    """
    table = Tables(weights)
    vectors = vectors[:, None]
    for step in plan.batched:
        if isinstance(step, Block):
            matrix = _block_matrix(step, weights, table)[:, None]
        else:
            matrix = _parts_at(step, angle_value(step.angle, inputs, weights), table)
        vectors = _apply(vectors, matrix, step)
    if plan.amplitudes:
        return _with_amplitudes(vectors, inputs, table)
    values = _with_features(vectors, [features(wire, inputs, weights) for wire in plan.embedding])
    return values.expand(-1, inputs.shape[1], -1)


def angle_value(angle: Angle, inputs: Tensor, weights: Tensor) -> Tensor:
    """An angle, shape (copies, samples); the sample axis has size 1 where inputs do not enter."""
    total = torch.full((weights.shape[0], 1), angle.constant, dtype=weights.dtype, device=weights.device)
    for index, coefficient in angle.weights:
        total = total + coefficient * weights[:, index, None]
    for index, coefficient in angle.inputs:
        total = total + coefficient * inputs[:, :, index]
    return total


def _parts_at(turn: Turn, angle: Tensor, table: Tables) -> Tensor:
    constant, cosine, sine = (table(part) for part in rotation_parts(turn.word))
    angle = angle[..., None, None]
    return constant + torch.cos(angle) * cosine + torch.sin(angle) * sine


def _kept_rows(rows: list[int]) -> list[int]:
    """Words of a block's wires that the vector has: all letters where the axis is there, else I."""
    kept = [0]
    for size in rows:
        kept = [4 * word + letter for word in kept for letter in range(size)]
    return kept


def _block_matrix(block: Block, weights: Tensor, table: Tables) -> Tensor:
    """The block's transfer matrix, shape (copies, rows, columns)."""
    matrix = table(block.start).expand(weights.shape[0], *block.start.shape)
    for factor in block.factors:
        if isinstance(factor, Fixed):
            step = table(on_wires(factor.matrix, factor.wires, block.wires))
        else:
            parts = [table(on_wires(part, factor.wires, block.wires)) for part in rotation_parts(factor.word)]
            angle = angle_value(factor.angle, weights, weights)[..., None]
            step = parts[0] + torch.cos(angle) * parts[1] + torch.sin(angle) * parts[2]
        matrix = step @ matrix
    return matrix[:, _kept_rows(list(block.rows))]


def _apply(vectors: Tensor, matrix: Tensor, step: Block | Turn) -> Tensor:
    """Contract the rows of matrices (copies, samples, rows, columns) with some wires' axes."""
    axes = [3 + wire for wire in step.wires]
    columns = list(step.columns) if isinstance(step, Block) else [4] * len(axes)
    last = list(range(-len(axes), 0))
    moved = vectors.movedim(axes, last)
    others = moved.shape[2 : -len(axes)]
    flat = moved.reshape(*moved.shape[:2], prod(others), matrix.shape[-2]) @ matrix
    return flat.reshape(*flat.shape[:2], *others, *columns).movedim(last, axes)


def features(wire: Wire, inputs: Tensor, weights: Tensor) -> Tensor:
    """What meets one wire's axis, shape (copies, samples or 1, columns)."""
    table = Tables(weights)
    if wire.angle is not None:
        angle = angle_value(wire.angle, inputs, weights)
        return torch.stack([torch.ones_like(angle), torch.cos(angle), torch.sin(angle)], dim=-1)
    state = table(np.array([1.0, 0, 0, 1.0]))[:, None] if wire.chain else table(np.ones((1, 1)))
    state = state.expand(weights.shape[0], 1, *state.shape)
    for element in wire.chain:
        if isinstance(element, Turn):
            state = _parts_at(element, angle_value(element.angle, inputs, weights), table) @ state
        else:
            state = table(element.matrix) @ state
    return state[..., 0]


def _with_features(vectors: Tensor, by_wire: list[Tensor]) -> Tensor:
    """Contract each wire's axis; wires that no observable reached contribute their 1."""
    present = [feature for axis, feature in enumerate(by_wire) if vectors.shape[3 + axis] > 1]
    half = len(present) // 2
    one = vectors.new_ones(1, 1, 1)
    left, right = _products([one, *present[:half]]), _products([one, *present[half:]])
    matrix = vectors.reshape(*vectors.shape[:3], left.shape[-1], right.shape[-1])
    return torch.einsum("kbsuv,kbu,kbv->kbs", matrix, left, right)


def _products(factors: list[Tensor]) -> Tensor:
    total = factors[0]
    for feature in factors[1:]:
        total = (total[..., :, None] * feature[..., None, :]).flatten(-2)
    return total


def _with_amplitudes(vectors: Tensor, inputs: Tensor, table: Tables) -> Tensor:
    """``psi O psi`` for real amplitudes, padded with zeros and normalised."""
    wires = vectors.dim() - 3
    if (inputs == 0).all(dim=-1).any():
        raise UserError("a sample of the amplitude embedding is zero everywhere and has no state; leave it out")
    states = torch.nn.functional.pad(inputs, (0, 2**wires - inputs.shape[-1]))
    states = states / states.norm(dim=-1, keepdim=True)
    return torch.einsum("kbi,kbsij,kbj->kbs", states, operators(vectors, table), states)


def operators(vectors: Tensor, table: Tables) -> Tensor:
    """Real parts of the matrices of observables: (copies, samples, observables, d_0, ...) to (..., 2^n, 2^n)."""
    wires = vectors.dim() - 3
    paulis = torch.as_tensor(PAULIS, device=vectors.device).to(table.like.dtype.to_complex())
    matrices = vectors.to(paulis.dtype)
    for _ in range(wires):
        matrices = torch.tensordot(matrices, paulis[: matrices.shape[3]], dims=([3], [0]))
    rows = [3 + 2 * w for w in range(wires)]
    columns = [4 + 2 * w for w in range(wires)]
    return matrices.permute(0, 1, 2, *rows, *columns).reshape(*vectors.shape[:3], 2**wires, 2**wires).real

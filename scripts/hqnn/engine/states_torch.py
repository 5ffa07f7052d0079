"""Pure states in torch operations, on any device: the plan of the kernels, with the same adjoint way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hqnn.engine.states_plan import Observable, StatesPlan, Turn
from hqnn.engine.torch_path import angle_value
from hqnn.errors import UserError


def states_expectations(plan: StatesPlan, inputs: Tensor, weights: Tensor) -> Tensor:
    """Expectation values of samples.

    Args:
        plan: from `hqnn.engine.states_plan.states_plan_of`.
        inputs: shape (copies, samples, inputs).
        weights: shape (copies, weights), of the dtype and on the device of the inputs.

    Returns:
        Shape (copies, samples, observables).

    Raises:
        UserError: a sample has no amplitudes.
    """
    shape = inputs.shape[:2]
    found = [angle_value(turn.angle, inputs, weights).expand(shape) for turn in plan.turns]
    angles = torch.stack(found) if found else inputs.new_empty(0, *shape)
    values: Tensor = _Evolved.apply(angles, _start(plan, inputs), plan)
    return values


def sample_entries(plan: StatesPlan) -> int:
    """Numbers that a sample of one copy keeps at a time: states, their gradients, what is made of them, and angles."""
    return 5 * (1 << plan.bits) + 4 * len(plan.turns)


class _Evolved(torch.autograd.Function):
    """Angles (turns, copies, samples) and states (copies, samples, rows) to values (copies, samples, observables)."""

    @staticmethod
    def forward(ctx: Any, angles: Tensor, start: Tensor, plan: StatesPlan) -> Tensor:
        """Keep the angles and the last states, from which the way back finds all others."""
        states = start.clone()
        for turn, angle in zip(plan.turns, angles, strict=True):
            _turn(states, turn, angle)
        ctx.plan = plan
        ctx.save_for_backward(angles, states)
        values = [word.sign * (states * _mapped(states, word)).sum(dim=-1) for word in plan.observables]
        return torch.stack(values, dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of angles and first states; a turn back is a turn by the negative angle."""
        angles, last = ctx.saved_tensors
        states, plan = last.clone(), ctx.plan
        to_states = torch.zeros_like(states)
        for word, upstream in zip(plan.observables, flowing.unbind(-1), strict=True):
            to_states += 2 * word.sign * upstream[..., None] * _mapped(states, word)
        to_angles = torch.empty_like(angles)
        for number in range(len(plan.turns) - 1, -1, -1):
            turn, rows = plan.turns[number], 1 << plan.turns[number].bits
            to_angles[number] = (to_states[..., :rows] * _mapped(states[..., :rows], turn)).sum(dim=-1) / 2
            _turn(states, turn, -angles[number])
            _turn(to_states, turn, -angles[number])
        return to_angles, to_states, None


def _turn(states: Tensor, turn: Turn, angle: Tensor) -> None:
    """``exp(angle/2 A)`` in place, with ``A A = -1`` on the rows that a turn knows."""
    part = states[..., : 1 << turn.bits]
    half = angle[..., None] / 2
    part.copy_(torch.cos(half) * part + torch.sin(half) * _mapped(part, turn))


def _mapped(states: Tensor, word: Turn | Observable) -> Tensor:
    """``X^x Z^z`` times states: row r is that of ``r ^ x``, with the sign of its parity in z."""
    rows = torch.arange(states.shape[-1], device=states.device) ^ word.x
    odd = rows & word.z
    for shift in (16, 8, 4, 2, 1):
        odd = odd ^ odd >> shift
    return states[..., rows] * (1 - 2 * (odd & 1)).to(states.dtype)


def _start(plan: StatesPlan, inputs: Tensor) -> Tensor:
    """Row 0, or real amplitudes, padded with zeros and normalised."""
    rows = 1 << plan.bits
    if not plan.amplitudes:
        start = inputs.new_zeros(*inputs.shape[:2], rows)
        start[..., 0] = 1
        return start
    norms = inputs.norm(dim=-1, keepdim=True)
    if not norms.all():
        raise UserError("a sample of the amplitude embedding is zero everywhere and has no state; leave it out")
    return torch.nn.functional.pad(inputs / norms, (0, rows - inputs.shape[-1]))

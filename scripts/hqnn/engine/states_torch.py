"""Pure states in torch operations, on any device: the plan of the kernels, with the same adjoint way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hqnn.engine.states_plan import Observable, StatesPlan, Turn, columns_of
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
        return _numbers(plan, states) @ _sums(plan, states)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, flowing: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of angles and first states; a turn back is a turn by the negative angle."""
        angles, last = ctx.saved_tensors
        states, plan = last.clone(), ctx.plan
        to_states = torch.zeros_like(states)
        to_numbers = flowing @ _sums(plan, states).T
        for word, upstream in zip(plan.words, to_numbers.unbind(-1), strict=False):
            to_states += 2 * word.sign * upstream[..., None] * _mapped(states, word)
        for rows, columns in _sets(plan, states):
            to_states[..., rows] += 2 * to_numbers[..., len(plan.words) + columns] * states[..., rows]
        to_angles = torch.empty_like(angles)
        for number in range(len(plan.turns) - 1, -1, -1):
            turn, rows = plan.turns[number], 1 << plan.turns[number].bits
            to_angles[number] = (to_states[..., :rows] * _mapped(states[..., :rows], turn)).sum(dim=-1) / 2
            _turn(states, turn, -angles[number])
            _turn(to_states, turn, -angles[number])
        return to_angles, to_states, None


def _numbers(plan: StatesPlan, states: Tensor) -> Tensor:
    """Words, then probabilities, shape (copies, samples, numbers)."""
    words = [word.sign * (states * _mapped(states, word)).sum(dim=-1, keepdim=True) for word in plan.words]
    probabilities = states.new_zeros(*states.shape[:-1], plan.probabilities)
    for rows, columns in _sets(plan, states):
        probabilities.index_add_(-1, columns, states[..., rows] ** 2)
    return torch.cat([*words, probabilities], dim=-1)


def _sets(plan: StatesPlan, states: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """For what some wires read, the rows that are asked for and the number of the probability that each belongs to."""
    for outcomes in plan.outcomes:
        columns = torch.as_tensor(columns_of(outcomes, plan.bits), dtype=torch.int64, device=states.device)
        rows = (columns >= 0).nonzero()[:, 0]
        yield rows, columns[rows]


def _sums(plan: StatesPlan, states: Tensor) -> Tensor:
    """What each number is in each observable, shape (numbers, observables)."""
    sums = states.new_zeros(len(plan.words) + plan.probabilities, len(plan.readings))
    for observable, own in enumerate(plan.readings):
        for number, factor in own:
            sums[number, observable] += factor
    return sums


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

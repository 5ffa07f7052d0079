"""A program's functions of inputs and weights in torch, as many at a time as do not depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hqnn.circuits.functions import applied, not_finite
from hqnn.circuits.program import Angle, Program, Terms
from hqnn.engine.cpu_path import nan_inputs


@dataclass(frozen=True)
class Affine:
    """Several expressions ``constant + columns @ inputs + weights @ weights``.

    Attributes:
        constant: shape (expressions,).
        inputs: shape (columns, expressions), or None where no column enters.
        weights: shape (weights, expressions), or None likewise.
    """

    constant: Tensor
    inputs: Tensor | None
    weights: Tensor | None

    def to(self, like: Tensor) -> Affine:
        """With the dtype and on the device of a tensor."""
        inputs, weights = (None if m is None else m.to(like) for m in (self.inputs, self.weights))
        return Affine(self.constant.to(like), inputs, weights)

    def value(self, columns: Tensor, weights: Tensor) -> Tensor:
        """All values: columns (..., copies, columns), weights (copies, weights) to (..., copies, expressions)."""
        total = self.constant
        if self.weights is not None:
            total = total + weights @ self.weights
        return total if self.inputs is None else total + columns @ self.inputs


@dataclass(frozen=True)
class Step:
    """One function of many operands at a time.

    Attributes:
        name: of the function.
        operands: one an argument.
        count: how many values it gives.
    """

    name: str
    operands: tuple[Affine, ...]
    count: int


class FurtherInputs:
    """Puts the values of a program's functions behind the numbers of every sample."""

    def __init__(self, program: Program) -> None:
        """Order the functions by depth and name."""
        self._program = program
        groups: dict[tuple[int, str], list[int]] = {}
        depths = [0] * program.inputs
        for index, function in enumerate(program.functions):
            depth = 1 + max((depths[i] for operand in function.operands for i, _ in operand.inputs), default=0)
            depths.append(depth)
            groups.setdefault((depth, function.name), []).append(index)
        column = {i: i for i in range(program.inputs)}
        self._steps = []
        for (_, name), indices in sorted(groups.items()):
            operands = zip(*(program.functions[index].operands for index in indices), strict=True)
            affine = tuple(_affine(each, column, program.weights) for each in operands)
            self._steps.append(Step(name, affine, len(indices)))
            column.update({program.inputs + index: len(column) + n for n, index in enumerate(indices)})
        self._order = [column[i] for i in range(program.circuit_inputs)]
        self._cast: dict[tuple[torch.dtype, torch.device], list[Step]] = {}

    def __call__(self, inputs: Tensor, weights: Tensor, copies: int) -> Tensor:
        """Extend every sample.

        Args:
            inputs: shape (..., copies * inputs).
            weights: copies * weights of any shape, of the inputs' dtype and on their device.
            copies: circuits in parallel.

        Returns:
            Shape (..., copies * circuit inputs).

        Raises:
            UserError: NaN among the inputs, or a function is not finite.
        """
        columns = inputs.reshape(*inputs.shape[:-1], copies, self._program.inputs)
        for step in self._steps_like(inputs):
            operands = [operand.value(columns, weights.reshape(copies, -1)) for operand in step.operands]
            values = applied(step.name, operands, torch).expand(*columns.shape[:-1], step.count)
            columns = torch.cat([columns, values], -1)
        columns = columns if self._order == sorted(self._order) else columns[..., self._order]
        finite = torch.isfinite(columns[..., self._program.inputs :])
        if not finite.all():
            if torch.isnan(inputs).any():
                raise nan_inputs()
            raise not_finite(self._program, int(finite.reshape(-1, finite.shape[-1]).all(0).int().argmin()))
        return columns.reshape(*inputs.shape[:-1], copies * self._program.circuit_inputs)

    def _steps_like(self, tensor: Tensor) -> list[Step]:
        kind = tensor.dtype, tensor.device
        if kind not in self._cast:
            self._cast[kind] = [
                Step(step.name, tuple(operand.to(tensor) for operand in step.operands), step.count)
                for step in self._steps
            ]
        return self._cast[kind]


def _affine(angles: Sequence[Angle], column: dict[int, int], weights: int) -> Affine:
    constant = torch.tensor([angle.constant for angle in angles], dtype=torch.float64)
    inputs = [tuple((column[i], c) for i, c in angle.inputs) for angle in angles]
    return Affine(constant, _matrix(inputs, len(column)), _matrix([angle.weights for angle in angles], weights))


def _matrix(terms: Sequence[Terms], rows: int) -> Tensor | None:
    if not any(terms):
        return None
    matrix = torch.zeros(rows, len(terms), dtype=torch.float64)
    for place, own in enumerate(terms):
        for index, factor in own:
            matrix[index, place] = factor
    return matrix

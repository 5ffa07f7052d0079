"""Functions of inputs and weights, computed before a circuit runs: further inputs to everything that runs it.

So an angle may be any differentiable function, such as ``(pi - x_0)(pi - x_1)`` of the ZZ feature map (Havlíček et al.,
Nature 567, 209) or the trainable scale and shift ``w x + b`` of data re-uploading, and stays affine in the inputs that
the circuit sees.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hqnn.circuits.program import Angle, Function, Program
from hqnn.errors import UserError

ARGUMENTS = {
    **dict.fromkeys(("multiply", "divide", "power", "arctan2"), 2),
    **dict.fromkeys(("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"), 1),
    **dict.fromkeys(("arcsinh", "arccosh", "arctanh", "exp", "exp2", "expm1"), 1),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "sqrt"), 1),
}
"""Names of NumPy's functions that can be followed, and how many arguments they have."""

_OPERATORS = {"multiply": operator.mul, "divide": operator.truediv, "power": operator.pow}


class Columns(list[Any]):
    """Inputs one by one, each of shape (...), which angles read as one array of shape (..., inputs)."""

    def __getitem__(self, key: Any) -> Any:
        """As of an array where the last index is asked for."""
        return super().__getitem__(key[-1] if isinstance(key, tuple) else key)


def applied(name: str, operands: Sequence[Any], xp: Any) -> Any:
    """A function's value.

    Args:
        name: one of `ARGUMENTS`.
        operands: as many arrays of a library.
        xp: the library: numpy, torch, or ``qml.math`` for any.
    """
    function = _OPERATORS.get(name) or getattr(xp, name)
    return function(*operands)


def extended(program: Program, inputs: Any, weights: Any, xp: Any = np) -> Any:
    """A sample's numbers followed by the functions.

    Args:
        program: any.
        inputs: shape (..., inputs).
        weights: flat, shape (weights,).
        xp: see `applied`.

    Returns:
        Shape (..., circuit inputs).

    Raises:
        UserError: a function is not finite.
    """
    if not program.functions:
        return inputs
    with np.errstate(all="ignore"):  # it is said in words
        columns = columns_of(program, inputs, weights, xp)
    check_finite(program, columns, xp)
    return xp.stack(list(columns), -1)


def columns_of(program: Program, inputs: Any, weights: Any, xp: Any = np) -> Columns:
    """As `extended`, whatever the values, and one by one, so that each has only the gradients that it needs.

    Args:
        program: any.
        inputs: shape (..., inputs).
        weights: shape (weights, ...).
        xp: see `applied`.
    """
    columns = Columns(inputs[..., i] for i in range(program.inputs))
    for function in program.functions:
        operands = [angle.value(columns, weights) for angle in function.operands]
        columns.append(applied(function.name, operands, xp) + (inputs * 0).sum(-1))  # for every sample
    return columns


def check_finite(program: Program, columns: Columns, xp: Any = np) -> None:
    """Refuse functions that are infinite or no number for some sample.

    Raises:
        UserError: one is; the message has its formula.
    """
    for index, column in enumerate(columns[program.inputs :]):
        if not bool(xp.all(xp.isfinite(column))):
            raise not_finite(program, index)


def entering(program: Program, angle: Angle) -> tuple[bool, bool]:
    """Whether a sample's numbers, and whether weights, enter an angle, by functions too."""
    by_inputs, by_weights = any(i < program.inputs for i, _ in angle.inputs), bool(angle.weights)
    for index in (i - program.inputs for i, _ in angle.inputs if i >= program.inputs):
        for operand in program.functions[index].operands:
            inputs, weights = entering(program, operand)
            by_inputs, by_weights = by_inputs or inputs, by_weights or weights
    return by_inputs, by_weights


def not_finite(program: Program, index: int) -> UserError:
    """What to say of a function, given its index, that is infinite or no number for some sample."""
    return UserError(
        f"the angle {written(program, program.inputs + index)} of the circuit is not finite for some sample; look at "
        "the data and at the scale of the features, or write a function that is finite for all of them"
    )


def needed(
    functions: Sequence[Function], inputs: int, angles: Sequence[Angle]
) -> tuple[list[Function], dict[int, int]]:
    """Leave out functions that nothing depends on.

    Args:
        functions: first to last.
        inputs: how many numbers a sample has.
        angles: that may depend on them.

    Returns:
        The functions that remain, and for every index of an input before its index afterwards.
    """
    used = {i for angle in angles for i, _ in angle.inputs}
    for index in reversed(range(len(functions))):
        if inputs + index in used:
            used.update(i for operand in functions[index].operands for i, _ in operand.inputs)
    kept = [index for index in range(len(functions)) if inputs + index in used]
    places = {**{i: i for i in range(inputs)}, **{inputs + index: inputs + n for n, index in enumerate(kept)}}
    return [_renumbered(functions[index], places) for index in kept], places


def renumbered(angle: Angle, places: dict[int, int]) -> Angle:
    """An angle whose inputs have other indices."""
    return replace(angle, inputs=tuple(sorted((places[i], c) for i, c in angle.inputs)))


def _renumbered(function: Function, places: dict[int, int]) -> Function:
    return replace(function, operands=tuple(renumbered(operand, places) for operand in function.operands))


def written(program: Program, index: int) -> str:
    """An input of the circuit as a formula of ``x[i]`` and ``w[j]``.

    Args:
        program: any.
        index: of the input.
    """
    if index < program.inputs:
        return f"x[{index}]"
    function = program.functions[index - program.inputs]
    operands = [_angle_written(program, operand) for operand in function.operands]
    sign = {"multiply": " * ", "divide": " / ", "power": " ** "}.get(function.name)
    if sign:
        return sign.join(f"({o})" if " " in o else o for o in operands)
    return f"{function.name}({', '.join(operands)})"


def _angle_written(program: Program, angle: Angle) -> str:
    terms = [(written(program, i), c) for i, c in angle.inputs] + [(f"w[{j}]", c) for j, c in angle.weights]
    parts = [text if c == 1 else f"-{text}" if c == -1 else f"{c:.6g} * {text}" for text, c in terms]
    if angle.constant or not parts:
        parts.insert(0, f"{angle.constant:.6g}")
    return " + ".join(parts).replace("+ -", "- ")

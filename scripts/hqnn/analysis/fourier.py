"""Fourier coefficients of a circuit's expectation values, read from the propagated observable.

With one rotation a wire as embedding, the engine takes an observable back to a tensor over (1, cos x, sin x) of every
wire; the expectation value is that tensor contracted with these features. So the coefficients are exact, for any noise,
without a single evaluation of the circuit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.engine.plan import Plan, plan_of
from hqnn.engine.shared import SharedPart
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel

MEMORY_LIMIT_MB = 2000.0
_STEP = 1e-4
_NEGLIGIBLE = 1e-6
# (1, cos x, sin x) to the coefficients of exp(-ix), 1, exp(ix)
_TO_EXPONENTIALS = np.array([[0, 0.5, 0.5j], [1, 0, 0], [0, 0.5, -0.5j]])

Reals = NDArray[np.float64]
Coefficients = NDArray[np.complex128]


def drawn_weights(program: Program, draws: int, generator: np.random.Generator) -> Reals:
    """Weights uniformly from [0, 2 pi), shape (draws, weights)."""
    return generator.uniform(0, 2 * np.pi, (draws, program.weights))


def propagated(program: Program, weights: Reals, noise: NoiseModel | None = None) -> Reals:
    """The observables as tensors over the features of the wires.

    Args:
        program: embeds every input once, by one rotation on a wire of its own.
        weights: shape (draws, weights).
        noise: after the program's gates.

    Returns:
        Shape (draws, observables, d_0, d_1, ...): 3 for (1, cos, sin) of the wire's angle, 1 where the expectation
        values do not depend on it.

    Raises:
        UserError: inputs enter in another way.
    """
    return _propagated(_checked_plan(program, noise), weights)


def pair_coefficients(
    program: Program, weights: Reals, inputs: tuple[int, int] = (0, 1), noise: NoiseModel | None = None
) -> Coefficients:
    """Coefficients c_ij of ``f(x, y) = sum_ij c_ij exp(i (i x + j y))`` in two inputs, the others being zero.

    Source: Schuld, Sweke and Meyer, Phys. Rev. A 103, 032430 (2021), equation 4; frequencies count in units of the
    factor by which the embedding multiplies the input.

    Args:
        program: as in `propagated`.
        weights: shape (draws, weights).
        inputs: which two.
        noise: after the program's gates.

    Returns:
        Shape (draws, observables, 3, 3), complex128, i and j from -1 to 1.

    Raises:
        UserError: inputs enter in another way, or one of the two is not there.
    """
    plan = _checked_plan(program, noise)
    wires = [_wire_of(plan, index) for index in inputs]
    tensor = _at_zero(_propagated(plan, weights), wires)
    return np.asarray(np.einsum("ia,jb,doab->doij", _TO_EXPONENTIALS, _TO_EXPONENTIALS, tensor))


def richest(coefficients: Coefficients) -> int:
    """The observable with the most coefficients that are not zero in all draws, the first of them.

    Args:
        coefficients: shape (draws, observables, 3, 3).
    """
    return int(np.argmax((np.abs(coefficients).max(axis=0) > _NEGLIGIBLE).sum(axis=(1, 2))))


def coefficients_table(coefficients: Coefficients, observables: Sequence[str]) -> pd.DataFrame:
    """One row a draw, observable and pair of frequencies: observable, draw, i, j, real, imag.

    Args:
        coefficients: shape (draws, observables, 3, 3).
        observables: their words.
    """
    table = pd.MultiIndex.from_product(
        [range(len(coefficients)), observables, (-1, 0, 1), (-1, 0, 1)], names=["draw", "observable", "i", "j"]
    ).to_frame(index=False)
    return table.assign(real=coefficients.real.ravel(), imag=coefficients.imag.ravel())


def absorbed_weights(program: Program, generator: np.random.Generator) -> tuple[int, ...]:
    """Weights that a linear layer right behind the circuit makes redundant.

    The derivative of every observable's tensor by such a weight is a linear combination of these tensors and of a
    constant, so that changing the weight equals changing the linear layer. Found at one random point by central
    differences; weights without any influence are among them.

    Args:
        program: as in `propagated`.
        generator: of that point.

    Returns:
        Flat indices in C order.

    Raises:
        UserError: inputs enter in another way than `propagated` can take.
    """
    count = program.weights
    steps = _STEP * np.concatenate([np.zeros((1, count)), np.eye(count), -np.eye(count)])
    tensors = propagated(program, drawn_weights(program, 1, generator) + steps)
    flat = tensors.reshape(len(tensors), tensors.shape[1], -1)
    slopes = (flat[1 : count + 1] - flat[count + 1 :]) / (2 * _STEP)
    constant = np.eye(1, flat.shape[2])
    basis = np.linalg.svd(np.concatenate([flat[0], constant]), full_matrices=False)
    span = basis.Vh[basis.S > _NEGLIGIBLE]
    rest = np.linalg.norm(slopes - slopes @ span.T @ span, axis=(1, 2))
    return tuple(int(j) for j in np.flatnonzero(rest < _NEGLIGIBLE))


def _propagated(plan: Plan, weights: Reals) -> Reals:
    part = SharedPart(plan, torch.float64, len(weights), MEMORY_LIMIT_MB)
    vectors, _ = part.forward(np.ascontiguousarray(weights))
    return vectors.astype(np.float64, copy=False).reshape(len(weights), *part.final)


def _checked_plan(program: Program, noise: NoiseModel | None) -> Plan:
    plan = plan_of(program, noise)
    entering = [wire.angle.inputs for wire in plan.embedding if wire.angle is not None]
    once = all(len(terms) == 1 for terms in entering) and len({terms[0][0] for terms in entering}) == len(entering)
    if (
        program.functions
        or plan.amplitudes
        or plan.batched
        or any(wire.columns == 4 for wire in plan.embedding)
        or not once
    ):
        raise UserError(
            "Fourier coefficients are read from circuits that embed each input once, by one rotation on its own wire; "
            "take an angle embedding without '-reupload'"
        )
    return plan


def _wire_of(plan: Plan, index: int) -> int:
    """The wire that an input enters."""
    if not 0 <= index < plan.inputs:
        raise UserError(f"there is no input {index}; choose two of 0 to {plan.inputs - 1}")
    for wire, start in enumerate(plan.embedding):
        if start.angle is not None and start.angle.inputs[0][0] == index:
            return wire
    raise UserError(f"no observable depends on input {index}; choose other observables or another pair of inputs")


def _at_zero(tensor: Reals, wires: Sequence[int]) -> Reals:
    """Contract all wires but two at angle zero; shape (draws, observables, 3, 3) over (1, cos, sin) of the two."""
    for wire in reversed(range(tensor.ndim - 2)):
        axis = 2 + wire
        if wire not in wires:
            kept = tensor.take([0, 1] if tensor.shape[axis] == 3 else [0], axis)
            tensor = kept.sum(axis, keepdims=True)
        elif tensor.shape[axis] == 1:
            padding = [(0, 0)] * tensor.ndim
            padding[axis] = (0, 2)
            tensor = np.pad(tensor, padding)
    first, second = (2 + wire for wire in wires)
    moved = np.moveaxis(tensor, (first, second), (2, 3))
    return moved.reshape(*moved.shape[:4])

"""State vectors of a program for many weights at once, gate by gate: for circuits of few wires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.functions import extended
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Constant, Factor, Program

States = NDArray[np.complex128]


def state_vectors(program: Program, inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> States:
    """States that a program prepares, up to a phase.

    Args:
        program: any.
        inputs: shape (draws, inputs).
        weights: shape (draws, weights), flat in C order.

    Returns:
        Shape (draws, 2^wires), complex128, wire 0 the most significant bit.
    """
    states = np.zeros((len(weights), 2**program.wires), dtype=np.complex128)
    if program.initial_state == "amplitudes":
        states[:, : program.inputs] = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    else:
        states[:, 0] = 1
    states = states.reshape(-1, *(2,) * program.wires)
    inputs = extended(program, inputs, weights.T)
    for gate in program.gates:
        for factor in gate.unitary_factors:
            states = _applied(factor, gate.wires, states, inputs, weights)
    return states.reshape(len(weights), -1)


def _applied(factor: Factor, wires: Sequence[int], states: States, inputs: Any, weights: Any) -> States:
    if isinstance(factor, Constant):
        return _times(factor.matrix, wires, states)
    acting = [wire for wire, letter in zip(wires, factor.word, strict=True) if letter != "I"]
    half = np.asarray(factor.angle.value(inputs, weights.T) / 2).reshape(-1, *(1,) * (states.ndim - 1))
    turned = _times(word_matrix(factor.word.replace("I", "")), acting, states)
    rotated: States = np.cos(half) * states - 1j * np.sin(half) * turned
    return rotated


def _times(matrix: States, wires: Sequence[int], states: States) -> States:
    count = len(wires)
    axes = [1 + wire for wire in wires]
    product = np.tensordot(matrix.reshape((2,) * 2 * count), states, (range(count, 2 * count), axes))
    return np.moveaxis(product, range(count), axes)

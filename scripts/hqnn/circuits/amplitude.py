"""Amplitude embedding as gates: rotations and CNOTs whose angles are computed from the sample.

Wire k is turned by an RY that is uniformly controlled by the wires before it (Möttönen et al., quant-ph/0407010). Each
such RY is written as 2^k RY with CNOTs between them, in the order of a Gray code; their angles are a linear map of the
controlled rotation's. Only real amplitudes are prepared; their signs are in the range of the last wire's angles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Angle, Constant, Gate, Program, Rotation
from hqnn.errors import UserError

CNOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=complex)


def preparation_angles(amplitudes: Any, wires: int, xp: Any = np) -> Any:
    """The inputs of a prepared program that make these amplitudes.

    Args:
        amplitudes: real floats, shape (samples, up to 2^wires); zero-padded and normalised here.
        wires: how many.
        xp: numpy, or torch for angles with gradients (zero where a branch of the tree has no weight).

    Returns:
        Angles in radians, shape (samples, 2^wires - 1): wire 0's, wire 1's two, wire 2's four, and so on.

    Raises:
        UserError: there are more amplitudes than basis states, or a sample is zero everywhere.
    """
    padding = 2**wires - amplitudes.shape[1]
    if padding < 0:
        raise UserError(f"{amplitudes.shape[1]} amplitudes do not fit {wires} wires; take more wires or fewer features")
    if not bool((amplitudes != 0).any(1).all()):
        raise UserError("a sample that is zero everywhere has no amplitudes; leave it out, or scale the features anew")
    branches = xp.concatenate([amplitudes, *[xp.zeros_like(amplitudes[:, :1])] * padding], 1)
    angles = []
    for wire in reversed(range(wires)):
        left, right = branches[:, 0::2], branches[:, 1::2]
        empty = (left == 0) & (right == 0)
        controlled = 2 * xp.arctan2(right, xp.where(empty, 1.0, left))
        angles.append(controlled @ xp.asarray(_gray_transform(wire), dtype=controlled.dtype, device=controlled.device))
        branches = xp.where(empty, 0.0, xp.sqrt(xp.where(empty, 1.0, left**2 + right**2)))
    return xp.concatenate(angles[::-1], 1)


def prepared(program: Program) -> Program:
    """Make the state preparation of a program explicit, so that it can be compiled and be noisy.

    Args:
        program: begins with amplitudes.

    Returns:
        A program that begins in the zero state, with 2^wires - 1 rotations and 2^wires - 2 CNOTs before the gates; its
        inputs are those of `preparation_angles`.

    Raises:
        UserError: the program embeds no amplitudes.
    """
    if program.initial_state != "amplitudes":
        raise UserError("the program embeds no amplitudes, so there is nothing to prepare; use it as it is")
    cascade = (gate for wire in range(program.wires) for gate in _uniformly_controlled(wire))
    return replace(program, inputs=2**program.wires - 1, gates=(*cascade, *program.gates), initial_state="zero")


def _uniformly_controlled(wire: int) -> Iterator[Gate]:
    """RY on a wire, controlled by every state of the wires before it."""
    count = 2**wire
    for i in range(count):
        angle = Angle(inputs=((count - 1 + i, 1.0),))
        yield Gate("RY", (wire,), (angle,), (Rotation("Y", angle),))
        if count > 1:
            flipped = _gray(i) ^ _gray((i + 1) % count)
            yield Gate("CNOT", (wire - flipped.bit_length(), wire), (), (Constant(CNOT),))


@cache
def _gray_transform(wire: int) -> NDArray[np.float64]:
    """``M[j, i] = 2^-k (-1)^(j . gray(i))``: from the rotation of every control state j to that of every step i."""
    size = 2**wire
    odd = [[(j & _gray(i)).bit_count() % 2 for i in range(size)] for j in range(size)]
    transform: NDArray[np.float64] = (1.0 - 2.0 * np.array(odd)) / size
    return transform


def _gray(i: int) -> int:
    return i ^ (i >> 1)

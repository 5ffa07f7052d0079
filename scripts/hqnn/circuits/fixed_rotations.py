"""Fixed unitaries on one or two wires as Pauli rotations by fixed angles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cossin, schur

from hqnn.circuits.program import ComplexMatrix

FixedRotation: TypeAlias = tuple[str, float]
"""Letters on the unitary's wires, and the angle in radians, of ``exp(-i angle/2 word)``."""


def rotations_of(unitary: ComplexMatrix) -> list[FixedRotation]:
    """Rotations whose product is a unitary, up to a global phase, applied first to last.

    One wire by Euler angles, three; two wires by the cosine-sine decomposition (Shende, Bullock and Markov,
    quant-ph/0406176), up to eighteen.

    Args:
        unitary: shape (2, 2) or (4, 4).
    """
    found = _of_one(unitary) if len(unitary) == 2 else _of_two(unitary)
    return [(word, float(angle)) for word, angle in found if abs(angle) > 1e-15]


def _of_one(unitary: ComplexMatrix) -> list[FixedRotation]:
    """Euler angles Z Y Z."""
    special = unitary / np.sqrt(complex(np.linalg.det(unitary)))
    total, difference = 2 * np.angle(special[1, 1]), 2 * np.angle(special[1, 0])
    middle = 2 * np.arctan2(abs(special[1, 0]), abs(special[1, 1]))
    return [("Z", (total - difference) / 2), ("Y", middle), ("Z", (total + difference) / 2)]


def _of_two(unitary: ComplexMatrix) -> Iterator[FixedRotation]:
    """``(u1 + u2) CS (v1 + v2)``, block by block of the first wire."""
    (u1, u2), angles, (v1, v2) = cossin(unitary, p=2, q=2, separate=True)
    yield from _of_blocks(v1, v2)
    yield ("YI", angles[0] + angles[1])
    yield ("YZ", angles[0] - angles[1])
    yield from _of_blocks(u1, u2)


def _of_blocks(upper: NDArray[Any], lower: NDArray[Any]) -> Iterator[FixedRotation]:
    """``upper + lower = (1 x V)(D + D†)(1 x W)`` with a diagonal D, since ``upper lower† = V D^2 V†``."""
    squared, left = schur(upper @ lower.conj().T, output="complex")
    phases = np.angle(np.diag(squared)) / 2
    right = np.exp(1j * phases)[:, None] * (left.conj().T @ lower)
    yield from (("I" + word, angle) for word, angle in _of_one(right))
    yield ("ZI", -(phases[0] + phases[1]))
    yield ("ZZ", -(phases[0] - phases[1]))
    yield from (("I" + word, angle) for word, angle in _of_one(left))

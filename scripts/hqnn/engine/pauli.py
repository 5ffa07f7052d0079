"""The Pauli basis: words, transfer matrices of unitaries, and rotations as affine functions of cos and sin.

A transfer matrix is ``R[i, j] = 2^-k tr(P_i E(P_j))`` with the words in the order of ``product("IXYZ", repeat=k)``. A
state ``rho = 2^-k sum_j r_j P_j`` goes to ``R r``; an observable ``O = sum_i o_i P_i`` goes back to ``R.T o``.
"""

from __future__ import annotations

from functools import cache, reduce
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float64]
Parts: TypeAlias = tuple[Matrix, Matrix, Matrix]

PAULIS = {
    "I": np.array([[1, 0], [0, 1]], dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "Z": np.array([[1, 0], [0, -1]], dtype=complex),
}
ZERO_STATE: Matrix = np.array([1.0, 0.0, 0.0, 1.0])


@cache
def words(wires: int) -> tuple[str, ...]:
    """All Pauli words on some wires, in the order of every vector and matrix here."""
    return tuple("".join(letters) for letters in product("IXYZ", repeat=wires))


@cache
def word_matrices(wires: int) -> NDArray[np.complex128]:
    """Matrices of all words, shape (4^wires, 2^wires, 2^wires)."""
    return np.array([reduce(np.kron, [PAULIS[letter] for letter in word]) for word in words(wires)])


def unitary_transfer(unitary: NDArray[np.complex128]) -> Matrix:
    """Transfer matrix of ``rho -> U rho U^dagger``, shape (4^k, 4^k) for a matrix of shape (2^k, 2^k)."""
    size = unitary.shape[0]
    paulis = word_matrices(size.bit_length() - 1)
    turned = unitary @ paulis @ unitary.conj().T
    transfer: Matrix = np.einsum("iab,jba->ij", paulis, turned).real / size
    return transfer


@cache
def rotation_parts(word: str) -> Parts:
    """``R0, R1, R2`` of ``exp(-i angle/2 word)``, whose transfer matrix is ``R0 + cos(angle) R1 + sin(angle) R2``.

    Words that commute with ``word`` stay (R0); the others turn into ``-i word Q`` (R1, R2).
    """
    generator = reduce(np.kron, [PAULIS[letter] for letter in word])
    paulis = word_matrices(len(word))
    size = generator.shape[0]
    conjugated = unitary_transfer(generator)
    commutes = (np.diag(conjugated) > 0).astype(float)
    turned = -0.5j * (generator @ paulis - paulis @ generator)
    sine: Matrix = np.einsum("iab,jba->ij", paulis, turned).real / size
    return np.diag(commutes), np.diag(1 - commutes), np.round(sine)


def rotation_transfer(word: str, angle: float) -> Matrix:
    """Transfer matrix of ``exp(-i angle/2 word)``, shape (4^k, 4^k)."""
    constant, cosine, sine = rotation_parts(word)
    transfer: Matrix = constant + np.cos(angle) * cosine + np.sin(angle) * sine
    return transfer


def swap_wires(transfer: Matrix) -> Matrix:
    """The transfer matrix of a two-wire channel with its wires named in the other order, shape (16, 16)."""
    swapped: Matrix = transfer.reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
    return swapped


def kron(first: Matrix, second: Matrix | None = None) -> Matrix:
    """Kronecker product of one or two matrices."""
    if second is None:
        return first
    joined: Matrix = np.kron(first, second)
    return joined


def embed(transfer: Matrix, position: int) -> Matrix:
    """A one-wire transfer matrix as a two-wire one: on the first wire (position 0) or the second (1)."""
    return kron(transfer, np.eye(4)) if position == 0 else kron(np.eye(4), transfer)

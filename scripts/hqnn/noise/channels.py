"""Channels as Pauli transfer matrices: made from formulas or Kraus operators, joined, tested, and taken apart again.

``R[i, j] = 2^-k tr(P_i E(P_j))``, words in the order of ``itertools.product("IXYZ", repeat=k)``, the gate's first wire
is the first letter and the most significant bit of a Kraus operator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import ComplexMatrix
from hqnn.errors import UserError
from hqnn.noise.model import TransferMatrix

PAULIS: ComplexMatrix = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)


@lru_cache
def pauli_words(wires: int) -> ComplexMatrix:
    """Every Pauli word as a matrix, shape (4^wires, 2^wires, 2^wires), read-only."""
    words = reduce(_pairwise_kron, [PAULIS] * wires, np.ones((1, 1, 1), dtype=np.complex128))
    words.setflags(write=False)
    return words


def _pairwise_kron(left: ComplexMatrix, right: ComplexMatrix) -> ComplexMatrix:
    a, m, _ = left.shape
    b, n, _ = right.shape
    joined: ComplexMatrix = np.einsum("amx,bny->abmnxy", left, right).reshape(a * b, m * n, m * n)
    return joined


def wires_of(matrix: TransferMatrix) -> int:
    """How many wires a transfer matrix acts on."""
    return (len(matrix).bit_length() - 1) // 2


def from_kraus(operators: Sequence[NDArray[np.complex128]]) -> TransferMatrix:
    """The transfer matrix of ``E(rho) = sum K rho K†``.

    Args:
        operators: each of shape (2^k, 2^k); a single unitary is the simplest case.

    Returns:
        Shape (4^k, 4^k), float64.
    """
    kraus = np.asarray(operators, dtype=np.complex128)
    words = pauli_words(int(kraus.shape[1]).bit_length() - 1)
    images = np.einsum("kab,jbc,kdc->jad", kraus, words, kraus.conj(), optimize=True)
    matrix: TransferMatrix = np.einsum("iba,jab->ij", words, images, optimize=True).real / kraus.shape[1]
    return np.ascontiguousarray(matrix)


def to_choi(matrix: TransferMatrix) -> ComplexMatrix:
    """The Choi matrix ``sum |m><n| ⊗ E(|m><n|) = 2^-k sum R[i, j] P_j^T ⊗ P_i``, shape (4^k, 4^k)."""
    words = pauli_words(wires_of(matrix))
    size = words.shape[1]
    choi = np.einsum("ij,jba,icd->acbd", matrix, words, words, optimize=True) / size
    return np.asarray(choi.reshape(size**2, size**2))


def to_kraus(matrix: TransferMatrix, cutoff: float = 1e-14) -> list[ComplexMatrix]:
    """Kraus operators of a channel, from the eigenvectors of its Choi matrix.

    Args:
        matrix: a channel's transfer matrix.
        cutoff: eigenvalues at or below it are dropped; they are the rounding of zeros.

    Returns:
        At most 4^k operators of shape (2^k, 2^k), the heaviest first.

    Raises:
        UserError: the matrix is no channel.
    """
    check_channel(matrix, "the transfer matrix")
    values, vectors = np.linalg.eigh(to_choi(matrix))
    size = 2 ** wires_of(matrix)
    order = [i for i in np.argsort(-values) if values[i] > cutoff]
    return [np.sqrt(values[i]) * vectors[:, i].reshape(size, size).T.astype(np.complex128) for i in order]


def is_trace_preserving(matrix: TransferMatrix, tolerance: float = 1e-9) -> bool:
    """Whether the first row is (1, 0, ..., 0)."""
    first = np.zeros(len(matrix))
    first[0] = 1
    return bool(np.abs(matrix[0] - first).max() <= tolerance)


def is_completely_positive(matrix: TransferMatrix, tolerance: float = 1e-9) -> bool:
    """Whether the Choi matrix has no eigenvalue below ``-tolerance``."""
    return bool(np.linalg.eigvalsh(to_choi(matrix)).min() >= -tolerance)


def check_channel(matrix: TransferMatrix, what: str) -> None:
    """Refuse what no physical noise does.

    Args:
        matrix: a transfer matrix.
        what: what to call it in the message, such as ``"the error of cx on (0, 1)"``.

    Raises:
        UserError: it is not trace preserving or not completely positive.
    """
    if not np.isfinite(matrix).all() or not is_trace_preserving(matrix):
        raise UserError(f"{what} does not preserve the trace; give Kraus operators with sum K†K = 1")
    if not is_completely_positive(matrix):
        raise UserError(f"{what} is not completely positive; check its rates, a fraction may be above its limit")


def identity(wires: int) -> TransferMatrix:
    """No noise."""
    return np.eye(4**wires)


def compose(*channels: TransferMatrix) -> TransferMatrix:
    """One after another, the first argument acting first."""
    return reduce(lambda done, later: later @ done, channels)


def tensor(*channels: TransferMatrix) -> TransferMatrix:
    """Side by side, the first argument on the first wires."""
    return reduce(_kron, channels)


def _kron(left: TransferMatrix, right: TransferMatrix) -> TransferMatrix:
    return np.asarray(np.kron(left, right), dtype=np.float64)


def permute_wires(matrix: TransferMatrix, order: Sequence[int]) -> TransferMatrix:
    """Rename wires: wire ``i`` of the result is wire ``order[i]`` of the argument."""
    count = len(order)
    axes = [*order, *(count + i for i in order)]
    return np.ascontiguousarray(matrix.reshape((4,) * (2 * count)).transpose(axes)).reshape(matrix.shape)


def reverse_wires(matrix: TransferMatrix) -> TransferMatrix:
    """The last wire becomes the first: from or to Qiskit's order."""
    return permute_wires(matrix, range(wires_of(matrix))[::-1])


def embed(matrix: TransferMatrix, positions: Sequence[int], wires: int) -> TransferMatrix:
    """A channel on some wires of a gate, as a channel on all of them.

    Args:
        matrix: acts on ``len(positions)`` wires.
        positions: where in the gate each of its wires lies.
        wires: how many the gate has.
    """
    rest = [wire for wire in range(wires) if wire not in positions]
    holds = [*positions, *rest]
    return permute_wires(tensor(matrix, identity(len(rest))), [holds.index(wire) for wire in range(wires)])


def depolarizing(fraction: float, wires: int) -> TransferMatrix:
    """``E(rho) = (1 - fraction) rho + fraction I/2^k``, Aer's convention.

    A fraction up to ``4^k / (4^k - 1)`` is a channel.
    """
    diagonal = np.full(4**wires, 1.0 - fraction)
    diagonal[0] = 1
    return np.diag(diagonal)


def depolarizing_fraction(probability: float, wires: int) -> float:
    """The fraction to I/2^k of "a Pauli other than I happens with this total probability", PennyLane's convention."""
    words: int = 4**wires
    return probability * words / (words - 1)


def amplitude_damping(gamma: float) -> TransferMatrix:
    """|1> falls to |0> with probability ``gamma`` (Nielsen and Chuang, 8.3.5)."""
    kept = math.sqrt(1 - gamma)
    return np.array([[1, 0, 0, 0], [0, kept, 0, 0], [0, 0, kept, 0], [gamma, 0, 0, 1 - gamma]])


def phase_damping(gamma: float) -> TransferMatrix:
    """Coherences shrink by ``sqrt(1 - gamma)`` (Nielsen and Chuang, 8.3.6; PennyLane's ``PhaseDamping``)."""
    kept = math.sqrt(1 - gamma)
    return np.diag([1, kept, kept, 1])


def thermal_relaxation(t1: float, t2: float, duration: float, excited: float = 0.0) -> TransferMatrix:
    """Relaxation to equilibrium during a time.

    ``X, Y -> exp(-t/T2) X, Y`` and ``Z -> exp(-t/T1) Z + (1 - exp(-t/T1)) (1 - 2 excited) I`` for states; one form for
    T2 below and above T1, where Kraus forms need two cases (Blank et al., npj Quantum Inf. 6, 41 (2020)).

    Args:
        t1: energy relaxation time, in any unit, may be infinite.
        t2: coherence time in the same unit, at most 2 t1, may be infinite.
        duration: in the same unit.
        excited: population of |1> in equilibrium, in [0, 1].
    """
    decay, coherence = math.exp(-duration / t1), math.exp(-duration / t2)
    matrix = np.diag([1, coherence, coherence, decay])
    matrix[3, 0] = (1 - decay) * (1 - 2 * excited)
    return matrix


def average_infidelity(matrix: TransferMatrix) -> float:
    """``1 - F`` averaged over pure states, ``F = (tr R / d + 1) / (d + 1)``.

    Source: M. A. Nielsen, Phys. Lett. A 303, 249 (2002).
    """
    size: int = 2 ** wires_of(matrix)
    return 1 - (float(np.trace(matrix)) / size + 1) / (size + 1)

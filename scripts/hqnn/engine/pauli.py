"""Pauli rotations as affine functions of cos and sin.

A state ``rho = 2^-k sum_j r_j P_j`` goes through a transfer matrix R to ``R r``; an observable ``O = sum_i o_i P_i``
goes back to ``R.T o``. Words are in the order of ``itertools.product("IXYZ", repeat=k)``.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np

from hqnn.circuits.pauli import word_matrix
from hqnn.noise.channels import from_kraus, pauli_words
from hqnn.noise.model import TransferMatrix

Parts: TypeAlias = tuple[TransferMatrix, TransferMatrix, TransferMatrix]

ZERO_STATE: TransferMatrix = np.array([1.0, 0.0, 0.0, 1.0])


@cache
def rotation_parts(word: str) -> Parts:
    """``R0, R1, R2`` of ``exp(-i angle/2 word)``, whose transfer matrix is ``R0 + cos(angle) R1 + sin(angle) R2``.

    Words Q that commute with ``word`` stay (R0); the others turn towards ``-i word Q`` (R1, R2).
    """
    generator, words = word_matrix(word), pauli_words(len(word))
    commutes = (np.diag(from_kraus([generator])) > 0).astype(float)
    turned = -0.5j * (generator @ words - words @ generator)
    sine = np.einsum("iab,jba->ij", words, turned).real / len(generator)
    return np.diag(commutes), np.diag(1 - commutes), np.round(sine)


def rotation_transfer(word: str, angle: float) -> TransferMatrix:
    """Transfer matrix of ``exp(-i angle/2 word)``, shape (4^k, 4^k)."""
    constant, cosine, sine = rotation_parts(word)
    return np.asarray(constant + np.cos(angle) * cosine + np.sin(angle) * sine)

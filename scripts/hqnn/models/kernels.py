"""Quantum kernels: how alike two samples are by what a circuit makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.engine.layer import QuantumLayer
from hqnn.engine.overlaps import check_memory, fidelities, purities
from hqnn.noise.model import NoiseModel

Array = NDArray[np.float64]


def fidelity_kernel(
    program: Program,
    weights: Any,
    left: Any,
    right: Any = None,
    *,
    noise: NoiseModel | None = None,
    memory_limit_mb: float = 2000.0,
) -> Array:
    """``tr(rho(x) rho(y))``, the fidelity of two samples' states where they are pure.

    Source: Havlicek et al., Nature 567, 209 (2019). A unitary of weights alone behind the last input changes nothing.

    Args:
        program: puts samples into states; its observables do not matter. Native where there is noise.
        weights: in radians, of the program's shape.
        left: samples x, shape (n, inputs).
        right: samples y, shape (m, inputs); the same as ``left`` where None.
        noise: channels after the gates, or None.
        memory_limit_mb: of the matrix and what it is made of: 2^wires numbers a sample, 4^wires with noise.

    Returns:
        Shape (n, m), float64, in [0, 1].

    Raises:
        UserError: a wrong shape, NaN, no gate would be noisy, or the memory limit is too low.
    """
    if noise is None:
        return fidelities(program, weights, left, right, memory_limit_mb=memory_limit_mb)
    return purities(program, noise, weights, left, right, memory_limit_mb=memory_limit_mb)


def projected_kernel(
    program: Program,
    weights: Any,
    left: Any,
    right: Any = None,
    *,
    gamma: float | None = None,
    noise: NoiseModel | None = None,
    memory_limit_mb: float = 2000.0,
) -> Array:
    """Gaussian of the distance of two samples' one-qubit states, see `gaussian_of_qubits`.

    Args:
        program: see `fidelity_kernel`.
        weights: see `fidelity_kernel`.
        left: see `fidelity_kernel`.
        right: see `fidelity_kernel`.
        gamma: see `gaussian_of_qubits`; where None `usual_gamma` of ``left``.
        noise: channels after the gates and readout errors, or None.
        memory_limit_mb: of the matrix, and of the circuit.

    Returns:
        Shape (n, m), float64, in (0, 1].
    """
    check_memory(left, right, 3 * program.wires, memory_limit_mb)
    first = bloch_vectors(program, weights, left, noise=noise, memory_limit_mb=memory_limit_mb)
    second = (
        first if right is None else bloch_vectors(program, weights, right, noise=noise, memory_limit_mb=memory_limit_mb)
    )
    return gaussian_of_qubits(first, second, usual_gamma(first) if gamma is None else gamma)


def bloch_vectors(
    program: Program, weights: Any, samples: Any, *, noise: NoiseModel | None = None, memory_limit_mb: float = 2000.0
) -> Array:
    """Expectation values of X, Y and Z on every wire: all that a projected kernel asks of a machine.

    Args:
        program: see `fidelity_kernel`.
        weights: see `fidelity_kernel`.
        samples: shape (samples, inputs).
        noise: see `projected_kernel`.
        memory_limit_mb: of the circuit.

    Returns:
        Shape (samples, 3 * wires), float64.
    """
    layer = QuantumLayer(measuring_qubits(program), noise, memory_limit_mb=memory_limit_mb, dtype=torch.float64)
    with torch.no_grad():
        layer.weights.copy_(torch.as_tensor(np.asarray(weights, dtype=np.float64)).reshape(program.weight_shape))
        found: Array = layer(torch.as_tensor(np.asarray(samples, dtype=np.float64))).numpy()
    return found


def measuring_qubits(program: Program) -> Program:
    """The same circuit with X, Y and Z of every wire as observables."""
    blank = "I" * program.wires
    words = [f"{blank[:w]}{letter}{blank[w + 1 :]}" for w in range(program.wires) for letter in "XYZ"]
    return replace(program, observables=tuple(words))


def gaussian_of_qubits(left: Array, right: Array, gamma: float) -> Array:
    """``exp(-gamma sum_k |rho_k(x) - rho_k(y)|_F^2)`` over all qubits k.

    Source: Huang et al., Nat. Commun. 12, 2631 (2021), arXiv:2011.01938, equation 9. The squared Frobenius distance of
    two qubits' states is half that of their Bloch vectors.

    Args:
        left: Bloch vectors, shape (n, 3 * qubits).
        right: likewise, shape (m, 3 * qubits).
        gamma: not negative.

    Returns:
        Shape (n, m).
    """
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
    np.maximum(squares, 0, out=squares)
    found: Array = np.exp(-gamma / 2 * squares, out=squares)
    return found


def usual_gamma(vectors: Array) -> float:
    """One over the mean of ``sum_k |rho_k(x) - rho_k(y)|_F^2`` over pairs of samples; 1 where all are alike."""
    mean = float(vectors.var(0).sum())
    return 1 / mean if mean > 0 else 1.0

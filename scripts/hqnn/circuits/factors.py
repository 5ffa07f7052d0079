"""What any gate is: a product of Pauli rotations and fixed unitaries, found through its matrix.

No gate is known by name. A parameter k belongs to a rotation on the left when ``U(v + t e_k) U(v)†`` is the same
one-parameter group ``exp(-i t/2 G)`` wherever it is taken; it is then split off, as in
``U(v) = exp(-i v_k/2 G) U(v with v_k = 0)``, and the rest is treated likewise. Where nothing can be split off, the
gate's own definition is read and its parts are treated. Every result is checked against the gate's matrix at random
parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from scipy.linalg import schur

from hqnn.circuits.affine import NotAffineError, Parametrised, Vector, composed, read_affine
from hqnn.circuits.pauli import all_commute, coefficients, word_matrix
from hqnn.circuits.program import Angle, ComplexMatrix, Constant, Factor, Rotation
from hqnn.errors import UserError

Factors = tuple[Factor, ...]
Memo = dict[tuple[str, int, bytes], Factors]
MatrixOf = Callable[[Vector], ComplexMatrix]

STEP = 0.5  # keeps the logarithm on its principal branch for generators of norm up to 4 pi
TOLERANCE = 1e-9


class Operation(Parametrised, Protocol):
    """A gate as its own library tells it."""

    def matrix(self, parameters: Vector) -> ComplexMatrix:
        """Its unitary at other parameters, shape (2^k, 2^k), the gate's first wire most significant."""

    def parts(self, parameters: Vector) -> Sequence[Operation]:
        """The gates of its definition at other parameters, on the same wires; empty where it has none."""


def factors_of(operation: Operation, angles: Sequence[Angle], memo: Memo) -> Factors:
    """Write a gate as factors, up to a global phase.

    Args:
        operation: the gate, on one or two wires.
        angles: what its parameters are in the circuit.
        memo: filled with what was found, so that a gate is analysed once a circuit.

    Returns:
        Factors on the gate's wires, applied first to last.

    Raises:
        UserError: the gate has no such form.
    """
    sample = operation.matrix(_points(len(operation.parameters))[0])
    key = (operation.name, len(operation.parameters), sample.tobytes())
    if key not in memo:
        memo[key] = _recipe(operation, memo)
    return bound(memo[key], angles)


def bound(factors: Iterable[Factor], angles: Sequence[Angle]) -> Factors:
    """Replace the parameters of factors, which their angles count as inputs, by expressions."""
    return tuple(Rotation(f.word, composed(f.angle, angles)) if isinstance(f, Rotation) else f for f in factors)


def unitary(factors: Iterable[Factor], wires: int, inputs: Vector, weights: Vector) -> ComplexMatrix:
    """Multiply factors out.

    Args:
        factors: applied first to last.
        wires: k, how many the factors act on.
        inputs: shape (inputs,).
        weights: flat, shape (weights,).

    Returns:
        Shape (2^k, 2^k).
    """
    product: ComplexMatrix = np.eye(2**wires, dtype=complex)
    for factor in factors:
        if isinstance(factor, Constant):
            product = factor.matrix @ product
        else:
            half = factor.angle.value(inputs, weights) / 2
            product = np.cos(half) * product - 1j * np.sin(half) * (word_matrix(factor.word) @ product)
    return product


def same_up_to_phase(left: ComplexMatrix, right: ComplexMatrix) -> bool:
    """Whether two unitaries differ by a global phase only, to 1e-9 in every entry."""
    overlap = np.vdot(left, right)
    if abs(overlap) < 0.5:
        return False
    return bool(np.abs(left * overlap / abs(overlap) - right).max() < TOLERANCE)


def _recipe(operation: Operation, memo: Memo) -> Factors:
    """Factors whose angles count the gate's own parameters as inputs."""
    count = len(operation.parameters)
    sample = operation.matrix(_points(count)[0])
    if not np.allclose(sample @ sample.conj().T, np.eye(len(sample)), rtol=0, atol=TOLERANCE):
        raise _unsupported(operation, "it is not unitary")
    factors = _peeled(operation.matrix, count)
    if factors is None:
        factors = _assembled(operation, memo)
    for point in _points(count):
        if not same_up_to_phase(unitary(factors, len(operation.wires), point, np.empty(0)), operation.matrix(point)):
            raise _unsupported(operation, "its definition does not give its matrix")
    return factors


def _peeled(matrix: MatrixOf, count: int) -> Factors | None:
    """Split off one rotation a parameter from the left, in whatever order they come off."""
    groups: list[Factors] = []
    free = list(range(count))
    while free:
        found = next(((k, g) for k in free if (g := _generator(matrix, k, free, count)) is not None), None)
        if found is None:
            return None
        k, generator = found
        groups.append(generated(generator, Angle(inputs=((k, 1.0),))))
        free.remove(k)
    rest = matrix(np.zeros(count))
    start: Factors = () if same_up_to_phase(rest, np.eye(len(rest), dtype=complex)) else (Constant(rest),)
    return sum(reversed(groups), start)


def _generator(matrix: MatrixOf, k: int, free: list[int], count: int) -> ComplexMatrix | None:
    """G, if the dependence on parameter k is ``exp(-i t/2 G)`` on the left wherever it is taken."""
    mask = np.zeros(count)
    mask[free] = 1
    unit = np.eye(count)[k]
    points = [point * mask for point in _points(count)]
    generator = _logarithm(_quotient(matrix, points[0], STEP * unit)) / STEP
    values, vectors = np.linalg.eigh(generator)
    for point, step in zip(points, (1.3, -2.1, 4.7), strict=True):
        group = (vectors * np.exp(-0.5j * step * values)) @ vectors.conj().T
        if not same_up_to_phase(group, _quotient(matrix, point, step * unit)):
            return None
    return generator


def _quotient(matrix: MatrixOf, point: Vector, step: Vector) -> ComplexMatrix:
    quotient: ComplexMatrix = matrix(point + step) @ matrix(point).conj().T
    return quotient


def _logarithm(unitary_matrix: ComplexMatrix) -> ComplexMatrix:
    """The Hermitian H with ``U = exp(-i H/2)`` and eigenvalues in [-2 pi, 2 pi]."""
    triangle, basis = schur(unitary_matrix, output="complex")
    hermitian: ComplexMatrix = (basis * (-2 * np.angle(np.diag(triangle)))) @ basis.conj().T
    return hermitian


def generated(generator: ComplexMatrix, angle: Angle) -> Factors:
    """``exp(-i angle/2 G)``, up to a global phase; where G's words do not commute, in the basis that makes G diagonal.

    Args:
        generator: G, Hermitian, shape (2^k, 2^k).
        angle: in radians.
    """
    words = coefficients(generator)
    if all_commute(list(words)):
        return tuple(Rotation(word, angle * _clean(c)) for word, c in words.items())
    values, basis = np.linalg.eigh(generator)
    diagonal = coefficients(np.diag(values).astype(complex))
    rotations = tuple(Rotation(word, angle * _clean(c)) for word, c in diagonal.items())
    return (Constant(basis.conj().T.copy()), *rotations, Constant(basis))


def _assembled(operation: Operation, memo: Memo) -> Factors:
    """Factors of the gate's definition, moved to the gate's wires."""
    own = [Angle(inputs=((k, 1.0),)) for k in range(len(operation.parameters))]
    try:
        parts = read_affine(operation.parts, own)
    except NotAffineError as error:
        raise _unsupported(operation, str(error)) from error
    if not parts:
        raise _unsupported(operation, "it has no definition")
    return tuple(
        _moved(factor, [operation.wires.index(w) for w in part.wires], len(operation.wires))
        for part, angles in parts
        for factor in factors_of(part, angles, memo)
    )


def _moved(factor: Factor, places: Sequence[int], wires: int) -> Factor:
    """A factor on some places of a wider gate."""
    if isinstance(factor, Rotation):
        letters = dict(zip(places, factor.word, strict=True))
        return Rotation("".join(letters.get(place, "I") for place in range(wires)), factor.angle)
    others = [place for place in range(wires) if place not in places]
    wide = np.kron(factor.matrix, np.eye(2 ** len(others))).astype(complex)
    order = np.argsort([*places, *others])
    axes = [*order, *(order + wires)]
    return Constant(wide.reshape((2,) * (2 * wires)).transpose(axes).reshape(wide.shape))


def _points(count: int) -> Vector:
    """Three generic points, always the same."""
    return np.random.default_rng(1).uniform(-3, 3, (3, count))


def _clean(coefficient: float) -> float:
    rounded = round(coefficient, 10)
    return rounded if abs(coefficient - rounded) < 1e-12 else coefficient


def _unsupported(operation: Operation, why: str) -> UserError:
    return UserError(
        f"{operation.label} cannot be written as Pauli rotations and fixed unitaries ({why}); use other gates, or run "
        "the plain function with hqnn.interpreters.pennylane.function_to_qnode"
    )

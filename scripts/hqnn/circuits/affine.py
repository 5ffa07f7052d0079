"""Read the affine dependence of a sequence of gates on its variables, by evaluating it.

A circuit is a black box here: it is evaluated at ones and with some variables doubled, and what was read is checked at
random points. Ones and not zeros, since an amplitude embedding cannot normalise zero; and doubled, since ``2c - c`` is
exact in floating point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Angle

Vector = NDArray[np.float64]
Doubled = NDArray[np.bool_]


class Parametrised(Protocol):
    """What is read of a gate.

    Attributes:
        name: of the gate.
        label: how a message names it, its wires included.
        wires: it acts on.
        parameters: its scalar parameters, shape (parameters,).
        fixed: its other numbers, such as the matrix of a bare unitary, as one flat vector.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def wires(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def parameters(self) -> Vector: ...  # noqa: D102
    @property
    def fixed(self) -> NDArray[np.complex128]: ...  # noqa: D102


GateT = TypeVar("GateT", bound=Parametrised)


Follow = Callable[[Vector], Sequence[tuple[Angle, Vector] | None]]


class NotAffineError(ValueError):
    """A gate's parameters, or which gates there are, depend on the variables in another way; the message says which."""


def read_affine(
    sequence: Callable[[Vector], Sequence[GateT]],
    variables: Sequence[Angle],
    scales: Sequence[float] = (1.0,),
    follow: Follow | None = None,
) -> list[tuple[GateT, tuple[Angle, ...]]]:
    """Read every gate's angles as affine expressions.

    Costs about ``log2(len(variables)) + 4 + 2 len(scales)`` evaluations where every angle depends on one variable, and
    one more a variable where not.

    Args:
        sequence: variables, shape (variables,), to the gates, first to last.
        variables: what each variable stands for in the angles that are returned.
        scales: sizes of the variables where what was read is checked: once with all of them between half a scale and
            the scale, once with their negatives; and at two points of mixed signs.
        follow: what to ask where angles are not affine: given points, shape (points, variables), it tells of every
            angle an expression and its values there, shape (points,), or None.

    Returns:
        For every gate, the gate as it is where all variables are one, and its angles.

    Raises:
        NotAffineError: an angle is not affine and is not followed, or the gates differ from point to point.
    """
    size = len(variables)
    gates = sequence(np.ones(size))
    origin = _parameters(gates)
    points = _points(size, scales)
    seen = np.array([_like(gates, sequence(point)) for point in points])

    def change(doubled: Doubled) -> Vector:
        return _like(gates, sequence(np.where(doubled, 2.0, 1.0))) - origin

    for slopes_of in (_slopes_of_one, _slopes_of_all):
        slopes = _clean(slopes_of(change, size, len(origin)))
        constant = _clean(origin - slopes.sum(axis=0))
        room = 1e-9 * np.maximum(1, np.abs(points) @ np.abs(slopes))
        right = (np.abs(constant + points @ slopes - seen) <= room).all(axis=0)  # nan is not
        if right.all():
            break
    angles = [_angle(c, column, variables) for c, column in zip(constant, slopes.T, strict=True)]
    if follow is not None and not right.all():
        for n, found in enumerate(follow(points)):
            if found is not None and not right[n] and np.allclose(found[1], seen[:, n], 1e-9, 1e-9, equal_nan=True):
                angles[n], right[n] = found[0], True
    if right.all():
        in_turn = iter(angles)
        return [(gate, tuple(next(in_turn) for _ in gate.parameters)) for gate in gates]
    owners = np.repeat(np.arange(len(gates)), [len(gate.parameters) for gate in gates])
    gate = gates[owners[~right][0]]
    raise NotAffineError(f"an angle of {gate.label} is a function that cannot be followed, or depends on chance")


def composed(angle: Angle, variables: Sequence[Angle]) -> Angle:
    """Put expressions in the place of an angle's inputs: ``constant + sum(c * variables[i])``."""
    return sum((variables[i] * c for i, c in angle.inputs), Angle(angle.constant))


def _slopes_of_one(change: Callable[[Doubled], Vector], size: int, angles: int) -> Vector:
    """Slopes, shape (size, angles), as if each angle depended on one variable.

    Half of the variables are doubled at a time, once for each bit of their index; an angle that changes has that bit in
    the index of its variable.
    """
    slopes = np.zeros((size, angles))
    if size:
        halves = [np.arange(size) >> bit & 1 == 1 for bit in range((size - 1).bit_length())]
        bits = [(np.abs(change(half)) > 1e-12) * 2**bit for bit, half in enumerate(halves)]
        index = np.minimum(np.sum([np.zeros(angles, dtype=int), *bits], axis=0), size - 1)
        slopes[index, np.arange(angles)] = change(np.ones(size, dtype=bool))
    return slopes


def _slopes_of_all(change: Callable[[Doubled], Vector], size: int, angles: int) -> Vector:
    """Slopes, shape (size, angles), by doubling one variable at a time."""
    return np.array([change(unit) for unit in np.eye(size, dtype=bool)]).reshape(size, angles)


def _angle(constant: float, slopes: Vector, variables: Sequence[Angle]) -> Angle:
    terms = tuple((int(i), float(slopes[i])) for i in np.flatnonzero(slopes))
    return composed(Angle(float(constant), terms), variables)


def _parameters(gates: Sequence[Parametrised]) -> Vector:
    return np.concatenate([np.empty(0), *(gate.parameters for gate in gates)])


def _like(gates: Sequence[Parametrised], others: Sequence[Parametrised]) -> Vector:
    """The parameters of other gates that must be the same gates."""
    for gate, other in zip(gates, others, strict=False):
        if (gate.name, gate.wires, len(gate.fixed)) != (other.name, other.wires, len(other.fixed)):
            raise NotAffineError(f"whether {gate.label} is applied depends on values, or on chance")
        if len(gate.fixed) and not np.allclose(gate.fixed, other.fixed, rtol=0, atol=1e-12):
            raise NotAffineError(
                f"the matrix of {gate.label} depends on values otherwise than as rotations do, or on chance"
            )
    if len(gates) != len(others):
        extra = max(gates, others, key=len)[min(len(gates), len(others))]
        raise NotAffineError(f"whether {extra.label} is applied depends on values, or on chance")
    return _parameters(others)


def _points(size: int, scales: Sequence[float]) -> Vector:
    """Where what was read is checked, shape (points, size)."""
    rng = np.random.default_rng(0)
    mixed = rng.uniform(-1, 1, (2, size))
    large = np.array([scale * rng.uniform(0.5, 1, size) for scale in scales]).reshape(len(scales), size)
    return np.concatenate([mixed, large, -large])


def _clean(values: Vector) -> Vector:
    """Take out rounding noise: what lies within 1e-14 of a number of twelve decimals is that number."""
    rounded = np.round(values, 12) + 0.0
    return np.where(np.abs(values - rounded) < 1e-14, rounded, values)

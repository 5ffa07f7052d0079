"""Gradients from expectation values alone: which shifted angles to run, and how their values add up to slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.light_cone import observed_gates
from hqnn.circuits.program import Program, Rotation
from hqnn.errors import UserError

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Shifts:
    """Points around the angles of each sample, and the sums over points that give values and slopes.

    Attributes:
        offsets: added to the angles, shape (points, samples or 1, angles).
        value: weight of each point in the expectation value, shape (points,).
        slopes: weight of each point in the slope by each angle, shape (points, samples or 1, angles).
    """

    offsets: Values
    value: Values
    slopes: Values

    def points(self, angles: Values) -> Values:
        """What to run for angles of shape (samples, angles): shape (points * samples, angles), point after point."""
        return (angles + self.offsets).reshape(-1, angles.shape[-1])

    def gathered(self, found: Values) -> tuple[Values, Values]:
        """Values and slopes.

        Args:
            found: expectation values at the points, shape (points * samples, observables).

        Returns:
            Shapes (samples, observables) and (samples, angles, observables).
        """
        own = found.reshape(len(self.value), -1, found.shape[-1])
        slopes = np.broadcast_to(self.slopes, (*own.shape[:2], self.slopes.shape[-1]))
        return np.einsum("k,kno->no", self.value, own), np.einsum("kns,kno->nso", slopes, own)

    def errors(self, found: Values) -> tuple[Values, Values]:
        """Standard errors of values and slopes from those at the points; shapes as `gathered`."""
        squared = Shifts(self.offsets, self.value**2, self.slopes**2).gathered(found**2)
        return np.sqrt(squared[0]), np.sqrt(squared[1])


def parameter_shifts(program: Program, wanted: NDArray[np.bool_]) -> Shifts:
    """The parameter-shift rule for every angle: exact slopes under any noise that does not depend on the angles.

    An angle in Pauli rotations with coefficients c makes an expectation value a trigonometric polynomial of degree
    sum |c|, whose slope is a sum over twice as many points (D. Wierichs, J. Izaac, C. Wang, C. Y.-Y. Lin, Quantum 6,
    677 (2022), section 3). A rotation alone has degree 1: two points, at plus and minus pi/2.

    Args:
        program: of free angles, which are its inputs.
        wanted: the angles by which slopes are wanted, shape (angles,); others, and those that reach no observable, get
            slopes of 0 and no points.
    """
    offsets, slopes = [np.zeros(program.inputs)], [np.zeros(program.inputs)]
    for angle, coefficients in _coefficients(program).items():
        if wanted[angle]:
            for shift, weight in _rule(coefficients):
                offsets.append(np.where(np.arange(program.inputs) == angle, shift, 0.0))
                slopes.append(np.where(np.arange(program.inputs) == angle, weight, 0.0))
    value = np.zeros(len(offsets))
    value[0] = 1
    return Shifts(np.stack(offsets)[:, None], value, np.stack(slopes)[:, None])


def random_shifts(samples: int, wanted: NDArray[np.bool_], size: float, generator: np.random.Generator) -> Shifts:
    """Simultaneous perturbation (SPSA): two points a sample, whatever the number of angles.

    All wanted angles move by plus or minus `size` at once; each sample draws directions of its own. Slopes are right on
    average up to terms of order size², with a variance that grows with the number of angles (J. C. Spall, IEEE Trans.
    Autom. Control 37, 332 (1992), eq. 2.2). The value is the mean of both points.

    Args:
        samples: how many.
        wanted: the angles that move, shape (angles,).
        size: of the move, in radians.
        generator: of the directions.
    """
    directions = generator.choice([-1.0, 1.0], size=(samples, len(wanted))) * wanted
    both = np.stack([directions, -directions])
    return Shifts(size * both, np.full(2, 0.5), both / (2 * size))


def _coefficients(program: Program) -> dict[int, list[float]]:
    """Of each angle that reaches an observable: those in its rotations."""
    found: dict[int, list[float]] = {}
    for gate in observed_gates(program):
        for factor in gate.factors:
            if isinstance(factor, Rotation):
                for angle, coefficient in factor.angle.inputs:
                    found.setdefault(angle, []).append(abs(coefficient))
    return dict(sorted(found.items()))


def _rule(coefficients: Sequence[float]) -> list[tuple[float, float]]:
    """Shifts and weights of the slope."""
    unit = min(coefficients)
    degree = round(sum(coefficients) / unit)
    if any(abs(c / unit - round(c / unit)) > 1e-9 for c in coefficients):
        raise UserError(
            f"an angle enters rotations with coefficients {sorted(coefficients)}, which are no multiples of the least; "
            "set hardware_training.gradient to spsa"
        )
    points = (2 * np.arange(1, 2 * degree + 1) - 1) * math.pi / (2 * degree)
    signs = np.where(np.arange(2 * degree) % 2 == 0, 1.0, -1.0)
    weights = unit * signs / (4 * degree * np.sin(points / 2) ** 2)
    near = np.where(points > math.pi, points - 2 * math.pi, points) / unit
    return list(zip(near.tolist(), weights.tolist(), strict=True))

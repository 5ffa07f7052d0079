"""Which frequencies of its inputs a trained circuit has, and how far from a straight line it is where the data lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Program, Rotation

Floats = NDArray[np.float64]
Expectations = Callable[[Floats], Floats]

_WHOLE = 1e-9  # how far a coefficient may be from a whole number
LOW, HIGH = 0.05, 0.95  # quantiles of the data that are its range


@dataclass(frozen=True)
class Spectrum:
    """Of the expectation values as functions of one input, the others being those of samples.

    Attributes:
        power: variance over a whole turn that each frequency from 1 on has, summed over observables, mean over samples,
            shape (frequencies,).
        low: of the input on the data, quantile `LOW`, in radians.
        high: quantile `HIGH`.
        straight: share of the variance over the data's values of the input that straight lines explain; NaN where the
            input changes nothing there.
    """

    power: Floats
    low: float
    high: float
    straight: float


def frequencies(program: Program) -> list[int] | None:
    """The highest frequency that each input can have, the sum of its factors in all rotations.

    Source: M. Schuld, R. Sweke, J. J. Meyer, Phys. Rev. A 103, 032430 (2021), section II.

    Returns:
        None where expectation values are not periodic in the inputs with a period of 2 pi: amplitudes, functions of
        inputs, or factors that are no whole numbers.
    """
    if program.initial_state == "amplitudes" or program.functions:
        return None
    factors = [0.0] * program.inputs
    for gate in program.gates:
        for factor in gate.factors:
            for place, value in factor.angle.inputs if isinstance(factor, Rotation) else ():
                if abs(value - round(value)) > _WHOLE:
                    return None
                factors[place] += abs(value)
    return [round(factor) for factor in factors]


def spectrum(run: Expectations, inputs: Floats, place: int, highest: int) -> Spectrum:
    """Take one input of the circuits through a whole turn, for the other inputs of every sample.

    Args:
        run: inputs, shape (rows, inputs), to expectation values, shape (rows, observables).
        inputs: of samples, shape (samples, inputs).
        place: of the input.
        highest: the highest frequency that it can have.
    """
    own = inputs[:, place]
    low, high = (float(np.quantile(own, quantile)) for quantile in (LOW, HIGH))
    points = 2 * highest + 1
    turned = np.repeat(inputs, points, axis=0)
    turned[:, place] = np.tile(2 * math.pi * np.arange(points) / points, len(inputs))
    values = run(turned).reshape(len(inputs), points, -1)
    coefficients = np.fft.rfft(values, axis=1) / points
    power = 2 * (np.abs(coefficients[:, 1:]) ** 2).sum(axis=2).mean(axis=0)
    return Spectrum(power, low, high, _straight(coefficients, own))


def _straight(coefficients: NDArray[np.complex128], own: Floats) -> float:
    """R^2 of a straight line for each sample and observable, over the values that the input has on the data."""
    turns = np.exp(1j * np.outer(own, np.arange(1, coefficients.shape[1])))
    values = 2 * np.einsum("vk,sko->svo", turns, coefficients[:, 1:]).real
    centred = values - values.mean(axis=1, keepdims=True)
    line = own - own.mean()
    total = (centred**2).sum()
    along = np.einsum("v,svo->so", line, centred)
    norm = (line**2).sum()
    return float((along**2).sum() / norm / total) if total > _WHOLE and norm > _WHOLE else math.nan

"""By how much each part of a calibration's noise is multiplied: better machines, worse ones, and one part at a time."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields

from hqnn.errors import UserError
from hqnn.noise.snapshot import Qubit


@dataclass(frozen=True)
class Scales:
    """Factors of error rates and of inverse times; 1 is the calibration's own, 0 none.

    The parts share nothing and together are all noise of a calibration.

    Attributes:
        relaxation: of 1 / T1 during gates.
        dephasing: of 1 / T2 - 1 / (2 T1), the pure dephasing, during gates.
        gates: of what depolarising adds to reach a gate's reported error, and of the error by turning too far.
        readout: of both readout errors of every qubit.
        idling: of all that waiting qubits suffer: 1 / T1, 1 / T2 and the static interaction.

    Raises:
        UserError: a factor is negative or not finite.
    """

    relaxation: float = 1.0
    dephasing: float = 1.0
    gates: float = 1.0
    readout: float = 1.0
    idling: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no noise is."""
        for part, factor in zip(PARTS, astuple(self), strict=True):
            if not (math.isfinite(factor) and factor >= 0):
                raise UserError(f"noise is to be scaled by {factor:g} in its part {part}; give a number from 0")

    @classmethod
    def whole(cls, factor: float) -> Scales:
        """All parts by the same factor."""
        return cls(*(factor for _ in PARTS))

    @classmethod
    def alone(cls, part: str, factor: float = 1.0) -> Scales:
        """One part by a factor, the others left out."""
        return cls(**{one: factor if one == part else 0.0 for one in PARTS})


PARTS = tuple(field.name for field in fields(Scales))
AS_CALIBRATED = Scales()


def scaled_times(qubit: Qubit, scales: Scales) -> tuple[float, float]:
    """T1 and T2 during gates, in microseconds; T2 above 2 T1 is cut to it first."""
    t1, t2 = qubit.t1_us, min(qubit.t2_us, 2 * qubit.t1_us)
    if scales.relaxation == scales.dephasing == 1:
        return t1, t2  # to the last digit
    decay = scales.relaxation / t1
    pure = scales.dephasing * max(0.0, 1 / t2 - 1 / (2 * t1))
    return inverse(decay), inverse(decay / 2 + pure)


def scaled_error(error: float, factor: float, most: float) -> float:
    """An error times a factor, no larger than what is most, where it was not larger before."""
    return min(factor * error, max(error, most))


def inverse(rate: float) -> float:
    """A time from a rate; infinite for none."""
    return 1 / rate if rate else math.inf

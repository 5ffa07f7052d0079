"""Measurements and resets inside a circuit."""

from __future__ import annotations

import numpy as np

from hqnn.circuits.program import Channel, ComplexMatrix, Gate

MEASURE, RESET = "measure", "reset"
"""Names of their gates."""

DEPHASING: ComplexMatrix = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]], dtype=complex)
"""Kraus operators of a measurement whose outcome is not looked at."""
RESETTING: ComplexMatrix = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]]], dtype=complex)
"""Kraus operators of a reset to |0>."""


def measurement(wire: int, outcome: int | None) -> Gate:
    """A measurement of Z, whose bit conditions know by a number."""
    return Gate(MEASURE, (wire,), (), (Channel(DEPHASING),), outcome)


def reset(wire: int) -> Gate:
    """Back to |0>."""
    return Gate(RESET, (wire,), (), (Channel(RESETTING),))

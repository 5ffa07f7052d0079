"""What PennyLane applies that is no unitary: measurements, resets, conditions on outcomes, and channels."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pennylane as qml

from hqnn.circuits.outcomes import DEPHASING, RESETTING
from hqnn.circuits.program import ComplexMatrix, Condition
from hqnn.circuits.recording import Applied
from hqnn.errors import UserError, plain


def kraus_of(operation: Any, label: str) -> ComplexMatrix | None:
    """Kraus operators, shape (operators, 2^k, 2^k), or None for a gate.

    Args:
        operation: PennyLane's.
        label: how a message names it.

    Raises:
        UserError: a channel is none at the values that it is given.
    """
    if isinstance(operation, qml.ops.MidMeasure):
        return DEPHASING
    if not isinstance(operation, qml.operation.Channel):
        return None
    try:
        kraus = np.array([np.asarray(k, dtype=complex) for k in operation.kraus_matrices()])
    except ValueError as error:
        raise UserError(f"{label} is no channel ({plain(error)}); {_CURE}") from error
    if not np.allclose((kraus.conj().transpose(0, 2, 1) @ kraus).sum(0), np.eye(kraus.shape[1]), rtol=0, atol=1e-7):
        raise UserError(f"{label} is no channel, since it does not keep the trace; {_CURE}")
    return kraus


_CURE = "give it fixed numbers within its limits, which do not depend on inputs or weights"


def reset_on(wires: Any) -> Any:
    """PennyLane's operation of a reset."""
    return qml.QubitChannel(list(RESETTING), wires)


def check_measurement(applied: Applied) -> None:
    """Refuse what throws samples away.

    Raises:
        UserError: the measurement has a postselected outcome.
    """
    if applied.operation.postselect is not None:
        raise UserError(
            f"{applied.named()} keeps only samples of one outcome, so that expectation values are no longer those of "
            "a channel; leave postselect out"
        )


def condition_of(value: Any, numbers: dict[str, int]) -> Condition:
    """A condition in numbers of outcomes.

    Args:
        value: PennyLane's ``MeasurementValue``.
        numbers: of the measurements before, by PennyLane's identities.
    """
    identities = [measurement.meas_uid for measurement in value.measurements]
    every = product((0, 1), repeat=len(identities))
    true = tuple(bits for bits in every if bool(value.processing_fn(*bits)))
    return Condition(tuple(numbers[identity] for identity in identities), true)

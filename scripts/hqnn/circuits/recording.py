"""Run a quantum function and note what it applies, and where that is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml

from hqnn.circuits.watched import DecisionError
from hqnn.circuits.written import Place, failed_at, written
from hqnn.errors import UserError

PLAIN = "run the plain function with hqnn.interpreters.pennylane.function_to_qnode"


@dataclass(frozen=True)
class Applied:
    """An operation that a quantum function applies.

    Attributes:
        operation: PennyLane's.
        place: where the user wrote it.
    """

    operation: Any
    place: Place | None

    def named(self, part: Any = None) -> str:
        """How a message names the operation, or a part of it: as it is written, its wires, its file and line."""
        gate = self.operation if part is None else part
        on = f"{gate.name} on {_wires_of(gate)}"
        if self.place is None:
            return on
        if gate is self.operation and self.place.text:
            return f"{self.place.text} on {_wires_of(gate)} ({self.place.where})"
        return f"{on} in {self.place.text} ({self.place.where})" if self.place.text else f"{on} ({self.place.where})"


class _Queue(qml.queuing.AnnotatedQueue):  # type: ignore[misc]  # PennyLane has no types
    """A queue that notes the places of what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, Place | None] = {}

    def append(self, obj: Any, **options: Any) -> None:
        super().append(obj, **options)
        self.places[id(obj)] = written()


def recorded(
    circuit: Callable[[Any, Any, Sequence[int]], object], inputs: Any, weights: Any, wires: int
) -> list[Applied]:
    """What a quantum function applies at some point.

    Args:
        circuit: see `hqnn.circuits.trace.trace`.
        inputs: shape (inputs,).
        weights: any shape.
        wires: how many.

    Raises:
        UserError: the function fails, measures, or acts on a wire that the circuit does not have; the message says
            where.
        DecisionError: it decides by a value that is watched.
    """
    with _Queue() as queue, np.errstate(all="ignore"):  # what becomes inf or nan is refused later, in words
        try:
            circuit(inputs, weights, range(wires))
        except (UserError, DecisionError):
            raise
        except Exception as error:  # whatever the user's code raises
            sizes = f"inputs of shape {np.shape(inputs)}, weights of shape {np.shape(weights)} and {wires} wires"
            raise UserError(f"{_failure(error)}; mend the function, which was given {sizes}") from error
    tape = qml.tape.QuantumScript.from_queue(queue)
    if tape.measurements:
        place = queue.places.get(id(tape.measurements[0]))
        raise UserError(
            f"the circuit measures by itself{f' in {place.text} ({place.where})' if place else ''}; leave measurements "
            "out and name observables instead"
        )
    applied = [Applied(operation, queue.places.get(id(operation))) for operation in tape.operations]
    for one in applied:
        _check_wires(one, wires)
        _check_size(one)
    return applied


def _failure(error: Exception) -> str:
    place = failed_at(error.__traceback__)
    where = f" at {place.text + ' ' if place.text else ''}({place.where})" if place else ""
    text = " ".join(str(error).split())
    return f"the circuit stops{where} with {type(error).__name__}: {text or 'no message'}"


def _check_wires(applied: Applied, wires: int) -> None:
    for wire in applied.operation.wires:
        if wire not in range(wires):
            known = f"wires 0 to {wires - 1}" if wires > 1 else "wire 0"
            raise UserError(
                f"{applied.named()} acts on wire {wire!r}, but the circuit has {known}; use the wires that the "
                "function is given"
            )


def _check_size(applied: Applied) -> None:
    """Refuse an array where one number belongs; PennyLane would take it for a batch."""
    try:
        batch = getattr(applied.operation, "batch_size", None)
    except ValueError as error:
        raise UserError(f"{applied.named()} is given a wrong number of values ({error}); give it as many") from error
    if batch is not None:
        raise UserError(f"{applied.named()} is given {batch} values for one; take one of them, as in inputs[0]")


def _wires_of(gate: Any) -> str:
    labels = ", ".join(str(wire) for wire in gate.wires)
    return f"{'wire' if len(gate.wires) == 1 else 'wires'} {labels}" if labels else "no wire"

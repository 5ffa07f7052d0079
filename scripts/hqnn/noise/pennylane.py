"""Noise models from PennyLane: channels by gate name, or a ``qml.NoiseModel`` evaluated on a program's gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pennylane as qml

from hqnn.circuits.observables import terms_of
from hqnn.circuits.program import Angle, Gate, Program
from hqnn.errors import UserError, plain
from hqnn.noise import channels
from hqnn.noise.coverage import qubits_of
from hqnn.noise.model import NoiseModel, Place, Readout, TransferMatrix


def from_channels(
    after: Mapping[str, Sequence[qml.operation.Operation]], program: Program, name: str = "pennylane"
) -> NoiseModel:
    """Noise said as PennyLane channels after gates.

    Args:
        after: gate name to channels, first to last; a channel's wires are positions in the gate, 0 its first wire.
        program: whose gates the noise is for.
        name: of the result.

    Raises:
        UserError: no gate of the program has one of the names, or a position is outside the gate.
    """
    names = {gate.name for gate in program.gates}
    if not names & set(after):
        raise UserError(f"channels are given after {', '.join(after)}, the program has only {', '.join(sorted(names))}")
    found: dict[Place, TransferMatrix] = {
        (gate.name, qubits_of(program, gate)): _joined(after[gate.name], range(len(gate.wires)), gate)
        for gate in program.gates
        if gate.name in after
    }
    return NoiseModel(name, found, {})


def from_noise_model(model: qml.NoiseModel, program: Program, name: str = "pennylane") -> NoiseModel:
    """What a ``qml.NoiseModel`` inserts into a program.

    Every condition is evaluated on every gate. Gates whose angle is an input or a weight have no number there, so a
    condition or noise that looks at such an angle is refused. Noise before measurements becomes a readout error.

    Args:
        model: its conditions see the program's gates by their PennyLane names, on the program's wires.
        program: abstract, its gates named as in PennyLane.
        name: of the result.

    Raises:
        UserError: a gate is not PennyLane's, a condition or noise cannot be decided, noise reaches beyond the gate or
            stands before it, or equal gates on equal wires get different noise.
    """
    found: dict[Place, TransferMatrix] = {}
    clean: set[Place] = set()
    for gate in program.gates:
        noise = _inserted(model.model_map, model.metadata, _operation(gate), f"gate {gate.name} on {gate.wires}")
        place = gate.name, qubits_of(program, gate)
        if noise:
            matrix = _joined(noise, gate.wires, gate)
            if place in clean or not np.allclose(found.setdefault(place, matrix), matrix, atol=1e-12):
                _ambiguous(place)
        elif place in found:
            _ambiguous(place)
        else:
            clean.add(place)
    return NoiseModel(name, found, _readouts(model, program))


@dataclass(eq=False)
class _Symbol:
    """An angle without a number: whoever computes with it or compares it fails."""

    __hash__ = None  # type: ignore[assignment]

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError("the angle depends on inputs or weights")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = __abs__ = __mod__ = _refuse


def _operation(gate: Gate) -> qml.operation.Operation:
    kind = getattr(qml, gate.name, None)
    if not (isinstance(kind, type) and issubclass(kind, qml.operation.Operator)):
        raise UserError(f"gate {gate.name!r} is not one of PennyLane's; give its channels by name with from_channels")
    with qml.QueuingManager.stop_recording():
        return kind(*(_number(angle) for angle in gate.angles), wires=gate.wires)


def _number(angle: Angle) -> float | _Symbol:
    return angle.constant if angle.is_constant else _Symbol()


def _inserted(
    conditions: Mapping[Any, Callable[..., Any]], metadata: Mapping[str, Any], subject: Any, what: str
) -> list[Any]:
    """The operations that matching conditions put after a gate or before a measurement."""
    added: list[Any] = []
    for condition, noise in conditions.items():
        try:
            if not condition(subject):
                continue
            with qml.queuing.AnnotatedQueue() as queue:
                noise(subject, **metadata)
            operations = qml.tape.QuantumScript.from_queue(queue).operations
        except Exception as error:
            raise UserError(
                f"the condition or noise {condition} cannot be decided for {what} ({plain(error)}); "
                "let it depend on the gate's name and wires only"
            ) from error
        if any(_same(operation, subject) for operation in operations[1:]):
            raise UserError(f"the noise of {condition} stands before {what}; only noise after gates is supported")
        added += operations[1:] if operations and _same(operations[0], subject) else operations
    return added


def _same(operation: Any, subject: Any) -> bool:
    """Whether a noise function queued the gate itself, to say where its noise stands."""
    if type(operation) is not type(subject) or operation.wires != subject.wires:
        return False
    return all(mine is own for mine, own in zip(operation.data, subject.data, strict=True))


def _joined(operations: Sequence[Any], wires: Sequence[int], gate: Gate) -> TransferMatrix:
    width = len(wires)
    matrix = channels.identity(width)
    for operation in operations:
        if not set(operation.wires) <= set(wires):
            raise UserError(
                f"noise {operation.name} on {list(operation.wires)} reaches beyond gate {gate.name} on {list(wires)}; "
                "give only noise on the gate's own wires"
            )
        positions = [list(wires).index(wire) for wire in operation.wires]
        matrix = channels.compose(matrix, channels.embed(_transfer(operation), positions, width))
    return matrix


def _transfer(operation: Any) -> TransferMatrix:
    if isinstance(operation, qml.operation.Channel):
        return channels.from_kraus([qml.math.asarray(k, like="numpy") for k in operation.kraus_matrices()])
    return channels.from_kraus([operation.matrix()])


def _readouts(model: qml.NoiseModel, program: Program) -> dict[int, Readout]:
    """Noise before each observable's measurement, as the readout error it amounts to."""
    found: dict[int, Readout] = {}
    if not model.meas_map:
        return found
    for word in dict.fromkeys(term.basis for observable in program.observables for term in terms_of(observable)):
        with qml.QueuingManager.stop_recording():
            measurement = qml.expval(qml.pauli.string_to_pauli_word(word))
        noise = _inserted(model.meas_map, model.metadata, measurement, f"the measurement of {word}")
        for wire, letter in enumerate(word):
            if letter == "I":
                continue
            gate = Gate(f"measurement of {word}", (wire,))
            own = _joined([o for o in noise if wire in o.wires], gate.wires, gate)
            qubit = program.native_wires[wire] if program.native_wires else wire
            readout = _as_readout(own, letter, word)
            known = found.setdefault(qubit, readout)
            if not np.allclose((known.p10, known.p01), (readout.p10, readout.p01), atol=1e-12):
                raise UserError(
                    f"qubit {qubit} is read with different noise for different observables; measure them apart"
                )
    return found


def _as_readout(matrix: TransferMatrix, letter: str, word: str) -> Readout:
    """``P -> a P + b I`` in the Heisenberg picture: ``a = 1 - p10 - p01`` and ``b = p01 - p10``."""
    row = matrix["IXYZ".index(letter)].copy()
    offset, kept = row[0], row["IXYZ".index(letter)]
    row[[0, "IXYZ".index(letter)]] = 0
    if abs(row).max() > 1e-12:
        raise UserError(f"the noise before the measurement of {word} turns the observable; it is no readout error")
    return Readout(p10=float((1 - kept - offset) / 2), p01=float((1 - kept + offset) / 2))


def _ambiguous(place: Place) -> NoReturn:
    raise UserError(
        f"gate {place[0]} on {place[1]} gets different noise at different moments; one place has one channel"
    )

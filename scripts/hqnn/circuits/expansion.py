"""PennyLane's operations as gates on one or two wires, whose angles stay affine.

PennyLane's own decompositions are taken, except where they compute with values: exponentials become Pauli rotations,
and a rotation under several controls becomes rotations by fractions of its angle between controlled flips.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.ops.functions import bind_new_parameters
from pennylane.ops.op_math import CompositeOp, SymbolicOp

from hqnn.circuits.affine import Vector
from hqnn.circuits.factors import generated, same_up_to_phase
from hqnn.circuits.nonunitary import check_measurement, kraus_of, reset_on
from hqnn.circuits.outcomes import MEASURE, RESET
from hqnn.circuits.pauli import all_commute
from hqnn.circuits.program import Angle, ComplexMatrix, Constant
from hqnn.circuits.recording import PLAIN, Applied
from hqnn.errors import UserError

FLIPS = {qml.RX: qml.CZ, qml.RY: qml.CNOT, qml.RZ: qml.CNOT}  # what turns a rotation round
CHECKED = 5  # wires up to which an expansion is compared with the operation's matrix


@dataclass(frozen=True)
class PennyLaneGate:
    """A PennyLane operation as the analysis of factors sees it.

    Attributes:
        operation: with a matrix, on one or two wires.
        applied: what the user applied, of which the operation is a part; None for a gate without a circuit.
        called: its name where that is not PennyLane's.
        condition: PennyLane's value of measurements that it depends on, or None.
    """

    operation: Any
    applied: Applied | None = None
    called: str = ""
    condition: Any = None

    @property
    def name(self) -> str:
        """PennyLane's name, or `called`."""
        return self.called or str(self.operation.name)

    @cached_property
    def kraus(self) -> ComplexMatrix | None:
        """Of a measurement, a reset or a channel; None for a gate."""
        return kraus_of(self.operation, self.label)

    @property
    def outcome(self) -> str | None:
        """PennyLane's identity of a measurement."""
        return self.operation.meas_uid if self.called == MEASURE else None

    @property
    def label(self) -> str:
        """How a message names it."""
        return (self.applied or Applied(self.operation, None)).named(self.operation)

    @property
    def wires(self) -> tuple[int, ...]:
        """In PennyLane's order."""
        return tuple(int(wire) for wire in self.operation.wires)

    @property
    def given(self) -> list[Any]:
        """Scalar parameters as they were given."""
        return [d for d in self.operation.data if _is_angle(d)] if self.kraus is None else []

    @cached_property
    def parameters(self) -> Vector:
        """Scalar parameters, shape (parameters,)."""
        return np.array([float(d) for d in self.given])

    @cached_property
    def fixed(self) -> NDArray[np.complex128]:
        """Array and complex parameters, flat; of an operation that is made of others also numbers that these hide."""
        if self.kraus is not None:
            return np.ravel(self.kraus)
        arrays = [np.ravel(d) for d in self.operation.data if not _is_angle(d)]
        if _may_hide_numbers(self.operation):
            arrays.append(np.ravel(self.matrix(np.linspace(0.3, 1.1, len(self.parameters)))))
        return np.concatenate([np.empty(0), *arrays]).astype(complex)

    def matrix(self, parameters: Vector) -> ComplexMatrix:
        """The unitary at other parameters."""
        return np.asarray(qml.matrix(self._at(parameters), wire_order=self.operation.wires), dtype=complex)

    def parts(self, parameters: Vector) -> list[PennyLaneGate]:
        """Its decomposition at other parameters."""
        operation = self._at(parameters)
        if not operation.has_decomposition:
            return []
        applied = self.applied or Applied(self.operation, None)
        return [gate for part in operation.decomposition() for gate in _gates_of(part, applied)]

    def _at(self, parameters: Vector) -> Any:
        scalars = iter(parameters)
        data = [next(scalars) if _is_angle(d) else d for d in self.operation.data]
        return bind_new_parameters(self.operation, data) if data else self.operation


def gates_of(applied: Sequence[Applied]) -> list[PennyLaneGate]:
    """Expand what is wider than two wires, has no matrix, or is a product; leave global phases out.

    Args:
        applied: operations, first to last.

    Raises:
        UserError: an operation is neither a gate nor a measurement or channel on one or two wires; the message names it
            as the user wrote it.
    """
    return [gate for one in applied for gate in _gates_of(one.operation, one)]


def check_expansions(applied: Sequence[Applied]) -> None:
    """Compare the expansion of every operation on up to five wires with its matrix.

    Raises:
        UserError: they differ by more than a phase, so that one of PennyLane's definitions is wrong.
    """
    for one in applied:
        wires, gates = one.operation.wires, gates_of([one])
        if isinstance(one.operation, qml.ops.Conditional):
            continue
        expanded = all(gate.operation is not one.operation for gate in gates)
        if expanded and getattr(one.operation, "has_matrix", False) and 0 < len(wires) <= CHECKED:
            parts = qml.tape.QuantumScript([gate.operation for gate in gates])
            ours, theirs = (np.asarray(qml.matrix(o, wire_order=wires)) for o in (parts, one.operation))
            if not same_up_to_phase(ours, theirs):
                raise UserError(
                    f"{one.named()} is not what its decomposition gives in this version of PennyLane; write it by "
                    "other gates"
                )


def _gates_of(operation: Any, applied: Applied) -> Iterator[PennyLaneGate]:
    if isinstance(operation, qml.GlobalPhase):
        return
    if isinstance(operation, qml.ops.Conditional):
        yield from _conditioned(operation, applied)
        return
    if isinstance(operation, qml.ops.MidMeasure):
        check_measurement(applied)
        yield PennyLaneGate(operation, applied, MEASURE)
        if operation.reset:
            yield PennyLaneGate(reset_on(operation.wires), applied, RESET)
        return
    if isinstance(operation, qml.operation.Channel) and len(operation.wires) <= 2:
        yield PennyLaneGate(operation, applied)
        return
    parts = _parts(operation, applied)
    if parts is None:
        yield PennyLaneGate(operation, applied)
    else:
        for part in parts:
            yield from _gates_of(part, applied)


def _conditioned(operation: Any, applied: Applied) -> Iterator[PennyLaneGate]:
    for gate in _gates_of(operation.base, applied):
        if gate.kraus is not None or gate.condition is not None:
            raise UserError(
                f"{applied.named()} makes a measurement, a channel or another condition depend on an outcome; let only "
                "unitary gates depend on outcomes, and join conditions by & and |"
            )
        yield replace(gate, condition=operation.meas_val)


def _parts(operation: Any, applied: Applied) -> Sequence[Any] | None:
    """The operations that make up one, or None where it is a gate itself."""
    if isinstance(operation, qml.ops.Exp):
        return _exponential(operation, applied)
    if isinstance(operation, qml.SelectPauliRot):
        kind = getattr(qml, f"R{operation.hyperparameters['rot_axis']}")
        *controls, target = operation.wires
        return _uniformly_controlled(kind, np.asarray(operation.data[0]), controls, target)
    if isinstance(operation, SymbolicOp):
        parts = _symbolic(operation, applied)
        if parts is not None:
            return parts
    if not isinstance(operation, qml.ops.Prod) and _is_small(operation):
        return None
    if getattr(operation, "has_decomposition", False):
        return list(operation.decomposition())
    raise UserError(
        f"{applied.named(operation)} is neither a unitary gate nor a measurement or channel on one or two wires; take "
        f"it out of the circuit, or {PLAIN}"
    )


def _is_small(operation: Any) -> bool:
    return bool(getattr(operation, "has_matrix", False)) and len(operation.wires) in (1, 2)


def _symbolic(operation: Any, applied: Applied) -> Sequence[Any] | None:
    """An adjoint, power or controlled operation by its base, where PennyLane would compute with values or fail."""
    base = operation.base
    if isinstance(operation, qml.ops.Pow) and isinstance(base, qml.ops.Exp):
        return _exponential(base, applied, operation.z)
    if isinstance(operation, qml.ops.Adjoint) and _holds_exponential(base):
        return [qml.adjoint(part) for part in reversed(_parts(base, applied) or [base])]
    if not isinstance(operation, qml.ops.Controlled):
        return None
    if len(operation.wires) > 2 and type(base) in FLIPS:
        at = int("".join("01"[bool(value)] for value in operation.control_values), 2)
        angles = base.data[0] * np.eye(2 ** len(operation.control_wires))[at]
        return _uniformly_controlled(type(base), angles, operation.control_wires, base.wires[0])
    if _holds_exponential(base):
        inner = _parts(base, applied) or [base]
    elif len(operation.wires) > 2 and len(base.wires) == 1 and base.data and _expands(base):
        inner = base.decomposition()
    else:
        return None
    return [qml.ctrl(part, operation.control_wires, control_values=operation.control_values) for part in inner]


def _holds_exponential(operation: Any) -> bool:
    while isinstance(operation, SymbolicOp) and not isinstance(operation, qml.ops.Exp):
        operation = operation.base
    return isinstance(operation, qml.ops.Exp)


def _expands(base: Any) -> bool:
    return bool(base.has_decomposition) and not isinstance(base, qml.GlobalPhase | qml.QubitUnitary | qml.PhaseShift)


def _uniformly_controlled(kind: Any, angles: Vector, controls: Sequence[Any], target: Any) -> list[Any]:
    """A rotation whose angle depends on the controls, as 2^n rotations and as many flips (quant-ph/0404089).

    Args:
        kind: qml.RX, RY or RZ.
        angles: for every setting of the n controls, the first most significant, shape (2^n,).
        controls: their wires.
        target: wire that is turned.
    """
    size = len(angles)
    settings = np.arange(size)
    gray = settings ^ settings >> 1
    parities = np.bitwise_count(gray[:, None] & settings) % 2
    parts = []
    for k, angle in enumerate((1 - 2.0 * parities) @ angles / size):
        flipped = int(gray[k] ^ gray[(k + 1) % size]).bit_length() - 1
        parts += [kind(angle, target), FLIPS[kind]([controls[len(controls) - 1 - flipped], target])]
    return parts


def _exponential(operation: Any, applied: Applied, power: float = 1.0) -> list[Any]:
    """``exp(c H)`` as Pauli rotations, its phase included; on two wires also where the words of H do not commute."""
    base, sentence = operation.base, operation.base.pauli_rep or {}
    time = _real((operation.param if isinstance(operation, qml.ops.Evolution) else 1j * operation.coeff) * power)
    words = [(word, _real(time * _real(sentence[word]))) for word in sentence]
    if any(np.iscomplexobj(turn) for _, turn in words):
        raise UserError(
            f"{applied.named(operation)} is not unitary; give qml.exp an imaginary number times a Hermitian operator, "
            "as in 1j * weight"
        )
    letters = ["".join(word.get(wire, "I") for wire in base.wires) for word, _ in words]
    if words and all_commute(letters):
        return [_rotation(dict(word), 2 * turn) for word, turn in words]
    if len(base.wires) > 2 or np.iscomplexobj(time):
        raise UserError(
            f"{applied.named(operation)} is the exponential of terms that do not commute, for which there is no exact "
            f"sequence of gates; write the sequence that you mean, such as qml.TrotterProduct, or {PLAIN}"
        )
    hermitian = np.asarray(qml.matrix(base, wire_order=base.wires), dtype=complex)
    return _exact(hermitian, 2 * time, base.wires)


def _real(number: Any) -> Any:
    """A complex number that is real to 1e-12 as such; anything else as it is."""
    return float(np.real(number)) if np.iscomplexobj(number) and abs(np.imag(number)) <= 1e-12 else number


def _exact(hermitian: ComplexMatrix, angle: Any, wires: Sequence[Any]) -> list[Any]:
    """``exp(-i angle/2 H)`` in the basis that makes H diagonal."""
    phase = float(np.trace(hermitian).real) / len(hermitian) / 2 * angle
    return [qml.GlobalPhase(phase)] + [
        qml.QubitUnitary(factor.matrix, wires)
        if isinstance(factor, Constant)
        else _rotation(dict(zip(wires, factor.word, strict=True)), factor.angle.constant * angle)
        for factor in generated(hermitian, Angle(1.0))
    ]


def _rotation(word: Mapping[Any, str], angle: Any) -> Any:
    """``exp(-i angle/2 word)``, its wires those that have a letter other than I."""
    letters = {wire: letter for wire, letter in word.items() if letter != "I"}
    if not letters:
        return qml.GlobalPhase(angle / 2)
    if len(letters) == 1:
        ((wire, letter),) = letters.items()
        return {"X": qml.RX, "Y": qml.RY, "Z": qml.RZ}[letter](angle, wire)
    return qml.PauliRot(angle, "".join(letters.values()), wires=list(letters))


def _may_hide_numbers(operation: Any) -> bool:
    """Whether it is made of operations whose numbers need not be among its own."""
    if isinstance(operation, SymbolicOp):
        return bool(operation.base.data) or isinstance(operation.base, CompositeOp | SymbolicOp)
    return isinstance(operation, CompositeOp)


def _is_angle(parameter: Any) -> bool:
    return bool(np.ndim(parameter) == 0 and np.isrealobj(parameter))

"""Read a plain PennyLane quantum function into a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.ops.functions import bind_new_parameters

from hqnn.circuits.affine import NotAffineError, Vector, read_affine
from hqnn.circuits.factors import Memo, factors_of
from hqnn.circuits.pauli import parse_word
from hqnn.circuits.program import Angle, ComplexMatrix, Gate, Program
from hqnn.errors import UserError

QuantumFunction: TypeAlias = Callable[[Any, Any, Sequence[int]], object]


@dataclass(frozen=True)
class PennyLaneGate:
    """A PennyLane operation as the analysis of factors sees it.

    Attributes:
        operation: with a matrix, on one or two wires.
    """

    operation: Any

    @property
    def name(self) -> str:
        """PennyLane's name."""
        return str(self.operation.name)

    @property
    def wires(self) -> tuple[int, ...]:
        """In PennyLane's order."""
        return tuple(self.operation.wires)

    @cached_property
    def parameters(self) -> Vector:
        """Scalar parameters, shape (parameters,)."""
        return np.array([float(d) for d in self.operation.data if _is_angle(d)])

    @cached_property
    def fixed(self) -> NDArray[np.complex128]:
        """Array and complex parameters, flat."""
        return np.concatenate([np.empty(0), *(np.ravel(d) for d in self.operation.data if not _is_angle(d))]).astype(
            complex
        )

    def matrix(self, parameters: Vector) -> ComplexMatrix:
        """The unitary at other parameters."""
        return np.asarray(self._at(parameters).matrix(), dtype=complex)

    def parts(self, parameters: Vector) -> list[PennyLaneGate]:
        """Its decomposition at other parameters."""
        operation = self._at(parameters)
        return list(_elementary(operation.decomposition())) if operation.has_decomposition else []

    def _at(self, parameters: Vector) -> Any:
        scalars = iter(parameters)
        data = [next(scalars) if _is_angle(d) else d for d in self.operation.data]
        return bind_new_parameters(self.operation, data)


def trace(
    circuit: QuantumFunction,
    *,
    inputs: int,
    weight_shape: tuple[int, ...],
    wires: int,
    observables: Sequence[str],
) -> Program:
    """Read a quantum function into a program, by evaluating it; it must apply the same gates whatever the values.

    Templates are expanded to operations on one or two wires; global phases, barriers and snapshots are left out. An
    ``AmplitudeEmbedding`` of the inputs, if it comes first and begins at wire 0, becomes the initial state.

    Args:
        circuit: applies PennyLane operations, given inputs (shape (inputs,)), weights (shape weight_shape) and wires.
        inputs: how many numbers a sample has.
        weight_shape: of the trainable array.
        wires: how many there are.
        observables: Pauli words, as `parse_word` reads them.

    Returns:
        The program; its gates keep PennyLane's names.

    Raises:
        UserError: an angle is not affine in inputs and weights, gates depend on values, or an operation is no unitary
            gate.
    """
    weights = int(np.prod(weight_shape, dtype=int))

    def recorded(point: Vector) -> list[Any]:
        return _recorded(circuit, point[:inputs], point[inputs:].reshape(weight_shape), wires)

    amplitudes = _begins_with_amplitudes(recorded(np.ones(inputs + weights)))

    def gates_at(point: Vector) -> list[PennyLaneGate]:
        operations = recorded(point)
        if amplitudes:
            _check_amplitudes(operations[0], point[:inputs], wires)
        return list(_elementary(operations[1:] if amplitudes else operations))

    memo: Memo = {}
    return Program(
        wires=wires,
        inputs=inputs,
        weight_shape=weight_shape,
        gates=tuple(
            Gate(gate.name, gate.wires, angles, factors_of(gate, angles, memo))
            for gate, angles in _read(gates_at, inputs, weights)
        ),
        observables=tuple(parse_word(o, wires) for o in observables),
        initial_state="amplitudes" if amplitudes else "zero",
    )


def _is_angle(parameter: Any) -> bool:
    return bool(np.ndim(parameter) == 0 and np.isrealobj(parameter))


def _read(
    gates_at: Callable[[Vector], list[PennyLaneGate]], inputs: int, weights: int
) -> list[tuple[PennyLaneGate, tuple[Angle, ...]]]:
    variables = [Angle(inputs=((i, 1.0),)) for i in range(inputs)] + [
        Angle(weights=((j, 1.0),)) for j in range(weights)
    ]
    try:
        return read_affine(gates_at, variables)
    except NotAffineError as error:
        raise UserError(
            f"the circuit cannot be a program, whose angles are sums of inputs and weights: {error}; compute such "
            "values before the circuit, or run the plain function with hqnn.interpreters.pennylane.function_to_qnode"
        ) from error


def _recorded(circuit: QuantumFunction, inputs: Vector, weights: Vector, wires: int) -> list[Any]:
    with qml.queuing.AnnotatedQueue() as queue:
        circuit(inputs, weights, range(wires))
    tape = qml.tape.QuantumScript.from_queue(queue)
    if tape.measurements:
        raise UserError(
            f"the circuit measures {tape.measurements[0]!r} itself; leave measurements out and name observables instead"
        )
    return list(tape.operations)


def _begins_with_amplitudes(operations: list[Any]) -> bool:
    return bool(operations) and isinstance(operations[0], qml.AmplitudeEmbedding)


def _check_amplitudes(operation: Any, inputs: Vector, wires: int) -> None:
    given = np.asarray(operation.data[0])
    expected = np.zeros(len(given))
    expected[: len(inputs)] = inputs / np.linalg.norm(inputs)
    if not np.allclose(given, expected, rtol=0, atol=1e-12) or tuple(operation.wires) != tuple(range(wires)):
        raise UserError(
            "AmplitudeEmbedding must be given the inputs as they are, on all wires, with pad_with=0 and normalize=True"
        )


def _elementary(operations: Sequence[Any]) -> Iterator[PennyLaneGate]:
    """Expand what is wider than two wires or has no matrix."""
    for operation in operations:
        if isinstance(operation, qml.GlobalPhase):
            continue
        if getattr(operation, "has_matrix", False) and len(operation.wires) in (1, 2):
            yield PennyLaneGate(operation)
        elif getattr(operation, "has_decomposition", False):
            yield from _elementary(operation.decomposition())
        else:
            raise UserError(
                f"{operation} is no unitary gate; take it out of the circuit (noise belongs to a noise model), or run "
                "the plain function with hqnn.interpreters.pennylane.function_to_qnode"
            )

"""A native circuit whose angles are free: every angle that inputs or weights enter is a parameter of its own.

Angles are affine, ``angle = constant + by_inputs @ inputs + by_weights @ weights``, so one circuit with free angles
runs any sample with any weights, and with any one of its gates shifted, as one row of a table.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ControlFlowOp, Parameter, ParameterExpression, QuantumCircuit

from hqnn.circuits.program import Angle, Program
from hqnn.errors import UserError
from hqnn.interpreters.native import affine_angle, from_qiskit

Values = NDArray[np.float64]


@dataclass(frozen=True)
class FreeAngles:
    """A circuit of free angles, and what they are.

    Attributes:
        circuit: with the parameters ``inputs[0]``, ``inputs[1]``, ...: the angles.
        program: the same, read back: angles as inputs, no weights.
        constant: shape (angles,).
        by_inputs: shape (angles, inputs).
        by_weights: shape (angles, weights).
    """

    circuit: QuantumCircuit
    program: Program
    constant: Values
    by_inputs: Values
    by_weights: Values

    def of(self, inputs: Values, weights: Values) -> Values:
        """The angles of samples.

        Args:
            inputs: shape (..., inputs).
            weights: flat in C order, shape (..., weights).

        Returns:
            Shape (..., angles).
        """
        angles: Values = self.constant + inputs @ self.by_inputs.T + weights @ self.by_weights.T
        return angles


def free_angles(circuit: QuantumCircuit, observables: Sequence[str], *, inputs: int, weights: int) -> FreeAngles:
    """Free the angles of a circuit.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``.
        observables: see `from_qiskit`.
        inputs: how many numbers a sample has.
        weights: how many there are.

    Raises:
        UserError: see `from_qiskit`; or the circuit tests bits.
    """
    freed = circuit.copy_empty_like()
    freed.global_phase = 0
    angles: list[Angle] = []
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            raise UserError(f"{operation.name} holds angles that cannot be free; defer the circuit's measurements")
        if any(_is_free(value) for value in operation.params):
            places = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
            operation, given = operation.to_mutable(), operation.params
            operation.params = []
            for value in given:
                operation.params.append(_angle(len(angles)) if _is_free(value) else value)
                if _is_free(value):
                    angles.append(affine_angle(value, operation.name, places))
        freed.append(operation, instruction.qubits, instruction.clbits)
    return FreeAngles(
        freed,
        from_qiskit(freed, observables=observables, inputs=len(angles), weight_shape=(0,)),
        np.array([angle.constant for angle in angles]),
        _table([angle.inputs for angle in angles], inputs),
        _table([angle.weights for angle in angles], weights),
    )


def _angle(number: int) -> Parameter:
    """A parameter that is the same one in every process, as those of a stored circuit are."""
    name = f"inputs[{number}]"
    return Parameter(name, uuid=uuid.uuid5(uuid.NAMESPACE_OID, name))


def _is_free(value: object) -> bool:
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _table(terms: Sequence[Sequence[tuple[int, float]]], columns: int) -> Values:
    table = np.zeros((len(terms), columns))
    for row, own in enumerate(terms):
        for column, coefficient in own:
            table[row, column] = coefficient
    return table

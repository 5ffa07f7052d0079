"""A program as a Qiskit circuit with named parameters, and a (transpiled, native) circuit as a program.

Qiskit counts the first qubit of a matrix or a label as the least significant; a program as the most. Matrices and words
are turned round here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import Any, TypeAlias
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
from qiskit.circuit import ClassicalRegister, ParameterVector, QuantumCircuit
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.library import PauliEvolutionGate, UnitaryGate, get_standard_gate_name_mapping
from qiskit.circuit.parametervector import ParameterVectorElement
from qiskit.quantum_info import Kraus, Pauli, SparsePauliOp

from hqnn.circuits.observables import pauli_sum
from hqnn.circuits.outcomes import MEASURE, RESET
from hqnn.circuits.program import Angle, Channel, ComplexMatrix, Condition, Constant, Factor, Gate, Program
from hqnn.errors import UserError
from hqnn.interpreters.namesakes import Namesake, namesake

OUTCOMES = "outcomes"

Placed: TypeAlias = tuple[Any, list[int]]


def to_qiskit(program: Program) -> QuantumCircuit:
    """Write a program as a Qiskit circuit.

    Args:
        program: begins in the zero state.

    Returns:
        A circuit on ``program.wires`` qubits, qubit i being wire i, without measurements. Its parameters are named
        ``inputs[i]``, as `hqnn.circuits.functions.extended` counts them, and ``weights[j]`` (flat, C order); what
        enters no gate is no parameter. A gate that Qiskit has keeps being one gate; another becomes its factors. Bits
        of measurements inside are the register ``outcomes``; a channel is an instruction that Aer alone knows.

    Raises:
        UserError: the program embeds amplitudes, which have no gates yet.
    """
    if program.initial_state != "zero":
        raise UserError(
            "amplitudes are no gates; make the program's state preparation explicit with "
            "hqnn.circuits.amplitude.prepared before it is written for Qiskit"
        )
    circuit = QuantumCircuit(program.wires)
    inputs, weights = _symbols("inputs", program.circuit_inputs), _symbols("weights", program.weights)
    measurements = sum(gate.name == MEASURE for gate in program.gates if gate.factors)
    if measurements:
        circuit.add_register(ClassicalRegister(measurements, OUTCOMES))
    bits, known = iter(circuit.clbits), {}
    for gate in program.gates:
        if not gate.factors:
            continue
        if gate.name == MEASURE:
            known[gate.outcome] = next(bits)
            circuit.measure(*gate.wires, known[gate.outcome])
        elif gate.name == RESET:
            circuit.reset(*gate.wires)
        else:
            always = replace(gate, condition=None)
            _append(circuit, list(_operations(always, program, inputs, weights)), gate.condition, known)
    return circuit


def _append(circuit: QuantumCircuit, operations: Sequence[Placed], condition: Condition | None, known: Any) -> None:
    """Append operations, where there is a condition once under each of the values of outcomes that it holds for."""
    for values in condition.values if condition else ((),):
        with ExitStack() as tests:
            for outcome, value in zip(condition.outcomes if condition else (), values, strict=True):
                tests.enter_context(circuit.if_test((known[outcome], value)))
            for operation, wires in operations:
                circuit.append(operation, wires)


def qiskit_observables(program: Program) -> list[SparsePauliOp]:
    """The program's observables in Qiskit's order of letters, one operator each."""
    sums = [pauli_sum(observable) for observable in program.observables]
    return [SparsePauliOp([word[::-1] for word in own], list(own.values())) for own in sums]


def turned(matrix: ComplexMatrix) -> ComplexMatrix:
    """A matrix with the order of its qubits reversed: from Qiskit's convention to a program's, and back.

    Args:
        matrix: shape (2^k, 2^k).
    """
    wires = matrix.shape[0].bit_length() - 1
    axes = [*range(wires)][::-1]
    return matrix.reshape((2,) * 2 * wires).transpose([*axes, *(a + wires for a in axes)]).reshape(matrix.shape)


def _symbols(name: str, size: int) -> list[ParameterVectorElement]:
    """A vector's elements with identities that follow from their names, so that equal circuits make equal files."""
    vector = ParameterVector(name, size)
    root = uuid5(NAMESPACE_OID, name).int
    return [ParameterVectorElement(vector, i, UUID(int=root + i)) for i in range(size)]


def _operations(gate: Gate, program: Program, inputs: Any, weights: Any) -> Iterator[Placed]:
    channels = [factor for factor in gate.factors if isinstance(factor, Channel)]
    if channels:
        yield Kraus([turned(operator) for operator in channels[0].kraus]).to_instruction(), list(gate.wires)
        return
    own = namesake(gate, program, _standard())
    if own:
        yield own.build(*(_expression(a, inputs, weights) for a in gate.angles)), list(gate.wires)
        return
    for factor in gate.unitary_factors:
        yield _factor_operation(gate, factor, program, inputs, weights)


def _factor_operation(gate: Gate, factor: Factor, program: Program, inputs: Any, weights: Any) -> Placed:
    if isinstance(factor, Constant):
        return UnitaryGate(turned(factor.matrix)), list(gate.wires)
    acting = [place for place, letter in enumerate(factor.word) if letter != "I"]
    word, wires = "".join(factor.word[p] for p in acting), [gate.wires[p] for p in acting]
    angle = _expression(factor.angle, inputs, weights)
    for order in (1, -1):
        alone = Gate("", tuple(wires[::order]), (factor.angle,), (type(factor)(word[::order], factor.angle),))
        own = namesake(alone, program, _standard())
        if own:
            return own.build(angle), wires[::order]
    return PauliEvolutionGate(Pauli(word[::-1]), time=angle / 2), wires


def _expression(angle: Angle, inputs: Any, weights: Any) -> Any:
    """The angle as a number or a Qiskit expression; coefficients of one and absent constants leave no trace."""
    terms = [
        v if c == 1 else c * v
        for vector, pairs in ((inputs, angle.inputs), (weights, angle.weights))
        for v, c in ((vector[i], c) for i, c in pairs)
    ]
    if not terms:
        return angle.constant
    total = sum(terms[1:], terms[0])
    return total + angle.constant if angle.constant else total


@cache
def _standard() -> tuple[Namesake, ...]:
    gates = [g for g in get_standard_gate_name_mapping().values() if isinstance(g, QiskitGate)]
    return tuple(
        Namesake(g.name, g.num_qubits, len(g.params), _matrix_of(g.base_class), g.base_class)
        for g in gates
        if g.num_qubits in (1, 2)
    )


def _matrix_of(build: Any) -> Any:
    def matrix(values: Sequence[float]) -> ComplexMatrix:
        return turned(np.asarray(build(*values).to_matrix(), dtype=complex))

    return matrix

"""Read a Qiskit circuit, transpiled for a backend or not, into a program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Barrier, Delay, Measure, Parameter, ParameterExpression, QuantumCircuit, Reset
from qiskit.circuit import Gate as QiskitGate

from hqnn.circuits.affine import Vector
from hqnn.circuits.factors import Memo, factors_of
from hqnn.circuits.observables import in_words, wires_read
from hqnn.circuits.outcomes import measurement, reset
from hqnn.circuits.program import Angle, ComplexMatrix, Function, Gate, Program
from hqnn.circuits.words import parse_observables
from hqnn.errors import UserError
from hqnn.interpreters.dynamic import Step, steps_of
from hqnn.interpreters.qiskit import turned

Placed: TypeAlias = tuple[Any, tuple[int, ...]]

PARAMETER = re.compile(r"(inputs|weights)\[(\d+)\]")


def from_qiskit(
    circuit: QuantumCircuit,
    *,
    observables: Sequence[str],
    inputs: int,
    weight_shape: tuple[int, ...],
    native_wires: Sequence[int] | None = None,
    functions: tuple[Function, ...] = (),
) -> Program:
    """Read a circuit into a program; gates keep the backend's names.

    The qubits that gates or observables touch become wires 0, 1, ... by rising index. Barriers and final measurements
    are left out, a delay stays as a gate that does nothing but may have noise. Resets, and measurements that something
    follows or depends on, stay too.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``, as `to_qiskit` writes them.
        observables: on the qubits before transpilation, as `hqnn.circuits.words.parse_observables` reads them; they
            follow the circuit's layout.
        inputs: how many numbers a sample has.
        weight_shape: of the trainable array.
        native_wires: the backend's qubit of each qubit of the circuit; the same index by default.
        functions: further inputs, see `hqnn.circuits.program.Program`.

    Returns:
        The program, with the backend's qubits in ``native_wires``.

    Raises:
        UserError: an instruction is no gate, measurement, reset or test of bits, an angle is not affine, or a parameter
            has another name.
    """
    memo: Memo = {}
    placed = [gate for step in steps_of(circuit) for gate in _gates(step, memo)]
    place = _final_places(circuit)
    read = parse_observables(observables, len(place))
    moved = [in_words(o, lambda word: _moved(word, place, circuit.num_qubits)) for o in read]
    used = sorted({q for gate in placed for q in gate.wires} | wires_read(moved) or {0})
    wire = {qubit: index for index, qubit in enumerate(used)}
    native = range(circuit.num_qubits) if native_wires is None else native_wires
    return Program(
        wires=len(used),
        inputs=inputs,
        weight_shape=weight_shape,
        gates=tuple(replace(gate, wires=tuple(wire[q] for q in gate.wires)) for gate in placed),
        observables=tuple(in_words(o, lambda word: "".join(word[q] for q in used)) for o in moved),
        native_wires=tuple(native[q] for q in used),
        functions=functions,
    )


def parameter_index(parameter: Parameter) -> tuple[str, int]:
    """Which input or weight a parameter is: ``("inputs", i)`` or ``("weights", j)``.

    Raises:
        UserError: its name says neither.
    """
    match = PARAMETER.fullmatch(parameter.name)
    if not match:
        raise UserError(f"parameter {parameter.name!r} must be named inputs[i] or weights[j]; rename it in the circuit")
    return match[1], int(match[2])


def affine_angle(value: Any, name: str, qubits: tuple[int, ...]) -> Angle:
    """An angle of a gate as an affine expression, read through its gradients and checked at a random point.

    Args:
        value: number or Qiskit's expression.
        name: of the gate, for the message.
        qubits: likewise.

    Raises:
        UserError: it is not affine.
    """
    if not isinstance(value, ParameterExpression) or not value.parameters:
        return Angle(float(value))
    parameters = sorted(value.parameters, key=parameter_index)
    slopes = [value.gradient(p) for p in parameters]
    constant = float(value.bind(dict.fromkeys(parameters, 0.0)))
    point = np.random.default_rng(0).uniform(-1, 1, len(parameters))
    numbers = not any(isinstance(s, ParameterExpression) and s.parameters for s in slopes)
    found = float(value.bind(dict(zip(parameters, point.tolist(), strict=True))))
    if not numbers or abs(found - constant - point @ np.array(slopes, dtype=float)) > 1e-9:
        raise UserError(
            f"angle {value} of {name} on qubits {qubits} is not a sum of inputs and weights; compute it before"
        )
    terms = [(*parameter_index(p), float(s)) for p, s in zip(parameters, slopes, strict=True) if s != 0]
    return Angle(
        constant,
        tuple((i, s) for kind, i, s in terms if kind == "inputs"),
        tuple((i, s) for kind, i, s in terms if kind == "weights"),
    )


@dataclass(frozen=True)
class NativeGate:
    """A Qiskit gate as the analysis of factors sees it.

    Attributes:
        gate: on one or two qubits, with a matrix.
        wires: the qubits it acts on.
    """

    gate: Any
    wires: tuple[int, ...]

    @property
    def name(self) -> str:
        """The backend's name."""
        return str(self.gate.name)

    @property
    def label(self) -> str:
        """How a message names it."""
        return f"{self.name} on qubits {self.wires}"

    @cached_property
    def parameters(self) -> Vector:
        """Scalar parameters where they are numbers, else zeros, shape (parameters,)."""
        scalars = [p for p in self.gate.params if np.ndim(p) == 0]
        return np.array([0.0 if isinstance(p, ParameterExpression) and p.parameters else float(p) for p in scalars])

    @property
    def fixed(self) -> NDArray[np.complex128]:
        """Array parameters, flat."""
        return np.concatenate([np.empty(0), *(np.ravel(p) for p in self.gate.params if np.ndim(p))]).astype(complex)

    def matrix(self, parameters: Vector) -> ComplexMatrix:
        """The unitary at other parameters, the first qubit most significant."""
        return turned(_own_matrix(self._at(parameters)))

    def parts(self, parameters: Vector) -> list[NativeGate]:
        """Its definition at other parameters."""
        definition = self._at(parameters).definition
        placed = _parts(definition) if definition else ()
        return [NativeGate(operation, tuple(self.wires[q] for q in qubits)) for operation, qubits in placed]

    @cached_property
    def _template(self) -> QuantumCircuit:
        """The gate alone, with parameters of its own."""
        own = iter([Parameter(f"p{k}") for k in range(len(self.parameters))])
        gate = self.gate.to_mutable()
        gate.params = [next(own) if np.ndim(p) == 0 else p for p in gate.params]
        template = QuantumCircuit(len(self.wires))
        template.append(gate, range(len(self.wires)))
        return template

    def _at(self, parameters: Vector) -> Any:
        if not len(self.parameters):
            return self.gate
        values = {f"p{k}": float(value) for k, value in enumerate(parameters)}
        return self._template.assign_parameters(values).data[0].operation


def _parts(definition: QuantumCircuit) -> Iterator[Placed]:
    """Gates of one or two qubits that have a matrix, and delays; others are expanded by their definitions."""
    for instruction in definition.data:
        if not isinstance(instruction.operation, Barrier):
            places = tuple(definition.find_bit(q).index for q in instruction.qubits)
            yield from _expanded(instruction.operation, places)


def _expanded(operation: Any, qubits: tuple[int, ...]) -> Iterator[Placed]:
    if isinstance(operation, Delay) or (len(qubits) <= 2 and _has_matrix(operation)):
        yield operation, qubits
    elif isinstance(operation, QiskitGate) and operation.definition is not None:
        for part, places in _parts(operation.definition):
            yield part, tuple(qubits[p] for p in places)
    else:
        raise UserError(
            f"{operation.name} on qubits {qubits} is no unitary gate with a matrix or a definition; take it out of the "
            "circuit before it is read"
        )


def _has_matrix(operation: Any) -> bool:
    return isinstance(operation, QiskitGate) and (hasattr(operation, "__array__") or hasattr(operation, "unitary"))


def _own_matrix(gate: Any) -> ComplexMatrix:
    """In Qiskit's order; IQM's MOVE keeps its matrix under another name, so that nobody decomposes it."""
    matrix = gate.to_matrix() if hasattr(gate, "__array__") else gate.unitary.data
    return np.asarray(matrix, dtype=complex)


def _gates(step: Step, memo: Memo) -> Iterator[Gate]:
    if isinstance(step.operation, Measure):
        yield measurement(step.qubits[0], step.outcome)
    elif isinstance(step.operation, Reset):
        yield reset(step.qubits[0])
    else:
        for operation, qubits in _expanded(step.operation, step.qubits):
            yield replace(_gate(operation, qubits, memo), condition=step.condition)


def _gate(operation: Any, qubits: tuple[int, ...], memo: Memo) -> Gate:
    if isinstance(operation, Delay):
        return Gate(operation.name, qubits)
    angles = tuple(affine_angle(p, operation.name, qubits) for p in operation.params if np.ndim(p) == 0)
    return Gate(operation.name, qubits, angles, factors_of(NativeGate(operation, qubits), angles, memo))


def _final_places(circuit: QuantumCircuit) -> list[int]:
    """Where each qubit of the circuit before transpilation is at the end."""
    if circuit.layout is None:
        return list(range(circuit.num_qubits))
    return list(circuit.layout.final_index_layout(filter_ancillas=True))


def _moved(word: str, place: Sequence[int], qubits: int) -> str:
    letters = ["I"] * qubits
    for letter, qubit in zip(word, place, strict=True):
        letters[qubit] = letter
    return "".join(letters)

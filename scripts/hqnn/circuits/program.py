"""What a circuit is: gates on wires, and for every angle an affine expression of inputs and weights.

A program is plain data. Every interpreter (the engine, PennyLane, Qiskit) reads the same one, so a circuit is written
once and its weights have one order. Wire 0 is the most significant bit of a matrix and the first letter of a word.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.observables import wires_read
from hqnn.errors import UserError

Terms: TypeAlias = tuple[tuple[int, float], ...]
ComplexMatrix: TypeAlias = NDArray[np.complex128]


@dataclass(frozen=True)
class Angle:
    """``constant + sum(c * inputs[i]) + sum(c * weights[j])``, in radians.

    Attributes:
        constant: the part that depends on nothing.
        inputs: pairs (index, coefficient), by rising index, no zero coefficient.
        weights: pairs (flat index in C order, coefficient), likewise.
    """

    constant: float = 0.0
    inputs: Terms = ()
    weights: Terms = ()

    def __add__(self, other: Angle) -> Angle:
        """The sum of two expressions; terms that cancel disappear."""
        return Angle(
            self.constant + other.constant,
            _merged(self.inputs, other.inputs),
            _merged(self.weights, other.weights),
        )

    def __mul__(self, factor: float) -> Angle:
        """The expression scaled by a number."""
        if factor == 0:
            return Angle()
        return Angle(
            self.constant * factor,
            tuple((i, c * factor) for i, c in self.inputs),
            tuple((j, c * factor) for j, c in self.weights),
        )

    __rmul__ = __mul__

    @property
    def is_constant(self) -> bool:
        """Whether neither inputs nor weights enter."""
        return not self.inputs and not self.weights

    def value(self, inputs: Any, weights: Any) -> Any:
        """Evaluate for numpy arrays or torch tensors.

        Args:
            inputs: shape (..., inputs).
            weights: flat, shape (weights,).

        Returns:
            A number, or shape (...) where inputs enter.
        """
        total: Any = self.constant
        for j, c in self.weights:
            total = total + c * weights[j]
        for i, c in self.inputs:
            total = total + c * inputs[..., i]
        return total


@dataclass(frozen=True)
class Rotation:
    """``exp(-i angle/2 · word)`` on a gate's wires.

    Attributes:
        word: one letter of ``IXYZ`` a wire of the gate, such as ``"Y"`` or ``"ZX"``.
        angle: in radians.
    """

    word: str
    angle: Angle


@dataclass(frozen=True, eq=False)
class Constant:
    """A fixed unitary on a gate's wires.

    Attributes:
        matrix: shape (2^k, 2^k), complex128; the gate's first wire is the most significant bit.
    """

    matrix: ComplexMatrix

    def __eq__(self, other: object) -> bool:
        """Equal to the last bit."""
        return isinstance(other, Constant) and np.array_equal(self.matrix, other.matrix)

    def __hash__(self) -> int:
        """Of the matrix's bytes."""
        return hash(self.matrix.tobytes())


@dataclass(frozen=True, eq=False)
class Channel:
    """A fixed map of states on a gate's wires, ``rho -> sum K rho K†``.

    Attributes:
        kraus: shape (operators, 2^k, 2^k), complex128; the gate's first wire is the most significant bit.
    """

    kraus: ComplexMatrix

    def __eq__(self, other: object) -> bool:
        """Equal to the last bit."""
        return isinstance(other, Channel) and np.array_equal(self.kraus, other.kraus)

    def __hash__(self) -> int:
        """Of the operators' bytes."""
        return hash(self.kraus.tobytes())


Factor: TypeAlias = Rotation | Constant


@dataclass(frozen=True)
class Condition:
    """When a gate is applied.

    Attributes:
        outcomes: numbers of earlier measurements.
        values: their bits, each of shape (outcomes,), for which the gate is applied.
    """

    outcomes: tuple[int, ...]
    values: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Function:
    """A further input of the circuit: an elementary function of expressions in the inputs before it.

    Attributes:
        name: one of `hqnn.circuits.functions.ARGUMENTS`.
        operands: what it is a function of; their inputs may be those of the sample and of earlier functions.
    """

    name: str
    operands: tuple[Angle, ...]


@dataclass(frozen=True)
class Gate:
    """One operation, named as its source names it, and what it does.

    Attributes:
        name: PennyLane's or the backend's name; noise is looked up under (name, wires).
        wires: in the order of the source.
        angles: the gate's own parameters.
        factors: what it is, up to a global phase, applied first to last; the engine reads only these.
        outcome: the number of a measurement's bit, which conditions name; None for other gates.
        condition: on the outcomes of measurements, or None for a gate that is always applied.
    """

    name: str
    wires: tuple[int, ...]
    angles: tuple[Angle, ...] = ()
    factors: tuple[Factor | Channel, ...] = ()
    outcome: int | None = None
    condition: Condition | None = None

    @property
    def unitary_factors(self) -> tuple[Factor, ...]:
        """The factors of a gate that is unitary whatever was measured.

        Raises:
            UserError: it is not.
        """
        unitary = tuple(factor for factor in self.factors if not isinstance(factor, Channel))
        if self.condition is not None or len(unitary) < len(self.factors):
            what = "depends on a measurement" if self.condition is not None else "is no unitary gate"
            raise UserError(
                f"{self.name} on wires {self.wires} {what}, so the circuit has no state vector; run it by the engine, "
                "or leave it out of analyses of states"
            )
        return unitary


@dataclass(frozen=True)
class Program:
    """A circuit of ``(inputs, weights)`` and its observables.

    Attributes:
        wires: how many.
        inputs: how many numbers a sample has.
        weight_shape: the shape of the trainable array; angles count its entries in C order.
        gates: first to last.
        observables: sums of words with one letter a wire, wire 0 first, such as ``"IZII"``; see
            `hqnn.circuits.observables`.
        initial_state: ``"zero"``, or ``"amplitudes"`` where the inputs, zero-padded to 2^wires and normalised, are the
            amplitudes of the state that the first gate meets.
        native_wires: the backend's qubit of each wire, for a program that came from a transpiled circuit; noise is
            looked up under these. Empty for an abstract program.
        functions: further inputs, which angles count behind those of the sample.
    """

    wires: int
    inputs: int
    weight_shape: tuple[int, ...]
    gates: tuple[Gate, ...]
    observables: tuple[str, ...]
    initial_state: Literal["zero", "amplitudes"] = "zero"
    native_wires: tuple[int, ...] = field(default=())
    functions: tuple[Function, ...] = ()

    @property
    def circuit_inputs(self) -> int:
        """How many inputs angles count: a sample's numbers, then the functions."""
        return self.inputs + len(self.functions)

    @property
    def weights(self) -> int:
        """How many weights there are."""
        return int(np.prod(self.weight_shape, dtype=int))

    @cached_property
    def wires_read(self) -> frozenset[int]:
        """Wires that an observable meets."""
        return wires_read(self.observables)

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON form, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The neutral form that is stored beside a model; floats keep every bit."""
        functions = [[f.name, [_angle_to_plain(a) for a in f.operands]] for f in self.functions]
        return json.dumps(
            {
                "wires": self.wires,
                "inputs": self.inputs,
                "weight_shape": list(self.weight_shape),
                "observables": list(self.observables),
                "initial_state": self.initial_state,
                "native_wires": list(self.native_wires),
                "gates": [_gate_to_plain(g) for g in self.gates],
                **({"functions": functions} if functions else {}),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Program:
        """Read what `to_json` wrote.

        Raises:
            UserError: the text is no program.
        """
        try:
            plain = json.loads(text)
            return cls(
                wires=plain["wires"],
                inputs=plain["inputs"],
                weight_shape=tuple(plain["weight_shape"]),
                gates=tuple(_gate_from_plain(g) for g in plain["gates"]),
                observables=tuple(plain["observables"]),
                initial_state=plain["initial_state"],
                native_wires=tuple(plain["native_wires"]),
                functions=tuple(
                    Function(name, tuple(map(_angle_from_plain, operands)))
                    for name, operands in plain.get("functions", ())
                ),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"this is not a stored program ({error!r}); compile the model again") from error


def _merged(left: Terms, right: Terms) -> Terms:
    total = dict(left)
    for index, coefficient in right:
        total[index] = total.get(index, 0.0) + coefficient
    return tuple(sorted((i, c) for i, c in total.items() if c != 0))


def _angle_to_plain(angle: Angle) -> list[Any]:
    return [angle.constant, [list(t) for t in angle.inputs], [list(t) for t in angle.weights]]


def _angle_from_plain(plain: list[Any]) -> Angle:
    constant, inputs, weights = plain
    return Angle(constant, tuple((i, c) for i, c in inputs), tuple((j, c) for j, c in weights))


def _gate_to_plain(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "wires": list(gate.wires),
        "angles": [_angle_to_plain(a) for a in gate.angles],
        "factors": [
            {"word": f.word, "angle": _angle_to_plain(f.angle)}
            if isinstance(f, Rotation)
            else {"real": _numbers(f).real.tolist(), "imag": _numbers(f).imag.tolist()}
            for f in gate.factors
        ],
        **({} if gate.outcome is None else {"outcome": gate.outcome}),
        **({} if gate.condition is None else {"condition": [gate.condition.outcomes, gate.condition.values]}),
    }


def _numbers(factor: Constant | Channel) -> ComplexMatrix:
    return factor.matrix if isinstance(factor, Constant) else factor.kraus


def _gate_from_plain(plain: dict[str, Any]) -> Gate:
    factors: list[Factor | Channel] = []
    for f in plain["factors"]:
        if "word" in f:
            factors.append(Rotation(f["word"], _angle_from_plain(f["angle"])))
        else:
            numbers = np.array(f["real"]) + 1j * np.array(f["imag"])
            factors.append(Constant(numbers) if numbers.ndim == 2 else Channel(numbers))
    angles = tuple(_angle_from_plain(a) for a in plain["angles"])
    outcomes, values = plain.get("condition", ((), ()))
    condition = Condition(tuple(outcomes), tuple(map(tuple, values))) if outcomes else None
    return Gate(plain["name"], tuple(plain["wires"]), angles, tuple(factors), plain.get("outcome"), condition)

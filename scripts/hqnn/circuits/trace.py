"""Read a plain PennyLane quantum function into a program."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import pennylane as qml

from hqnn.circuits.affine import NotAffineError, Vector, read_affine
from hqnn.circuits.expansion import PennyLaneGate, check_expansions, gates_of
from hqnn.circuits.factors import Memo, factors_of
from hqnn.circuits.followed import Followed
from hqnn.circuits.nonunitary import condition_of
from hqnn.circuits.outcomes import RESET
from hqnn.circuits.program import Angle, Channel, Factor, Function, Gate, Program
from hqnn.circuits.recording import PLAIN, Applied, recorded
from hqnn.circuits.watched import DecisionError, watched
from hqnn.circuits.words import parse_observables
from hqnn.errors import UserError

QuantumFunction: TypeAlias = Callable[[Any, Any, Sequence[int]], object]

log = logging.getLogger(__name__)

SCALES = (1e-3, 10.0, 1e4)  # of inputs and weights at which what was read is checked
NAMED = 8  # inputs or weights that a warning names


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
    ``AmplitudeEmbedding`` of the inputs, if it comes first and begins at wire 0, becomes the initial state. Functions
    of inputs and weights become further inputs, see `hqnn.circuits.functions`; with amplitudes angles are affine.
    Inputs and weights that enter no gate, and outcomes of measurements that nothing depends on, are warned of.

    Args:
        circuit: applies PennyLane operations, given inputs (shape (inputs,)), weights (shape weight_shape) and wires.
        inputs: how many numbers a sample has.
        weight_shape: of the trainable array.
        wires: how many there are.
        observables: as `parse_observables` reads them.

    Returns:
        The program; its gates keep PennyLane's names.

    Raises:
        UserError: the function fails or decides by values; an angle is a function that cannot be followed; or an
            operation is neither a unitary gate nor a measurement or channel. The message quotes the user's line.
    """
    read = parse_observables(observables, wires)
    weights = int(np.prod(weight_shape, dtype=int))

    def applied_at(point: Vector) -> list[Applied]:
        return recorded(circuit, point[:inputs], point[inputs:].reshape(weight_shape), wires)

    ones = np.ones(inputs + weights)
    first = applied_at(ones)
    _check_decisions(applied_at, ones)
    amplitudes = bool(first) and isinstance(first[0].operation, qml.AmplitudeEmbedding)
    check_expansions(first[1:] if amplitudes else first)

    def gates_at(point: Vector) -> list[PennyLaneGate]:
        applied = applied_at(point)
        if amplitudes:
            _check_amplitudes(applied[0], point[:inputs], wires)
        return gates_of(applied[1:] if amplitudes else applied)

    gates, functions = _read(gates_at, inputs, weights, amplitudes)
    start: Literal["zero", "amplitudes"] = "amplitudes" if amplitudes else "zero"
    program = Program(wires, inputs, weight_shape, gates, read, start, functions=functions)
    _warn_of_unused(program)
    return program


def _read(
    gates_at: Callable[[Vector], list[PennyLaneGate]], inputs: int, weights: int, amplitudes: bool
) -> tuple[tuple[Gate, ...], tuple[Function, ...]]:
    followed = Followed(gates_at, inputs)
    memo: Memo = {}
    try:
        with np.errstate(all="ignore"):  # a function may be infinite at a point where it is checked
            read = read_affine(gates_at, _variables(inputs, weights), SCALES, None if amplitudes else followed)
        angles, functions = followed.needed([angles for _, angles in read])
        measured = [gate.outcome for gate, _ in read if gate.outcome is not None]
        numbers = {identity: number for number, identity in enumerate(measured)}
        gates = [_gate(gate, own, numbers, memo) for (gate, _), own in zip(read, angles, strict=True)]
    except NotAffineError as error:
        raise UserError(f"the circuit cannot be a program: {error}; {_CURE}") from error
    return tuple(gates), functions


def _gate(gate: PennyLaneGate, angles: tuple[Angle, ...], numbers: dict[str, int], memo: Memo) -> Gate:
    factors: Sequence[Factor | Channel] = () if gate.kraus is None else (Channel(gate.kraus),)
    return Gate(
        gate.name,
        gate.wires,
        angles,
        tuple(factors or factors_of(gate, angles, memo)),
        None if gate.outcome is None else numbers[gate.outcome],
        None if gate.condition is None else condition_of(gate.condition, numbers),
    )


_CURE = (
    "the gates must be the same for all values, and their angles made of inputs, weights and numbers by + - * / **, by "
    "functions of NumPy or qml.math such as sin, arctan, exp and sqrt, and, where there are amplitudes, by sums alone; "
    f"compute other functions before the circuit, or {PLAIN}"
)


def _variables(inputs: int, weights: int) -> list[Angle]:
    return [Angle(inputs=((i, 1.0),)) for i in range(inputs)] + [Angle(weights=((j, 1.0),)) for j in range(weights)]


def _check_decisions(applied_at: Callable[[Any], object], point: Vector) -> None:
    """Run the function once with watched values; where PennyLane does not take them, checks at other points remain."""
    try:
        with suppress(UserError):
            applied_at(watched(point))
    except DecisionError as error:
        raise UserError(f"{error}, but a circuit must apply the same gates for all values; {_CURE}") from error


def _check_amplitudes(applied: Applied, inputs: Vector, wires: int) -> None:
    given = np.asarray(applied.operation.data[0])
    expected = np.zeros(len(given))
    expected[: len(inputs)] = inputs / np.linalg.norm(inputs)
    if not np.allclose(given, expected, rtol=0, atol=1e-12) or tuple(applied.operation.wires) != tuple(range(wires)):
        raise UserError(
            f"{applied.named()} must be given the inputs as they are, on all wires, with pad_with=0 and normalize=True"
        )


def _warn_of_unused(program: Program) -> None:
    angles = [angle for gate in program.gates for angle in gate.angles]
    angles += [operand for function in program.functions for operand in function.operands]
    seen = {i for angle in angles for i, _ in angle.inputs}
    trained = {j for angle in angles for j, _ in angle.weights}
    if not program.gates and program.initial_state == "zero":
        log.warning("the circuit applies no gate; call PennyLane's operations in the function, outside stop_recording")
    unread = [] if program.initial_state == "amplitudes" else [i for i in range(program.inputs) if i not in seen]
    idle = [np.unravel_index(j, program.weight_shape) for j in range(program.weights) if j not in trained]
    if unread:
        log.warning("the circuit never uses %s; is that meant?", _listed("inputs", [[i] for i in unread]))
    read = {number for gate in program.gates if gate.condition for number in gate.condition.outcomes}
    for gate, after in pairwise((*program.gates, Gate("", ()))):
        if gate.outcome is not None and gate.outcome not in read and after.name != RESET:
            log.warning("nothing depends on the outcome of the measurement of wire %d; is that meant?", gate.wires[0])
    if idle:
        log.warning("the circuit never uses %s, which training cannot change; is that meant?", _listed("weights", idle))


def _listed(name: str, places: Sequence[Iterable[Any]]) -> str:
    named = [f"{name}[{', '.join(str(int(i)) for i in place)}]" for place in places[:NAMED]]
    return ", ".join(named) + (f" and {len(places) - NAMED} more" if len(places) > NAMED else "")

"""Values and gradients of one circuit by the engine and by each of its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import ceil, pi
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
import torch
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from hqnn.circuits.library import function_of
from hqnn.circuits.names import parse_name
from hqnn.circuits.program import Program
from hqnn.circuits.trace import QuantumFunction
from hqnn.engine import QuantumLayer
from hqnn.interpreters.binding import parameter_values
from hqnn.interpreters.native import parameter_index
from hqnn.noise.model import NoiseModel

Array = NDArray[np.float64]

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


class Point(NamedTuple):
    """Where two interpreters are compared.

    Attributes:
        inputs: shape (samples, inputs).
        weights: the program's shape.
        upstream: shape (samples, observables); gradients are those of ``sum(upstream * values)``.
    """

    inputs: Array
    weights: Array
    upstream: Array


class Numbers(NamedTuple):
    """What an interpreter says: values, shape (samples, observables), and gradients shaped as weights and inputs."""

    values: Array
    weights: Array
    inputs: Array


def random_words(wires: int, seed: int) -> list[str]:
    """Z on the last wire and two random Pauli words, none of them the identity."""
    rng = np.random.default_rng(seed)
    drawn = ["".join(rng.choice(list("IXYZ"), wires)) for _ in range(2)]
    return [f"Z{wires - 1}", *(word if word.strip("I") else "Y" * wires for word in drawn)]


def random_point(program: Program, seed: int, samples: int = 2) -> Point:
    rng = np.random.default_rng(seed)
    return Point(
        rng.uniform(-pi, pi, (samples, program.inputs)),
        rng.uniform(-pi, pi, program.weight_shape),
        rng.normal(size=(samples, len(program.observables))),
    )


def plain(name: str) -> QuantumFunction:
    """The named circuit as PennyLane runs it, without a program in between."""
    return function_of(parse_name(name))


def by_engine(program: Program, point: Point, noise: NoiseModel | None = None) -> Numbers:
    layer = QuantumLayer(program, noise, dtype=torch.float64)

    def evaluate(inputs: Any, weights: Any) -> Any:
        return torch.func.functional_call(layer, {"weights": weights}, (inputs,))

    return by_torch(evaluate, point)


def by_torch(evaluate: Callable[[Any, Any], Any], point: Point) -> Numbers:
    """A function of torch tensors and torch's own differentiation."""
    inputs, weights = (torch.from_numpy(a).requires_grad_() for a in (point.inputs, point.weights))
    values = evaluate(inputs, weights)
    to_weights, to_inputs = torch.autograd.grad(
        values, (weights, inputs), torch.from_numpy(point.upstream), materialize_grads=True
    )
    return Numbers(values.detach().numpy(), to_weights.numpy(), to_inputs.numpy())


def by_autograd(evaluate: Callable[[Any, Any], Any], point: Point) -> Numbers:
    """A function of PennyLane's numpy arrays, for devices whose torch interface rounds to single precision.

    Lightning's does so for all results, default.mixed's for RZ of a scalar (its eigenvalues are complex64).
    """
    inputs, weights = (qml.numpy.array(a, requires_grad=True) for a in (point.inputs, point.weights))
    gradient = qml.grad(lambda x, w: qml.math.sum(evaluate(x, w) * point.upstream), argnums=[0, 1])
    to_inputs, to_weights = gradient(inputs, weights)
    return Numbers(np.asarray(evaluate(inputs, weights)), np.asarray(to_weights), np.asarray(to_inputs))


def by_shifts(circuit: QuantumCircuit, evaluate: Callable[[Array], Array], program: Program, point: Point) -> Numbers:
    """A Qiskit circuit, differentiated by the general parameter-shift rule (Wierichs et al., Quantum 6, 677).

    An expectation value is a trigonometric polynomial in each parameter, and the rule is exact for it: there is no step
    to choose, and nothing is lost to cancellation.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``.
        evaluate: values of the circuit's parameters, shape (rows, parameters), to expectation values of the program's
            observables, shape (rows, observables).
        program: the same circuit; it says how often a parameter enters.
        point: where.
    """
    table = parameter_values(circuit, point.inputs, point.weights)
    halves = 2 if any(gate.name.startswith("CR") for gate in program.gates) else 1  # frequencies of controlled ones
    rules = [_shift_rule(frequency, halves) for frequency in _frequencies(circuit, program)]
    rows = [table]
    for column, (shifts, _) in enumerate(rules):
        for shift in shifts:
            rows.append(table.copy())
            rows[-1][:, column] += shift
    values, *shifted = evaluate(np.concatenate(rows)).reshape(len(rows), *point.upstream.shape)
    gradients = {"weights": np.zeros(program.weights), "inputs": np.zeros_like(point.inputs)}
    slopes = iter((point.upstream * there).sum(1) for there in shifted)
    for parameter, (_, coefficients) in zip(circuit.parameters, rules, strict=True):
        kind, index = parameter_index(parameter)
        slope = sum(c * next(slopes) for c in coefficients)
        gradients[kind][..., index] = slope if kind == "inputs" else np.sum(slope)
    return Numbers(values, gradients["weights"].reshape(point.weights.shape), gradients["inputs"])


def as_read(word: str, readout: Sequence[tuple[float, float]]) -> NDArray[np.complex128]:
    """A Pauli word as noisy detectors see it, after a perfect change of basis.

    Args:
        word: one letter a wire.
        readout: of each wire, the probabilities to read 1 for 0, and 0 for 1.

    Returns:
        Shape (2^wires, 2^wires), wire 0 most significant.
    """
    letters = [_letter_as_read(letter, *flips) for letter, flips in zip(word, readout, strict=True)]
    return reduce(np.kron, letters).astype(complex)


def _letter_as_read(letter: str, one_for_zero: float, zero_for_one: float) -> NDArray[np.complex128]:
    if letter == "I":
        return PAULI["I"]
    up, down = (PAULI["I"] + PAULI[letter]) / 2, (PAULI["I"] - PAULI[letter]) / 2
    return (1 - 2 * one_for_zero) * up + (2 * zero_for_one - 1) * down


def _frequencies(circuit: QuantumCircuit, program: Program) -> list[int]:
    """The highest frequency of an expectation value in each of the circuit's parameters."""
    terms = {
        "inputs": [t for gate in program.gates for angle in gate.angles for t in angle.inputs],
        "weights": [t for gate in program.gates for angle in gate.angles for t in angle.weights],
    }
    places = [parameter_index(parameter) for parameter in circuit.parameters]
    return [ceil(sum(abs(c) for i, c in terms[kind] if i == index) - 1e-9) for kind, index in places]


def _shift_rule(frequency: int, parts: int) -> tuple[Array, Array]:
    """Shifts and their coefficients, exact for whole multiples of 1 / parts up to a frequency."""
    most = frequency * parts
    order = np.arange(1, 2 * most + 1)
    shifts = (2 * order - 1) * pi / (2 * most)
    return shifts * parts, -((-1.0) ** order) / (4 * most * np.sin(shifts / 2) ** 2) / parts

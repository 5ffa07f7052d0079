"""The engine against state vectors and density matrices, ideal and noisy: values, gradients to weights and inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from differences import (
    Numbers,
    Point,
    as_read,
    by_autograd,
    by_engine,
    by_shifts,
    by_torch,
    plain,
    random_point,
    random_words,
)
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import SparsePauliOp, Statevector, random_unitary
from scipy.stats import unitary_group

from hqnn.circuits.amplitude import prepared
from hqnn.circuits.library import build
from hqnn.circuits.names import declared
from hqnn.circuits.program import Program
from hqnn.circuits.trace import QuantumFunction, trace
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import function_to_qnode, to_qnode
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.noise.model import NoiseModel, Readout
from hqnn.noise.pennylane import from_channels

pytestmark = pytest.mark.filterwarnings(
    "ignore:Casting complex values"
)  # PennyLane's amplitudes are complex, ours real

# A few hundred operations on numbers of size one, each rounded to 1e-16, in all of these peers.
ROUNDING = 1e-12

NAMES = [f"{e}-{a}-2" for e, a in zip(cycle(declared("embedding")), declared("ansatz"), strict=False)]
NAMES += [f"{e}-{a}-3-reupload" for e, a in zip(declared("embedding"), declared("ansatz"), strict=False)][1:]
NAMES += [
    "angle_x-quanvolutional-2-axis_x-cnots_star-rotations_last",
    "angle_x-quanvolutional-2-axis_z-cnots_tree",
    "angle_z-two_local-2-rotation_x-entangler_cz-entanglement_full",
]


def wires_of(name: str, seed: int, most: int) -> int:
    """From 2 to ``most``, another one for each name and seed."""
    return 4 if "quanvolutional" in name else 2 + (NAMES.index(name) + 3 * seed) % (most - 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_named_circuit_is_pennylanes_on_default_qubit(name: str, compare: Callable[..., None]) -> None:
    for seed in range(2):
        wires = wires_of(name, seed, 8)
        words = random_words(wires, seed)
        program = build(name, wires, words)
        node = function_to_qnode(plain(name), qml.device("default.qubit"), wires=wires, observables=words)
        point = random_point(program, seed)
        compare("PennyLane default.qubit", wires, by_engine(program, point), by_torch(node, point), ROUNDING)


@pytest.mark.parametrize("name", NAMES[1::4])
def test_an_ideal_circuit_is_lightnings_with_its_adjoint_gradients(name: str, compare: Callable[..., None]) -> None:
    for seed in range(2):
        wires = wires_of(name, seed, 8)
        program = build(name, wires, random_words(wires, seed))
        device = qml.device("lightning.qubit", wires=wires)
        node = to_qnode(program, device, diff_method="adjoint", interface="autograd")
        point = random_point(program, seed)
        compare("PennyLane lightning.qubit", wires, by_engine(program, point), by_autograd(node, point), ROUNDING)


@pytest.mark.parametrize("name", [n for n in NAMES[1::5] if "amplitude" not in n])
def test_a_circuit_written_for_qiskit_has_the_engines_statevector(name: str, compare: Callable[..., None]) -> None:
    for seed in range(2):
        wires = wires_of(name, seed, 8 - 3 * seed)
        program = build(name, wires, random_words(wires, seed))
        point = random_point(program, seed)
        theirs = by_statevector(to_qiskit(program), program, point)
        compare("Qiskit Statevector", wires, by_engine(program, point), theirs, ROUNDING)


def test_prepared_amplitudes_have_the_engines_statevector(compare: Callable[..., None]) -> None:
    program = prepared(build("amplitude-simplified_two_design-1", 4, random_words(4, 5)))
    point = random_point(program, 5)
    theirs = by_statevector(to_qiskit(program), program, point)
    compare("Qiskit Statevector", 4, by_engine(program, point), theirs, ROUNDING)


def by_statevector(circuit: QuantumCircuit, program: Program, point: Point, words: Sequence[str] = ()) -> Numbers:
    """Words are those on the circuit's qubits, which may be more than the program's wires."""
    operators = [SparsePauliOp(word[::-1]) for word in words or program.observables]

    def evaluate(table: np.ndarray) -> np.ndarray:
        states = (Statevector(circuit.assign_parameters(row)) for row in table)
        return np.array([[state.expectation_value(o).real for o in operators] for state in states])

    return by_shifts(circuit, evaluate, program, point)


def test_a_bare_two_qubit_unitary_keeps_its_wires_from_pennylane_and_to_qiskit(compare: Callable[..., None]) -> None:
    words = ["ZII", "IIX", "YZI"]
    for seed in range(3):
        matrix = unitary_group.rvs(4, random_state=seed)

        def circuit(x: Any, w: Any, wires: Sequence[int], matrix: np.ndarray = matrix) -> None:
            qml.RY(x[..., 0], 0)
            qml.RX(x[..., 1] - w[0], 2)
            qml.QubitUnitary(matrix, [2, 0])
            qml.RX(w[1], 0)
            qml.QubitUnitary(matrix, [0, 1])

        program = trace(circuit, inputs=2, weight_shape=(2,), wires=3, observables=words)
        point = random_point(program, seed)
        node = function_to_qnode(circuit, qml.device("default.qubit"), wires=3, observables=words)
        ours = by_engine(program, point)
        compare("PennyLane default.qubit", 3, ours, by_torch(node, point), ROUNDING)
        compare("Qiskit Statevector", 3, ours, by_statevector(to_qiskit(program), program, point), ROUNDING)


def test_a_bare_two_qubit_unitary_keeps_its_wires_from_qiskit(compare: Callable[..., None]) -> None:
    words = ["ZIII", "IIXI", "YIZI"]
    inputs, weights = ParameterVector("inputs", 2), ParameterVector("weights", 2)
    for seed in range(3):
        unitary = UnitaryGate(random_unitary(4, seed=seed))
        circuit = QuantumCircuit(4)
        circuit.ry(inputs[0], 0)
        circuit.rx(inputs[1] - weights[0], 2)
        circuit.append(unitary, [2, 0])
        circuit.rx(weights[1], 0)
        circuit.append(unitary, [0, 2])
        program = from_qiskit(circuit, observables=words, inputs=2, weight_shape=(2,))
        point = random_point(program, seed)
        theirs = by_statevector(circuit, program, point, words)
        compare("Qiskit Statevector", program.wires, by_engine(program, point), theirs, ROUNDING)


# What PennyLane inserts after every gate, on positions in the gate. The first qubit of a pair relaxes ten times as fast
# as the second, and the Pauli error differs between them: a swap of the two would be seen.
AFTER_ONE = [qml.ThermalRelaxationError(0.1, 2.0, 1.2, 0.2, 0), qml.DepolarizingChannel(0.02, 0)]
AFTER_TWO = [
    qml.PauliError("XZ", 0.04, [0, 1]),
    qml.ThermalRelaxationError(0.0, 1.0, 1.5, 0.2, 0),
    qml.ThermalRelaxationError(0.2, 10.0, 4.0, 0.2, 1),
]
FLIPS = [(0.02, 0.07), (0.1, 0.0), (0.0, 0.0), (0.03, 0.03), (0.05, 0.2)]


@pytest.mark.parametrize("name", NAMES[::3])
def test_a_noisy_circuit_is_pennylanes_on_default_mixed(name: str, compare: Callable[..., None]) -> None:
    for seed in range(2):
        wires = wires_of(name, seed, 5)
        program = build(name, wires, random_words(wires, seed))
        after = {gate.name: AFTER_ONE if len(gate.wires) == 1 else AFTER_TWO for gate in program.gates}
        channels = from_channels(after, program).channels
        noise = NoiseModel("in PennyLane", channels, {q: Readout(*flips) for q, flips in enumerate(FLIPS)})
        node = noisy_node(plain(name), program, after)
        point = random_point(program, seed)
        compare("PennyLane default.mixed", wires, by_engine(program, point, noise), by_autograd(node, point), ROUNDING)


def noisy_node(circuit: QuantumFunction, program: Program, after: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """The plain circuit with PennyLane's own channels after every elementary gate, read by noisy detectors."""
    wires = range(program.wires)
    operators = [qml.Hermitian(as_read(word, FLIPS[: program.wires]), wires) for word in program.observables]

    @qml.qnode(qml.device("default.mixed", wires=program.wires), interface="autograd", diff_method="backprop")
    def node(inputs: Any, weights: Any) -> Any:
        script = qml.tape.make_qscript(circuit)(inputs, weights, wires)
        (elementary,), _ = qml.transforms.decompose(script, gate_set={*after, "AmplitudeEmbedding"})
        for operation in elementary.operations:
            qml.apply(operation)
            for channel in after.get(operation.name, ()):
                qml.map_wires(channel, dict(enumerate(operation.wires)), queue=True)
        return [qml.expval(operator) for operator in operators]

    return lambda inputs, weights: qml.math.stack(node(inputs, weights), axis=-1)

"""The engine against PennyLane's devices and Aer's density matrix: values and gradients, abstract and native."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_ibm_runtime.fake_provider import FakeBrisbane, FakeLimaV2
from torch import Tensor

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.engine.choice import Way
from hqnn.interpreters.binding import parameter_values
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import to_qnode
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.noise import channels
from hqnn.noise.aer import from_aer
from hqnn.noise.model import NoiseModel, Readout

CIRCUITS = [
    ("angle_y-simplified_two_design-3", 5, ["ZIIII", "IIXYI"]),
    ("angle_x-strongly_entangling-2", 4, ["YIIZ", "IIII", "ZZZZ"]),
    ("hadamard_angle_y-dressed-3", 4, None),
    ("angle_z-bellman-2", 3, ["ZXI"]),
    ("amplitude-basic_entangler-2", 3, ["ZII", "IYX"]),
    ("angle_y-basic_entangler-2-reupload", 3, ["ZII", "IIZ"]),
]


def compare(values: Tensor, expected: Tensor, sources: tuple[Tensor, ...], tolerance: float = 1e-9) -> None:
    upstream = torch.randn_like(values)
    torch.testing.assert_close(values, expected, rtol=0, atol=tolerance)
    ours = torch.autograd.grad(values, sources, upstream, materialize_grads=True)
    theirs = torch.autograd.grad(expected, sources, upstream, materialize_grads=True)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=10 * tolerance)


def prepared(
    program: Program, noise: NoiseModel | None = None, samples: int = 3, way: Way | None = None
) -> tuple[QuantumLayer, Tensor]:
    torch.manual_seed(0)
    inputs = torch.randn(samples, program.inputs, dtype=torch.float64, requires_grad=True)
    return QuantumLayer(program, noise, way=way, dtype=torch.float64), inputs


@pytest.mark.parametrize("way", ["observables", "states"])
@pytest.mark.parametrize("name, wires, words", CIRCUITS)
def test_ideal_circuits_equal_default_qubit(name: str, wires: int, words: list[str] | None, way: Way) -> None:
    program = build(name, wires, words)
    layer, inputs = prepared(program, way=way)
    node = to_qnode(program, qml.device("default.qubit"))
    compare(layer(inputs), node(inputs, layer.weights), (inputs, layer.weights), tolerance=1e-11)


@pytest.mark.parametrize("name", ["angle_y-simplified_two_design-3-reupload", "angle_x-strongly_entangling-2-reupload"])
def test_wide_circuits_that_take_inputs_often_equal_default_qubit(name: str) -> None:
    program = build(name, 12, ["Z0", "Z6", "X3Y11"])
    layer, inputs = prepared(program, samples=35)
    node = to_qnode(program, qml.device("default.qubit"))
    compare(layer(inputs)[-2:], node(inputs[-2:], layer.weights), (inputs, layer.weights), tolerance=1e-11)


def test_an_ideal_circuit_equals_lightning_adjoint() -> None:
    program = build("angle_y-simplified_two_design-2", 6, ["IZIIII", "IIIIZI"])
    layer, inputs = prepared(program)
    node = to_qnode(program, qml.device("lightning.qubit", wires=6), diff_method="adjoint")
    single = node(inputs, layer.weights).double()  # PennyLane hands lightning's adjoint results on as float32
    compare(layer(inputs), single, (inputs, layer.weights), tolerance=1e-6)


def damped(program: Program) -> NoiseModel:
    """Amplitude damping that differs between the wires of a gate, depolarising, and asymmetric readout."""
    found = {}
    for gate in program.gates:
        count = len(gate.wires)
        rates = [channels.amplitude_damping(0.02 * (1 + w)) for w in gate.wires]
        relaxed = channels.compose(channels.tensor(*rates), channels.depolarizing(0.03, count))
        found[gate.name, gate.wires] = relaxed
    return NoiseModel("damped", found, {w: Readout(0.02 + 0.01 * w, 0.05) for w in range(program.wires)})


@pytest.mark.parametrize("name, wires, words", [c for c in CIRCUITS if c[1] < 5])
def test_noisy_circuits_equal_default_mixed(name: str, wires: int, words: list[str] | None) -> None:
    program = build(name, wires, words)
    noise = damped(program)
    layer, inputs = prepared(program, noise, samples=2)
    node = to_qnode(program, qml.device("default.mixed", wires=wires), noise=noise)
    compare(layer(inputs), node(inputs, layer.weights), (inputs, layer.weights))


def by_aer(circuit: QuantumCircuit, words: list[str], noise: AerNoiseModel, inputs: Tensor, weights: Tensor) -> Tensor:
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    found = []
    for sample in inputs.detach().numpy():
        bound = circuit.assign_parameters(parameter_values(circuit, sample, weights.detach().numpy().ravel())[0])
        for n, word in enumerate(words):
            bound.save_expectation_value(SparsePauliOp(word[::-1]), range(circuit.num_qubits), label=str(n))
        data = simulator.run(bound, shots=1).result().data()
        found.append([data[str(n)] for n in range(len(words))])
    return torch.tensor(np.array(found))


@pytest.mark.parametrize(
    "backend, layout, name",
    [
        (FakeLimaV2, (1, 0, 3), "angle_y-simplified_two_design-2"),
        (FakeBrisbane, (62, 72, 81), "angle_x-strongly_entangling-2"),
    ],
)
def test_native_noisy_circuits_equal_aer_and_differentiate(backend: type, layout: tuple[int, ...], name: str) -> None:
    device = backend()
    words = ["ZII", "IZI", "IXZ"]
    abstract = build(name, 3, words)
    circuit = transpile(to_qiskit(abstract), device, initial_layout=layout, optimization_level=1, seed_transpiler=1)
    model = AerNoiseModel.from_backend(device)
    program = from_qiskit(circuit, observables=words, inputs=3, weight_shape=abstract.weight_shape)
    model_noise = from_aer(model, device.name)
    gates_only = NoiseModel(model_noise.name, model_noise.channels, {})  # Aer saves expectation values before readout
    layer, inputs = prepared(program, gates_only, samples=2)
    values = layer(inputs)
    narrow = QuantumCircuit(len(program.native_wires))
    for instruction in circuit.data:
        qubits = [program.native_wires.index(circuit.find_bit(q).index) for q in instruction.qubits]
        narrow.append(instruction.operation, qubits)
    torch.testing.assert_close(
        values.detach(),
        by_aer(narrow, list(program.observables), _moved(model, program.native_wires), inputs, layer.weights),
        rtol=0,
        atol=1e-7,
    )
    assert torch.autograd.gradcheck(layer, (inputs[:1],))


def _moved(model: AerNoiseModel, wires: tuple[int, ...]) -> AerNoiseModel:
    """Aer's own errors, on the few qubits that the program has."""
    moved = AerNoiseModel()
    for name, places in model._local_quantum_errors.items():
        for place, error in places.items():
            if set(place) <= set(wires):
                moved.add_quantum_error(error, name, [wires.index(q) for q in place])
    return moved

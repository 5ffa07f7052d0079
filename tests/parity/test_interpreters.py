"""One program, many interpreters: PennyLane, Qiskit and native circuits give the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.library import UnitaryGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, Statevector, random_unitary
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.fake_provider import FakeBrisbane, FakeFractionalBackend, FakeLimaV2, FakeTorino
from scipy.stats import unitary_group

from hqnn.circuits.amplitude import preparation_angles, prepared
from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.errors import UserError
from hqnn.interpreters.binding import parameter_values, weights_of
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import function_to_qnode, to_qnode
from hqnn.interpreters.qiskit import qiskit_observables, to_qiskit
from hqnn.interpreters.qpy import load_qpy, save_qpy
from hqnn.noise.aer import from_aer

# <Z0..Z7> of angle_y-simplified_two_design-3 on 8 wires, inputs i/2, weights k/10 in C order; from PennyLane's
# AngleEmbedding and SimplifiedTwoDesign on default.qubit.
KNOWN = [
    *(-0.3433495420, 0.4157765592, 0.3028669840, 0.2369155796),
    *(0.1050985180, -0.3804644494, 0.1099187885, -0.3897762601),
]
STANDARD = [g for g in get_standard_gate_name_mapping().values() if isinstance(g, Gate) and g.name != "global_phase"]


def by_pennylane(program: Program, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(to_qnode(program, qml.device("default.qubit"), interface="numpy")(inputs, weights))


def by_statevector(
    circuit: QuantumCircuit, observables: list[Any], inputs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    state = Statevector(circuit.assign_parameters(parameter_values(circuit, inputs, weights)[0]))
    return np.array([state.expectation_value(o).real for o in observables])


def by_qiskit(program: Program, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return by_statevector(to_qiskit(program), qiskit_observables(program), inputs, weights)


@pytest.mark.parametrize("evaluate", [by_pennylane, by_qiskit])
def test_known_values(evaluate: Any) -> None:
    program = build("angle_y-simplified_two_design-3", 8)
    np.testing.assert_allclose(evaluate(program, np.arange(8) / 2, np.arange(42) / 10), KNOWN, atol=1e-9)


OPERATIONS = st.sampled_from(
    [
        *((qml.RX, 1, 1), (qml.RY, 1, 1), (qml.RZ, 1, 1), (qml.PhaseShift, 1, 1), (qml.Rot, 3, 1), (qml.U3, 3, 1)),
        *((qml.Hadamard, 0, 1), (qml.S, 0, 1), (qml.T, 0, 1), (qml.SX, 0, 1), (qml.adjoint(qml.SX), 0, 1)),
        *((qml.CNOT, 0, 2), (qml.CY, 0, 2), (qml.CH, 0, 2), (qml.ISWAP, 0, 2), (qml.ECR, 0, 2), (qml.SISWAP, 0, 2)),
        *((qml.CRX, 1, 2), (qml.CRot, 3, 2), (qml.IsingXY, 1, 2), (qml.SingleExcitation, 1, 2)),
        *((qml.FermionicSWAP, 1, 2), (qml.PSWAP, 1, 2), (qml.ControlledPhaseShift, 1, 2)),
        *((qml.Toffoli, 0, 3), (qml.CSWAP, 0, 3), (qml.MultiRZ, 1, 3)),
    ]
)
STEPS = st.lists(st.tuples(OPERATIONS, st.permutations(range(3)), st.integers(0, 2)), min_size=2, max_size=8)


@given(STEPS, st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_random_circuit_is_the_same_by_every_way(steps: list[Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, weights = rng.uniform(-3, 3, 3), rng.uniform(-3, 3, 3)

    def circuit(x: Any, w: Any, wires: Any) -> None:
        for (operation, count, width), order, i in steps:
            operation(*[x[i] - w[(i + k) % 3] / 2 + k for k in range(count)], wires=order[:width])

    words = ["ZIX", "YYZ", "IXI"]
    plain = function_to_qnode(circuit, qml.device("default.qubit"), wires=3, observables=words, interface="numpy")
    expected = np.asarray(plain(inputs, weights))
    program = trace(circuit, inputs=3, weight_shape=(3,), wires=3, observables=words)
    again = from_qiskit(to_qiskit(program), observables=program.observables, inputs=3, weight_shape=(3,))
    np.testing.assert_allclose(by_pennylane(program, inputs, weights), expected, atol=1e-9)
    np.testing.assert_allclose(by_qiskit(program, inputs, weights), expected, atol=1e-9)
    np.testing.assert_allclose(by_pennylane(again, inputs, weights), expected, atol=1e-9)


@given(
    st.lists(st.tuples(st.sampled_from(STANDARD), st.permutations(range(4))), min_size=1, max_size=6),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_a_random_qiskit_circuit_is_the_same_as_a_program(gates: list[Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, weights = rng.uniform(-3, 3, 4), rng.uniform(-3, 3, 4)
    x, w = ParameterVector("inputs", 4), ParameterVector("weights", 4)
    circuit = QuantumCircuit(4)
    for gate, order in gates:
        own = gate.to_mutable()
        own.params = [x[k] / 3 - 2 * w[order[k]] + 1 for k in range(len(gate.params))]
        circuit.append(own, order[: gate.num_qubits])
    program = from_qiskit(circuit, observables=["ZIXI", "YYZX", "IXIZ"], inputs=4, weight_shape=(4,))
    padded = Statevector(circuit.assign_parameters(parameter_values(circuit, inputs, weights)[0]))
    expected = [padded.expectation_value(Operator.from_label(word[::-1])).real for word in ("ZIXI", "YYZX", "IXIZ")]
    np.testing.assert_allclose(by_pennylane(program, inputs, weights), expected, atol=1e-9)


def transpiled(circuit: QuantumCircuit, backend: str) -> QuantumCircuit:
    if not backend.startswith("IQM"):
        known = {b.__name__: b for b in (FakeBrisbane, FakeTorino, FakeFractionalBackend)}
        return transpile(circuit, known[backend](), optimization_level=3, seed_transpiler=3)
    import iqm.qiskit_iqm

    return iqm.qiskit_iqm.transpile_to_IQM(circuit, getattr(iqm.qiskit_iqm, backend)())


@pytest.mark.parametrize(
    ("backend", "native"),
    [
        ("FakeBrisbane", {"ecr", "rz", "sx", "x"}),
        ("FakeTorino", {"cz", "rz", "sx", "x"}),
        ("FakeFractionalBackend", {"cx", "rx", "rz", "rzz", "sx", "x"}),
        ("IQMFakeAdonis", {"r", "cz"}),
        ("IQMFakeApollo", {"r", "cz"}),
        ("IQMFakeDeneb", {"r", "cz", "move"}),
    ],
)
def test_a_native_circuit_gives_the_abstract_values_and_trains_the_same_weights(backend: str, native: set[str]) -> None:
    program = build("angle_y-strongly_entangling-2", 4, ["Z0", "X0Y1", "Z3", "Z1Z2"])
    rng = np.random.default_rng(7)
    inputs, weights = rng.normal(size=(3, 4)), rng.normal(size=program.weight_shape)
    circuit = transpiled(to_qiskit(program), backend)
    read = from_qiskit(circuit, observables=program.observables, inputs=4, weight_shape=program.weight_shape)
    assert {gate.name for gate in read.gates} <= native
    assert read.wires <= 6
    assert max(read.native_wires) < circuit.num_qubits
    np.testing.assert_allclose(by_pennylane(read, inputs, weights), by_pennylane(program, inputs, weights), atol=1e-9)
    bound = parameter_values(circuit, inputs, weights)
    np.testing.assert_array_equal(weights_of(circuit, bound, program.weights), weights.ravel())


def test_a_native_circuit_survives_its_file(tmp_path: Path) -> None:
    program = build("angle_x-basic_entangler-2", 3)
    circuit = transpiled(to_qiskit(program), "FakeTorino")
    save_qpy(tmp_path / "program.qpy", circuit)
    loaded = load_qpy(tmp_path / "program.qpy")
    assert (tmp_path / "program.qpy").read_bytes()[6] == 13

    def read(c: QuantumCircuit) -> Program:
        return from_qiskit(c, observables=program.observables, inputs=3, weight_shape=program.weight_shape)

    assert read(loaded).digest == read(circuit).digest


@pytest.mark.parametrize("kept", [0, 5, 40, 200])
def test_a_broken_file_is_named(tmp_path: Path, kept: int) -> None:
    save_qpy(tmp_path / "program.qpy", to_qiskit(build("angle_x-basic_entangler-2", 3)))
    (tmp_path / "program.qpy").write_bytes((tmp_path / "program.qpy").read_bytes()[:kept])
    with pytest.raises(UserError, match=r"program\.qpy"):
        load_qpy(tmp_path / "program.qpy")


def test_a_bare_unitary_keeps_its_wires_both_ways() -> None:
    matrix = unitary_group.rvs(4, random_state=1)

    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.RY(x[0], 0)
        qml.QubitUnitary(matrix, [2, 0])

    program = trace(circuit, inputs=1, weight_shape=(0,), wires=3, observables=["Z0", "Z2", "X0Y2"])
    inputs, weights = np.array([0.7]), np.empty(0)
    expected = function_to_qnode(
        circuit, qml.device("default.qubit"), wires=3, observables=program.observables, interface="numpy"
    )(inputs, weights)
    np.testing.assert_allclose(by_qiskit(program, inputs, weights), expected, atol=1e-12)

    theirs = QuantumCircuit(3)
    theirs.ry(0.7, 0)
    theirs.append(UnitaryGate(random_unitary(4, seed=2)), [2, 0])
    read = from_qiskit(theirs, observables=program.observables, inputs=1, weight_shape=(0,))
    assert read.wires == 2
    np.testing.assert_allclose(
        by_pennylane(read, inputs, weights),
        by_statevector(theirs, qiskit_observables(program), inputs, weights),
        atol=1e-12,
    )


def test_every_word_becomes_a_qiskit_rotation() -> None:
    words = [a + b for a in "XYZ" for b in "XYZ"]

    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.Rot(0.3, 0.5, 0.7, 0)
        for k, word in enumerate(words):
            qml.PauliRot(w[k] + x[0], word, [1, 0])

    program = trace(circuit, inputs=1, weight_shape=(9,), wires=2, observables=["ZI", "XY"])
    inputs, weights = np.array([0.4]), np.linspace(-2, 2, 9)
    np.testing.assert_allclose(by_qiskit(program, inputs, weights), by_pennylane(program, inputs, weights), atol=1e-12)


def test_prepared_amplitudes_compile_to_a_native_circuit() -> None:
    program = build("amplitude-bellman-1", 3, ["Z0", "X1Z2"])
    rng = np.random.default_rng(3)
    samples, weights = rng.normal(size=(2, 6)), rng.normal(size=program.weight_shape)
    explicit = prepared(program)
    circuit = transpiled(to_qiskit(explicit), "FakeTorino")
    native = from_qiskit(circuit, observables=program.observables, inputs=explicit.inputs, weight_shape=(1, 3))
    values = by_pennylane(native, preparation_angles(samples, 3), weights)
    np.testing.assert_allclose(values, by_pennylane(program, samples, weights), atol=1e-9)


def test_preparation_angles_carry_gradients_through_padding() -> None:
    program = build("amplitude-strongly_entangling-1", 3, ["Z0", "X1Z2"])
    weights = torch.linspace(-1, 1, program.weights, dtype=torch.float64)
    samples = torch.tensor([[0.3, -1.0, 0.0, 0.0, 2.0]], dtype=torch.float64, requires_grad=True)
    device = qml.device("default.qubit")
    (direct,) = torch.autograd.grad(to_qnode(program, device)(samples, weights).sum(), samples)
    angles = preparation_angles(samples, 3, torch)
    (through,) = torch.autograd.grad(to_qnode(prepared(program), device)(angles, weights).sum(), samples)
    torch.testing.assert_close(through[:, [0, 1, 4]], direct[:, [0, 1, 4]], atol=1e-9, rtol=0)


def test_a_noisy_qnode_is_aers_density_matrix_with_its_readout() -> None:
    program = build("angle_y-dressed-2", 3, ["Z0", "Z2", "ZZZ"])
    rng = np.random.default_rng(1)
    inputs, weights = rng.normal(size=3), rng.normal(size=program.weight_shape)
    model = NoiseModel.from_backend(FakeLimaV2())
    circuit = transpile(to_qiskit(program), FakeLimaV2(), optimization_level=1, seed_transpiler=3)
    native = from_qiskit(circuit, observables=program.observables, inputs=3, weight_shape=program.weight_shape)
    noise = from_aer(model)
    device = qml.device("default.mixed", wires=native.wires)
    ours = to_qnode(native, device, interface="numpy", noise=noise)(inputs, weights)

    bound = circuit.assign_parameters(parameter_values(circuit, inputs, weights)[0])
    bound.save_probabilities(list(native.native_wires))
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    ideal_readout = simulator.run(bound, optimization_level=0).result().data()["probabilities"]
    probabilities = ideal_readout.reshape((2,) * native.wires).transpose(range(native.wires)[::-1])
    for axis, qubit in enumerate(native.native_wires):
        confusion = np.asarray(model._local_readout_errors[(qubit,)].probabilities)
        probabilities = np.moveaxis(np.tensordot(probabilities, confusion, axes=(axis, 0)), -1, axis)
    signs = {"I": np.ones(2), "Z": np.array([1.0, -1.0])}
    for word, value in zip(native.observables, ours, strict=True):
        parity = 1.0
        for letter in word:
            parity = np.multiply.outer(parity, signs[letter])
        assert value == pytest.approx((parity * probabilities).sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("default.qubit", "adjoint"),
        ("default.qubit", "parameter-shift"),
        ("default.qubit", "finite-diff"),
        ("default.mixed", "backprop"),
        ("lightning.qubit", "adjoint"),
    ],
)
def test_a_batch_has_the_gradients_of_backpropagation_by_every_method(name: str, method: str) -> None:
    program = build("angle_y-dressed-1", 3)
    found = []
    for device, diff_method in ((name, method), ("default.qubit", "backprop")):
        weights = torch.linspace(-1, 1, 3, dtype=torch.float64, requires_grad=True)
        inputs = torch.tensor([[0.2, 0.4, -0.7], [1.1, 0.3, 0.9]], dtype=torch.float64, requires_grad=True)
        values = to_qnode(program, qml.device(device, wires=3), diff_method=diff_method)(inputs, weights).double()
        loss = (values * torch.arange(6).reshape(2, 3)).sum()
        found.append((values.detach(), *torch.autograd.grad(loss, (inputs, weights))))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_parameter_shift_executes_what_the_formula_says() -> None:
    program = build("angle_y-dressed-2", 3)
    device = qml.device("default.qubit", wires=3)
    inputs = torch.zeros((4, 3), dtype=torch.float64, requires_grad=True)
    weights = torch.ones(6, dtype=torch.float64, requires_grad=True)
    with qml.Tracker(device) as tracker:
        to_qnode(program, device, diff_method="parameter-shift")(inputs, weights).sum().backward()
    assert tracker.totals["executions"] == 4 * (1 + 2 * (3 + 6))


def two(name: str) -> QuantumCircuit:
    circuit = QuantumCircuit(2, 1)
    x, other = ParameterVector("inputs", 2), Parameter("theta")
    if name == "product":
        circuit.rx(x[0] * x[1], 0)
    elif name == "sine":
        circuit.rx(x[0].sin(), 0)
    elif name == "stranger":
        circuit.rx(other, 0)
    elif name == "untold":
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.h(0)
    elif name == "loop":
        with circuit.while_loop((circuit.clbits[0], 1)):
            circuit.h(0)
    elif name == "conditioned":
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.reset(1)
    return circuit


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("product", "not a sum"),
        ("sine", "not a sum"),
        ("stranger", "'theta' must be named"),
        ("untold", "tested before anything is measured into it"),
        ("loop", "while_loop on qubits"),
        ("conditioned", "reset of qubit 1 depends on a measurement"),
    ],
)
def test_a_circuit_that_is_no_program_is_refused(name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        from_qiskit(two(name), observables=["ZI"], inputs=2, weight_shape=(1,))


def test_barriers_and_final_measurements_leave_no_gate_and_delays_do() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(2)
    circuit.barrier()
    circuit.delay(100, 2)
    circuit.measure_all()
    program = from_qiskit(circuit, observables=["IIZ"], inputs=0, weight_shape=(0,), native_wires=[7, 8, 9])
    assert [gate.name for gate in program.gates] == ["h", "delay"]
    assert program.native_wires == (9,)


def test_parameters_are_bound_by_name_and_weights_that_differ_are_seen() -> None:
    program = build("angle_y-basic_entangler-3", 4)
    circuit = to_qiskit(program)
    values = parameter_values(circuit, np.arange(8.0).reshape(2, 4), np.arange(12) / 8)
    for column, parameter in enumerate(circuit.parameters):
        kind, index = parameter.name.rstrip("]").split("[")
        expected = [int(index), int(index) + 4] if kind == "inputs" else [int(index) / 8] * 2
        assert values[:, column].tolist() == expected
    with pytest.raises(UserError, match="one set of weights"):
        weights_of(circuit, values + np.array([[0.0], [1e-12]]), 12)
    with pytest.raises(UserError, match="binds no samples"):
        weights_of(circuit, parameter_values(circuit, np.empty((0, 4)), np.arange(12)), 12)
    with pytest.raises(UserError, match="only 11 weights"):
        parameter_values(circuit, np.zeros((1, 4)), np.zeros(11))


def test_amplitudes_without_gates_are_refused() -> None:
    with pytest.raises(UserError, match="prepared"):
        to_qiskit(build("amplitude-bellman-1", 2))

"""Native circuits under a machine's noise: the engine against Aer's density matrix, readout error included."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from types import SimpleNamespace
from typing import Any

import iqm.qiskit_iqm
import numpy as np
import pennylane as qml
import pytest
import qiskit_ibm_runtime.fake_provider
from differences import Array, Numbers, Point, as_read, by_autograd, by_engine, by_shifts, random_point, random_words
from qiskit import QuantumCircuit
from qiskit.transpiler import Target
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_aer.noise import ReadoutError, thermal_relaxation_error

from hqnn.circuits.amplitude import prepared
from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.execution.backends import snapshot
from hqnn.execution.compilation import compile_program
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import to_qnode
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.noise import export_snapshots
from hqnn.noise.aer import from_aer, from_backend
from hqnn.noise.model import NoiseModel
from hqnn.noise.thermal import from_snapshot

# Aer drops the branches of an error whose probability is below 1e-10, together up to 1e-9 a gate, so that its own trace
# falls short of one; the circuits have up to a hundred gates. Where nothing is that rare, as on lima, 1e-15 remains.
AER = 1e-7
# PennyLane drops nothing: a few hundred operations on numbers of size one, each rounded to 1e-16.
ROUNDING = 1e-12

IBM = ["FakeBrisbane", "FakeKolkataV2", "FakeLimaV2", "FakeTorino", "FakeFez"]
IQM = ["IQMFakeAdonis", "IQMFakeApollo"]
CIRCUITS = [
    ("angle_y-simplified_two_design-2", 4),
    ("angle_x-strongly_entangling-2", 3),
    ("hadamard_angle_y-dressed-2-reupload", 4),
    ("amplitude-basic_entangler-1", 3),
    ("angle_z-bellman-2-reupload", 2),
    ("angle_y-quanvolutional-2-axis_x-cnots_star", 4),
    ("angle_x-basic_entangler-1", 5),
]


@cache
def fake(name: str) -> Any:
    source = iqm.qiskit_iqm if name in IQM else qiskit_ibm_runtime.fake_provider
    return getattr(source, name)()


@cache
def native(machine: str, name: str, wires: int, seed: int) -> tuple[QuantumCircuit, Program]:
    """A named circuit, amplitudes prepared by gates, transpiled with its symbols."""
    abstract = build(name, wires, random_words(wires, seed))
    abstract = prepared(abstract) if abstract.initial_state == "amplitudes" else abstract
    if machine in IBM:
        compiled = compile_program(abstract, fake(machine), seed=seed, layouts=1)
        return compiled.circuit, compiled.program
    circuit = iqm.qiskit_iqm.transpile_to_IQM(to_qiskit(abstract), fake(machine), seed_transpiler=seed)
    sizes = {"inputs": abstract.inputs, "weight_shape": abstract.weight_shape}
    return circuit, from_qiskit(circuit, observables=abstract.observables, **sizes)


def neighbourhood(backend: Any, qubits: Collection[int]) -> Any:
    """What Aer and we read of a backend, on some of its qubits: the noise of all of them takes seconds to make."""
    whole = backend.target
    part = Target(num_qubits=whole.num_qubits, dt=whole.dt, qubit_properties=whole.qubit_properties)
    for name in set(whole.operation_names) - {"if_else", "switch_case", "for_loop", "while_loop", "delay", "reset"}:
        places = {place: found for place, found in whole[name].items() if set(place) <= set(qubits)}
        part.add_instruction(whole.operation_from_name(name), places)
    names = list(part.operation_names)
    return SimpleNamespace(name=backend.name, version=2, target=part, dt=part.dt, operation_names=names)


@cache
def noise_on(machine: str, qubits: tuple[int, ...]) -> tuple[NoiseModel, AerNoiseModel]:
    """The machine's noise as we read it and as Aer does."""
    if machine in IQM:
        return from_backend(fake(machine)), fake(machine).noise_model
    part = neighbourhood(fake(machine), qubits)
    return from_backend(part), AerNoiseModel.from_backend(part)


def by_aer(circuit: QuantumCircuit, program: Program, noise: AerNoiseModel, point: Point) -> Numbers:
    """The very circuit in Aer's density matrix, read through Aer's own readout errors."""
    qubits = program.native_wires
    circuit = circuit.copy()
    circuit.save_density_matrix(list(qubits[::-1]))
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    readout = [(p[0, 1], p[1, 0]) for p in (_read_probabilities(noise, q) for q in qubits)]
    operators = np.array([as_read(word, readout) for word in program.observables])

    def evaluate(table: Array) -> Array:
        bound = {parameter: table[:, k].tolist() for k, parameter in enumerate(circuit.parameters)}
        result = simulator.run([circuit], shots=1, parameter_binds=[bound]).result()
        states = np.array([result.data(row)["density_matrix"].data for row in range(len(table))])
        return np.einsum("oij,rji->ro", operators, states).real

    return by_shifts(circuit, evaluate, program, point)


def _read_probabilities(noise: AerNoiseModel, qubit: int) -> Array:
    return np.asarray(noise._local_readout_errors[(qubit,)].probabilities)


@pytest.mark.parametrize(("name", "wires"), CIRCUITS)
@pytest.mark.parametrize("machine", [*IBM, *IQM])
def test_a_native_circuit_is_aers_density_matrix(
    machine: str, name: str, wires: int, compare: Callable[..., None]
) -> None:
    seed = [*IBM, *IQM].index(machine)
    circuit, program = native(machine, name, wires, seed)
    noise, theirs = noise_on(machine, program.native_wires)
    point = random_point(program, seed)
    ours = by_engine(program, point, noise)
    compare(f"Aer density matrix, {machine}", program.wires, ours, by_aer(circuit, program, theirs, point), AER)


@pytest.mark.parametrize(("machine", "wires"), [("FakeTorino", 6), ("FakeBrisbane", 8)])
def test_a_wide_native_circuit_is_aers_density_matrix(machine: str, wires: int, compare: Callable[..., None]) -> None:
    circuit, program = native(machine, "angle_y-bellman-1", wires, seed=1)
    noise, theirs = noise_on(machine, program.native_wires)
    point = random_point(program, seed=1, samples=1)
    ours = by_engine(program, point, noise)
    compare(f"Aer density matrix, {machine}", program.wires, ours, by_aer(circuit, program, theirs, point), AER)


@pytest.mark.parametrize("machine", [*IBM, *IQM])
def test_a_native_circuit_is_pennylanes_density_matrix(machine: str, compare: Callable[..., None]) -> None:
    _, program = native(machine, "angle_x-strongly_entangling-2", 3, [*IBM, *IQM].index(machine))
    noise, _ = noise_on(machine, program.native_wires)
    device = qml.device("default.mixed", wires=program.wires)
    node = to_qnode(program, device, noise=noise, interface="autograd")
    point = random_point(program, seed=9)
    peer = f"PennyLane default.mixed, {machine}"
    compare(peer, program.wires, by_engine(program, point, noise), by_autograd(node, point), ROUNDING)


@pytest.mark.parametrize("name", export_snapshots.IBM)
def test_a_shipped_calibration_is_aers_density_matrix_with_asymmetric_readout(
    name: str, compare: Callable[..., None]
) -> None:
    machine = export_snapshots.IBM[name]
    circuit, program = native(machine, "angle_x-strongly_entangling-2", 3, IBM.index(machine))
    theirs = AerNoiseModel.from_backend(neighbourhood(fake(machine), program.native_wires))
    for qubit in program.native_wires:
        flips = (fake(machine).properties().qubit_property(qubit, f"prob_meas{1 - k}_prep{k}")[0] for k in (0, 1))
        set_readout(theirs, qubit, *flips)
    point = random_point(program, seed=4)
    ours = by_engine(program, point, from_snapshot(snapshot(name), idle=False))
    compare(f"Aer density matrix, shipped {name}", program.wires, ours, by_aer(circuit, program, theirs, point), AER)


def set_readout(noise: AerNoiseModel, qubit: int, one_for_zero: float, zero_for_one: float) -> None:
    error = ReadoutError([[1 - one_for_zero, one_for_zero], [zero_for_one, 1 - zero_for_one]])
    noise.add_readout_error(error, [qubit], warnings=False)


def test_the_noise_of_a_neighbourhood_is_that_of_the_whole_machine() -> None:
    whole, part = (from_backend(b) for b in (fake("FakeLimaV2"), neighbourhood(fake("FakeLimaV2"), {1, 3, 4})))
    inside = {place for place in whole.channels if place[1] and set(place[1]) <= {1, 3, 4} and place[0] != "reset"}
    assert set(part.channels) == inside >= {("cx", (1, 3)), ("cx", (3, 1)), ("cx", (4, 3)), ("sx", (1,))}
    assert part.readout == {q: whole.readout[q] for q in (1, 3, 4)}
    for place in inside:
        np.testing.assert_array_equal(part.channels[place], whole.channels[place])


def test_a_directed_gate_relaxes_each_of_its_qubits_by_its_own_time(compare: Callable[..., None]) -> None:
    """Only cx from 2 to 0 is noisy, its first qubit twenty times as much as its second."""
    fast, slow = thermal_relaxation_error(1.0, 1.6, 0.3), thermal_relaxation_error(20.0, 9.0, 0.3, 0.2)
    theirs = AerNoiseModel()
    theirs.add_quantum_error(slow.tensor(fast), "cx", [2, 0])
    for qubit, flips in enumerate([(0.02, 0.1), (0.2, 0.0), (0.0, 0.05)]):
        set_readout(theirs, qubit, *flips)
    noise = from_aer(theirs)
    for seed in range(3):
        abstract = build("angle_y-strongly_entangling-2", 3, ["ZII", "IIZ", *random_words(3, seed)])
        point = random_point(abstract, seed)
        circuit = to_qiskit(abstract)
        program = from_qiskit(circuit, observables=abstract.observables, inputs=3, weight_shape=abstract.weight_shape)
        assert {g.wires for g in program.gates if g.name == "cx"} >= {(2, 0), (0, 2)}
        compare(
            "Aer density matrix, directed gate",
            3,
            by_engine(program, point, noise),
            by_aer(circuit, program, theirs, point),
            AER,
        )

"""Backends made of calibration files do what fake backends do: transpile, run, serve the primitives."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Operator, SparsePauliOp
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePluginManager
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import EstimatorV2, SamplerV2

from hqnn.execution.backends import backend, known_backends
from hqnn.execution.hardware import translation
from hqnn.interpreters.stages import own_stages
from hqnn.noise.aer import from_backend, to_aer
from hqnn.noise.model import Readout


def symbolic() -> tuple[QuantumCircuit, ParameterVector]:
    angles = ParameterVector("x", 3)
    circuit = QuantumCircuit(3)
    for wire, angle in enumerate(angles):
        circuit.ry(angle, wire)
    circuit.cz(0, 1)
    circuit.cx(1, 2)
    return circuit, angles


@pytest.mark.parametrize("name", ["ibm_brisbane", "ibm_torino", "ibmq_lima", "iqm_apollo", "published_kolkata"])
def test_a_circuit_compiles_to_the_machines_gates_and_places(name: str) -> None:
    machine = backend(name)
    circuit, _ = symbolic()
    native = generate_preset_pass_manager(1, machine, seed_transpiler=1).run(circuit)
    places = {(g.name, g.qubits) for g in machine.snapshot.gates}
    used = {(s.operation.name, tuple(native.find_bit(q).index for q in s.qubits)) for s in native.data}
    assert used <= places
    assert len(native.parameters) == 3


def test_vendors_stages_are_left_out_where_none_is_asked_for() -> None:
    def scheduling() -> list[str]:
        plugins = PassManagerStagePluginManager().scheduling_plugins
        return [extension.entry_point.value for extension in plugins]

    before = scheduling()
    with own_stages():
        own = scheduling()
    assert own == [point for point in before if point.startswith("qiskit.")] != []
    assert len(own) < len(before) == len(scheduling())


@pytest.mark.parametrize("name", known_backends())
def test_the_turns_ahead_of_a_measurement_become_the_machine_s_gates_in_place(name: str) -> None:
    machine = backend(name)
    turns = QuantumCircuit(machine.num_qubits)
    turns.rx(np.pi / 2, 0)
    turns.ry(-np.pi / 2, 2)
    native = translation(machine.target).run(turns)
    places = {(g.name, g.qubits) for g in machine.snapshot.gates}
    assert {(s.operation.name, tuple(native.find_bit(q).index for q in s.qubits)) for s in native.data} <= places
    assert Operator(_of_three(native)).equiv(Operator(_of_three(turns)))


def _of_three(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same on the first three qubits alone."""
    few = QuantumCircuit(3)
    for step in circuit.data:
        few.append(step.operation, [circuit.find_bit(qubit).index for qubit in step.qubits])
    return few


def test_the_sampler_in_local_mode_draws_from_the_noisy_distribution() -> None:
    machine = backend("ibm_brisbane")
    circuit, angles = symbolic()
    native = generate_preset_pass_manager(1, machine, seed_transpiler=1).run(circuit.measure_all(inplace=False))
    values = np.random.default_rng(2).uniform(-3, 3, size=(4, 3))
    shots = 20_000

    def counts(seed: int) -> list[dict[str, int]]:
        sampler = SamplerV2(mode=machine)
        sampler.options.simulator.seed_simulator = seed
        data = sampler.run([(native, {angles: values})], shots=shots).result()[0].data.meas
        return [data[k].get_counts() for k in range(len(values))]

    seen = counts(11)
    assert seen == counts(11)
    assert seen != counts(12)
    for row, found in zip(values, seen, strict=True):
        bound = native.assign_parameters(dict(zip(angles, row, strict=True)))
        expected = _exact(bound, machine)
        for word, share in expected.items():
            spread = 5 * np.sqrt(max(share * (1 - share), 1e-5) / shots)
            assert found.get(word, 0) / shots == pytest.approx(share, abs=spread)


def _exact(bound: QuantumCircuit, machine: object) -> dict[str, float]:
    """Probabilities of the measured bits: the density matrix's diagonal, mixed by each qubit's readout error."""
    measured = [bound.find_bit(s.qubits[0]).index for s in bound.data if s.operation.name == "measure"]
    bare = bound.remove_final_measurements(inplace=False)
    bare.save_probabilities(measured)
    noise = machine.noise
    result = AerSimulator(method="density_matrix", noise_model=to_aer(noise, set(measured))).run(bare).result()
    table = np.asarray(result.data()["probabilities"]).reshape((2,) * len(measured))
    for axis, qubit in enumerate(reversed(measured)):
        r = noise.readout[qubit]
        mixing = np.array([[1 - r.p10, r.p01], [r.p10, 1 - r.p01]])
        table = np.moveaxis(np.tensordot(mixing, table, (1, axis)), 0, axis)
    return {format(k, f"0{len(measured)}b"): float(p) for k, p in enumerate(table.ravel())}


def test_the_estimator_in_local_mode_sees_the_readout_error() -> None:
    machine = backend("iqm_adonis")
    circuit = QuantumCircuit(2)
    circuit.x(0)
    native = generate_preset_pass_manager(1, machine, initial_layout=[2, 0], seed_transpiler=1).run(circuit)
    estimator = EstimatorV2(mode=machine)
    estimator.options.simulator.seed_simulator = 3
    observable = SparsePauliOp("IZ").apply_layout(native.layout)
    value = float(estimator.run([(native, observable)], precision=0.01).result()[0].data.evs)
    flip = machine.snapshot.qubits[2].p01
    assert -1 + 2 * flip - 0.05 < value < -1 + 2 * flip + 0.05
    assert value > -0.95


def test_the_noise_of_a_backend_made_of_a_snapshot_keeps_its_asymmetric_readout() -> None:
    machine = backend("ibmq_lima")
    qubit = machine.snapshot.qubits[0]
    assert qubit.p10 != qubit.p01
    assert from_backend(machine).readout[0] == Readout(qubit.p10, qubit.p01)


def test_wide_circuits_and_several_at_once_run() -> None:
    machine = backend("ibm_torino")
    one = QuantumCircuit(133)
    one.x(5)
    one.measure_all()
    two = QuantumCircuit(133, 1)
    two.sx(7)
    two.measure(7, 0)
    result = machine.run([two, two], shots=100, seed_simulator=1).result()
    assert [sum(result.get_counts(k).values()) for k in (0, 1)] == [100, 100]

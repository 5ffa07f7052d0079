"""Waiting qubits against Qiskit's schedules, Aer's relaxing delays and PennyLane; gates that turn too far."""

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Delay, Parameter
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay
from qiskit_aer import AerSimulator
from qiskit_aer.noise import RelaxationNoisePass
from scipy.linalg import expm

from hqnn.circuits.outcomes import MEASURE
from hqnn.circuits.program import Channel, Condition, Constant, Gate, Program
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.execution.machines.provider import Pub, Task
from hqnn.execution.machines.simulated import simulate
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import to_qnode
from hqnn.noise import channels
from hqnn.noise.aer import to_aer
from hqnn.noise.model import NoiseModel, Waiting
from hqnn.noise.schedule import as_late_as_possible
from hqnn.noise.target import to_target
from hqnn.noise.thermal import from_snapshot, relaxation_of

LIMA = snapshot("ibmq_lima")
WORDS = ("ZIIII", "IXIII", "IIYII", "IIIZZ")


@st.composite
def native_circuits(draw: st.DrawFn) -> QuantumCircuit:
    """Lima's gates on its five qubits, coupled in a T."""
    circuit = QuantumCircuit(5)
    for qubit in range(5):
        circuit.sx(qubit)
    for _ in range(draw(st.integers(3, 12))):
        kind, qubit = draw(st.sampled_from(("sx", "rz", "cx"))), draw(st.integers(0, 4))
        if kind == "cx":
            circuit.cx(*draw(st.sampled_from([(0, 1), (1, 2), (1, 3), (3, 4), (4, 3)])))
        elif kind == "rz":
            circuit.rz(draw(st.floats(-3, 3)), qubit)
        else:
            circuit.sx(qubit)
    return circuit


def by_engine(circuit: QuantumCircuit, noise: NoiseModel) -> np.ndarray:
    program = from_qiskit(circuit, observables=WORDS, inputs=0, weight_shape=(0,))
    layer = QuantumLayer(program, noise, dtype=torch.float64)
    return layer(torch.empty(1, 0, dtype=torch.float64)).detach().numpy()[0]


def saving(circuit: QuantumCircuit) -> QuantumCircuit:
    saved = circuit.copy()
    for word in WORDS:
        saved.save_expectation_value(SparsePauliOp(word[::-1]), range(5), label=word)
    return saved


def gates_of(noise: NoiseModel) -> NoiseModel:
    """Without readout errors, which come after what Aer saves."""
    return replace(noise, readout={})


@settings(max_examples=5, deadline=None)
@given(native_circuits())
def test_engine_and_snapshot_backend_are_aer_with_qiskits_schedule_and_relaxing_delays(circuit: QuantumCircuit) -> None:
    noise = gates_of(from_snapshot(LIMA))
    measured = circuit.copy()
    measured.measure_all(add_bits=True)
    target = to_target(LIMA)
    padded = PassManager([ALAPScheduleAnalysis(target=target), PadDelay(target=target)]).run(measured)
    padded.remove_final_measurements()
    times = [(q.t1_us * 1e-6, min(q.t2_us, 2 * q.t1_us) * 1e-6) for q in LIMA.qubits]
    relaxing = RelaxationNoisePass(*zip(*times, strict=True), dt=LIMA.dt_ns * 1e-9, op_types=Delay)
    simulator = AerSimulator(method="density_matrix", noise_model=to_aer(noise))
    expected = simulator.run(saving(relaxing(padded))).result().data()
    theirs = np.array([expected[word] for word in WORDS])

    ours = SnapshotBackend(LIMA, noise).run(saving(circuit)).result().data()
    np.testing.assert_allclose(by_engine(circuit, noise), theirs, rtol=0, atol=1e-6)
    np.testing.assert_allclose([ours[word] for word in WORDS], theirs, rtol=0, atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(native_circuits())
def test_a_schedule_is_feasible_and_nothing_could_run_later(circuit: QuantumCircuit) -> None:
    waiting = from_snapshot(LIMA).waiting
    places = [(step.name, tuple(circuit.find_bit(q).index for q in step.qubits)) for step in circuit.data]
    begins, windows = as_late_as_possible(places, waiting)
    ends = [begin - waiting.durations_ns.get(place, 0) for begin, place in zip(begins, places, strict=True)]
    for index, (_, qubits) in enumerate(places):
        later = [begins[k] for k in range(index + 1, len(places)) if set(qubits) & set(places[k][1])]
        assert ends[index] == pytest.approx(max(later, default=0), abs=1e-6)
    for qubit in range(5):
        own = [k for k, (_, qubits) in enumerate(places) if qubit in qubits]
        busy = sum(begins[k] - ends[k] for k in own)
        waits = sum(window.begin - window.end for window in windows.get(qubit, []))
        assert busy + waits == pytest.approx(begins[own[0]])


def test_neighbours_that_wait_together_turn_each_others_phase() -> None:
    """Two excited superpositions wait while a third qubit is busy: exp(-2 pi i f t |11><11|), from the matrix."""
    perfect = replace(
        LIMA,
        qubits=tuple(replace(q, t1_us=np.inf, t2_us=np.inf) for q in LIMA.qubits),
        gates=tuple(replace(g, error=0.0, duration_ns=1000.0 if g.qubits == (3,) else 0.0) for g in LIMA.gates),
    )
    circuit = QuantumCircuit(5)
    for qubit in (0, 1):
        circuit.sx(qubit)
        circuit.rz(0.3 + qubit, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 3)  # from here on qubits 0 and 1 wait for two gates of a microsecond
    circuit.sx(3)
    circuit.sx(3)
    circuit.cx(1, 3)
    circuit.sx(0)
    noise = gates_of(from_snapshot(perfect, zz_khz=70.0))
    by_hand = QuantumCircuit(5)
    for place, step in enumerate(circuit.data):
        if place == 6:
            by_hand.cp(-2 * np.pi * 0.070 * 2.0, 0, 1)
        by_hand.append(step)
    data = SnapshotBackend(perfect, noise).run(saving(circuit)).result().data()
    expected = AerSimulator(method="statevector").run(saving(by_hand)).result().data()
    quiet = AerSimulator(method="statevector").run(saving(circuit)).result().data()
    values = np.array([expected[word] for word in WORDS])
    assert max(abs(values - [quiet[word] for word in WORDS])) > 0.05
    np.testing.assert_allclose([data[word] for word in WORDS], values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(by_engine(circuit, noise), values, rtol=0, atol=1e-9)


def test_pennylane_sees_the_same_waits() -> None:
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.sx(qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    program = from_qiskit(circuit, observables=["ZII", "XZZ"], inputs=0, weight_shape=(0,))
    found = []
    for idle in (True, False):
        noise = from_snapshot(LIMA, idle=idle)
        layer = QuantumLayer(program, noise, dtype=torch.float64)
        values = layer(torch.empty(1, 0, dtype=torch.float64)).detach().numpy()[0]
        qnode = to_qnode(program, qml.device("default.mixed", wires=3), noise=noise)
        np.testing.assert_allclose(values, np.asarray(qnode(np.empty(0), np.empty(0))), rtol=0, atol=1e-6)
        found.append(values)
    assert abs(found[0] - found[1]).max() > 1e-4


def test_the_hardware_path_counts_what_the_engine_expects_where_idling_matters() -> None:
    """T1 and T2 a twentieth of Lima's: waiting then changes expectation values far beyond the errors of counting."""
    short = replace(LIMA, qubits=tuple(replace(q, t1_us=q.t1_us / 20, t2_us=q.t2_us / 20) for q in LIMA.qubits))
    circuit = QuantumCircuit(5)
    angle = Parameter("inputs[0]")
    for qubit in range(5):
        circuit.x(qubit)
    for pair in ((0, 1), (1, 3), (3, 4), (1, 2)):
        circuit.cx(*pair)
        circuit.rz(angle, pair[1])
        circuit.sx(pair[1])
    noise, rows = from_snapshot(short), np.array([[0.4], [1.9]])
    measured = circuit.copy()
    measured.add_register(ClassicalRegister(5, "bits"))
    measured.measure(range(5), range(5))
    (counted,) = simulate(Task((Pub("all", measured, rows),), 4000), noise, seed=1).bits
    ones = np.unpackbits(counted, axis=-1, bitorder="big")[..., ::-1][..., :5].mean(axis=1)
    words = ["".join("Z" if w == wire else "I" for w in range(5)) for wire in range(5)]
    program = from_qiskit(circuit, observables=words, inputs=1, weight_shape=(0,))
    found = [
        QuantumLayer(program, one, dtype=torch.float64)(torch.from_numpy(rows)).detach().numpy()
        for one in (noise, replace(noise, waiting=None))
    ]
    assert abs(found[0] - found[1]).max() > 0.2
    np.testing.assert_allclose(1 - 2 * ones, found[0], rtol=0, atol=5 / np.sqrt(4000))


def test_an_outcome_does_not_relax_while_its_qubit_does() -> None:
    """A condition acts twice, with a long gate between; the bit that it reads must not decay meanwhile."""
    flip = Constant(np.array([[0, 1], [1, 0]], dtype=complex))
    if_one = Condition((0,), ((1,),))
    gates = (
        Gate("x", (0,), (), (flip,)),
        Gate(MEASURE, (0,), (), (Channel(np.array([np.diag([1, 0]), np.diag([0, 1])], dtype=complex)),), outcome=0),
        Gate("x", (1,), (), (flip,), condition=if_one),
        Gate("slow", (1,)),
        Gate("x", (1,), (), (flip,), condition=if_one),
    )
    waiting = Waiting({("slow", (1,)): 1000.0}, {0: (1.0, 1.0), 1: (1.0, 1.0)})
    noise = NoiseModel("idle", {("id", ()): np.eye(4), ("x", (0,)): np.eye(4)}, {}, waiting)
    layer = QuantumLayer(Program(2, 0, (0,), gates, ("ZI", "IZ")), noise, dtype=torch.float64)
    values = layer(torch.empty(1, 0, dtype=torch.float64)).detach().numpy()[0]
    np.testing.assert_allclose(values, [1 - 2 * np.exp(-1.0), 1.0], rtol=0, atol=1e-9)


def test_over_rotation_is_a_part_of_the_reported_error_and_turns_the_gate_further() -> None:
    gates = {gate.name: gate for gate in LIMA.gates if gate.qubits in ((2,), (2, 1))}
    part = 0.01
    noise, usual = from_snapshot(LIMA, over_rotation=part), from_snapshot(LIMA)
    x, zero = np.array([[0, 1], [1, 0]]), np.diag([1.0, 0])
    turned = {
        "sx": expm(-0.5j * np.pi / 2 * part * x),
        "x": expm(-0.5j * np.pi * part * x),
        "cx": expm(1j * np.pi * part * np.kron(np.eye(2) - zero, (np.eye(2) - x) / 2)),
    }
    for name, unitary in turned.items():
        place = name, gates[name].qubits
        follows = channels.from_kraus([unitary])
        own = noise.channels[place]
        least = channels.average_infidelity(relaxation_of([LIMA.qubits[q] for q in place[1]], gates[name].duration_ns))
        turned_back = channels.average_infidelity(own @ follows.T)
        assert least <= turned_back < channels.average_infidelity(own)
        assert abs(own - usual.channels[place] @ follows).max() < 2e-3
        assert channels.average_infidelity(own) >= gates[name].error * (1 - 1e-9)
    place = "cx", gates["cx"].qubits
    assert channels.average_infidelity(noise.channels[place]) == pytest.approx(gates["cx"].error, rel=1e-9)
    with pytest.raises(UserError, match="gate 'r' has no fixed angle"):
        from_snapshot(snapshot("iqm_adonis"), over_rotation=part)

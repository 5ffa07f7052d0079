"""Measurements, resets, conditions and channels inside a circuit: exact, whatever is mixed."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit import ClassicalRegister, IfElseOp, Reset
from qiskit_aer import AerSimulator
from scipy.linalg import expm
from scipy.stats import unitary_group

from hqnn.circuits.functions import extended
from hqnn.circuits.outcomes import RESETTING, measurement, reset
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Angle, Channel, Condition, Constant, Gate, Program, Rotation
from hqnn.circuits.trace import trace
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program
from hqnn.execution.exact import run_exact
from hqnn.execution.sampled import Shots
from hqnn.interpreters.binding import parameter_values
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import function_to_qnode, to_qnode
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.interpreters.qpy import load_qpy, save_qpy
from hqnn.models.hybrid import HybridClassifier
from hqnn.noise.aer import to_aer
from hqnn.noise.channels import amplitude_damping, compose, phase_damping, to_kraus
from hqnn.noise.deferral import deferred
from hqnn.noise.model import NoiseModel, Readout
from hqnn.store import fingerprint

WIRES = 2
KINDS = ("one", "one", "two", "measure", "measure", "reset", "channel")
WORDS = tuple("".join(word) for word in product("IXYZ", repeat=WIRES))
NOISE = NoiseModel(
    "made up",
    {("one", ()): compose(amplitude_damping(0.2), phase_damping(0.3)), ("reset", ()): amplitude_damping(0.1)},
    {0: Readout(0.07, 0.2), 1: Readout(0.3, 0.01)},
)
ONE = st.integers(0, 2**31)


@st.composite
def programs(draw: Any, noisy: bool = False) -> Program:
    """Anything on two wires; with noise only conditions that noise is exact for."""
    gates: list[Gate] = []
    outcomes = 0
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=3, max_size=9)):
        wide = kind == "two" or (kind == "channel" and not noisy)
        wires = tuple(draw(st.permutations(range(WIRES)))[: 1 + wide])
        if kind == "measure":
            gates.append(measurement(*wires, outcomes))
            outcomes += 1
        elif kind == "reset":
            gates.append(reset(*wires))
        elif kind == "channel":
            gates.append(Gate("channel", wires, (), (Channel(random_channel(2 ** len(wires), draw(ONE))),)))
        else:
            free = not outcomes or (noisy and wide)
            condition = None if free else draw(conditions(outcomes, 1 if noisy else 2))
            gates.append(Gate(kind, wires, (), draw(factors(len(wires))), None, condition))
    return Program(WIRES, 2, (3,), tuple(gates), WORDS)


@st.composite
def factors(draw: Any, wires: int) -> tuple[Any, ...]:
    if draw(st.booleans()):
        return (Constant(unitary_group.rvs(2**wires, random_state=draw(ONE)).reshape(2**wires, -1)),)
    word = draw(st.sampled_from([w for w in map("".join, product("IXYZ", repeat=wires)) if set(w) != {"I"}]))
    angle = Angle(0.3, ((draw(st.integers(0, 1)), 1.0),), ((draw(st.integers(0, 2)), 0.5),))
    return (Rotation(word, angle), Rotation("Y" * wires, Angle(weights=((0, 1.0),))))


@st.composite
def conditions(draw: Any, outcomes: int, most: int) -> Condition | None:
    numbers = draw(st.lists(st.integers(0, outcomes - 1), unique=True, max_size=most))
    values = draw(st.lists(st.sampled_from(list(product((0, 1), repeat=len(numbers)))), unique=True))
    return Condition(tuple(numbers), tuple(values)) if numbers else None


def random_channel(size: int, seed: int) -> np.ndarray:
    isometry = unitary_group.rvs(3 * size, random_state=seed)[:, :size]
    return isometry.reshape(3, size, size)


def by_branches(program: Program, x: np.ndarray, w: np.ndarray, noise: NoiseModel | None = None) -> np.ndarray:
    """A density matrix for every record of outcomes: too slow to be wrong."""
    start = np.zeros((4, 4), dtype=complex)
    start[0, 0] = 1
    branches = {(): start}
    for gate in program.gates:
        after: dict[tuple[int, ...], np.ndarray] = {}
        for record, rho in branches.items():
            if gate.outcome is not None:
                readout = noise.readout[gate.wires[0]] if noise else Readout(0.0, 0.0)
                for true, read in product((0, 1), repeat=2):
                    wrong = (readout.p10, readout.p01)[true]
                    share = wrong if read != true else 1 - wrong
                    key = (*record, read)
                    projected = acted(rho, [np.diag([1.0 - true, true])], gate.wires)
                    after[key] = after.get(key, 0) + share * projected
                continue
            if gate.condition is None or tuple(record[n] for n in gate.condition.outcomes) in gate.condition.values:
                for factor in gate.factors:
                    rho = acted(rho, kraus_of(factor, x, w), gate.wires)
                if noise and noise.after(gate.name, gate.wires) is not None:
                    rho = acted(rho, to_kraus(noise.after(gate.name, gate.wires)), gate.wires)  # type: ignore[arg-type]
            after[record] = after.get(record, 0) + rho
        branches = after
    total = sum(branches.values())
    return np.array([np.trace(total @ as_read(word, noise)).real for word in program.observables])


def as_read(word: str, noise: NoiseModel | None) -> np.ndarray:
    parts = []
    for wire, letter in enumerate(word):
        r = noise.readout[wire] if noise and letter != "I" else Readout(0.0, 0.0)
        parts.append((1 - r.p10 - r.p01) * word_matrix(letter) + (r.p01 - r.p10) * np.eye(2))
    return np.kron(*parts)


def kraus_of(factor: Any, x: np.ndarray, w: np.ndarray) -> list[np.ndarray]:
    if isinstance(factor, Rotation):
        return [expm(-0.5j * factor.angle.value(x, w) * word_matrix(factor.word))]
    return [factor.matrix] if isinstance(factor, Constant) else list(factor.kraus)


def acted(rho: np.ndarray, kraus: Any, wires: tuple[int, ...]) -> np.ndarray:
    swap = np.eye(4)[[0, 2, 1, 3]]
    wide = [np.kron(k, np.eye(2)) if len(wires) == 1 else k for k in kraus]
    wide = [swap @ k @ swap for k in wide] if wires[0] == 1 else wide
    return sum(k @ rho @ k.conj().T for k in wide)


def check(program: Program, noise: NoiseModel | None) -> np.ndarray:
    layer = QuantumLayer(program, noise, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    x = torch.tensor([0.4, -1.1], dtype=torch.float64, requires_grad=True)
    w = layer.weights.detach().numpy()
    values = layer(x)
    expected = by_branches(program, x.detach().numpy(), w, noise)
    np.testing.assert_allclose(values.detach().numpy(), expected, rtol=0, atol=1e-10)
    up = torch.linspace(-1, 1, len(WORDS), dtype=torch.float64)
    gradients = torch.autograd.grad(values @ up, (x, layer.weights), materialize_grads=True)
    slopes = np.concatenate([gradient.numpy() for gradient in gradients])
    step = 1e-5
    at = np.concatenate([x.detach().numpy(), w])
    direction = np.random.default_rng(1).normal(size=len(at))
    ends = [by_branches(program, *np.split(at + s * step * direction, [2]), noise) @ up.numpy() for s in (1, -1)]
    assert slopes @ direction == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)
    return expected


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(programs())
def test_any_mixture_is_exact_with_gradients_and_ends_in_a_state(program: Program) -> None:
    values = check(program, None)
    rho = sum(v * word_matrix(word) for v, word in zip(values, WORDS, strict=True)) / 4
    assert np.trace(rho).real == pytest.approx(1, abs=1e-12)
    assert np.linalg.eigvalsh(rho).min() > -1e-12
    assert Program.from_json(program.to_json()) == program


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(programs(noisy=True))
def test_noise_acts_only_where_a_gate_does_and_misread_outcomes_reach_the_gates(program: Program) -> None:
    if any(gate.name in ("one", "reset") for gate in program.gates):
        check(program, NOISE)


def teleported(x: Any, w: Any, wires: Any) -> None:
    """Wire 0 to wire 2, by two measurements."""
    qml.Rot(w[0] * x[0], w[1], 0.3, 0)
    qml.Hadamard(1)
    qml.CNOT([1, 2])
    qml.CNOT([0, 1])
    qml.Hadamard(0)
    first, second = qml.measure(0), qml.measure(1, reset=True)
    qml.cond(second, qml.X)(2)
    qml.cond(first, qml.Z)(2)


def several(x: Any, w: Any, wires: Any) -> None:
    for wire in wires:
        qml.Rot(x[0] + wire, w[wire], 0.4, wire)
    first = qml.measure(0)
    qml.RY(w[0], 0)
    second = qml.measure(1)
    qml.cond(first & ~second, qml.Rot)(w[1], x[1], 0.4, wires=2)
    qml.cond(first + second == 1, qml.CRX)(w[1], wires=[2, 1])
    qml.cond(second, qml.PauliRot)(w[2], "XYZ", [0, 1, 2])
    qml.cond(first, qml.ISWAP)([1, 2])


def noisy(x: Any, w: Any, wires: Any) -> None:
    several(x, w, wires)
    qml.measure(1)
    qml.AmplitudeDamping(0.3, 1)
    qml.ThermalRelaxationError(0.1, 1.0, 1.2, 0.4, 0)
    qml.PauliError("XY", 0.2, [2, 0])
    qml.CRX(w[0], [2, 1])


@pytest.mark.parametrize(
    ("circuit", "device"), [(teleported, "default.qubit"), (several, "default.qubit"), (noisy, "default.mixed")]
)
def test_pennylane_says_the_same_of_its_own_function_and_of_the_program(circuit: Any, device: str) -> None:
    words = ["IXZ", "IIY", "ZIZ", "YXI"]
    program = trace(circuit, inputs=2, weight_shape=(3,), wires=3, observables=words)
    wires = deferred(program).wires + (3 if device == "default.mixed" else 0)
    machine = qml.device(device, wires=wires)
    layer = QuantumLayer(program, dtype=torch.float64)
    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
    plain = function_to_qnode(circuit, machine, wires=3, observables=words)
    ours, theirs, written = layer(x), plain(x, layer.weights), to_qnode(program, machine)(x, layer.weights)
    torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=1e-6 if device == "default.mixed" else 1e-10)
    torch.testing.assert_close(written.double(), theirs.double(), rtol=0, atol=1e-6)
    if device == "default.qubit":  # default.mixed's own gradients of such circuits are NaN
        mine, right = (torch.autograd.grad(v.sum(), (x, layer.weights), retain_graph=True) for v in (ours, theirs))
        for one, other in zip(mine, right, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)
        states = QuantumLayer(program, dtype=torch.float64, way="states")
        states.weights = layer.weights
        torch.testing.assert_close(states(x), ours, rtol=0, atol=1e-10)


def test_what_amplitudes_carry_is_measured_too() -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.AmplitudeEmbedding(x, wires, pad_with=0.0, normalize=True)
        qml.RX(w[0], 1)
        bit = qml.measure(0, reset=True)
        qml.cond(bit, qml.RY)(w[1], 1)
        qml.CRY(w[0], [1, 0])

    program = trace(circuit, inputs=3, weight_shape=(2,), wires=2, observables=["XZ", "ZI"])
    x = torch.tensor([0.3, -0.7, 1.0], dtype=torch.float64)
    plain = function_to_qnode(circuit, qml.device("default.qubit"), wires=2, observables=program.observables)
    for way in ("observables", "states"):
        layer = QuantumLayer(program, dtype=torch.float64, way=way)
        torch.testing.assert_close(layer(x), plain(x, layer.weights), rtol=0, atol=1e-10)


def test_an_outcome_that_nobody_uses_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.RX(x[0], 1)
        qml.measure(1)
        qml.measure(0, reset=True)

    trace(circuit, inputs=1, weight_shape=(0,), wires=2, observables=["Z1"])
    assert [r.getMessage() for r in caplog.records] == [
        "nothing depends on the outcome of the measurement of wire 1; is that meant?"
    ]


def test_what_a_path_cannot_run_is_said() -> None:
    gates = (
        measurement(0, 0),
        Gate("CX", (0, 1), (), (Constant(np.eye(4)[[0, 1, 3, 2]].astype(complex)),), None, Condition((0,), ((1,),))),
    )
    conditioned = Program(2, 0, (0,), gates, ("IZ",))
    with pytest.raises(UserError, match=r"CX on wires \(0, 1\) depends on a measurement and has noise, which is exact"):
        QuantumLayer(conditioned, NoiseModel("noise", {("CX", ()): np.eye(16)}, {}))
    channel = Program(1, 0, (0,), (Gate("channel", (0,), (), (Channel(RESETTING),)),), ("Z",))
    with pytest.raises(UserError, match="pure states have no channels"):
        QuantumLayer(channel, way="states")
    with pytest.raises(UserError, match=r"default.qubit cannot run the circuit .* default.mixed"):
        to_qnode(channel, qml.device("default.qubit"))(torch.zeros(0), torch.zeros(0))


def dynamic(machine: Any) -> Any:
    """The machine with tests of bits and resets."""
    machine.target.add_instruction(IfElseOp, name="if_else")
    machine.target.add_instruction(Reset(), {(qubit,): None for qubit in range(machine.num_qubits)})
    return machine


@pytest.mark.parametrize("circuit", [teleported, several])
@pytest.mark.parametrize("form", ["read back", "deferred", "dynamic"])
def test_qiskit_s_forms_say_the_same(circuit: Any, form: str, tmp_path: Path) -> None:
    program = trace(circuit, inputs=2, weight_shape=(3,), wires=3, observables=["IXZ", "IIY", "ZIZ", "YXI"])
    if form == "read back":
        save_qpy(tmp_path / "circuit.qpy", to_qiskit(program))
        written = load_qpy(tmp_path / "circuit.qpy")
        other = from_qiskit(
            written,
            observables=program.observables,
            inputs=2,
            weight_shape=(3,),
            functions=program.functions,
        )
    else:
        machine = backend("ibmq_lima") if form == "deferred" else dynamic(backend("ibmq_lima"))
        other = compile_program(program, machine, seed=0, layouts=1).program
    conditioned = sum(gate.condition is not None for gate in other.gates)
    assert (conditioned > 0, other.wires) == ((False, 5) if form == "deferred" else (True, 3))
    ours, theirs = QuantumLayer(program, dtype=torch.float64), QuantumLayer(other, dtype=torch.float64)
    theirs.weights = ours.weights
    x = torch.tensor([[0.3, 0.7], [1.0, -2.0]], dtype=torch.float64)
    torch.testing.assert_close(theirs(x), ours(x), rtol=0, atol=1e-9)


def test_a_noisy_dynamic_circuit_is_what_aer_counts() -> None:
    """Aer runs the native circuit itself, shot by shot, with the same channels and misread outcomes."""
    program = trace(teleported, inputs=2, weight_shape=(2,), wires=3, observables=["IIZ"])
    machine = dynamic(backend("ibmq_lima"))
    native = compile_program(program, machine, seed=0, layouts=1)
    strong = {place: compose(m, amplitude_damping(0.1)) for place, m in machine.noise.channels.items() if len(m) == 4}
    noise = NoiseModel("strong", {**machine.noise.channels, **strong}, dict.fromkeys(range(5), Readout(0.05, 0.15)))
    weights, inputs = np.array([0.9, 0.4]), np.array([[0.3, 0.7]])
    layer = QuantumLayer(native.program, noise, dtype=torch.float64)
    with torch.no_grad():
        layer.weights.copy_(torch.from_numpy(weights))
        exact = float(layer(torch.from_numpy(inputs)))
    ideal = QuantumLayer(native.program, dtype=torch.float64)
    ideal.weights = layer.weights
    (row,) = parameter_values(native.circuit, extended(native.program, inputs, weights), weights)
    whole = native.circuit.assign_parameters(row)
    (wire,) = [w for w, letter in enumerate(native.program.observables[0]) if letter == "Z"]
    whole.add_register(ClassicalRegister(1, "bits"))
    whole.measure(native.program.native_wires[wire], whole.cregs[-1][0])
    counts = AerSimulator(noise_model=to_aer(noise)).run(whole, shots=20000, seed_simulator=1).result().get_counts()
    found = sum((-1) ** int(bits.split()[0]) * count for bits, count in counts.items()) / 20000
    assert abs(exact - float(ideal(torch.from_numpy(inputs)))) > 0.05
    assert found == pytest.approx(exact, abs=5 / np.sqrt(20000))


def test_the_path_by_shots_runs_measurements_and_gates_that_aer_does_not_know() -> None:
    program = trace(several, inputs=2, weight_shape=(3,), wires=3, observables=["IXZ", "IZI"])
    layer = QuantumLayer(program, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    model = HybridClassifier(torch.nn.Identity(), layer, torch.nn.Identity(), None)  # type: ignore[arg-type]
    inputs = np.array([[0.4, 1.1], [-2.0, 0.3]])
    exact, sampled = (path(model, fingerprint(model.tensors()), inputs) for path in (run_exact, Shots(4000, seed=1)))
    assert (abs(sampled.values - exact.values) < 5 / np.sqrt(4000)).all()


def test_a_channel_is_compiled_for_no_machine() -> None:
    program = Program(1, 0, (0,), (Gate("channel", (0,), (), (Channel(RESETTING),)),), ("Z",))
    with pytest.raises(UserError, match=r"the channel channel on wires \(0,\), which no machine runs"):
        compile_program(program, backend("ibmq_lima"), seed=0, layouts=1)


def test_a_machine_without_dynamic_circuits_gets_gates_alone() -> None:
    """Also where nothing depends on an outcome."""

    def circuit(x: Any, w: Any, wires: Any) -> None:
        qml.RY(x[0], 0)
        qml.measure(0)
        qml.RX(w[0], 0)
        qml.CNOT([0, 1])

    program = trace(circuit, inputs=1, weight_shape=(1,), wires=2, observables=["IZ", "YI"])
    native = compile_program(program, backend("ibmq_lima"), seed=0, layouts=1).program
    assert native.wires == 3 and all(gate.unitary_factors for gate in native.gates)
    ours, theirs = QuantumLayer(program, dtype=torch.float64), QuantumLayer(native, dtype=torch.float64)
    theirs.weights = ours.weights
    torch.testing.assert_close(theirs(torch.ones(1)), ours(torch.ones(1)), rtol=0, atol=1e-9)

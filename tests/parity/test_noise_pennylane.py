"""Noise said in PennyLane against what PennyLane computes with it."""

import numpy as np
import pennylane as qml
import pytest

from hqnn.circuits.program import Angle, Gate, Program
from hqnn.errors import UserError
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout
from hqnn.noise.pennylane import from_channels, from_noise_model

ANGLES = (0.4, 1.1, -0.7)
WORDS = ("ZI", "IZ", "ZZ")


def program(gates: tuple[Gate, ...] | None = None, observables: tuple[str, ...] = WORDS) -> Program:
    x0, x1 = Angle(inputs=((0, 1.0),)), Angle(weights=((0, 1.0),))
    own = (
        Gate("RY", (0,), (x0,)),
        Gate("RX", (1,), (x1,)),
        Gate("CNOT", (1, 0)),
        Gate("RY", (1,), (Angle(ANGLES[2]),)),
    )
    return Program(2, 1, (1,), own if gates is None else gates, observables)


def circuit() -> None:
    qml.RY(ANGLES[0], 0)
    qml.RX(ANGLES[1], 1)
    qml.CNOT([1, 0])
    qml.RY(ANGLES[2], 1)


def in_pennylane(noise: qml.NoiseModel) -> list[float]:
    @qml.qnode(qml.device("default.mixed", wires=2))
    def values() -> list[qml.measurements.ExpectationMP]:
        circuit()
        return [qml.expval(qml.pauli.string_to_pauli_word(word)) for word in WORDS]

    return [float(v) for v in qml.add_noise(values, noise)()]


def by_transfer_matrices(noise: NoiseModel) -> list[float]:
    """The same circuit, state forward in the Pauli basis, readout on the observables."""
    matrices = [
        qml.matrix(op) for op in (qml.RY(ANGLES[0], 0), qml.RX(ANGLES[1], 1), qml.CNOT([1, 0]), qml.RY(ANGLES[2], 1))
    ]
    state = np.kron([1, 0, 0, 1], [1, 0, 0, 1]).astype(float)
    for gate, matrix in zip(program().gates, matrices, strict=True):
        after = noise.after(gate.name, gate.wires)
        whole = channels.from_kraus([matrix])
        whole = whole if after is None else after @ whole
        state = channels.embed(whole, gate.wires, 2) @ state
    values = []
    for word in WORDS:
        observable = np.eye(1)
        for wire, letter in enumerate(word):
            r = noise.readout.get(wire, Readout(0, 0))
            seen = np.array([r.p01 - r.p10, 0, 0, 1 - r.p10 - r.p01]) if letter == "Z" else np.eye(4)[0]
            observable = np.kron(observable, seen)
        values.append(float((observable @ state).item()))
    return values


def damp_target(op: qml.operation.Operator, **kwargs: float) -> None:
    qml.AmplitudeDamping(kwargs["gamma"], wires=op.wires[1])
    qml.ThermalRelaxationError(0.1, 2.0, 1.2, 0.3, wires=op.wires[0])


def damp_before_reading(measurement: qml.measurements.MeasurementProcess, **_: float) -> None:
    for wire in measurement.wires:
        if wire == 0:
            qml.AmplitudeDamping(0.2, wire)
        else:
            qml.BitFlip(0.1, wire)


def test_a_noise_model_gives_pennylanes_expectation_values() -> None:
    noise = qml.NoiseModel(
        {
            qml.noise.op_eq("RY") & qml.noise.wires_in([1]): qml.noise.partial_wires(qml.PhaseDamping, 0.3),
            qml.noise.op_in(["RX", "RY"]): qml.noise.partial_wires(qml.DepolarizingChannel, 0.1),
            qml.noise.op_eq(qml.CNOT): damp_target,
        },
        meas_map={qml.noise.meas_eq(qml.expval): damp_before_reading},
        gamma=0.25,
    )
    ours = from_noise_model(noise, program())
    assert set(ours.channels) == {("RY", (0,)), ("RX", (1,)), ("CNOT", (1, 0)), ("RY", (1,))}
    assert ours.readout[0] == Readout(pytest.approx(0, abs=1e-12), pytest.approx(0.2))
    assert ours.readout[1] == Readout(pytest.approx(0.1), pytest.approx(0.1))
    np.testing.assert_allclose(by_transfer_matrices(ours), in_pennylane(noise), atol=1e-9)


def test_channels_by_gate_name_are_pennylanes() -> None:
    ours = from_channels(
        {"CNOT": [qml.AmplitudeDamping(0.2, 0), qml.BitFlip(0.1, 1)], "RX": [qml.DepolarizingChannel(0.1, 0)]},
        program(),
    )

    def after_cnot(op: qml.operation.Operator, **_: float) -> None:
        qml.AmplitudeDamping(0.2, op.wires[0])
        qml.BitFlip(0.1, op.wires[1])

    same = qml.NoiseModel(
        {
            qml.noise.op_eq("CNOT"): after_cnot,
            qml.noise.op_eq("RX"): qml.noise.partial_wires(qml.DepolarizingChannel, 0.1),
        }
    )
    np.testing.assert_allclose(by_transfer_matrices(ours), in_pennylane(same), atol=1e-9)
    assert from_noise_model(same, program()).digest == ours.digest


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (channels.depolarizing(channels.depolarizing_fraction(0.1, 1), 1), qml.DepolarizingChannel(0.1, 0)),
        (channels.amplitude_damping(0.3), qml.AmplitudeDamping(0.3, 0)),
        (channels.phase_damping(0.3), qml.PhaseDamping(0.3, 0)),
        (channels.thermal_relaxation(2.0, 1.5, 0.7, 0.2), qml.ThermalRelaxationError(0.2, 2.0, 1.5, 0.7, 0)),
        (channels.thermal_relaxation(2.0, 3.5, 0.7, 0.2), qml.ThermalRelaxationError(0.2, 2.0, 3.5, 0.7, 0)),
    ],
)
def test_formulas_are_pennylanes(ours: np.ndarray, theirs: qml.operation.Channel) -> None:
    np.testing.assert_allclose(ours, channels.from_kraus(theirs.kraus_matrices()), atol=1e-9)


def flip(op: qml.operation.Operator, **_: float) -> None:
    qml.BitFlip(0.1, op.wires[0])


def over_rotation(op: qml.operation.Operator, **_: float) -> None:
    qml.RY(op.parameters[0] * 0.05, op.wires)


def before(op: qml.operation.Operator, **_: float) -> None:
    qml.BitFlip(0.1, op.wires[0])
    qml.apply(op)


def far(op: qml.operation.Operator, **_: float) -> None:
    qml.BitFlip(0.1, 1 - op.wires[0])


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({qml.BooleanFn(lambda op: op.parameters[0] > 1): flip}, r"cannot be decided for gate RY on \(0,\)"),
        ({qml.noise.op_eq("RY"): over_rotation}, r"cannot be decided for gate RY on \(0,\) .*inputs or weights"),
        ({qml.noise.op_eq("RY"): before}, r"stands before gate RY"),
        ({qml.noise.op_eq("RY"): far}, r"noise BitFlip on \[1\] reaches beyond gate RY on \[0\]"),
    ],
)
def test_noise_that_cannot_be_decided_or_placed_is_refused(conditions: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        from_noise_model(qml.NoiseModel(conditions), program())


def test_noise_that_changes_between_equal_gates_is_refused() -> None:
    gates = (Gate("RY", (0,), (Angle(0.1),)), Gate("RY", (0,), (Angle(2.0),)))
    noise = qml.NoiseModel({qml.BooleanFn(lambda op: op.parameters[0] > 1): flip})
    for order in (gates, gates[::-1]):
        with pytest.raises(UserError, match=r"RY on \(0,\) gets different noise at different moments"):
            from_noise_model(noise, program(order))


def test_native_names_and_absent_names_are_refused() -> None:
    with pytest.raises(UserError, match="gate 'ecr' is not one of PennyLane's"):
        from_noise_model(qml.NoiseModel({qml.noise.op_eq("RX"): flip}), program((Gate("ecr", (0, 1)),)))
    with pytest.raises(UserError, match="channels are given after CZ, the program has only CNOT, RX, RY"):
        from_channels({"CZ": [qml.BitFlip(0.1, 0)]}, program())


def test_noise_before_a_measurement_that_turns_the_observable_is_refused() -> None:
    turn = qml.NoiseModel({}, meas_map={qml.noise.meas_eq(qml.expval): lambda m, **_: qml.RX(0.3, m.wires[0])})
    with pytest.raises(UserError, match="turns the observable"):
        from_noise_model(turn, program())
    per_word = qml.NoiseModel({}, meas_map={qml.noise.wires_eq(0): lambda m, **_: qml.BitFlip(0.1, 0)})
    with pytest.raises(UserError, match="qubit 0 is read with different noise for different observables"):
        from_noise_model(per_word, program())

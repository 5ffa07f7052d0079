"""Noise models against Qiskit Aer and the fake backends, entry by entry and by density matrix."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import qiskit_ibm_runtime.fake_provider as fakes
from hypothesis import given, settings
from hypothesis import strategies as st
from iqm.qiskit_iqm.fake_backends import IQMFakeAdonis, IQMFakeApollo, IQMFakeDeneb
from qiskit import QuantumCircuit
from qiskit.circuit.library import CXGate
from qiskit.quantum_info import Kraus, Operator, Pauli, SuperOp
from qiskit.transpiler import Target
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    NoiseModel,
    QuantumError,
    ReadoutError,
    amplitude_damping_error,
    depolarizing_error,
    pauli_error,
    phase_damping_error,
    thermal_relaxation_error,
)
from qiskit_aer.noise.device import basic_device_gate_errors

from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.noise import channels, model
from hqnn.noise.aer import from_aer, from_backend, to_aer
from hqnn.noise.export_snapshots import IBM, IQM, snapshot_of_ibm, snapshot_of_iqm
from hqnn.noise.target import to_target
from hqnn.noise.thermal import from_snapshot

# qubits with ordinary gates, with T2 above 2 T1 and with a gate reported with error 1
SUBSETS = {
    "ibm_brisbane": {0, 1, 2, 3, 24, 25, 26, 102, 119},
    "ibm_torino": {0, 1, 2, 19, 20, 21, 23},
    "ibm_fez": {0, 1, 2, 27, 28, 87},
    "ibmq_kolkata": {0, 1, 2, 13, 14},
    "ibmq_lima": {0, 1, 2, 3, 4},
}


@cache
def fake(name: str) -> Any:
    return getattr(fakes, IBM[name])()


@cache
def aer_model(name: str) -> NoiseModel:
    """Aer's own reading of a fake backend, on the subset only: the whole of a large one takes seconds."""
    target = fake(name).target
    part = Target(num_qubits=target.num_qubits, dt=target.dt, qubit_properties=target.qubit_properties)
    for gate in set(target.operation_names) - {"if_else", "switch_case", "for_loop", "delay", "reset"}:
        places = {q: found for q, found in target[gate].items() if set(q) <= SUBSETS[name]}
        part.add_instruction(target.operation_from_name(gate), places)
    made = NoiseModel()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for gate, qubits, error in basic_device_gate_errors(target=part):
            made.add_quantum_error(error, gate, qubits)
    return made


def dumb_transfer(superop: SuperOp, wires: int) -> np.ndarray:
    """By evolving every Pauli matrix; Qiskit's label has the last qubit first."""
    words = [Pauli("".join("IXYZ"[i] for i in np.unravel_index(k, (4,) * wires))[::-1]) for k in range(4**wires)]
    images = [
        Operator(superop.data.dot(w.to_matrix().ravel(order="F")).reshape(2**wires, -1, order="F")) for w in words
    ]
    return np.array([[np.trace(p.to_matrix() @ e.data).real / 2**wires for e in images] for p in words])


@pytest.mark.parametrize("name", SUBSETS)
def test_a_snapshots_noise_is_aers_for_every_gate(name: str) -> None:
    ours, theirs = from_snapshot(snapshot(name)), aer_model(name)
    compared = 0
    for gate, errors in theirs._local_quantum_errors.items():
        for qubits, error in errors.items():
            expected = dumb_transfer(SuperOp(error), len(qubits))
            np.testing.assert_allclose(ours.channels[gate, qubits], expected, atol=1e-9, err_msg=f"{gate} {qubits}")
            compared += 1
    within = [q for _, q in ours.channels if set(q) <= SUBSETS[name]]
    assert compared == len(within) > 10


def test_the_whole_of_lima_is_aers_from_backend() -> None:
    ours, theirs = from_snapshot(snapshot("ibmq_lima")), from_backend(fake("ibmq_lima"))
    assert set(ours.channels) == {place for place in theirs.channels if place[0] != "reset"}
    for place, matrix in ours.channels.items():
        np.testing.assert_allclose(matrix, theirs.channels[place], atol=1e-9)


@pytest.mark.parametrize("name", SUBSETS)
def test_a_snapshots_readout_is_the_backends_asymmetric_one(name: str) -> None:
    properties, ours = fake(name).properties(), from_snapshot(snapshot(name)).readout
    for qubit in SUBSETS[name]:
        one_for_zero, _ = properties.qubit_property(qubit, "prob_meas1_prep0")
        zero_for_one, _ = properties.qubit_property(qubit, "prob_meas0_prep1")
        assert (ours[qubit].p10, ours[qubit].p01) == pytest.approx((one_for_zero, zero_for_one), rel=1e-11)


@pytest.mark.parametrize("name", [*IBM, *IQM])
def test_a_shipped_snapshot_is_what_the_installed_package_says(name: str) -> None:
    shipped = snapshot(name)
    if name in IBM:
        assert shipped.to_json() == snapshot_of_ibm(fake(name), name, shipped.source).to_json()
    else:
        made = {"iqm_adonis": IQMFakeAdonis, "iqm_apollo": IQMFakeApollo}[name]()
        assert shipped.to_json() == snapshot_of_iqm(made, name, shipped.source).to_json()


def test_a_backend_that_lacks_a_calibration_is_not_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, properties = fake("ibmq_lima"), fake("ibmq_lima").properties()
    del properties._qubits[3]["prob_meas0_prep1"]
    monkeypatch.setattr(backend, "properties", lambda: properties)
    with pytest.raises(UserError, match="lima today: p01 of qubit 3 is not calibrated; fill in the value or choose"):
        snapshot_of_ibm(backend, "lima", "lima today")


@pytest.mark.parametrize("name", SUBSETS)
def test_a_snapshots_target_is_the_fake_backends(name: str) -> None:
    ours, theirs = to_target(snapshot(name)), fake(name).target
    assert ours.dt == pytest.approx(theirs.dt)
    for gate in set(snapshot(name).basis_gates) | {"measure"}:
        assert type(ours.operation_from_name(gate)) is type(theirs.operation_from_name(gate))
        assert set(ours[gate]) == {qubits for qubits, f in theirs[gate].items() if len(qubits) == 1 or f.error < 1}
        for qubits in ours[gate]:
            found = theirs[gate][qubits]
            assert ours[gate][qubits].duration == pytest.approx(found.duration, rel=1e-11)
            assert ours[gate][qubits].error == pytest.approx(found.error, rel=1e-11)
    for mine, other in zip(ours.qubit_properties, theirs.qubit_properties, strict=True):
        assert (mine.t1, mine.t2) == pytest.approx((other.t1, other.t2), rel=1e-11)


@settings(max_examples=15, deadline=None)
@given(st.floats(1, 100), st.floats(0.1, 2), st.floats(0.01, 50), st.floats(0, 1))
def test_thermal_relaxation_is_aers(t1: float, ratio: float, time: float, excited: float) -> None:
    theirs = SuperOp(thermal_relaxation_error(t1, ratio * t1, time, excited))
    ours = channels.thermal_relaxation(t1, ratio * t1, time, excited)
    np.testing.assert_allclose(ours, dumb_transfer(theirs, 1), atol=1e-9)


def test_formulas_are_aers() -> None:
    for ours, theirs in (
        (channels.amplitude_damping(0.3), amplitude_damping_error(0.3)),
        (channels.phase_damping(0.3), phase_damping_error(0.3)),
        (channels.depolarizing(0.3, 1), depolarizing_error(0.3, 1)),
        (channels.depolarizing(0.3, 2), depolarizing_error(0.3, 2)),
    ):
        np.testing.assert_allclose(ours, dumb_transfer(SuperOp(theirs), theirs.num_qubits), atol=1e-12)


def test_an_error_on_the_first_qubit_of_a_gate_stays_there() -> None:
    """The trap: Aer's "IX" on cx[0, 1] flips qubit 0, whose Z then reads 0.4."""
    theirs = NoiseModel()
    theirs.add_quantum_error(pauli_error([("IX", 0.3), ("II", 0.7)]), "cx", [0, 1])
    matrix = from_aer(theirs).channels["cx", (0, 1)]
    up = np.array([1, 0, 0, 1])
    after = (matrix @ np.kron(up, up)).reshape(4, 4)
    assert after[3, 0] == pytest.approx(0.4)
    assert after[0, 3] == pytest.approx(1)
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit.save_expectation_value(Pauli("IZ"), [0, 1])
    job = AerSimulator(method="density_matrix", noise_model=theirs, basis_gates=["cx"]).run(circuit)
    assert job.result().data()["expectation_value"] == pytest.approx(0.4)


@pytest.mark.parametrize("build", [IQMFakeAdonis, IQMFakeApollo, IQMFakeDeneb])
def test_an_iqm_fake_backends_noise_is_taken_as_it_is(build: Any) -> None:
    backend = build()
    ours = from_backend(backend)
    assert {"r", "cz"} <= {gate for gate, _ in ours.channels}
    for gate, errors in backend.noise_model._local_quantum_errors.items():
        for qubits, error in list(errors.items())[:3]:
            expected = dumb_transfer(SuperOp(error), len(qubits))
            np.testing.assert_allclose(ours.channels[gate, qubits], expected, atol=1e-12)
    flips = backend.error_profile.readout_errors["QB1"]
    assert ours.readout[0] == model.Readout(flips["0"], pytest.approx(flips["1"]))


def test_iqms_snapshot_errs_as_much_as_its_fake_backend_and_relaxes_the_right_qubit() -> None:
    """IQM's fake backend gives each qubit of a cz the relaxation of the other; the snapshot does not."""
    ours, theirs = from_snapshot(snapshot("iqm_adonis")), from_backend(IQMFakeAdonis())
    for place, matrix in ours.channels.items():
        error = channels.average_infidelity(theirs.channels[place])
        assert channels.average_infidelity(matrix) == pytest.approx(error, abs=1e-11)
    swapped = channels.reverse_wires(theirs.channels["cz", (2, 4)])
    np.testing.assert_allclose(ours.channels["cz", (2, 4)], swapped, atol=2e-4)  # they relax first
    assert np.abs(ours.channels["cz", (2, 4)] - theirs.channels["cz", (2, 4)]).max() > 1e-3


def test_noise_comes_back_from_aer_as_it_went() -> None:
    rng = np.random.default_rng(5)
    isometry = np.linalg.qr(rng.normal(size=(12, 4)) + 1j * rng.normal(size=(12, 4)))[0]
    ours = model.NoiseModel(
        "there",
        {
            ("cx", (2, 0)): channels.from_kraus(list(isometry.reshape(3, 4, 4))),
            ("sx", (1,)): channels.amplitude_damping(0.2),
            ("h", ()): channels.depolarizing(0.1, 1),
        },
        {2: model.Readout(0.1, 0.3)},
    )
    back = from_aer(to_aer(ours))
    assert set(back.channels) == set(ours.channels)
    for place, matrix in ours.channels.items():
        np.testing.assert_allclose(back.channels[place], matrix, atol=1e-12)
    assert back.readout == {2: model.Readout(0.1, 0.3)}
    assert set(from_aer(to_aer(ours, {1})).channels) == {("sx", (1,)), ("h", ())}


def test_what_a_noise_model_cannot_say_is_refused() -> None:
    together, everywhere, before = NoiseModel(), NoiseModel(), NoiseModel()
    together.add_readout_error(ReadoutError(np.eye(4)[[1, 0, 2, 3]]), [0, 1])
    everywhere.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]))
    before.add_all_qubit_quantum_error(QuantumError(Kraus(np.eye(2)[::-1])), "measure")
    with pytest.raises(UserError, match=r"reads qubits \(0, 1\) out together"):
        from_aer(together)
    with pytest.raises(UserError, match="one readout error for all qubits"):
        from_aer(everywhere)
    with pytest.raises(UserError, match="quantum error on measure"):
        from_aer(before)


def random_native(name: str, qubits: tuple[int, ...], seed: int) -> QuantumCircuit:
    """Forty gates of the backend within some qubits, on a circuit as wide as the machine."""
    rng, calibration = np.random.default_rng(seed), snapshot(name)
    places = sorted((g.name, g.qubits) for g in calibration.gates if set(g.qubits) <= set(qubits))
    circuit = QuantumCircuit(len(calibration.qubits))
    target = to_target(calibration)
    for pick in rng.integers(len(places), size=40):
        gate, on = places[pick]
        operation = target.operation_from_name(gate).to_mutable()
        operation.params = list(rng.uniform(-3, 3, size=len(operation.params)))
        circuit.append(operation, on)
    return circuit


def dumb_evolution(circuit: QuantumCircuit, noise: model.NoiseModel, qubits: tuple[int, ...]) -> np.ndarray:
    """Pauli coefficients of the state, first of ``qubits`` first letter, gate after gate by full Kronecker products."""
    wires = len(qubits)
    state = np.zeros(4**wires)
    for k in range(4**wires):
        state[k] = all(letter in (0, 3) for letter in np.unravel_index(k, (4,) * wires))
    for step in circuit.data:
        on = tuple(circuit.find_bit(q).index for q in step.qubits)
        unitary = channels.reverse_wires(channels.from_kraus([Operator(step.operation).data]))
        after = noise.after(step.operation.name, on)
        whole = unitary if after is None else after @ unitary
        state = channels.embed(whole, [qubits.index(q) for q in on], wires) @ state
    return state


@pytest.mark.parametrize(
    ("name", "qubits"), [("ibmq_lima", (0, 1, 2, 3)), ("ibm_brisbane", (2, 1, 0)), ("ibm_torino", (0, 1, 2))]
)
def test_a_noisy_native_circuit_is_aers_density_matrix(name: str, qubits: tuple[int, ...]) -> None:
    circuit = random_native(name, qubits, seed=7)
    assert {"rz", "sx"} < set(circuit.count_ops())
    ours = dumb_evolution(circuit, from_snapshot(snapshot(name)), qubits)
    words = channels.pauli_words(len(qubits))
    circuit.save_density_matrix(list(qubits[::-1]))
    result = (
        AerSimulator(method="density_matrix", noise_model=aer_model(name), zero_threshold=0.0).run(circuit).result()
    )
    theirs = np.einsum("kij,ji->k", words, result.data()["density_matrix"].data).real
    assert np.abs(theirs).min() < 0.9 < np.abs(theirs).max()
    # Aer drops the rarest branches of an error: its own trace falls short by 1e-9
    np.testing.assert_allclose(ours, theirs, atol=1e-8, rtol=0)


def test_readout_error_turns_z_as_the_counts_say() -> None:
    noise = model.NoiseModel("asymmetric", {}, {0: model.Readout(0.2, 0.0), 1: model.Readout(0.05, 0.3)})
    circuit = QuantumCircuit(2)
    circuit.x(1)
    circuit.measure_all()
    shots = 40_000
    counts = AerSimulator(noise_model=to_aer(noise), seed_simulator=3).run(circuit, shots=shots).result().get_counts()
    ones = [sum(n for word, n in counts.items() if word[::-1][q] == "1") / shots for q in (0, 1)]
    # five standard deviations of a share
    assert ones[0] == pytest.approx(0.2, abs=5 * np.sqrt(0.2 * 0.8 / shots))
    assert ones[1] == pytest.approx(0.7, abs=5 * np.sqrt(0.3 * 0.7 / shots))


def test_our_order_is_qiskits_reversed() -> None:
    control_first = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    np.testing.assert_allclose(
        channels.reverse_wires(channels.from_kraus([CXGate().to_matrix()])), channels.from_kraus([control_first])
    )

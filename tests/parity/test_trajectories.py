"""Trajectories of pure states against exact propagation and Aer's own trajectories; where they take over."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from hqnn.circuits.library import build, build_for
from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.engine.trajectories import Trajectories
from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.execution.noisy import Noisy
from hqnn.interpreters.native import from_qiskit
from hqnn.models.architectures import build_classifier, load_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier
from hqnn.noise import channels
from hqnn.noise.aer import to_aer, with_waits
from hqnn.noise.model import NoiseModel, Readout, Waiting
from hqnn.noise.thermal import from_snapshot
from hqnn.training.native import train_native
from trained_models import compiled

CIRCUITS = (
    ("angle_y-simplified_two_design-2", 6, ["ZIIIII", "0.5*IXYIII-0.3*IIZIII", "PIIQII"]),
    ("amplitude-basic_entangler-1", 3, ["ZII", "IYX"]),
    ("angle_y-basic_entangler-2-reupload", 3, ["ZXI"]),
)


def damped(program: Program) -> NoiseModel:
    """No unital noise alone: damping that differs between wires, depolarising, waits and asymmetric readout."""
    found = {}
    for gate in program.gates:
        rates = [channels.amplitude_damping(0.03 * (1 + wire)) for wire in gate.wires]
        found[gate.name, gate.wires] = channels.compose(
            channels.tensor(*rates), channels.depolarizing(0.04, len(gate.wires))
        )
    durations = {place: 100.0 * len(place[1]) for place in found}
    waiting = Waiting(durations, dict.fromkeys(range(program.wires), (20.0, 15.0)))
    return NoiseModel("damped", found, {w: Readout(0.02 + 0.01 * w, 0.05) for w in range(program.wires)}, waiting)


def test_means_are_the_exact_values_within_their_standard_errors() -> None:
    off = []
    for name, wires, words in CIRCUITS:
        program = build(name, wires, words)
        layer = QuantumLayer(program, damped(program), dtype=torch.float64)
        inputs = np.random.default_rng(0).normal(size=(4, program.inputs))
        weights = layer.weights.detach().numpy().ravel()
        values, errors = Trajectories(program, damped(program), weights, count=200, seed=1)(inputs)
        off.append((values - layer(torch.from_numpy(inputs)).detach().numpy()) / errors)
    every = np.concatenate([one.ravel() for one in off])
    assert abs(every).max() < 4.5
    assert 0.6 < np.sqrt(np.mean(every**2)) < 1.5  # neither biased nor with errors too large


def test_fourteen_wires_are_aers_trajectories_within_errors() -> None:
    wires, count = 14, 60
    x = ParameterVector("inputs", wires)
    circuit = QuantumCircuit(wires)
    for wire in range(wires):
        circuit.sx(wire)
        circuit.rz(x[wire], wire)
        circuit.sx(wire)
    for wire in range(wires - 1):
        circuit.cx(wire, wire + 1)
    words = ("Z" + "I" * 13, "I" * 6 + "ZZ" + "I" * 6, "I" * 13 + "Z")
    relaxed = channels.thermal_relaxation(50.0, 40.0, 1.0)
    kinds = {("sx", ()): channels.depolarizing(0.02, 1), ("cx", ()): channels.tensor(relaxed, relaxed)}
    durations = {("cx", (wire, wire + 1)): 400.0 for wire in range(wires - 1)}
    noise = NoiseModel("chain", kinds, {}, Waiting(durations, dict.fromkeys(range(wires), (50.0, 40.0))))
    program = from_qiskit(circuit, observables=words, inputs=wires, weight_shape=(0,))
    inputs = np.random.default_rng(2).uniform(0.2, 1.2, (1, wires))
    values, errors = Trajectories(program, noise, np.empty(0), count=count, seed=0)(inputs)

    bound = with_waits(circuit.assign_parameters(dict(zip(x, inputs[0], strict=True))), noise.waiting)
    for word in words:
        bound.save_expectation_value(SparsePauliOp(word[::-1]), range(wires), label=word)
    simulator = AerSimulator(method="statevector", noise_model=to_aer(noise), seed_simulator=5)
    theirs = simulator.run(bound, shots=count).result().data()
    off = (values[0] - [theirs[word] for word in words]) / (np.sqrt(2) * errors[0])
    assert abs(off).max() < 4
    assert (errors[0] < 0.15).all()


@pytest.fixture
def trained(tmp_path: Path) -> tuple[HybridClassifier, str, Noisy]:
    """A model of three wires, and a noisy path whose memory limit is far below what exact propagation needs."""
    model = build_classifier(
        Architecture("pixel", (3,), options={"reading": "scaled"}),
        build_for("angle_y-simplified_two_design-1", 3, ("Z0",)),
        seed=1,
    )
    save_classifier(tmp_path / "model.safetensors", model, {})
    program, _, backend = compiled(tmp_path, 3)
    return *load_classifier(tmp_path / "model.safetensors"), Noisy(program, backend, trajectories=50, memory_limit_mb=0)


def test_the_noisy_path_takes_trajectories_where_memory_ends(
    trained: tuple[HybridClassifier, str, Noisy], caplog: pytest.LogCaptureFixture
) -> None:
    model, fingerprint, path = trained
    inputs = np.random.default_rng(0).normal(size=(5, 3))
    exact = replace(path, memory_limit_mb=100.0)(model, fingerprint, inputs)
    with caplog.at_level(logging.INFO):
        found = path(model, fingerprint, inputs)
    assert "engine.memory_limit_mb is 0; raise it" in caplog.text
    assert "50 trajectories a sample" in caplog.text
    assert (found.trajectories, exact.trajectories) == (50, 0)
    assert (path.samples(7), replace(path, memory_limit_mb=100.0).samples(7)) == (7, None)
    assert (abs(found.values - exact.values) < 5 * found.standard_errors).all()
    assert not exact.standard_errors.any()
    alone = path(model, fingerprint, inputs[3:4])
    np.testing.assert_array_equal(alone.values, found.values[3:4])  # whatever samples are beside it
    other = replace(path, seed=1)(model, fingerprint, inputs)
    assert (other.values != found.values).any()


def test_training_on_trajectories_is_refused_in_a_sentence(
    trained: tuple[HybridClassifier, str, Noisy], tmp_path: Path
) -> None:
    with pytest.raises(
        UserError, match=r"noise on 3 wires needs exact values, since traj.* no gradients: .*memory_limit_mb"
    ):
        train_native(
            tmp_path / "noisy.safetensors",
            tmp_path / "history.csv",
            samples=[],
            start=tmp_path / "model.safetensors",
            program=trained[2].program,
            noise=from_snapshot(snapshot("ibmq_lima")),
            training={},
            seed=0,
            memory_limit_mb=1e-6,
        )

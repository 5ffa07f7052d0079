"""Weights that ran are weights that were trained, on every path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from qiskit.quantum_info import Statevector

from hqnn.circuits.library import build, build_for
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import Compiled, compile_program, save_compiled
from hqnn.execution.exact import run_exact
from hqnn.execution.hardware import Hardware
from hqnn.execution.noisy import Noisy
from hqnn.execution.predict import ExecutionPath
from hqnn.execution.sampled import Shots
from hqnn.models.architectures import build_classifier, load_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier

NAME, QUBITS, BACKEND, SHOTS = "angle_y-simplified_two_design-2", 4, "ibmq_lima", 4000
BINDING = ("shots", "noisy", "hardware")  # paths that bind the weights anew; the engine reads the model's own


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_program(build(NAME, QUBITS, ["Z1"]), backend(BACKEND), seed=0, layouts=1)


@pytest.fixture(scope="module")
def paths(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExecutionPath]:
    folder = tmp_path_factory.mktemp("compiled")
    circuit, program = folder / "program.qpy", folder / "program.json"
    save_compiled(circuit, program, compiled)
    return {
        "exact": run_exact,
        "shots": Shots(SHOTS, seed=0),
        "noisy": Noisy(program, BACKEND),
        "hardware": Hardware(circuit, program, BACKEND, SHOTS, seed=0),
    }


@pytest.fixture
def trained(tmp_path: Path) -> tuple[HybridClassifier, str]:
    model = build_classifier(
        Architecture("pixel", (3,), options={"reading": "scaled"}), build_for(NAME, QUBITS, ["Z1"]), seed=1
    )
    save_classifier(tmp_path / "model.safetensors", model, {})
    return load_classifier(tmp_path / "model.safetensors")


def recreated(model: HybridClassifier) -> None:
    """The published mistake: a new layer, and so fresh random weights, after the trained ones were loaded."""
    model.quantum = QuantumLayer(model.program, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


def reordered(model: HybridClassifier) -> None:
    """The right numbers in another order."""
    with torch.no_grad():
        model.quantum.weights.copy_(model.quantum.weights.flip(0))


def nudged(model: HybridClassifier) -> None:
    """One weight off by its last bit."""
    with torch.no_grad():
        first = model.quantum.weights.view(-1)[:1]
        first.copy_(torch.nextafter(first, first + 1))


@pytest.mark.parametrize("fault", [recreated, reordered, nudged])
@pytest.mark.parametrize("path", BINDING)
def test_a_layer_with_other_weights_is_stopped_before_it_runs(
    paths: dict[str, ExecutionPath],
    trained: tuple[HybridClassifier, str],
    path: str,
    fault: Callable[[HybridClassifier], None],
) -> None:
    model, fingerprint = trained
    fault(model)
    with pytest.raises(UserError, match="not the trained ones"):
        paths[path](model, fingerprint, np.zeros((2, QUBITS)))


def test_a_table_of_parameters_bound_by_position_is_stopped(
    paths: dict[str, ExecutionPath], trained: tuple[HybridClassifier, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_position(circuit: object, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.hstack([np.tile(weights.ravel()[::-1], (len(inputs), 1)), inputs])

    monkeypatch.setattr("hqnn.execution.sampled.parameter_values", by_position)
    with pytest.raises(UserError, match=r"not the trained ones|differs between the samples"):
        paths["hardware"](*trained, np.random.default_rng(0).normal(size=(3, QUBITS)))


def test_the_four_paths_agree_on_the_same_samples(
    paths: dict[str, ExecutionPath], trained: tuple[HybridClassifier, str], compiled: Compiled
) -> None:
    model, fingerprint = trained
    inputs = model.circuit_inputs(np.random.default_rng(3).normal(size=(40, 3)))
    runs = {name: path(model, fingerprint, inputs) for name, path in paths.items()}
    weights = {f"weights[{j}]": w for j, w in enumerate(model.quantum_weights())}
    for values, found in zip(inputs, runs["exact"].values[:, 0], strict=True):
        names = weights | {f"inputs[{i}]": x for i, x in enumerate(values)}
        circuit = compiled.circuit
        bound = circuit.assign_parameters({p: names[p.name] for p in circuit.parameters})
        measured = circuit.layout.final_index_layout()[1]
        assert Statevector(bound).probabilities([measured]) @ [1, -1] == pytest.approx(found, abs=1e-9)
    for sampled, truth in (("shots", "exact"), ("hardware", "noisy")):
        errors = np.sqrt((1 - runs[truth].values ** 2) / SHOTS)
        scores = (runs[sampled].values - runs[truth].values) / errors
        assert np.abs(scores).max() < 4.5
        assert 0.6 < scores.std() < 1.5
    assert np.abs(runs["noisy"].values - runs["exact"].values).max() > 0.02

"""Kernels beside PennyLane's, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.data.parts import TEST, TRAIN
from hqnn.errors import UserError
from hqnn.execution.references import predict_reference
from hqnn.interpreters.pennylane import to_qfunc
from hqnn.metrics.alignment import kernel_target_alignment
from hqnn.models.kernel_machines import FidelityKernel
from hqnn.models.kernels import bloch_vectors, fidelity_kernel, gaussian_of_qubits, projected_kernel, usual_gamma
from hqnn.models.reference_parameters import check_parameters
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout
from hqnn.store import read_table, write_table

NOISE = NoiseModel(
    "mild",
    {("CNOT", ()): channels.tensor(channels.thermal_relaxation(9.0, 7.0, 1.0), channels.thermal_relaxation(5, 6, 1))},
    {0: Readout(0.03, 0.08)},
)


def function_of_inputs(inputs: Any, weights: Any, wires: Any) -> None:
    qml.AngleEmbedding(inputs, wires, rotation="X")
    for first, second in ((0, 1), (1, 2)):
        qml.CNOT([first, second])
        qml.RZ(weights[0] * (np.pi - inputs[first]) * inputs[second], second)
        qml.CNOT([first, second])
    qml.AngleEmbedding(inputs, wires, rotation="X")


CIRCUITS = {
    "real": build("angle_y-simplified_two_design-2-reupload", 4),
    "complex": build("angle_x-strongly_entangling-2-reupload", 3),
    "amplitudes": build("amplitude-efficient_su2-1", 3),
    "functions": trace(function_of_inputs, inputs=3, weight_shape=(1,), wires=3, observables=["Z0"]),
}


def densities(program: Program, weights: Any, samples: Any, noise: NoiseModel | None = None) -> np.ndarray:
    """Of every sample by PennyLane, shape (samples, 2^wires, 2^wires)."""
    circuit = to_qfunc(program, noise)

    @qml.qnode(qml.device("default.mixed", wires=program.wires))
    def state(inputs: Any) -> Any:
        circuit(inputs, weights)
        return qml.state()

    return np.array([state(sample) for sample in samples])


def drawn(program: Program, seed: int, samples: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-3, 3, program.weight_shape), rng.normal(size=(samples, program.inputs))


@pytest.mark.parametrize(
    ("name", "noise"), [*((name, None) for name in CIRCUITS), ("complex", NOISE), ("functions", NOISE)]
)
def test_kernels_are_those_of_pennylanes_density_matrices(name: str, noise: NoiseModel | None) -> None:
    program = CIRCUITS[name]
    weights, samples = drawn(program, 3)
    states = densities(program, weights, samples, noise)
    theirs = np.einsum("aij,bji->ab", states, states).real
    ours = fidelity_kernel(program, weights, samples, noise=noise)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)
    np.testing.assert_allclose(fidelity_kernel(program, weights, samples[:2], samples[1:], noise=noise), ours[:2, 1:])

    qubits = [qml.math.reduce_dm(states, [wire]) for wire in range(program.wires)]
    apart = sum(np.linalg.norm(rho[:, None] - rho, axis=(2, 3)) ** 2 for rho in qubits)
    quiet = NoiseModel("quiet", noise.channels, {}) if noise else None
    ours = projected_kernel(program, weights, samples, gamma=0.7, noise=quiet)
    np.testing.assert_allclose(ours, np.exp(-0.7 * apart), rtol=0, atol=1e-10)
    assert usual_gamma(bloch_vectors(program, weights, samples, noise=quiet)) == pytest.approx(1 / apart.mean())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(sorted(CIRCUITS)))
def test_a_kernel_is_symmetric_positive_and_of_what_is_in_it(seed: int, name: str) -> None:
    weights, samples = drawn(CIRCUITS[name], seed, 8)
    for kernel in (fidelity_kernel, projected_kernel):
        matrix = kernel(CIRCUITS[name], weights, samples)
        np.testing.assert_allclose(matrix, matrix.T, rtol=0, atol=1e-12)
        np.testing.assert_allclose(np.diag(matrix), 1, rtol=0, atol=1e-12)
        assert np.linalg.eigvalsh(matrix).min() > -1e-10 and matrix.min() >= 0 and matrix.max() < 1 + 1e-12


def test_readout_errors_bring_projected_samples_nearer() -> None:
    weights, samples = drawn(CIRCUITS["complex"], 1)
    read = bloch_vectors(CIRCUITS["complex"], weights, samples, noise=NOISE)
    exact = bloch_vectors(CIRCUITS["complex"], weights, samples, noise=NoiseModel("quiet", NOISE.channels, {}))
    off = gaussian_of_qubits(read, read, 1.0) - gaussian_of_qubits(exact, exact, 1.0)
    assert (off[~np.eye(5, dtype=bool)] > 1e-4).all()


@pytest.mark.parametrize("classes", [2, 4])
def test_alignment_is_its_definition_and_that_of_signs_for_two_classes(classes: int) -> None:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 30)
    points = rng.normal(size=(30, 3)) + labels[:, None]
    kernel = np.exp(-((points[:, None] - points) ** 2).sum(2))
    centre = np.eye(30) - 1 / 30
    target = labels[:, None] == labels
    if classes == 2:
        target = np.outer(2 * labels - 1, 2 * labels - 1)
    ours, theirs = centre @ kernel @ centre, centre @ target @ centre
    expected = (ours * theirs).sum() / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert kernel_target_alignment(kernel, labels) == pytest.approx(expected, abs=1e-12)
    assert kernel_target_alignment(np.asarray(target, float), labels) == pytest.approx(1)
    assert np.isnan(kernel_target_alignment(np.ones((30, 30)), labels))


def test_a_kernel_of_very_many_samples_is_refused_before_anything_is_computed() -> None:
    program = CIRCUITS["real"]
    weights, _ = drawn(program, 0)
    many = np.broadcast_to(np.zeros(4), (100_000, 4))
    for kernel in (fidelity_kernel, projected_kernel):
        with pytest.raises(UserError, match=r"100,000 by 100,000 samples needs about 80,\d\d\d MB.*take fewer"):
            kernel(program, weights, many)


def rings(path: Path, rows: int = 120) -> Path:
    """Two classes that no plane parts: inside and outside of a circle."""
    rng = np.random.default_rng(0)
    angles, labels = rng.uniform(0, 2 * np.pi, rows), np.arange(rows) % 2
    radii = np.where(labels, 1.5, 0.4) + rng.normal(scale=0.1, size=rows)
    features = (radii * np.array([np.cos(angles), np.sin(angles)])).T.astype(np.float32)
    split = np.where(np.arange(rows) % 3, TRAIN, TEST).astype(np.uint8)
    write_table(
        path, {"features": features, "labels": labels.astype(np.uint8), "split": split}, {"classes": ["i", "o"]}
    )
    return path


@pytest.mark.parametrize("estimator", ["fidelity_kernel", "projected_kernel"])
@pytest.mark.parametrize("backend", [None, "ibmq_lima"])
def test_a_machine_on_a_quantum_kernel_parts_what_no_plane_does(
    tmp_path: Path, estimator: str, backend: str | None
) -> None:
    said: dict[str, Any] = {"estimator": estimator, "C": 10, "train_samples": 60, "standardise": True}
    predict_reference(
        tmp_path / "predictions.h5",
        samples=rings(tmp_path / "samples.h5"),
        name="mine",
        parameters=said | ({"backend": backend} if backend else {}),
        seed=1,
        about={"study": "any", "dataset": "any", "phase": "ideal", "path": "exact"},
        layouts=1,
    )
    columns, about = read_table(tmp_path / "predictions.h5")
    assert (columns["predicted"] == columns["label"]).mean() > 0.9
    assert about["kernel"] == estimator and about["train_samples"] == 60 and 0.05 < about["alignment"] <= 1
    assert about["backend"] == (backend or "scikit-learn") and bool(about.get("calibration_digest")) == bool(backend)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"circuit": "angle_y-belman-1"}, "'bellman'"),
        ({"circuit": "amplitude-bellman-1", "backend": "ibmq_lima"}, "embeds amplitudes"),
        ({"train_samples": 2.5}, "whole number above 0"),
        ({"gamma": -1}, "gamma of the baseline projected_kernel is -1; give a number above 0"),
        ({"gama": 1}, "did you mean 'gamma'"),
    ],
)
def test_what_a_kernel_does_not_take_is_refused_before_it_is_fitted(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_parameters("projected_kernel", parameters)


def test_more_features_than_wires_are_refused() -> None:
    with pytest.raises(UserError, match=r"512 wires for 512 features.*embedding amplitude"):
        FidelityKernel().fit(np.zeros((4, 512)), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("samples", "says"), [(np.zeros((3, 5)), r"shape \(3, 5\)"), (np.full((3, 4), np.nan), "NaN"), (np.zeros(4), "4,")]
)
def test_samples_that_do_not_fit_are_refused(samples: np.ndarray, says: str) -> None:
    weights, _ = drawn(CIRCUITS["real"], 0)
    with pytest.raises(UserError, match=says):
        fidelity_kernel(CIRCUITS["real"], weights, samples)
    with pytest.raises(UserError, match="amplitudes have no gates"):
        fidelity_kernel(CIRCUITS["amplitudes"], drawn(CIRCUITS["amplitudes"], 0)[0], np.ones((2, 8)), noise=NOISE)

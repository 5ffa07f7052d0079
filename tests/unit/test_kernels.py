"""Kernels beside PennyLane's, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.errors import UserError
from hqnn.interpreters.pennylane import to_qfunc
from hqnn.metrics.alignment import kernel_target_alignment
from hqnn.models.kernels import bloch_vectors, fidelity_kernel, gaussian_of_qubits, projected_kernel, usual_gamma
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Readout

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


@pytest.mark.parametrize(
    ("samples", "says"), [(np.zeros((3, 5)), r"shape \(3, 5\)"), (np.full((3, 4), np.nan), "NaN"), (np.zeros(4), "4,")]
)
def test_samples_that_do_not_fit_are_refused(samples: np.ndarray, says: str) -> None:
    weights, _ = drawn(CIRCUITS["real"], 0)
    with pytest.raises(UserError, match=says):
        fidelity_kernel(CIRCUITS["real"], weights, samples)
    with pytest.raises(UserError, match="amplitudes have no gates"):
        fidelity_kernel(CIRCUITS["amplitudes"], drawn(CIRCUITS["amplitudes"], 0)[0], np.ones((2, 8)), noise=NOISE)

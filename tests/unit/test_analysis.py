"""Fourier coefficients, gradient variances and expressibility against independent results; figures and sentences."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pennylane as qml
import pytest
import torch

from hqnn.analysis import expressibility, fourier, trainability
from hqnn.analysis.circuit import analyse
from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.interpreters.pennylane import to_qnode
from hqnn.noise.channels import average_infidelity
from hqnn.noise.model import NoiseModel
from hqnn.noise.snapshot import read_snapshot
from hqnn.report import analysis, analysis_words
from hqnn.report.analysed import AnalysisFiles, write_analysis

ERRORS = trainability.GateErrors(0.001, 0.02)
ASKED: dict[str, Any] = {"draws": 20, "pairs": 200, "qubits": (3, 4), "depths": (1, 2), "seed": 0}


def parallel() -> Program:
    return build("angle_x-strongly_entangling-3", 5, [f"Y{wire}" for wire in range(5)])


def nine_point_coefficients(program: Program, weights: np.ndarray, noise: NoiseModel | None = None) -> np.ndarray:
    """From values on a 3x3 grid of the first two inputs, shape (observables, 3, 3)."""
    layer = QuantumLayer(program, noise, dtype=torch.float64)
    grid = 2 * np.pi * np.arange(3) / 3
    points = np.zeros((3, 3, program.inputs))
    points[..., 0], points[..., 1] = np.meshgrid(grid, grid, indexing="ij")
    with torch.no_grad():
        layer.weights.copy_(torch.as_tensor(weights.reshape(program.weight_shape)))
        values = layer(torch.as_tensor(points)).numpy()
    return np.fft.fftshift(np.fft.fft2(values, axes=(0, 1)) / 9, axes=(0, 1)).transpose(2, 0, 1)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("name", ["angle_y-quanvolutional-1-rotations_last", "hadamard_angle_y-strongly_entangling-2"])
def test_coefficients_are_those_of_nine_values(name: str, noisy: bool) -> None:
    program = build(name, 4)
    noise = trainability.depolarizing_noise(program, ERRORS) if noisy else None
    weights = fourier.drawn_weights(program, 3, np.random.default_rng(0))
    ours = fourier.pair_coefficients(program, weights, noise=noise)
    for draw, own in zip(weights, ours, strict=True):
        np.testing.assert_allclose(own, nine_point_coefficients(program, draw, noise), atol=1e-12)


def test_coefficients_are_pennylane_s() -> None:
    program = parallel()
    weights = fourier.drawn_weights(program, 1, np.random.default_rng(1))
    one = replace(program, observables=program.observables[2:3])
    evaluate = to_qnode(one, qml.device("default.qubit", wires=5), interface="numpy")

    def of_two(inputs: Any) -> float:
        full = np.zeros((1, 5))
        full[0, :2] = inputs
        return float(np.squeeze(evaluate(full, weights.reshape(program.weight_shape))))

    theirs = np.fft.fftshift(qml.fourier.coefficients(of_two, 2, 1))
    np.testing.assert_allclose(fourier.pair_coefficients(program, weights)[0, 2], theirs, atol=1e-12)


def test_coefficients_of_the_chain_are_the_closed_form_s() -> None:
    program = build("angle_y-quanvolutional-1", 4)
    weights = fourier.drawn_weights(program, 5, np.random.default_rng(2))
    ours = fourier.pair_coefficients(program, weights)
    turned = np.exp(1j * weights[:, :, None] * np.array([-1, 0, 1])) / 2 * np.array([1, 0, 1])
    np.testing.assert_allclose(ours[:, 0, :, 1], turned[:, 0], atol=1e-12)  # cos(x0 + w0)
    np.testing.assert_allclose(ours[:, 1], turned[:, 0, :, None] * turned[:, 1, None, :], atol=1e-12)
    last = turned[:, 0, :, None] * turned[:, 1, None, :] * np.cos(weights[:, 2:]).prod(1)[:, None, None]
    np.testing.assert_allclose(ours[:, 3], last, atol=1e-12)
    assert fourier.richest(ours) == 1


def test_other_inputs_can_be_chosen_in_any_order() -> None:
    program = parallel()
    weights = fourier.drawn_weights(program, 2, np.random.default_rng(3))
    forth, back = (fourier.pair_coefficients(program, weights, pair) for pair in ((1, 3), (3, 1)))
    np.testing.assert_allclose(forth, back.swapaxes(2, 3), atol=1e-14)
    assert np.abs(forth - fourier.pair_coefficients(program, weights)).max() > 0.01


def test_circuits_without_one_rotation_a_wire_have_no_such_coefficients() -> None:
    for name in ("angle_y-dressed-2-reupload", "amplitude-dressed-1"):
        program = build(name, 3)
        with pytest.raises(UserError, match="embed each input once"):
            fourier.pair_coefficients(program, fourier.drawn_weights(program, 1, np.random.default_rng(0)))
    with pytest.raises(UserError, match="no input 7"):
        fourier.pair_coefficients(parallel(), np.zeros((1, 45)), (0, 7))


@pytest.mark.parametrize(
    ("options", "absorbed"),
    [("axis_x", (0, 1, 2, 3)), ("axis_y", ()), ("axis_z", (0, 1, 2, 3)), ("axis_x-rotations_last", None)],
)
def test_a_linear_layer_absorbs_the_weights_that_only_scale(options: str, absorbed: tuple[int, ...] | None) -> None:
    program = build(f"angle_y-quanvolutional-1-{options}", 4)
    found = fourier.absorbed_weights(program, np.random.default_rng(4))
    if absorbed is None:  # <Z_3> = cos(w3) times a product: its rotation comes last on its wire and nothing mixes it
        assert 3 in found
    else:
        assert found == absorbed


def test_what_is_absorbed_can_be_undone_by_a_linear_map() -> None:
    """Features at two sets of weights are one linear map apart for RX behind RY, and are not for RY behind RY."""
    rng = np.random.default_rng(5)
    inputs = torch.as_tensor(rng.uniform(0, 6, (200, 4)))
    residual = {}
    for axis in "xy":
        layer = QuantumLayer(build(f"angle_y-quanvolutional-1-axis_{axis}", 4), dtype=torch.float64)
        with torch.no_grad():
            layer.weights.copy_(torch.as_tensor(rng.uniform(0.3, 1.2, (1, 4))))
            before = layer(inputs).numpy()
            layer.weights += 0.4
            after = layer(inputs).numpy()
        design = np.column_stack([before, np.ones(200)])
        residual[axis] = np.abs(design @ np.linalg.lstsq(design, after)[0] - after).max()
    assert residual["x"] < 1e-10
    assert residual["y"] > 0.05


def test_gradients_are_those_of_the_parameter_shift_rule() -> None:
    program = build("angle_y-basic_entangler-2", 3, ["ZZI"])
    ours = trainability.gradients(program, 4, seed=6)
    generator = torch.Generator().manual_seed(6)
    layer = QuantumLayer(program, copies=4, generator=generator, dtype=torch.float64)
    inputs = torch.rand(12, generator=generator, dtype=torch.float64) * (2 * torch.pi)
    with torch.no_grad():
        drawn = layer.weights.clone()
        for j in range(program.weights):
            shift = torch.zeros(program.weights, dtype=torch.float64)
            shift[j] = torch.pi / 2
            values = []
            for sign in (1, -1):
                layer.weights.copy_(drawn + sign * shift.reshape(program.weight_shape))
                values.append(layer(inputs))
            np.testing.assert_allclose(ours[:, j], ((values[0] - values[1]) / 2).numpy(), atol=1e-12)


def test_deep_circuits_have_the_gradient_variance_of_unitary_designs() -> None:
    for qubits in (2, 4):
        program = build("angle_x-strongly_entangling-10", qubits, ["Z" * qubits])
        middle = trainability.gradients(program, 600, seed=qubits).var(axis=0).reshape(program.weight_shape)[4:6]
        assert middle.mean() == pytest.approx(trainability.unitary_design_variance(qubits), rel=0.15)


def test_the_sweep_says_what_is_local_and_what_noise_takes() -> None:
    sizes = ((2, 4, 5), (1, 6), 60, 0, trainability.GateErrors(0.01, 0.1), "Z")
    table = trainability.sweep("angle_y-dressed-3", *sizes)
    assert tuple(table.columns) == trainability.COLUMNS
    assert len(table) == 3 * 2 * 2 * 2
    at = table.set_index(["observable", "noise", "qubits", "depth"])["variance"]
    assert at["global", "ideal", 5, 1] < 0.5 * at["global", "ideal", 2, 1]
    assert all(at[kind, "noisy", 4, 6] < 0.5 * at[kind, "ideal", 4, 6] for kind in trainability.LOCALITIES)
    pd.testing.assert_frame_equal(table, trainability.sweep("angle_y-dressed-1", *sizes))


def test_a_circuit_of_one_size_is_swept_at_that_size_only() -> None:
    table = trainability.sweep("angle_y-quanvolutional-1", (2, 4, 6), (1,), 10, 0, ERRORS, "Z")
    assert set(table["qubits"]) == {4}
    for none in ((2, 6), (3,)):
        with pytest.raises(UserError, match=rf"analysis\.qubits is {re.escape(str(list(none)))}.* it has: 4$"):
            trainability.sweep("angle_y-quanvolutional-1", none, (1,), 10, 0, ERRORS, "Z")


def test_the_noise_has_the_infidelity_that_was_asked_for() -> None:
    channels = trainability.depolarizing_noise(parallel(), ERRORS).channels
    found = {name: average_infidelity(channel) for (name, _), channel in channels.items()}
    assert found == pytest.approx({"RX": 0.001, "Rot": 0.001, "CNOT": 0.02})


@pytest.mark.parametrize(
    ("gates", "low", "high"),
    [((), 4.317, 4.318), (("H", "RZ"), 0.2, 0.3), (("H", "RZ", "RX"), 0.005, 0.04), (("RZ", "RX", "RZ"), 0.0, 0.4)],
)
def test_expressibility_of_one_qubit_is_that_of_the_source(gates: tuple[str, ...], low: float, high: float) -> None:
    """Figure 1 of Sim et al.: idle, circuits A and B."""

    def circuit(inputs: Any, weights: Any, wires: Any) -> None:
        angles = iter(weights)
        for gate in gates:
            qml.Hadamard(0) if gate == "H" else getattr(qml, gate)(next(angles), 0)

    program = trace(circuit, inputs=0, weight_shape=(3,), wires=1, observables=["Z"])
    found = expressibility.expressibility(program, 5000, np.random.default_rng(0))
    assert low <= found.divergence <= high
    assert found.floor == pytest.approx(0.0074, abs=0.002)  # (bins - 1) / (2 pairs)


def test_haar_random_states_diverge_no_more_than_the_floor() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(2, 4000, 16)) + 1j * rng.normal(size=(2, 4000, 16))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    found = np.abs(np.einsum("pi,pi->p", vectors[0].conj(), vectors[1])) ** 2
    assert expressibility.divergence_from_haar(found, 4) < 0.01
    with pytest.raises(UserError, match="13 wires are too many"):
        expressibility.expressibility(build("angle_y-dressed-1", 13), 2, rng)


def test_figures_and_sentences_say_what_was_found() -> None:
    name = "angle_y-quanvolutional-1-axis_x"
    found = analyse(name, build(name, 4), ERRORS, **ASKED)
    said = " ".join(analysis_words.sentences(found))
    assert "Each of the 4 weights keeps a spider" in said
    assert "Weights 0, 1, 2 and 3 only mix the expectation values linearly" in said
    assert re.search(r"5 of the nine Fourier coefficients of ⟨Z₁⟩ .* are always zero", said)
    drawn = analysis.diagram_figure(found.reduction.after, "after", name).decode()
    assert all(label in drawn for label in ("θ₃", "x₀", "−π/2", "After reduction: 11 spiders, 8 with parameters"))
    assert all(b"global, noisy" in analysis.variance_figure(found.gradients, by, name) for by in ("qubits", "depth"))


def test_equal_analyses_leave_equal_files(root: Path, tmp_path: Path) -> None:
    (tmp_path / "program.json").write_text(parallel().to_json(), encoding="utf-8")
    places = [tmp_path / "once", tmp_path / "again"]
    names = [field.name for field in fields(AnalysisFiles)]
    for place in places:
        write_analysis(
            AnalysisFiles(*(str(place / name) for name in names)),
            program=str(tmp_path / "program.json"),
            calibration=str(root / "resources/calibrations/ibm_brisbane.json"),
            circuit="angle_x-strongly_entangling-3",
            **ASKED,
        )
    once, again = ({path.name: path.read_bytes() for path in place.iterdir()} for place in places)
    assert sorted(once) == sorted(names)
    assert once == again
    assert len(json.loads(once["sentences"])) > 4
    assert len(once["fourier"].splitlines()) == 1 + ASKED["draws"] * 5 * 9
    assert [line.split(b",")[2] for line in once["trainability"].splitlines()[1::4]] == [b"3", b"3", b"4", b"4"]


def test_phases_are_said_as_fractions_of_pi() -> None:
    assert [analysis.constant_label(v * np.pi) for v in (0, 2, 1, 1.5, 0.25, 0.1234)] == [
        "", "", "π", "−π/2", "π/4", "0.39",
    ]  # fmt: skip
    assert analysis.observable_label("IYIZ") == "Y₁Z₃"


def test_typical_errors_are_medians_of_gates_that_are_played(root: Path) -> None:
    found = trainability.typical_errors(read_snapshot(root / "resources/calibrations/ibm_brisbane.json"))
    assert found.source == "ibm_brisbane"
    assert 1e-4 < found.one < 5e-4 < 5e-3 < found.two < 1e-2

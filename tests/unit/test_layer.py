"""What a circuit does in its model: fits of circuits that are polynomials, and measures against their definitions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from hqnn.analysis.entanglement import meyer_wallach
from hqnn.analysis.information import effective_dimension, fisher_information, logit_jacobians, loss_gradients
from hqnn.analysis.layer import COLUMNS, Trained, layer_rows
from hqnn.analysis.polynomials import Polynomial, explained_variance
from hqnn.analysis.spectrum import frequencies, spectrum
from hqnn.circuits.library import build_for
from hqnn.circuits.program import Program
from hqnn.data.samples import Samples
from hqnn.engine import QuantumLayer
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier
from hqnn.report.layer import kept_shares, layer_sentence, read_layer

Floats = NDArray[np.float64]


def pixel_model(seed: int = 0, wires: int = 3, features: int = 4, observables: tuple[str, ...] = ("Z1",)) -> Any:
    program = build_for("angle_y-simplified_two_design-1", wires, observables)
    return build_classifier(Architecture("pixel", (features,), 2, {"reading": "scaled"}), program, seed=seed)


def samples_of(model: HybridClassifier, count: int, seed: int) -> Samples:
    """Samples that the model gets right in nine cases of ten."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 4)).astype(np.float32)
    probability = model.classify(features)
    wrong = rng.random(count) < 0.1
    labels = ((probability > np.median(probability)) ^ wrong).astype(np.uint8)
    return Samples(np.arange(count), features, labels, np.zeros(count, np.int64))


def test_fits_recover_circuits_that_are_polynomials_of_their_inputs() -> None:
    rng = np.random.default_rng(0)
    inputs, held_out = (rng.normal(size=(rows, 5, 2 * 3)) for rows in (40, 10))
    linear, square = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 3, 3, 2))

    def circuit(x: Floats, *, quadratic: bool) -> Floats:
        own = x.reshape(*x.shape[:-1], 2, 3)
        values = linear[:, 0] + np.einsum("...ci,cio->...co", own, linear[:, 1:])
        if quadratic:
            values = values + np.einsum("...ci,...cj,cijo->...co", own, own, square)
        return np.asarray(values.reshape(*x.shape[:-1], 4))

    for quadratic, degree in ((False, 1), (False, 2), (True, 2)):
        values = circuit(inputs, quadratic=quadratic)
        fit = Polynomial.fitted(inputs, values, copies=2, degree=degree)
        np.testing.assert_allclose(fit(held_out), circuit(held_out, quadratic=quadratic), atol=1e-8)
    bent = Polynomial.fitted(inputs, circuit(inputs, quadratic=True), copies=2, degree=1)
    assert explained_variance(circuit(held_out, quadratic=True), bent(held_out)) < 0.9


def test_entanglement_is_none_of_products_and_all_of_cat_states() -> None:
    rng = np.random.default_rng(1)
    single = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    single /= np.linalg.norm(single, axis=1, keepdims=True)
    product = np.kron(np.kron(single[0], single[1]), single[2])
    cat = np.zeros(8, complex)
    cat[[0, 7]] = math.sqrt(0.5)
    bell_and_one = np.kron(np.array([1, 0, 0, 1]) / math.sqrt(2), single[0])
    w_state = np.zeros(8, complex)
    w_state[[1, 2, 4]] = math.sqrt(1 / 3)
    found = meyer_wallach(np.stack([product, cat, bell_and_one, w_state]))
    np.testing.assert_allclose(found, [0, 1, 2 / 3, 8 / 9], atol=1e-12)


def test_gradients_and_fisher_information_follow_from_the_loss_by_autograd() -> None:
    model = pixel_model()
    data = samples_of(model, 12, seed=2)
    inputs = model.circuit_inputs(data.features)
    logits, jacobians = logit_jacobians(model, inputs)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        model(model.as_input(data.features)), torch.from_numpy(data.labels.astype(float)), reduction="sum"
    )
    (total,) = torch.autograd.grad(loss, model.quantum.weights)
    gradients = loss_gradients(logits, jacobians, data.labels)
    np.testing.assert_allclose(gradients.sum(axis=0), total.flatten().numpy(), atol=1e-10)
    expected = np.zeros((jacobians.shape[2],) * 2)
    for label in (0, 1):
        score = loss_gradients(logits, jacobians, np.full(12, label))
        p = 1 / (1 + np.exp(-logits[:, 0]))
        expected += np.einsum("s,sa,sb->ab", p if label else 1 - p, score, score) / 12
    np.testing.assert_allclose(fisher_information(logits, jacobians), expected, atol=1e-12)
    two = np.stack([np.zeros(12), logits[:, 0]], axis=1)  # the same model with a logit for either class
    both = np.concatenate([np.zeros_like(jacobians), jacobians], axis=1)
    np.testing.assert_allclose(fisher_information(two, both), expected, atol=1e-12)
    np.testing.assert_allclose(loss_gradients(two, both, data.labels), gradients, atol=1e-12)


def test_the_effective_dimension_counts_the_directions_that_samples_tell_apart() -> None:
    many = 10**9
    assert effective_dimension(np.diag([1.0, 1, 1, 0, 0, 0]), many) == pytest.approx(3, abs=0.15)
    assert effective_dimension(np.eye(6), many) == pytest.approx(6, abs=0.01)
    assert effective_dimension(np.zeros((4, 4)), 100) == 0
    assert math.isnan(effective_dimension(np.eye(3), 3))
    rank_one = effective_dimension(np.diag([1.0, 0, 0]), 500)
    assert rank_one < effective_dimension(np.diag([1.0, 0.5, 0]), 500) < effective_dimension(np.eye(3), 500)


def test_the_spectrum_is_that_of_the_function_and_straightness_that_of_a_line() -> None:
    rng = np.random.default_rng(3)
    inputs = np.stack([rng.uniform(-0.05, 0.05, 60), rng.uniform(-3, 3, 60)], axis=1)

    def run(x: Floats) -> Floats:
        return np.stack([3 * np.sin(x[:, 0]) + 2 * np.cos(2 * x[:, 1]), np.cos(x[:, 1])], axis=1)

    narrow, wide = (spectrum(run, inputs, place, 3) for place in (0, 1))
    np.testing.assert_allclose(narrow.power, [4.5, 0, 0], atol=1e-12)
    np.testing.assert_allclose(wide.power, [0.5, 2, 0], atol=1e-12)
    assert narrow.straight > 0.999
    lines = [np.polynomial.Polynomial.fit(inputs[:, 1], column, 1)(inputs[:, 1]) for column in run(inputs).T]
    own = run(np.stack([np.zeros(60), inputs[:, 1]], axis=1))
    residual = ((own - np.stack(lines, axis=1) - (own - np.stack(lines, axis=1)).mean(axis=0)) ** 2).sum()
    assert wide.straight == pytest.approx(1 - residual / ((own - own.mean(axis=0)) ** 2).sum(), abs=0.02)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("angle_y-bellman-1", [1, 1, 1]), ("angle_y-bellman-2-reupload", [2, 2, 2]), ("amplitude-bellman-1", None)],
)
def test_frequencies_count_how_often_an_input_enters(name: str, expected: list[int] | None) -> None:
    program = build_for(name, 3, ("Z0",))
    assert frequencies(program) == expected
    if expected:
        inputs = torch.zeros(16, 3, dtype=torch.float64)
        inputs[:, 1:] = 0.4
        inputs[:, 0] = torch.linspace(0, 2 * math.pi, 17, dtype=torch.float64)[:16]
        layer = QuantumLayer(program, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        power = np.abs(np.fft.rfft(layer(inputs).detach().numpy()[:, 0])) / 16
        assert (power[expected[0] + 1 :] < 1e-12).all()
        assert power[expected[0]] > 1e-3


def test_a_linear_function_keeps_what_an_almost_linear_circuit_has_and_untrained_weights_do_not(tmp_path: Path) -> None:
    model, start = pixel_model(), pixel_model(seed=5)
    with torch.no_grad():
        model.encode.weight.mul_(0.05)  # angles so small that the circuit is a straight line
        model.encode.bias.fill_(0.7)
    train, test = (samples_of(model, 400, seed) for seed in (0, 1))
    rows = list(layer_rows(Trained(model, start, 400, train, test), 4, np.random.default_rng(0)))
    table = pd.DataFrame([("town", "m", 0, *row) for row in rows], columns=list(COLUMNS))
    table.to_csv(tmp_path / "layer.csv", index=False)
    read = read_layer(tmp_path / "layer.csv")
    substitutes = read[read["part"] == "substitute"].groupby(["variant", "metric"])["value"].mean()
    assert substitutes["linear", "r2"] > 0.99
    assert substitutes["linear", "agreement"] > 0.97
    assert substitutes["trained", "agreement"] == 1 > substitutes["untrained", "agreement"] + 0.1
    assert "none" not in read["variant"].to_numpy()  # three inputs, one expectation value
    facts = read[read["part"] == "training"].set_index(["variant", "metric"])["value"]
    assert facts["start", "weights"] == facts["end", "weights"] == model.program.weights
    assert facts["start", "entanglement"] != facts["end", "entanglement"]
    assert set(read.loc[read["part"] == "spectrum", "variant"]) == {"x0", "x1", "x2"}
    read.loc[(read["variant"] == "trained") & (read["metric"] == "balanced_accuracy"), "value"] = 0.9
    read.loc[(read["variant"] == "linear") & (read["metric"] == "balanced_accuracy"), "value"] = 0.7
    assert kept_shares(read, 2)["linear"].tolist() == pytest.approx([0.5])
    assert "with a linear one 50 %" in layer_sentence("m", read, 2)
    read.loc[(read["variant"] == "trained") & (read["metric"] == "balanced_accuracy"), "value"] = 0.51
    assert "not above chance" in layer_sentence("m", read, 2)


def test_no_circuit_is_tried_where_it_gives_as_many_numbers_as_it_takes() -> None:
    program: Program = build_for("hadamard_angle_y-dressed-1", 4, ())
    architecture = Architecture("dressed", (4,), 2, {"delta": 0.5, "hidden": 4})
    model = build_classifier(architecture, program, seed=1)
    assert isinstance(model, HybridClassifier)
    data = samples_of(model, 60, seed=4)
    rows = list(layer_rows(Trained(model, model, 60, data, data), 1, np.random.default_rng(0)))
    nothing = {metric: value for part, variant, _, metric, value in rows if (part, variant) == ("substitute", "none")}
    with torch.no_grad():
        logits = model.read(model.encode(model.as_input(data.features))).numpy()
    assert nothing["accuracy"] == pytest.approx((logits.argmax(axis=1) == data.labels).mean())

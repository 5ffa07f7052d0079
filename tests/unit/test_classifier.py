"""Every kind of classifier comes back from its file, and its parts agree with the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from digits_nets import parallel_circuit, quanv_circuit, quanv_options
from hqnn.circuits.library import build_for
from hqnn.circuits.program import Program
from hqnn.errors import UserError
from hqnn.execution.exact import run_exact
from hqnn.models.architectures import build_classifier, load_classifier, read_classifier, save_classifier
from hqnn.models.classifier import Architecture, Classifier, probabilities_of
from hqnn.models.dressed import Standardise
from hqnn.models.hybrid import HybridClassifier
from hqnn.settings.images.keys import CnnSizes, ParallelSizes
from hqnn.store import fingerprint

PARALLEL = ParallelSizes(channels=(3,), poolings=1, circuits=2, qubits=2, layers=1)
CNN = CnnSizes(channels=(3,), poolings=1, dense=(4,), normalised=("convolutions", "dense"))
RNG = np.random.default_rng(0)
FEATURES, VIEWS = RNG.normal(size=(20, 6)).astype(np.float32), RNG.normal(size=(20, 3, 6)).astype(np.float32)
DIGITS, LARGER = (RNG.integers(256, size=(20, side, side, 1), dtype=np.uint8) for side in (8, 12))
HYBRID = ("pixel", "pixel classes", "dressed", "dressed views", "parallel", "quanv")
CLASSICAL = ("linear", "mlp", "dense_twin", "parallel_twin", "cnn", "cnn1", "cnn4")


def architecture(kind: str) -> tuple[Architecture, np.ndarray]:
    """Of a kind, and samples for it."""
    return {
        "pixel": (Architecture("pixel", (6,), 2, {"reading": "scaled"}), FEATURES),
        "pixel classes": (Architecture("pixel", (6,), 5, {"reading": "sigmoid"}), FEATURES),
        "dense_twin": (Architecture("dense_twin", (6,), 2, {"parameters": 40}), FEATURES),
        "dressed": (Architecture("dressed", (6,), 2, {"delta": 1.0, "standardise": True}), FEATURES),
        "dressed views": (Architecture("dressed", (6,), 3, {"delta": 1.0}), VIEWS),
        "parallel": (Architecture("parallel", (8, 8, 1), 5, PARALLEL.model_dump()), DIGITS),
        "quanv": (Architecture("quanv", (12, 12, 1), 4, quanv_options()), LARGER),
        "linear": (Architecture("linear", (6,), 3), FEATURES),
        "mlp": (Architecture("mlp", (6,), 2, {"hidden": 3}), VIEWS),
        "parallel_twin": (Architecture("parallel_twin", (8, 8, 1), 5, PARALLEL.model_dump()), DIGITS),
        "cnn": (Architecture("cnn", (8, 8, 1), 5, CNN.model_dump()), DIGITS),
        "cnn1": (Architecture("cnn1", (12, 12, 1), 4, quanv_options(1)), LARGER),
        "cnn4": (Architecture("cnn4", (12, 12, 1), 4, quanv_options()), LARGER),
    }[kind]


def circuit(kind: str) -> Program | None:
    if kind == "parallel":
        return parallel_circuit(PARALLEL)
    if kind == "quanv":
        return quanv_circuit()
    if kind == "pixel":
        return build_for("angle_y-simplified_two_design-1", 3, ["Z1"])
    if kind == "pixel classes":
        return build_for("angle_y-simplified_two_design-1", 3, ["Z0", "Z1", "Z2", "X0", "X1", "X2"])
    return build_for("hadamard_angle_y-dressed-1", 3) if kind.startswith("dressed") else None


def seasoned(kind: str, seed: int = 1) -> tuple[Classifier, np.ndarray]:
    """A classifier whose running statistics are no longer the initial ones, and samples for it."""
    made, samples = architecture(kind)
    model = build_classifier(made, circuit(kind), seed=seed)
    model.train()
    model(model.as_input(samples))
    return model.eval(), samples


@pytest.mark.parametrize("kind", [*HYBRID, *CLASSICAL])
def test_every_kind_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    model, samples = seasoned(kind)
    written = save_classifier(tmp_path / "model.safetensors", model, {"seed": 1})
    back, about = read_classifier(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(back.classify(samples), model.classify(samples))
    assert written == about["fingerprint"] == fingerprint(back.tensors()) == fingerprint(model.tensors())
    assert written != fingerprint(seasoned(kind, seed=2)[0].tensors())
    assert back.architecture.plain() == json.loads(json.dumps(model.architecture.plain()))
    assert (about["parameters"], about["seed"]) == (model.trainable(), 1)
    assert about.get("program") == (model.program.to_json() if isinstance(model, HybridClassifier) else None)


@pytest.mark.parametrize("kind", HYBRID)
def test_circuits_apart_from_the_rest_give_what_the_whole_gives(kind: str) -> None:
    model, samples = seasoned(kind)
    assert isinstance(model, HybridClassifier)
    whole = model.classify(samples)
    run = run_exact(model, fingerprint(model.tensors()), model.circuit_inputs(samples))
    np.testing.assert_allclose(model.probabilities(run.values), whole, rtol=0, atol=1e-7)
    model.run_as(model.program)
    np.testing.assert_array_equal(model.classify(samples), whole)


@pytest.mark.parametrize("kind", ["quanv", "parallel", "linear"])
def test_pieces_of_many_samples_give_what_all_at_once_give(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, samples = seasoned(kind)
    whole = model.classify(samples)
    inputs = model.circuit_inputs(samples) if isinstance(model, HybridClassifier) else None
    for module in ("classifier", "hybrid"):
        monkeypatch.setattr(f"hqnn.models.{module}.SAMPLES_AT_ONCE", 7)
    np.testing.assert_allclose(model.classify(samples), whole, rtol=0, atol=1e-6)
    if isinstance(model, HybridClassifier):
        np.testing.assert_allclose(model.circuit_inputs(samples), inputs, rtol=0, atol=1e-6)


def test_parallel_circuits_see_their_own_inputs_and_weights() -> None:
    model, samples = seasoned("parallel")
    assert isinstance(model, HybridClassifier)
    trained = fingerprint(model.tensors())
    inputs = model.circuit_inputs(samples)
    before = run_exact(model, trained, inputs).values
    swapped = np.concatenate([inputs[:, 2:], inputs[:, :2]], axis=1)
    with torch.no_grad():
        model.quantum.weights.copy_(model.quantum.weights.flip(0))
    assert fingerprint(model.tensors()) != trained
    after = run_exact(model, fingerprint(model.tensors()), swapped).values
    np.testing.assert_allclose(np.concatenate([after[:, 2:], after[:, :2]], axis=1), before, rtol=0, atol=1e-6)
    assert np.abs(before[:, 2:] - before[:, :2]).max() > 0.01


def test_probabilities_of_two_classes_are_those_of_the_second() -> None:
    logits = torch.tensor([[0.0, 0.0], [1.5, -2.0], [-900.0, 900.0], [900.0, -900.0]])
    expected = torch.softmax(logits.double(), dim=1)[:, 1].numpy()
    np.testing.assert_allclose(probabilities_of(logits), expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(probabilities_of(logits[:, 1] - logits[:, 0]), expected, rtol=0, atol=1e-15)
    more = probabilities_of(torch.cat([logits, logits[:, :1]], dim=1))
    assert more.shape == (4, 3) and np.isfinite(more).all()
    np.testing.assert_allclose(more.sum(axis=1), 1, rtol=1e-12)


def test_several_views_are_one_sample_to_the_reader() -> None:
    model, _ = seasoned("dressed views")
    same = np.repeat(VIEWS[:, :1], 3, axis=1)
    np.testing.assert_allclose(model.classify(same), model.classify(VIEWS[:, 0]), rtol=0, atol=1e-12)
    logs = torch.stack([torch.log_softmax(model(model.as_input(VIEWS[:, place])), -1) for place in range(3)])
    expected = nn.functional.softmax(logs.mean(0), -1).detach().numpy()
    np.testing.assert_allclose(model.classify(VIEWS), expected, rtol=0, atol=1e-12)


def test_a_feature_that_did_not_vary_in_training_says_nothing_later() -> None:
    layer = Standardise(3)
    train = torch.tensor([[1.0, 0.0, 0.1], [3.0, 0.0, 0.1], [5.0, 0.0, 0.1]])
    layer.fit(train)
    assert layer(train).std(0).tolist() == pytest.approx([1, 0, 0])
    assert layer(torch.tensor([[5.0, 7.0, 7.0]])).tolist() == [[pytest.approx(1), 0, 0]]


def test_a_file_that_is_not_what_is_wanted_is_a_sentence(tmp_path: Path) -> None:
    model, _ = seasoned("linear")
    save_classifier(tmp_path / "linear.safetensors", model, {})
    with pytest.raises(UserError, match="the kind dressed has a circuit"):
        build_classifier(architecture("dressed")[0])
    with pytest.raises(UserError, match=r"linear\.safetensors holds a classifier without a circuit"):
        load_classifier(tmp_path / "linear.safetensors")
    whole = (tmp_path / "linear.safetensors").read_bytes()
    (tmp_path / "torn.safetensors").write_bytes(whole[:-10])
    for damaged in (tmp_path / "torn.safetensors", tmp_path / "nowhere.safetensors"):
        with pytest.raises(UserError, match=damaged.name):
            read_classifier(damaged)

"""Nets and references of many classes, from samples to predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hqnn.circuits.library import build_for_classes
from hqnn.data.parts import TEST, TRAIN
from hqnn.data.samples import read_samples
from hqnn.errors import UserError
from hqnn.execution.exact import run_exact
from hqnn.execution.predict import predict
from hqnn.execution.twin import predict_classical
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.pixel import pixel_parameters
from hqnn.models.widths import matched_width, outputs_of
from hqnn.store import read_table, write_table, write_text
from hqnn.training.ideal import train_ideal

ABOUT = {"study": "any", "dataset": "any", "model": "any", "phase": "ideal", "path": "exact", "seed": 0}
CIRCUIT = "angle_y-simplified_two_design-1"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As a rule has it; threads that wait for each other take long on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def store(path: Path, classes: int) -> Path:
    """Clouds in six features, one a class, around places drawn at random."""
    rng = np.random.default_rng(3)
    labels = np.tile(np.arange(classes), 40).astype(np.uint8)
    features = (2 * rng.normal(size=(classes, 6))[labels] + 0.3 * rng.normal(size=(len(labels), 6))).astype(np.float32)
    split = np.where(np.arange(len(labels)) < 25 * classes, TRAIN, TEST).astype(np.uint8)
    names = [str(label) for label in range(classes)]
    write_table(path, {"features": features, "labels": labels, "split": split}, {"classes": names})
    return path


@pytest.mark.parametrize(
    ("kind", "classes"),
    [("pixel", 2), ("dense_twin", 2), ("pixel", 7), ("dense_twin", 7), ("dressed", 7), ("mlp", 7)],
)
def test_each_net_learns_to_tell_its_classes_apart(kind: str, classes: int, tmp_path: Path) -> None:
    samples = store(tmp_path / "samples.h5", classes)
    hybrid = kind in ("pixel", "dressed")
    if hybrid:
        program = build_for_classes(CIRCUIT, reading=kind, classes=classes, inputs=4)
        write_text(tmp_path / "program.json", program.to_json())
    model = tmp_path / "model.safetensors"
    train_ideal(
        model,
        tmp_path / "history.csv",
        samples=[samples],
        program=[tmp_path / "program.json"] if hybrid else [],
        kind=kind,
        options={"reading": "scaled", "delta": 0.1, "hidden": None, "parameters": 120},
        training={"learning_rate": 0.1, "batch_size": 20, "epochs": 10},
        seed=0,
    )
    test = read_samples(samples)
    if hybrid:
        predict(tmp_path / "p.h5", samples=test, model=model, path=run_exact, about=ABOUT)
    else:
        predict_classical(tmp_path / "p.h5", samples=test, model=model, about=ABOUT)
    said = read_table(tmp_path / "p.h5")[0]
    assert said["probability"].shape == ((len(test.ids),) if classes == 2 else (len(test.ids), classes))
    assert (said["predicted"] == said["label"]).mean() > 0.9


@pytest.mark.parametrize("reading", ["sigmoid", "scaled"])
@pytest.mark.parametrize(("classes", "observables"), [(2, []), (2, ["Z0", "Z1"]), (3, []), (9, [])])
def test_the_twin_of_a_net_of_pixels_has_nearly_its_parameters(
    classes: int, observables: list[str], reading: str
) -> None:
    program = build_for_classes(CIRCUIT, reading="pixel", classes=classes, observables=observables)
    net = build_classifier(Architecture("pixel", (10,), classes, {"reading": reading}), program)
    count = pixel_parameters(program, features=10, classes=classes, reading=reading)  # type: ignore[arg-type]
    assert net.trainable() == count
    twin = build_classifier(Architecture("dense_twin", (10,), classes, {"reading": reading}), program)
    assert twin.architecture.options["parameters"] == count
    assert abs(twin.trainable() - count) <= (10 + 1 + outputs_of(classes)) / 2
    features = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    assert logits(twin, features).shape == ((5,) if classes == 2 else (5, classes))
    assert logits(net, features).shape == ((5,) if classes == 2 and not observables else (5, classes))


def logits(model: Classifier, features: np.ndarray) -> torch.Tensor:
    result: torch.Tensor = model(model.as_input(features))
    return result


@pytest.mark.parametrize(("classes", "wires"), [(2, "0"), (3, "2,0")])
def test_bitstrings_have_the_probabilities_of_their_classes_and_nothing_is_trained_behind(
    classes: int, wires: str
) -> None:
    program = build_for_classes(CIRCUIT, reading="pixel", classes=classes, inputs=4, observables=[f"probs@{wires}"])
    net = build_classifier(Architecture("pixel", (10,), classes, {"reading": "born"}), program)
    assert net.trainable() == pixel_parameters(program, features=10, classes=classes, reading="born")
    features = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    born = net.quantum(net.encode(net.as_input(features))).detach().numpy()  # type: ignore[operator]
    expected = [born[:, 0] + born[:, 3], born[:, 1], born[:, 2]] if classes == 3 else born.T
    np.testing.assert_allclose(logits(net, features).softmax(dim=1).detach(), np.transpose(expected), atol=1e-9)
    for words, said in ((["Z0", "Z1"], "but the circuit measures Z0, Z1"), (["probs@1"], "2 bitstrings for 5 classes")):
        other = build_for_classes(CIRCUIT, reading="pixel", classes=5, inputs=4, observables=words)
        with pytest.raises(UserError, match=said):
            build_classifier(Architecture("pixel", (10,), 5, {"reading": "born"}), other)


def test_two_classes_are_read_as_they_were_before_there_were_more() -> None:
    program = build_for_classes(CIRCUIT, reading="pixel", classes=2)
    model = build_classifier(Architecture("pixel", (8,), 2, {"reading": "sigmoid"}), program, seed=4)
    features = np.random.default_rng(1).normal(size=(6, 8)).astype(np.float32)
    values = model.quantum(model.encode(model.as_input(features)))  # type: ignore[operator]
    np.testing.assert_array_equal(logits(model, features).detach(), values[:, 0].detach())
    assert program.observables == ("IZIIIIII",)
    assert set(model.tensors()) == {"encode.weight", "encode.bias", "quantum.weights"}


@given(st.integers(1, 10_000), st.integers(1, 600), st.integers(1, 20))
def test_no_other_width_comes_nearer(parameters: int, inputs: int, outputs: int) -> None:
    def off(width: int) -> int:
        return abs(width * (inputs + 1 + outputs) + outputs - parameters)

    width = matched_width(parameters, inputs, outputs)
    assert all(off(width) <= off(other) for other in (width - 1, width + 1) if other > 0)

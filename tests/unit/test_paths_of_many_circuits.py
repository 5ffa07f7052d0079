"""Parallel circuits, and circuits that visit many places of an image, on the path that samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from qiskit_aer.primitives import SamplerV2

from digits_nets import parallel_circuit, quanv_circuit, quanv_options
from hqnn.errors import UserError
from hqnn.execution.exact import run_exact
from hqnn.execution.sampled import Shots
from hqnn.models.architectures import build_classifier, load_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.models.hybrid import HybridClassifier
from hqnn.settings.images.keys import ParallelSizes

PARALLEL = ParallelSizes(channels=(3,), poolings=1, circuits=3, qubits=2, layers=1)
SHOTS = 2000
KINDS = ("parallel", "quanv")


@pytest.fixture
def trained(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[HybridClassifier, str]:
    architecture, program = {
        "parallel": (Architecture("parallel", (8, 8, 1), 5, PARALLEL.model_dump()), parallel_circuit(PARALLEL)),
        "quanv": (
            Architecture("quanv", (12, 12, 1), 4, quanv_options()),
            quanv_circuit(cnots="star", rotations="last"),
        ),
    }[request.param]
    model = build_classifier(architecture, program, seed=1)
    save_classifier(tmp_path / "model.safetensors", model, {})
    return load_classifier(tmp_path / "model.safetensors")


def inputs_of(model: HybridClassifier, number: int) -> np.ndarray:
    shape = (number, *model.architecture.shape)
    return model.circuit_inputs(np.random.default_rng(2).integers(256, size=shape, dtype=np.uint8))


@pytest.mark.parametrize(("trained", "shape"), [("parallel", (20, 6)), ("quanv", (15, 4, 4))], indirect=["trained"])
def test_one_job_samples_all_circuits_within_their_statistical_error(
    trained: tuple[HybridClassifier, str], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, fingerprint = trained
    sent: list[list[Any]] = []
    plain = SamplerV2.run

    def run(self: SamplerV2, pubs: list[Any], **options: Any) -> Any:
        sent.append(pubs)
        return plain(self, pubs, **options)

    monkeypatch.setattr(SamplerV2, "run", run)
    inputs = inputs_of(model, shape[0])
    sampled, exact = (path(model, fingerprint, inputs) for path in (Shots(SHOTS, seed=0), run_exact))
    assert len(sent) == sampled.jobs == 1
    assert len(sent[0]) == model.quantum.copies
    assert sampled.values.shape == sampled.standard_errors.shape == exact.values.shape == shape
    errors = np.sqrt(np.maximum(1 - exact.values**2, 1e-3) / SHOTS)
    scores = (sampled.values - exact.values) / errors
    assert np.abs(scores).max() < 5
    assert 0.7 < scores.std() < 1.3
    np.testing.assert_allclose(sampled.standard_errors, errors, rtol=0.3, atol=2e-3)
    assert np.std(exact.values) > 0.1


@pytest.mark.parametrize("trained", KINDS, indirect=True)
def test_one_weight_of_the_last_circuit_off_by_its_last_bit_stops_the_run(
    trained: tuple[HybridClassifier, str],
) -> None:
    model, fingerprint = trained
    inputs, path = inputs_of(model, 2), Shots(10, seed=0)
    path(model, fingerprint, inputs)
    with torch.no_grad():
        last = model.quantum.weights.view(-1)[-1:]
        last.copy_(torch.nextafter(last, last + 1))
    with pytest.raises(UserError, match="not the trained ones"):
        path(model, fingerprint, inputs)


@pytest.mark.parametrize("trained", ["parallel"], indirect=True)
def test_circuits_in_another_order_stop_the_run(trained: tuple[HybridClassifier, str]) -> None:
    model, fingerprint = trained
    with torch.no_grad():
        model.quantum.weights.copy_(model.quantum.weights.flip(0))
    with pytest.raises(UserError, match="not the trained ones"):
        Shots(10, seed=0)(model, fingerprint, inputs_of(model, 2))

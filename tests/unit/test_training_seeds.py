"""Seeds that are fitted at once come to what each comes to alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from digits_nets import quanv_circuit, quanv_options
from hqnn.errors import UserError
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.settings.fitting import Regime
from hqnn.training.checkpoints import Checkpoint, write_checkpoint
from hqnn.training.fit import fit
from hqnn.training.seeds import fit_seeds

SEEDS = (0, 3, 7)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(256, size=(3, 45, 28, 28, 1), dtype=np.uint8)
LABELS = RNG.integers(10, size=(3, 45), dtype=np.uint8)
TEST = (IMAGES[:, :9].reshape(27, 28, 28, 1), LABELS[:, :9].reshape(27))


def nets(kind: str) -> list[Classifier]:
    architecture = Architecture(kind, IMAGES.shape[2:], 10, quanv_options())
    program = quanv_circuit() if kind == "quanv" else None
    return [build_classifier(architecture, program, seed=seed) for seed in SEEDS]


@pytest.mark.parametrize("kind", ["quanv", "cnn4"])
@pytest.mark.parametrize(
    "regime",
    [
        Regime(batch_size=20, epochs=2),
        Regime(optimizer="sgd", schedule="one_cycle", momentum=0.9, batch_size=16, epochs=2),
    ],
)
def test_seeds_fitted_at_once_are_what_each_is_alone(kind: str, regime: Regime) -> None:
    together, alone = nets(kind), nets(kind)
    histories = fit_seeds(together, IMAGES, LABELS, regime, seeds=SEEDS, test=TEST)
    for seed, net, own, images, labels, history in zip(SEEDS, together, alone, IMAGES, LABELS, histories, strict=True):
        expected = fit(own, images, labels, regime, seed=seed, test=TEST)
        for ours, theirs in zip(net.parameters(), own.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
        for one, other in zip(history, expected, strict=True):
            assert (one.loss, one.test_loss) == pytest.approx((other.loss, other.test_loss), abs=1e-4)
            assert (one.accuracy, one.test_accuracy) == pytest.approx((other.accuracy, other.test_accuracy), abs=0.05)


@pytest.mark.parametrize("kind", ["quanv", "cnn4"])
def test_seeds_killed_on_their_way_come_to_the_bits_of_those_that_were_not(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    regime = Regime(optimizer="sgd", schedule="one_cycle", momentum=0.9, batch_size=16, epochs=3)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    undisturbed, killed, resumed = nets(kind), nets(kind), nets(kind)
    histories = fit_seeds(undisturbed, IMAGES, LABELS, regime, seeds=SEEDS)

    def write_and_die(*arguments: Any) -> None:
        write_checkpoint(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("hqnn.training.checkpoints.write_checkpoint", write_and_die)
        fit_seeds(killed, IMAGES, LABELS, regime, seeds=SEEDS, checkpoint=checkpoint)
    with caplog.at_level(logging.INFO, "hqnn"):
        assert fit_seeds(resumed, IMAGES, LABELS, regime, seeds=SEEDS, checkpoint=checkpoint) == histories
    assert "goes on after epoch 1 of 3 seeds at once" in caplog.text
    for one, other in zip(undisturbed, resumed, strict=True):
        for expected, found in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(expected, found)

    monkeypatch.setattr("hqnn.training.seeds._step", lambda *_: pytest.fail("ended seeds are trained again"))
    assert fit_seeds(nets(kind), IMAGES, LABELS, regime, seeds=SEEDS, checkpoint=checkpoint) == histories
    for others in (
        {"images": IMAGES ^ 1},
        {"seeds": (0, 3, 8)},
        {"regime": regime.model_copy(update={"momentum": 0.8})},
    ):
        given = {"images": IMAGES, "labels": LABELS, "regime": regime, "seeds": SEEDS, **others}
        with pytest.raises(pytest.fail.Exception, match="trained again"):
            fit_seeds(nets(kind), **given, checkpoint=checkpoint)


@pytest.mark.parametrize("choice", [{"patience": 3}, {"keep": "best_loss"}, {"class_weights": "balanced"}])
def test_what_goes_one_by_one_only_is_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(choice))):
        fit_seeds(nets("cnn4"), IMAGES, LABELS, Regime(**choice), seeds=SEEDS)

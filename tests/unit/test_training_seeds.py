"""Seeds that are fitted at once come to what each comes to alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from digits_nets import quanv_circuit, quanv_options
from hqnn.errors import UserError
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.settings.fitting import Regime
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


@pytest.mark.parametrize("choice", [{"patience": 3}, {"keep": "best_loss"}, {"class_weights": "balanced"}])
def test_what_goes_one_by_one_only_is_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(choice))):
        fit_seeds(nets("cnn4"), IMAGES, LABELS, Regime(**choice), seeds=SEEDS)

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from hqnn.circuits.library import build
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.settings.fitting import Regime, Training
from hqnn.training.batches import BLOCK_BYTES, Batches
from hqnn.training.draws import epoch_order, order_generator
from hqnn.training.fit import Labelled, fit
from hqnn.training.history import history_csv, kept_epoch
from hqnn.training.objective import Objective, class_weights


class OneLogit(nn.Module):
    """Study A's kind of model: float64, one expectation value as the logit."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.quantum = QuantumLayer(
            build("angle_y-simplified_two_design-1", 3, ["Z1"]), generator=generator, dtype=torch.float64
        )

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.quantum(inputs)[..., 0]
        return logits


def blobs(samples: int, classes: int, width: int = 3, *, seed: int = 0) -> Labelled:
    """Overlapping clouds, the first class the largest."""
    rng = np.random.default_rng(seed)
    labels = np.minimum(rng.integers(classes + 2, size=samples), classes - 1).astype(np.uint8)[::-1].copy()
    centres = 2 * np.random.default_rng(9).normal(size=(classes, width))
    return (centres[labels] + rng.normal(size=(samples, width))).astype(np.float32), labels


def linear(outputs: int, width: int = 3) -> nn.Linear:
    layer = nn.Linear(width, outputs)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
    return layer


def weights_of(model: nn.Module) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}


def plain_loop(inputs: NDArray[Any], labels: NDArray[np.uint8], batch_size: int, epochs: int) -> nn.Module:
    """The loop as a textbook has it, for the circuit of study A."""
    model, generator = OneLogit(), order_generator(5)
    x, y = torch.as_tensor(inputs, dtype=torch.float64), torch.as_tensor(labels, dtype=torch.float64)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(epochs):
        order = torch.from_numpy(epoch_order(labels, True, generator))
        for batch in torch.split(order, batch_size):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


def test_weights_are_those_of_a_plain_loop_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, labels = blobs(50, 2)
    regime = Regime(learning_rate=0.02, batch_size=8, epochs=3, balanced=True)
    expected = weights_of(plain_loop(inputs, labels, 8, 3))
    for block in (BLOCK_BYTES, 500):  # gathered at once, and in pieces of a few batches
        monkeypatch.setattr("hqnn.training.batches.BLOCK_BYTES", block)
        model = OneLogit()
        fit(model, inputs, labels, regime, seed=5)
        np.testing.assert_equal(weights_of(model), expected)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_optimiser_finds_the_minimum_of_a_convex_loss(optimizer: Any) -> None:
    inputs, labels = blobs(200, 3)
    regime = Regime(optimizer=optimizer, learning_rate=0.1, momentum=0.8, batch_size=200, epochs=200)
    last = fit(linear(3), inputs, labels, regime, seed=0)[-1]
    oracle = LogisticRegression(C=1e6, tol=1e-8, max_iter=1000).fit(inputs, labels)
    best = -np.log(oracle.predict_proba(inputs)[np.arange(200), labels]).mean()
    assert best - 1e-6 < last.loss < best + 0.02


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_fused_kernels_change_last_digits_only(optimizer: Any) -> None:
    plain, fused = linear(3), linear(3)
    for model in (plain, fused):
        regime = Regime(optimizer=optimizer, learning_rate=0.02, momentum=0.5, batch_size=20, fused=model is fused)
        fit(model, *blobs(60, 3), regime, seed=0)
    torch.testing.assert_close(fused.weight, plain.weight, rtol=1e-4, atol=1e-5)


def test_weight_decay_and_a_schedule_reach_the_optimiser() -> None:
    inputs, labels = blobs(40, 2)
    base = Regime(learning_rate=0.1, batch_size=10, epochs=3)
    runs = [
        base,
        Training(**base.model_dump()),
        Regime(**{**base.model_dump(), "weight_decay": 0.5}),
        Regime(**{**base.model_dump(), "schedule": "cosine"}),
    ]
    models = [linear(2) for _ in runs]
    for model, regime in zip(models, runs, strict=True):
        fit(model, inputs, labels, regime, seed=0)
    first, same, *others = [model.weight.detach().numpy() for model in models]
    np.testing.assert_array_equal(first, same)
    assert all(np.abs(first - other).max() > 1e-3 for other in others)


def test_class_weights_balance_as_repeating_the_rare_class_would() -> None:
    labels = np.repeat(np.array([0, 1, 2], dtype=np.uint8), [6, 3, 2])
    logits = torch.randn(11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weighted = Objective(3, class_weights(labels, 3))(logits, torch.from_numpy(labels).long())
    repeated = np.concatenate([np.tile(np.flatnonzero(labels == k), 6 // n) for k, n in enumerate((6, 3, 2))])
    plain = Objective(3)(logits[repeated], torch.from_numpy(labels[repeated]).long())
    torch.testing.assert_close(weighted, plain)
    one = logits[:9, 0]
    weighted = Objective(2, class_weights(labels[:9], 2))(one, torch.from_numpy(labels[:9]).long())
    pair = Objective(2, class_weights(labels[:9], 2))(
        torch.stack([torch.zeros_like(one), one], dim=1), torch.from_numpy(labels[:9]).long()
    )
    torch.testing.assert_close(weighted, pair)


def test_history_says_what_evaluation_gives_and_test_samples_choose_nothing() -> None:
    train, validation, test = blobs(90, 3, seed=1), blobs(40, 3, seed=2), blobs(700, 3, seed=3)
    regime = Regime(learning_rate=0.5, batch_size=4, epochs=8, keep="best_accuracy")
    model, unwatched = linear(3), linear(3)
    history = fit(model, *train, regime, seed=0, validation=validation, test=test)
    assert fit(unwatched, *train, regime, seed=0, validation=validation)[0].test_loss is None
    np.testing.assert_equal(weights_of(model), weights_of(unwatched))
    kept = history[kept_epoch(history, regime.keep) - 1]
    assert kept.epoch < 8, "the last epoch is the best, so keeping it proves nothing"
    for (inputs, labels), loss, accuracy in (
        (validation, kept.validation_loss, kept.validation_accuracy),
        (test, kept.test_loss, kept.test_accuracy),
    ):
        with torch.no_grad():
            logits = model(torch.from_numpy(inputs))
        assert accuracy == pytest.approx((logits.argmax(1).numpy() == labels).mean())
        assert loss == pytest.approx(nn.functional.cross_entropy(logits, torch.from_numpy(labels).long()).item())
    best = max(epoch.validation_accuracy or 0 for epoch in history)
    assert kept.validation_accuracy == best
    table = pd.read_csv(io.StringIO(history_csv(history)))
    assert list(table)[:5] == ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert table["test_accuracy"].tolist() == [epoch.test_accuracy for epoch in history]


def test_training_stops_when_the_validation_loss_has_not_fallen_for_so_long() -> None:
    train, (inputs, labels) = blobs(60, 2), blobs(40, 2, seed=4)
    against = (inputs, 1 - labels)  # the better the fit, the worse
    regime = Regime(learning_rate=0.1, batch_size=20, epochs=50, patience=3, keep="best_loss")
    model = linear(2)
    history = fit(model, *train, regime, seed=0, validation=against)
    assert len(history) == 4
    first = linear(2)
    fit(first, *train, Regime(learning_rate=0.1, batch_size=20, epochs=1), seed=0)
    np.testing.assert_equal(weights_of(model), weights_of(first))


def test_every_draw_takes_one_of_the_versions_of_its_own_sample() -> None:
    seen: list[Tensor] = []

    class Watched(nn.Linear):
        def forward(self, inputs: Tensor) -> Tensor:
            seen.append(inputs.clone())
            return super().forward(inputs)

    inputs = np.arange(100, dtype=np.float32)[:, None]
    labels = np.zeros(100, dtype=np.uint8)
    versions = inputs[:, None] + np.array([0.25, 0.5, 0.75], dtype=np.float32)[:, None]
    fit(Watched(1, 2), inputs, labels, Regime(batch_size=7, epochs=20), seed=0, versions=versions)
    values = torch.cat(seen).numpy().reshape(20, 100)
    np.testing.assert_array_equal(np.sort(np.floor(values), axis=1), np.tile(np.arange(100), (20, 1)))
    _, counts = np.unique(values % 1, return_counts=True)
    assert counts == pytest.approx([500] * 4, abs=5 * np.sqrt(500 * 0.75))
    assert not np.array_equal(np.argsort(values[0]), np.argsort(values[1]))


def test_batch_norm_trains_in_train_mode_and_survives_a_last_batch_of_one() -> None:
    inputs, labels = blobs(17, 2)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    fit(model, inputs, labels, Regime(batch_size=8, epochs=2), seed=0, validation=(inputs, labels))
    norm = model[0]
    assert isinstance(norm, nn.BatchNorm1d)
    assert not model.training
    assert norm.num_batches_tracked is not None
    assert int(norm.num_batches_tracked) == 4  # two batches an epoch, none while evaluating


def test_images_stay_bytes_in_memory_and_reach_the_model_as_bytes() -> None:
    images = np.zeros((10, 4, 4, 1), dtype=np.uint8)
    batches = Batches(images, np.zeros(10, dtype=np.uint8), linear(2))
    images[3] = 7
    assert next(batches.in_sequence())[3].unique().tolist() == [7]
    assert next(batches.drawn(np.array([3]), [1]))[0].dtype == torch.uint8


def test_training_leaves_torchs_generator_alone() -> None:
    model = nn.Sequential(nn.Dropout(0.5), linear(2))
    before = torch.random.get_rng_state()
    fit(model, *blobs(20, 2), Regime(epochs=2), seed=0)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("model", "rate"), [(linear(2), 1e38), (nn.Sequential(nn.Linear(3, 3).double(), OneLogit()), 1e308)]
)
def test_a_diverging_run_names_the_epoch_and_the_rate(model: nn.Module, rate: float) -> None:
    inputs, labels = blobs(40, 2)
    regime = Regime(optimizer="sgd", learning_rate=rate, batch_size=10)
    with pytest.raises(
        UserError, match=rf"diverged in epoch 1: .* lower learning_rate, which is {rate!r}".replace("+", r"\+")
    ):
        # Large inputs: the first step must overflow whatever weights the model began with.
        fit(model, 1000 * inputs, labels, regime, seed=0)


@pytest.mark.parametrize(
    ("regime", "labels", "words"),
    [
        (Regime(keep="best_loss"), [0, 1, 0], "keep chooses by validation samples, of which there are none"),
        (Regime(patience=2), [0, 1, 0], "patience chooses by validation samples"),
        (Regime(balanced=True), [0, 2, 0], "no train sample is of class 1; add some, or set balanced to false"),
        (Regime(class_weights="balanced"), [0, 2, 0], "no train sample is of class 1; .* class_weights to 'none'"),
        (Regime(), [0, 1, 2], "the labels are of 3 classes, the model knows 2"),
        (Regime(), [], "there are no train samples"),
    ],
)
def test_choices_that_cannot_be_met_are_refused(regime: Regime, labels: list[int], words: str) -> None:
    with pytest.raises(UserError, match=words):
        fit(linear(2), np.zeros((len(labels), 3)), np.array(labels, dtype=np.uint8), regime, seed=0)

"""Fit a classifier by gradient descent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from hqnn.settings.fitting import Training
from hqnn.training.draws import epoch_order

OPTIMIZERS = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "sgd": torch.optim.SGD}


@dataclass(frozen=True)
class Epoch:
    """What one pass over the train samples gave, averaged over its steps.

    Attributes:
        epoch: counted from 1.
        loss: binary cross-entropy, in nats.
        accuracy: share of right classes among the drawn samples.
    """

    epoch: int
    loss: float
    accuracy: float


def fit(
    model: nn.Module,
    features: NDArray[Any],
    labels: NDArray[np.uint8],
    training: Training,
    *,
    seed: int,
    terminal: TextIO | None = None,
) -> list[Epoch]:
    """Train a model that gives one logit a sample; it is changed in place.

    Args:
        model: its parameters are float64.
        features: shape (samples, features).
        labels: shape (samples,), 0 or 1.
        training: optimiser, rate, batch size, epochs and balance.
        seed: of the order of samples.
        terminal: where a progress bar goes, if it is one.

    Returns:
        One entry an epoch.
    """
    generator = np.random.default_rng(seed)
    inputs = torch.as_tensor(features, dtype=torch.float64)
    targets = torch.as_tensor(labels, dtype=torch.float64)
    optimizer = OPTIMIZERS[training.optimizer](model.parameters(), lr=training.learning_rate)
    history: list[Epoch] = []
    with tqdm(total=training.epochs, file=terminal, disable=None if terminal else True, unit="epoch") as bar:
        for number in range(1, training.epochs + 1):
            order = torch.from_numpy(epoch_order(labels, training.balanced, generator))
            batches = torch.split(order, training.batch_size)
            steps = [_step(model, optimizer, inputs[batch], targets[batch]) for batch in batches]
            loss, right = np.sum(steps, axis=0) / len(labels)
            history.append(Epoch(number, float(loss), float(right)))
            bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{right:.4f}")
            bar.update()
    return history


def history_csv(history: list[Epoch]) -> str:
    """The history as a table: epoch, loss, accuracy."""
    rows = [",".join(asdict(history[0])), *(f"{row.epoch},{row.loss!r},{row.accuracy!r}" for row in history)]
    return "\n".join(rows) + "\n"


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, inputs: Tensor, targets: Tensor) -> tuple[float, float]:
    """One update; the sums of loss and of right classes over the batch."""
    optimizer.zero_grad()
    logits = model(inputs)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
    torch.autograd.backward(loss)
    optimizer.step()
    right = ((logits > 0) == (targets > 0.5)).sum()
    return float(loss.detach()) * len(targets), float(right)

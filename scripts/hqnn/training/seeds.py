"""Fit equal nets from many seeds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hqnn.errors import UserError
from hqnn.models.classifier import Classifier
from hqnn.models.stack import SeedStack
from hqnn.settings.fitting import TOGETHER, Regime
from hqnn.training.batches import EVALUATED_AT_ONCE
from hqnn.training.draws import batch_sizes, epoch_order, order_generator, usual_batch
from hqnn.training.history import Epoch
from hqnn.training.optimizers import optimizer_of
from hqnn.training.schedules import schedule_of

Scores: TypeAlias = tuple[list[float], list[float]]


def fit_seeds(
    nets: Sequence[Classifier],
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    regime: Regime,
    *,
    seeds: Sequence[int],
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
) -> list[list[Epoch]]:
    """Train nets side by side, each as `hqnn.training.fit.fit` would train it alone; they are changed in place.

    Args:
        nets: of one architecture, without batch normalisation; they give logits of shape (batch, classes).
        images: of each net, shape (nets, samples, rows, columns, channels).
        labels: shape (nets, samples).
        regime: how they are trained; without patience, class weights or a choice among epochs.
        seeds: of each net's order of samples.
        test: images, shape (samples, rows, columns, channels), and labels, the same for all nets, for the curves alone.

    Returns:
        Each net's epochs.

    Raises:
        UserError: the regime asks for what goes one by one only, or a net cannot be stacked.
    """
    for name, value in TOGETHER.items():
        if getattr(regime, name) != value:
            raise UserError(f"seeds trained at once take no {name}; leave it out, or train one seed after the other")
    stack = SeedStack(nets)
    samples = labels.shape[1]
    sizes = batch_sizes(samples, regime.batch_size or usual_batch(samples))
    optimizer = optimizer_of(regime, stack)
    schedule = schedule_of(regime, optimizer, len(sizes))
    orders = [order_generator(seed) for seed in seeds]
    histories: list[list[Epoch]] = [[] for _ in nets]
    for number in range(1, regime.epochs + 1):
        rows = np.stack([epoch_order(own, regime.balanced, order) for own, order in zip(labels, orders, strict=True)])
        seen = []
        for batch in torch.split(torch.from_numpy(rows), sizes, dim=1):
            seen.append(_step(stack, optimizer, *_drawn(images, labels, batch)))
            if schedule:
                schedule.step()
        train = _scores(*_joined(seen))
        tested = None if test is None else _scores(*_evaluated(stack, len(nets), *test))
        _append(histories, number, train, tested)
    stack.unstack(nets)
    return histories


def _drawn(images: NDArray[np.uint8], labels: NDArray[np.uint8], rows: Tensor) -> tuple[Tensor, Tensor]:
    net = np.arange(len(rows))[:, None]
    taken = rows.numpy()
    return torch.from_numpy(images[net, taken]), torch.from_numpy(labels[net, taken]).long()


def _step(stack: SeedStack, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """One update; losses and right classes of each net's batch, shape (nets, batch)."""
    optimizer.zero_grad()
    losses, right = _judged(stack(images), labels)
    torch.autograd.backward(losses.mean(1).sum())
    optimizer.step()
    return losses.detach(), right


def _judged(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    losses = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.reshape(labels.shape), logits.argmax(2) == labels


@torch.no_grad()
def _evaluated(
    stack: SeedStack, nets: int, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> tuple[Tensor, Tensor]:
    pieces = zip(
        torch.split(torch.as_tensor(images), EVALUATED_AT_ONCE),
        torch.split(torch.as_tensor(labels).long(), EVALUATED_AT_ONCE),
        strict=True,
    )
    return _joined([_judged(stack(shown.expand(nets, *shown.shape)), said.expand(nets, -1)) for shown, said in pieces])


def _joined(pieces: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    losses, right = zip(*pieces, strict=True)
    return torch.cat(losses, 1), torch.cat(right, 1)


def _scores(losses: Tensor, right: Tensor) -> Scores:
    """Mean loss and accuracy of each net."""
    return losses.double().mean(1).tolist(), right.double().mean(1).tolist()


def _append(histories: list[list[Epoch]], number: int, train: Scores, tested: Scores | None) -> None:
    for net, history in enumerate(histories):
        epoch = Epoch(number, train[0][net], train[1][net])
        if tested is not None:
            epoch = replace(epoch, test_loss=tested[0][net], test_accuracy=tested[1][net])
        history.append(epoch)

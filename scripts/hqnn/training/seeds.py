"""Fit equal nets from many seeds at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

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
from hqnn.training.checkpoints import Checkpoint, resume, run_digest
from hqnn.training.draws import batch_sizes, epoch_order, order_generator, usual_batch
from hqnn.training.history import Epoch, history_columns, history_of
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
    checkpoint: Checkpoint | None = None,
) -> list[list[Epoch]]:
    """Train nets side by side, each as `hqnn.training.fit.fit` would train it alone; they are changed in place.

    Args:
        nets: of one architecture, without batch normalisation; they give logits of shape (batch, classes).
        images: of each net, shape (nets, samples, rows, columns, channels).
        labels: shape (nets, samples).
        regime: how they are trained; without patience, class weights or a choice among epochs.
        seeds: of each net's order of samples.
        test: images, shape (samples, rows, columns, channels), and labels, the same for all nets, for the curves alone.
        checkpoint: of all nets, as `hqnn.training.fit.fit` has one of a net.

    Returns:
        Each net's epochs.

    Raises:
        UserError: the regime asks for what goes one by one only, or a net cannot be stacked.
    """
    for name, value in TOGETHER.items():
        if getattr(regime, name) != value:
            raise UserError(f"seeds trained at once take no {name}; leave it out, or train one seed after the other")
    together = _Together(nets, images, labels, regime, seeds, test)
    write = resume(together, checkpoint)
    while together.epochs < regime.epochs:
        together.go_on()
        write(together.epochs == regime.epochs)
    together.stack.unstack(nets)
    return together.histories


class _Together:
    """Nets in training, and all that changes from epoch to epoch; arguments are those of `fit_seeds`."""

    def __init__(
        self,
        nets: Sequence[Classifier],
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        regime: Regime,
        seeds: Sequence[int],
        test: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None,
    ) -> None:
        self.stack = SeedStack(nets)
        self.histories: list[list[Epoch]] = [[] for _ in nets]
        self._images, self._labels, self._test = images, labels, test
        self._regime, self._said = regime, {**regime.model_dump(), "seeds": list(seeds), "net": repr(nets[0])}
        samples = labels.shape[1]
        self._sizes = batch_sizes(samples, regime.batch_size or usual_batch(samples))
        self._optimizer = optimizer_of(regime, self.stack)
        self._schedule = schedule_of(regime, self._optimizer, len(self._sizes))
        self._orders = [order_generator(seed) for seed in seeds]

    @property
    def epochs(self) -> int:
        """That are done."""
        return len(self.histories[0])

    @property
    def done(self) -> str:
        """The last epoch, in words."""
        return f"epoch {self.epochs} of {len(self.histories)} seeds at once"

    def digest(self, code: str) -> str:
        """All that the nets will come to depends on, see `run_digest`; to be asked for before the first epoch."""
        arrays = {"images": self._images, "labels": self._labels}
        if self._test is not None:
            arrays |= {"test images": self._test[0], "test labels": self._test[1]}
        return run_digest(self.stack, arrays, self._said, code)

    def go_on(self) -> None:
        """Train all nets for one epoch."""
        drawn = zip(self._labels, self._orders, strict=True)
        rows = np.stack([epoch_order(own, self._regime.balanced, order) for own, order in drawn])
        seen = []
        for batch in torch.split(torch.from_numpy(rows), self._sizes, dim=1):
            seen.append(_step(self.stack, self._optimizer, *_drawn(self._images, self._labels, batch)))
            if self._schedule:
                self._schedule.step()
        tested = None if self._test is None else _scores(*_evaluated(self.stack, len(self.histories), *self._test))
        _append(self.histories, self.epochs + 1, _scores(*_joined(seen)), tested)

    def state(self) -> dict[str, Any]:
        """Where they stand, as `restore` takes it."""
        return {
            "histories": [history_columns(history) for history in self.histories],
            "orders": [json.dumps(order.bit_generator.state) for order in self._orders],
            "stack": self.stack.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict() if self._schedule else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where nets like these stood."""
        self.histories = [history_of(columns) for columns in state["histories"]]
        for order, said in zip(self._orders, state["orders"], strict=True):
            order.bit_generator.state = json.loads(said)
        self.stack.load_state_dict(state["stack"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule:
            self._schedule.load_state_dict(state["schedule"])


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

"""Fit a net that labels every pixel of a patch."""

from __future__ import annotations

import math
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from hqnn.data.pixels.scene import UNLABELLED
from hqnn.errors import UserError
from hqnn.settings.pixels.keys import PatchFitting
from hqnn.training.checkpoints import Checkpoint, resume, run_digest
from hqnn.training.history import Epoch, history_columns, history_of
from hqnn.training.optimizers import optimizer_of
from hqnn.training.schedules import schedule_of


def fit_patches(
    model: nn.Module,
    patches: NDArray[Any],
    labels: NDArray[np.uint8],
    fitting: PatchFitting,
    *,
    seed: int,
    checkpoint: Checkpoint | None = None,
    terminal: TextIO | None = None,
) -> list[Epoch]:
    """Train a net that gives two logits a pixel; it is changed in place.

    Args:
        model: from patches to logits of shape (batch, 2, rows, columns).
        patches: shape (patches, channels, rows, columns).
        labels: shape (patches, rows, columns); 0, 1, or `UNLABELLED` for a pixel that is left out.
        fitting: how; where balanced, both classes weigh equally in the loss.
        seed: of the order of patches and of dropout.
        checkpoint: written after every epoch; a run that finds that of a killed run like itself goes on there.
        terminal: where a progress bar goes, if it is one.

    Returns:
        One entry an epoch; loss and accuracy are means over labelled pixels, weighted as the loss is.

    Raises:
        UserError: balanced classes were asked for and one has no pixel.
    """
    run = _PatchRun(model, patches, labels, fitting, seed)
    model.train()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        write = resume(run, checkpoint)
        done = len(run.history)
        with tqdm(
            total=fitting.epochs, initial=done, file=terminal, disable=None if terminal else True, unit="epoch"
        ) as bar:
            for number in range(done + 1, fitting.epochs + 1):
                epoch = run.go_on()
                write(number == fitting.epochs)
                bar.set_postfix(loss=f"{epoch.loss:.4f}", accuracy=f"{epoch.accuracy:.4f}")
                bar.update()
    return run.history


class _PatchRun:
    """A net in training, which draws from torch's own generator; arguments are those of `fit_patches`."""

    def __init__(
        self, model: nn.Module, patches: NDArray[Any], labels: NDArray[np.uint8], fitting: PatchFitting, seed: int
    ) -> None:
        self.history: list[Epoch] = []
        self._model, self._patches, self._labels = model, patches, labels
        self._fitting, self._seed = fitting, seed
        self._weights = _class_weights(labels, fitting.balanced)
        self._inputs = torch.as_tensor(patches, dtype=torch.float32)
        self._targets = torch.as_tensor(labels, dtype=torch.int64)
        self._optimizer = optimizer_of(fitting, model)
        self._schedule = schedule_of(fitting, self._optimizer, math.ceil(len(patches) / fitting.batch_size))

    @property
    def done(self) -> str:
        """The last epoch, in words."""
        return f"epoch {len(self.history)}"

    def digest(self, code: str) -> str:
        """All that the run depends on, see `run_digest`; to be asked for before its first epoch."""
        arrays, settings = {"patches": self._patches, "labels": self._labels}, self._fitting.model_dump()
        return run_digest(self._model, arrays, {**settings, "seed": self._seed}, code)

    def go_on(self) -> Epoch:
        """Train for one epoch."""
        steps = []
        for batch in torch.split(torch.randperm(len(self._inputs)), self._fitting.batch_size):
            steps.append(_step(self._model, self._optimizer, self._inputs[batch], self._targets[batch], self._weights))
            if self._schedule:
                self._schedule.step()
        loss, right, weight = np.sum(steps, axis=0)
        self.history.append(Epoch(len(self.history) + 1, float(loss / weight), float(right / weight)))
        return self.history[-1]

    def state(self) -> dict[str, Any]:
        """Where the run stands, torch's own randomness included, as `restore` takes it."""
        return {
            "history": history_columns(self.history),
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict() if self._schedule else None,
            "randomness": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where a run like this one stood."""
        self.history = history_of(state["history"])
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule:
            self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["randomness"])


@torch.no_grad()
def change_probability(model: nn.Module, patches: NDArray[Any], batch_size: int = 500) -> NDArray[np.float64]:
    """Probability of change in every pixel.

    Args:
        model: trained; it is left in evaluation mode.
        patches: shape (patches, channels, rows, columns).
        batch_size: patches at a time.

    Returns:
        Shape (patches, rows, columns).
    """
    model.eval()
    batches = torch.split(torch.as_tensor(patches, dtype=torch.float32), batch_size)
    found: NDArray[np.float64] = torch.cat([model(b).double().softmax(dim=1)[:, 1] for b in batches]).numpy()
    return found


def _class_weights(labels: NDArray[np.uint8], balanced: bool) -> Tensor:
    """One for each class, or such that both have half of the whole weight."""
    if not balanced:
        return torch.ones(2)
    counts = np.array([np.sum(labels == value) for value in (0, 1)])
    if not counts.all():
        raise UserError("the labelled pixels are all of one class; add a city with changed and unchanged pixels")
    return torch.tensor(counts.sum() / (2 * counts), dtype=torch.float32)


def _step(
    model: nn.Module, optimizer: torch.optim.Optimizer, inputs: Tensor, targets: Tensor, weights: Tensor
) -> tuple[float, float, float]:
    """One update; the sums over the batch of weighted loss, of weighted right answers and of weights."""
    labelled = targets != UNLABELLED
    weight = torch.where(labelled, weights[torch.where(labelled, targets, 0)], 0.0)
    if not labelled.any():
        return 0.0, 0.0, 0.0
    optimizer.zero_grad()
    logits = model(inputs)
    loss = functional.cross_entropy(logits, targets, weights, ignore_index=UNLABELLED)
    torch.autograd.backward(loss)
    optimizer.step()
    right = (weight * (logits.argmax(dim=1) == targets)).sum()
    return float(loss.detach()) * float(weight.sum()), float(right), float(weight.sum())

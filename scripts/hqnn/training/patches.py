"""Fit a net that labels every pixel of a patch."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
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
from hqnn.training.checkpoints import Checkpoint, read_checkpoint, run_digest, write_checkpoint
from hqnn.training.history import Epoch, history_columns, history_of
from hqnn.training.optimizers import optimizer_of
from hqnn.training.schedules import schedule_of

log = logging.getLogger(__name__)


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
    weights = _class_weights(labels, fitting.balanced)
    inputs, targets = torch.as_tensor(patches, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.int64)
    optimizer = optimizer_of(fitting, model)
    schedule = schedule_of(fitting, optimizer, math.ceil(len(inputs) / fitting.batch_size))
    parts = {"model": model, "optimizer": optimizer, **({"schedule": schedule} if schedule else {})}
    arrays, settings = {"patches": patches, "labels": labels}, {**fitting.model_dump(), "seed": seed}
    digest = run_digest(model, arrays, settings, checkpoint.code) if checkpoint else ""
    model.train()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        history = _restored(parts, checkpoint, digest)
        with tqdm(
            total=fitting.epochs, initial=len(history), file=terminal, disable=None if terminal else True, unit="epoch"
        ) as bar:
            for number in range(len(history) + 1, fitting.epochs + 1):
                steps = []
                for batch in torch.split(torch.randperm(len(inputs)), fitting.batch_size):
                    steps.append(_step(model, optimizer, inputs[batch], targets[batch], weights))
                    if schedule:
                        schedule.step()
                loss, right, weight = np.sum(steps, axis=0)
                history.append(Epoch(number, float(loss / weight), float(right / weight)))
                _store(parts, history, checkpoint, digest)
                bar.set_postfix(loss=f"{history[-1].loss:.4f}", accuracy=f"{history[-1].accuracy:.4f}")
                bar.update()
    return history


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


def _store(parts: Mapping[str, Any], history: Sequence[Epoch], checkpoint: Checkpoint | None, digest: str) -> None:
    """Write where a run stands, torch's own randomness included."""
    if checkpoint is None:
        return
    state = {name: part.state_dict() for name, part in parts.items()}
    state |= {"history": history_columns(history), "randomness": torch.get_rng_state()}
    write_checkpoint(checkpoint.path, digest, state)


def _restored(parts: Mapping[str, Any], checkpoint: Checkpoint | None, digest: str) -> list[Epoch]:
    """Bring a run to where one like it stood; its epochs, none where there was no such run."""
    state = read_checkpoint(checkpoint.path, digest) if checkpoint else None
    if state is None:
        return []
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["randomness"])
    history = history_of(state["history"])
    log.info("goes on after epoch %d", len(history))
    return history

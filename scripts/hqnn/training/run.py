"""A training run: all that changes from epoch to epoch."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hqnn.errors import UserError
from hqnn.settings.fitting import Regime
from hqnn.training.batches import Batches
from hqnn.training.checkpoints import run_digest
from hqnn.training.draws import batch_sizes, epoch_order, order_generator, usual_batch
from hqnn.training.history import Epoch, history_columns, history_of, kept_epoch
from hqnn.training.objective import Objective, right
from hqnn.training.optimizers import optimizer_of
from hqnn.training.schedules import schedule_of

EPOCH = 42  # the purpose of what torch draws in an epoch, beside the seed

Augment: TypeAlias = Callable[[Tensor, torch.Generator], Tensor]


class Run:
    """A model, its optimiser and schedule, the order of samples, and what came of it so far.

    Args:
        model: changed in place.
        regime: how it is fitted.
        objective: what is minimised.
        train: the train samples, each followed by its versions.
        labels: of the train samples, shape (samples,).
        watched: samples evaluated after every epoch: ``validation`` and ``test``, where there are any.
        augment: changes every batch.
        seed: of the order of samples, of dropout, and of what `augment` and the choice of versions draw.

    Attributes:
        history: one entry an epoch.
    """

    def __init__(
        self,
        model: nn.Module,
        regime: Regime,
        objective: Objective,
        *,
        train: Batches,
        labels: NDArray[np.uint8],
        watched: dict[str, Batches],
        augment: Augment | None,
        seed: int,
    ) -> None:
        self.history: list[Epoch] = []
        self._model, self._regime, self._objective = model, regime, objective
        self._train, self._labels, self._watched, self._augment = train, labels, watched, augment
        # batch norm over a batch of one sample has no variance to divide by
        least = 2 if any(isinstance(module, nn.BatchNorm1d) for module in model.modules()) else 1
        self._sizes = batch_sizes(len(labels), regime.batch_size or usual_batch(len(labels)), least)
        self._optimizer = optimizer_of(regime, model)
        self._schedule = schedule_of(regime, self._optimizer, len(self._sizes))
        self._seed, self._order = seed, order_generator(seed)
        self._best: dict[str, Any] | None = None

    @property
    def done(self) -> str:
        """The last epoch, in words."""
        return f"epoch {len(self.history)}"

    def digest(self, code: str = "") -> str:
        """All that the run depends on, see `run_digest`; to be asked for before its first epoch."""
        sets = {"train": self._train, **self._watched}
        arrays = {f"{name} {what}": own for name, both in sets.items() for what, own in both.arrays().items()}
        settings = {**self._regime.model_dump(), "seed": self._seed, "augment": repr(self._augment)}
        return run_digest(self._model, arrays, {**settings, "train_samples": len(self._labels)}, code)

    def go_on(self) -> Epoch:
        """Train for one epoch and evaluate; torch's own generator is left seeded anew.

        Raises:
            UserError: the loss is no number any more.
        """
        number = len(self.history) + 1
        # all that torch draws follows from seed and epoch, so that no state of its generators need be kept
        dropout, drawn = np.random.SeedSequence([self._seed, EPOCH, number]).generate_state(2, np.uint64).tolist()
        torch.manual_seed(dropout)
        started = time.perf_counter()
        loss, accuracy = self._steps(torch.Generator(self._train.labels.device).manual_seed(drawn))
        seconds = time.perf_counter() - started
        watched = {name: self._evaluate(samples) for name, samples in self._watched.items()}
        scores = {f"{name}_{what}": value for name, both in watched.items() for what, value in both.items()}
        self.history.append(Epoch(number, loss, accuracy, **scores, seconds=seconds))
        if self._regime.keep != "last" and kept_epoch(self.history, self._regime.keep) == number:
            self._best = copy.deepcopy(self._model.state_dict())
        return self.history[-1]

    def finish(self) -> None:
        """Put the weights that are kept into the model, and leave it in evaluation mode."""
        if self._best is not None:
            self._model.load_state_dict(self._best)
        self._model.eval()

    def state(self) -> dict[str, Any]:
        """Where the run stands, as `restore` takes it."""
        return {
            "history": {  # as tensors, since torch saves numbers one by one
                name: torch.tensor(column, dtype=torch.float64)
                for name, column in history_columns(self.history).items()
            },
            "order": json.dumps(self._order.bit_generator.state),
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict() if self._schedule else None,
            "best": self._best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where a run like this one stood."""
        self.history = history_of({name: column.tolist() for name, column in state["history"].items()})
        self._order.bit_generator.state = json.loads(state["order"])
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule:
            self._schedule.load_state_dict(state["schedule"])
        self._best = state["best"]

    def _rows(self, generator: torch.Generator) -> NDArray[np.int64]:
        """Which samples, or versions of samples, the epoch sees."""
        order = epoch_order(self._labels, self._regime.balanced, self._order)
        versions = len(self._train) // len(self._labels)
        if versions == 1:
            return order
        chosen = torch.randint(versions, (len(order),), generator=generator, device=generator.device)
        rows: NDArray[np.int64] = order * versions + chosen.cpu().numpy()
        return rows

    def _steps(self, generator: torch.Generator) -> tuple[float, float]:
        """All steps of an epoch; mean loss and accuracy."""
        self._model.train()
        losses, outputs, labels = [], [], []
        try:
            for inputs, targets in self._train.drawn(self._rows(generator), self._sizes):
                loss, logits = self._step(
                    inputs if self._augment is None else self._augment(inputs, generator), targets
                )
                losses.append(loss)  # read after the epoch: a number a step would wait for the device
                outputs.append(logits)
                labels.append(targets)
        except UserError as error:
            self._require_numbers(list(self._model.parameters()), error)
            raise
        self._require_numbers(losses)
        total = sum(loss * size for loss, size in zip(torch.stack(losses).tolist(), self._sizes, strict=True))
        hits = right(torch.cat(outputs), torch.cat(labels)).sum()
        return total / len(self._labels), float(hits) / len(self._labels)

    def _step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """One update; the batch's mean loss and its logits."""
        self._optimizer.zero_grad()
        logits: Tensor = self._model(inputs)
        loss = self._objective(logits, targets)
        torch.autograd.backward(loss)
        self._optimizer.step()
        if self._schedule:
            self._schedule.step()
        return loss.detach(), logits.detach()

    def _require_numbers(self, tensors: Sequence[Tensor], cause: UserError | None = None) -> None:
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors):
            raise UserError(
                f"training diverged in epoch {len(self.history) + 1}: the loss is no finite number any more; lower "
                f"learning_rate, which is {self._regime.learning_rate}"
            ) from cause

    @torch.no_grad()
    def _evaluate(self, samples: Batches) -> dict[str, float]:
        self._model.eval()
        logits = torch.cat([self._model(inputs) for inputs in samples.in_sequence()])
        loss = self._objective(logits, samples.labels)
        return {"loss": float(loss), "accuracy": float(right(logits, samples.labels).double().mean())}

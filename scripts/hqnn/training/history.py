"""What every epoch of a training run gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from hqnn.settings.fitting import Regime


@dataclass(frozen=True)
class Epoch:
    """What one pass over the train samples gave.

    Attributes:
        epoch: counted from 1.
        loss: cross-entropy in nats, averaged over the samples drawn, each as the model was when it saw them.
        accuracy: share of right classes among them.
        validation_loss: of the validation samples, after the epoch; None where there are none.
        validation_accuracy: likewise.
        test_loss: of the test samples, after the epoch, to be looked at only; None where there are none.
        test_accuracy: likewise.
        seconds: what the steps took; None where nobody looked.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    seconds: float | None = None


def history_columns(history: Sequence[Epoch]) -> dict[str, list[float]]:
    """The history by columns, of those that are known; `history_of` takes it back."""
    names = [field.name for field in fields(Epoch) if history and getattr(history[0], field.name) is not None]
    return {name: [getattr(epoch, name) for epoch in history] for name in names}


def history_of(columns: Mapping[str, Sequence[float]]) -> list[Epoch]:
    """The history that has these columns."""
    rows = zip(*columns.values(), strict=True)
    known = (dict(zip(columns, row, strict=True)) for row in rows)
    return [Epoch(int(row.pop("epoch")), row.pop("loss"), row.pop("accuracy"), **row) for row in known]


def history_csv(history: Sequence[Epoch]) -> str:
    """The history as a table: epoch, loss, accuracy, and of the other columns those that are known."""
    columns = history_columns(history)
    rows = [",".join(map(repr, row)) for row in zip(*columns.values(), strict=True)]
    return "\n".join([",".join(columns), *rows]) + "\n"


def kept_epoch(history: Sequence[Epoch], keep: str) -> int:
    """Which epoch's weights are kept, counted from 1; of equally good ones the first.

    Args:
        history: of at least one epoch.
        keep: see `Regime`.
    """
    if keep == "last":
        return history[-1].epoch
    if keep == "best_loss":
        return min(history, key=_validation_loss).epoch
    return min(history, key=lambda epoch: (-(epoch.validation_accuracy or 0.0), _validation_loss(epoch))).epoch


def has_ended(history: Sequence[Epoch], regime: Regime) -> bool:
    """Whether all epochs are done, or the validation loss has not fallen for `Regime.patience` of them."""
    if len(history) >= regime.epochs:
        return True
    if regime.patience is None or not history:
        return False
    return len(history) - kept_epoch(history, "best_loss") >= regime.patience


def _validation_loss(epoch: Epoch) -> float:
    return float("inf") if epoch.validation_loss is None else epoch.validation_loss

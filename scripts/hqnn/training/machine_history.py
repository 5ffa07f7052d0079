"""What the steps of training on a machine took and gave, and which weights its checks keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

GAVE, TOOK = ("loss", "accuracy"), ("rows", "executions", "qpu_s")


@dataclass(frozen=True)
class Step:
    """What one step took and gave.

    Attributes:
        step: counted from 1.
        epoch: the pass over the samples it belongs to, likewise.
        samples: in its batch.
        loss: of the batch, in nats, before the step.
        accuracy: likewise.
        rows: circuits run.
        executions: circuits times shots.
        qpu_s: QPU seconds as used, or else as estimated.
        jobs: the machine's ids, separated by blanks.
    """

    step: int
    epoch: int
    samples: int
    loss: float
    accuracy: float
    rows: int
    executions: int
    qpu_s: float
    jobs: str


@dataclass(frozen=True)
class Check:
    """What the validation samples gave on the machine.

    Attributes:
        step: how many steps were done.
        loss: in nats.
        accuracy: share of right classes.
        rows: as of `Step`, like what follows.
        executions: likewise.
        qpu_s: likewise.
        jobs: likewise.
    """

    step: int
    loss: float
    accuracy: float
    rows: int
    executions: int
    qpu_s: float
    jobs: str


def kept(checks: Sequence[Check], keep: str) -> Check:
    """The check whose weights are kept; of equally good ones the first.

    Args:
        checks: one or more.
        keep: `best_loss` or `best_accuracy`.
    """
    if keep == "best_loss":
        return min(checks, key=lambda check: check.loss)
    return min(checks, key=lambda check: (-check.accuracy, check.loss))


def passes_csv(steps: Sequence[Step], checks: Sequence[Check] = (), keep: str = "last") -> str:
    """Steps as passes over the samples, the last of which may be cut short: what they gave, and what they took.

    A pass has the check after it, which may say that its weights are kept; the first one pays for the check before it,
    too.
    """
    chosen = kept(checks, keep).step if checks else None
    extra = ["validation_loss", "validation_accuracy", "kept"] if checks else []
    lines = [",".join(["epoch", "samples", *GAVE, "jobs", *TOOK, *extra])]
    for epoch, own in _by_epoch(steps):
        sizes = [step.samples for step in own]
        first, last = own[0].step - 1, own[-1].step
        after = [check for check in checks if first < check.step <= last]
        paid: list[Step | Check] = [*own, *after, *(check for check in checks if check.step == first == 0)]
        gave = [float(np.average([getattr(s, key) for s in own], weights=sizes)) for key in GAVE]
        took = [sum(getattr(one, key) for one in paid) for key in TOOK]
        jobs = sum(max(1, len(one.jobs.split())) for one in paid)
        said = [after[-1].loss, after[-1].accuracy, int(any(c.step == chosen for c in after))] if after else []
        lines.append(",".join(map(repr, [epoch, sum(sizes), *gave, jobs, *took, *said])))
    return "\n".join(lines) + "\n"


def steps_csv(steps: Sequence[Step]) -> str:
    """Steps as a table."""
    rows = [",".join(map(str, astuple(step))) for step in steps]
    return "\n".join([",".join(field.name for field in fields(Step)), *rows]) + "\n"


def _by_epoch(steps: Sequence[Step]) -> Iterator[tuple[int, list[Step]]]:
    for epoch in sorted({step.epoch for step in steps}):
        yield epoch, [step for step in steps if step.epoch == epoch]

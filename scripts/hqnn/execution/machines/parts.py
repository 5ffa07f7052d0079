"""Cutting a task into as few jobs as a machine's limits allow, and putting their counts together again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hqnn.errors import UserError
from hqnn.execution.machines.provider import Counts, Limits, Task


def parts_needed(task: Task, limits: Limits) -> int:
    """The least number of jobs.

    Raises:
        UserError: even one row is more than a job takes.
    """
    if limits.shots is not None and task.shots > limits.shots:
        raise UserError(f"the machine takes {limits.shots} shots a circuit and {task.shots} are asked for; lower shots")
    if limits.executions is not None and task.shots > limits.executions:
        raise UserError(f"the machine takes {limits.executions} executions a job and {task.shots} shots are asked for")
    most = [task.rows]
    most += [] if limits.rows is None else [limits.rows]
    most += [] if limits.executions is None else [limits.executions // task.shots]
    return math.ceil(task.rows / max(1, min(most)))


def split(task: Task, jobs: int) -> tuple[Task, ...]:
    """Equal shares of the rows of all pubs, in order; a pub that a share has no row of is not in it.

    Args:
        task: with as many rows as jobs, or more.
        jobs: how many.
    """
    edges = [round(k * task.rows / jobs) for k in range(jobs + 1)]
    starts = np.cumsum([0, *(len(pub.values) for pub in task.pubs)])
    shares = []
    for low, high in pairwise(edges):
        pubs = [
            replace(pub, values=pub.values[max(0, low - start) : max(0, high - start)])
            for pub, start in zip(task.pubs, starts, strict=False)
        ]
        shares.append(Task(tuple(pub for pub in pubs if len(pub.values)), task.shots))
    return tuple(shares)


def joined(task: Task, parts: Sequence[Task], counts: Sequence[Counts]) -> Counts:
    """The counts of a whole task from those of its parts.

    Args:
        task: the whole.
        parts: as `split` gave them.
        counts: of each part.
    """
    found = {
        pub.name: [bits for part, one in zip(parts, counts, strict=True) for bits in _of(pub.name, part, one)]
        for pub in task.pubs
    }
    seconds = [one.qpu_seconds for one in counts]
    used = None if None in seconds else float(sum(s or 0.0 for s in seconds))
    return Counts(tuple(np.concatenate(found[pub.name]) for pub in task.pubs), task, used)


def _of(name: str, part: Task, counts: Counts) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return [bits for pub, bits in zip(part.pubs, counts.bits, strict=True) if pub.name == name]

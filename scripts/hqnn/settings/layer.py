"""Which circuits of a study are looked into, and where what is found lies."""

from __future__ import annotations

from typing import Any

from hqnn.settings.plan import Plan
from hqnn.settings.runs import Run


def layer_tables(plan: Plan[Any]) -> list[str]:
    """The tables of what the circuits do, where that is asked for; one of each quantum model on each data set."""
    if not plan.study.layer.enabled:
        return []
    found = dict.fromkeys((run.dataset, run.model) for run in _runs(plan))
    return [f"{plan.folder}/{dataset}/{model}/layer.csv" for dataset, model in found]


def layer_runs(plan: Plan[Any], dataset: str, model: str) -> list[Run]:
    """The training runs without noise of a quantum model."""
    return [run for run in _runs(plan) if (run.dataset, run.model) == (dataset, model)]


def layer_samples(plan: Plan[Any], dataset: str, model: str) -> list[list[str]]:
    """The tables of samples of each of these runs."""
    return [plan.samples(dataset, model, run.seed) for run in layer_runs(plan, dataset, model)]


def _runs(plan: Plan[Any]) -> list[Run]:
    return [one.run for one in plan.quantum_runs() if one.run.phase == "ideal"]

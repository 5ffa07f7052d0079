"""One row a study and quantum model: the number that matters, beside the best classical reference and the twin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hqnn.report.chapter import Material
from hqnn.report.classes import classes_tested
from hqnn.report.difference import Difference, Seeds, difference
from hqnn.report.tables import DASH, tested
from hqnn.report.words import signed

METRIC = "balanced_accuracy"
TWINS = ("mlp", "parallel_twin", "dense_twin")  # the nets that stand for a circuit
VERDICTS = {1: "better", -1: "worse", 0: "cannot be told"}


def overview(material: Material, datasets: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of the overview.

    Args:
        material: what there is of one study.
        datasets: names of the data sets that have a chapter; a raw set's stands for its splits and draws.

    Returns:
        Of each data set and quantum model, texts: dataset, anchor, model, value, interval, note, reference, twin,
        difference, limits, verdict.
    """
    metrics = material.metrics
    scores = tested(metrics[(metrics["path"] == "exact") & (metrics["phase"] == "ideal")])
    scores = scores[scores["metric"] == METRIC]
    anchors = {name: f"{metrics['study'].iloc[0]}-{name}" for name in datasets}
    return [
        {"dataset": str(dataset), "anchor": _anchor(anchors, str(dataset)), **row}
        for dataset, own in scores.groupby("dataset", sort=False)
        for row in _rows(own, _runs(material, str(dataset)), material)
    ]


def _anchor(anchors: Mapping[str, str], dataset: str) -> str:
    return anchors.get(dataset) or anchors.get(dataset.partition("-")[0], "")


def _runs(material: Material, dataset: str) -> dict[str, Seeds]:
    """Model to seed to its exact predictions after training without noise."""
    found: dict[str, dict[int, Any]] = {}
    for one in material.predictions:
        if (one.path, one.run.phase, one.run.dataset) == ("exact", "ideal", dataset):
            found.setdefault(one.run.model, {})[one.run.seed] = one
    return dict(found)


def _rows(scores: pd.DataFrame, runs: Mapping[str, Seeds], material: Material) -> Iterator[dict[str, str]]:
    """A row for each quantum model of one data set."""
    quantum = [model for model, seeds in runs.items() if next(iter(seeds.values())).quantum]
    means = scores.groupby("model", sort=False)[["value", "low", "high"]].mean()
    classical = means.drop(index=quantum, errors="ignore")["value"].dropna()
    best = str(classical.idxmax()) if len(classical) else ""
    classes = classes_tested([one for seeds in runs.values() for one in seeds.values()])
    for model in (name for name in means.index if name in quantum):
        value, low, high = means.loc[model]
        at_chance = classes > 1 and low <= 1 / classes
        yield {
            "model": str(model),
            "value": _share(value),
            "interval": f"{_share(low)} to {_share(high)}" if np.isfinite([low, high]).all() else DASH,
            "note": "not above chance" if at_chance else "",
            "reference": f"{best} {_share(classical[best])}" if best else DASH,
            "twin": _twin(str(model), classical),
            **_compared(difference(runs[model], runs[best], material.artefacts) if best in runs else None, best),
        }


def _twin(model: str, classical: pd.Series[float]) -> str:
    """The classical net that stands for this model's circuit, behind the same backbone where there is one."""
    prefix = model.partition("-")[0]
    for name, value in classical.items():
        stem, _, last = str(name).rpartition("-")
        if last in TWINS and stem in ("", prefix) and not (last == "mlp" and not stem):
            return f"{name} {_share(value)}"
    return DASH


def _compared(found: Difference | None, reference: str) -> dict[str, str]:
    """A difference to the reference with its interval, and whether it can be told."""
    if found is None:
        return {"difference": DASH, "limits": "", "verdict": "not on the same samples" if reference else ""}
    limits = f"{signed(found.low, 3)} to {signed(found.high, 3)}" if np.isfinite(found.low) else ""
    return {"difference": signed(found.value, 3), "limits": limits, "verdict": VERDICTS[found.sign]}


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else DASH

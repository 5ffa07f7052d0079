"""One row a study and quantum model: the number that matters, beside the best classical reference and the twin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hqnn.report.chapter import Material
from hqnn.report.classes import classes_tested
from hqnn.report.difference import Compare, Difference, compared
from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, tested
from hqnn.report.words import signed

METRIC = "balanced_accuracy"
BESIDE = ("name", "value", "difference", "limits", "verdict")
TWINS = ("mlp", "parallel_twin", "dense_twin")  # the nets that stand for a circuit


def overview(material: Material, datasets: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of the overview.

    Args:
        material: what there is of one study.
        datasets: names of the data sets that have a chapter; a raw set's stands for its splits and draws.

    Returns:
        Of each data set and quantum model, texts: dataset, anchor, model, value, interval, note, and under `reference`
        and `twin` those of the classical model beside: name, value, difference, limits, verdict.
    """
    metrics = material.metrics
    scores = exact_scores(metrics)
    anchors = {name: f"{metrics['study'].iloc[0]}-{name}" for name in datasets}
    return [
        {"dataset": str(dataset), "anchor": _anchor(anchors, str(dataset)), **row}
        for dataset, own in scores.groupby("dataset", sort=False)
        for row in _rows(own, str(dataset), material)
    ]


def rivals(material: Material) -> dict[str, tuple[str, ...]]:
    """Quantum model to the classical models that it is set against: its twin and the best reference, where there are.

    The best reference is that whose search came to the highest score on train samples; where none was searched, that
    with the highest score on test samples.

    Args:
        material: of one data set.
    """
    scores = exact_scores(material.metrics)
    means = scores.groupby("model", sort=False)["value"].mean()
    exact = material.exact_predictions(means.index)
    quantum = {one.run.model for one in exact if one.quantum}
    classical = _of_classical(means, exact)
    return {
        model: tuple(filter(None, dict.fromkeys(_rivals(model, classical, _searched(material)))))
        for model in means.index
        if model in quantum
    }


def exact_scores(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of the metric that matters, without noise, of whole test sets."""
    scores = tested(metrics[(metrics["path"] == "exact") & (metrics["phase"] == "ideal")])
    return scores[scores["metric"] == METRIC]


def _of_classical(means: pd.Series[float], exact: Iterable[Predictions]) -> pd.Series[float]:
    """Means of the models in which no circuit has a part."""
    return means.drop(index=list({one.run.model for one in exact if not one.classical}), errors="ignore").dropna()


def _rivals(model: str, classical: pd.Series[float], searched: Mapping[str, float]) -> tuple[str, str]:
    """Names of the twin and of the best reference, empty where there is none."""
    scores = {name: searched[name] for name in classical.index if name in searched} or classical.to_dict()
    return _twin(model, classical.index), str(max(scores, key=lambda name: scores[name])) if scores else ""


def _searched(material: Material) -> dict[str, float]:
    """Model to the score of its searches, of the one data set that there is."""
    datasets = set(material.metrics["dataset"])
    return {model: score for (dataset, model), score in material.tuned.items() if dataset in datasets}


def _anchor(anchors: Mapping[str, str], dataset: str) -> str:
    return anchors.get(dataset) or anchors.get(dataset.partition("-")[0], "")


def _rows(scores: pd.DataFrame, dataset: str, material: Material) -> Iterator[dict[str, Any]]:
    """A row for each quantum model of one data set."""
    exact = material.of(dataset).exact_predictions(scores["model"].unique())
    quantum = {one.run.model for one in exact if one.quantum}
    compare = compared(material, dataset)
    means = scores.groupby("model", sort=False)[["value", "low", "high"]].mean()
    classical = _of_classical(means["value"], exact)
    classes = classes_tested(exact)
    for model in (str(name) for name in means.index if name in quantum):
        value, low, high = means.loc[model]
        twin, reference = _rivals(model, classical, _searched(material.of(dataset)))
        at_chance = classes > 1 and low <= 1 / classes
        yield {
            "model": model,
            "value": _share(value),
            "interval": f"{_share(low)} to {_share(high)}" if np.isfinite([low, high]).all() else DASH,
            "note": "chance not excluded" if at_chance else "",
            "reference": _beside(model, reference, classical, compare),
            "twin": _beside(model, twin, classical, compare),
        }


def _twin(model: str, classical: Iterable[str]) -> str:
    """The classical net that stands for this model's circuit, behind the same backbone where there is one."""
    prefix = model.partition("-")[0]
    for name in classical:
        stem, _, last = name.rpartition("-")
        if last in TWINS and stem in ("", prefix) and not (last == "mlp" and not stem):
            return name
    return ""


def _beside(model: str, other: str, classical: pd.Series[float], compare: Compare) -> dict[str, str]:
    """A classical model with the quantum model's difference to it, and whether it can be told."""
    if not other:
        return dict.fromkeys(BESIDE, "") | {"name": DASH}
    found: Difference | None = compare(model, other)
    if found is None:
        return dict.fromkeys(BESIDE, "") | {
            "name": other,
            "value": _share(classical[other]),
            "verdict": "not on the same samples",
        }
    said = (other, _share(classical[other]), signed(found.value, 3), found.limits, found.verdict)
    return dict(zip(BESIDE, said, strict=True))


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else DASH

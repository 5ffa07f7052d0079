"""Sentences that the numbers of photographs say themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from hqnn.report.difference import Compare, Difference
from hqnn.report.paired import by_seed
from hqnn.report.photographs.tables import backbone_of, is_trainer, principal
from hqnn.report.tables import number, sentence_case, tested
from hqnn.report.words import percent, split_name, trainer_name, trainer_order
from hqnn.wording import plural

TWINS = {"mlp": "the MLP of equal size", "linear": "the linear head"}


def split_findings(metrics: pd.DataFrame, references: Collection[str], compare: Compare) -> list[str]:
    """What came out on one split, a paragraph each backbone.

    Args:
        metrics: the tidy table of one data set.
        references: names of the classical models.
        compare: see `hqnn.report.difference.compared`.
    """
    rows = metrics[(metrics["path"] == "exact") & ~is_trainer(metrics["phase"])]
    said = []
    for model in principal(set(metrics["model"]) - set(references)):
        own = _accuracies(rows[rows["phase"] == "ideal"], model)
        if own.empty:
            continue
        split = split_name(str(metrics["dataset"].iloc[0]))
        sentences = [
            f"Split {split}: {model} is right on {percent(own)} % of the test images "
            f"({plural(len(own), 'seed')}){_published(rows, model)}."
        ]
        for twin in sorted(references):
            theirs = _accuracies(rows, twin)
            if backbone_of(twin) == backbone_of(model) and len(theirs):
                sizes = _sizes(metrics, model, twin)
                sentences.append(_twin_sentence(own, theirs, sizes, twin, compare(model, twin)))
        said.append(" ".join(filter(None, sentences)))
    return said


def trainer_findings(metrics: pd.DataFrame, model: str) -> list[str]:
    """How far the accuracies of one model differ that several trainers trained, over the seeds that all have."""
    rows = tested(metrics[(metrics["path"] == "exact") & (metrics["model"] == model)]).query("metric == 'accuracy'")
    rows = rows[rows["phase"].str.split("-").str[0] == "ideal"]
    table = rows.pivot_table(index="seed", columns="phase", values="value").dropna()
    others = sorted((phase for phase in table if phase != "ideal"), key=trainer_order)
    if "ideal" not in table or not others or table.empty:
        return []
    apart = 100 * float(table[others].sub(table["ideal"], axis=0).abs().to_numpy().max())
    names = ", ".join(trainer_name(phase) for phase in others)
    return [
        f"{model} trained by {names}: over {plural(len(table), 'seed')} the test accuracy is at most {apart:.1f} "
        "points from the engine's."
    ]


def backbone_warnings(backbones: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What must be said of backbones that have seen no images."""
    random = [name for name, about in sorted(backbones.items()) if about["weights"]["kind"] == "random"]
    if not random:
        return []
    names = f"{', '.join(random)} {'has' if len(random) == 1 else 'have'}"
    return [
        f"{names} random weights, not ImageNet's: all numbers below show that the pipeline runs, and say nothing about "
        "the published models. Set weights to imagenet or to a file for numbers that count."
    ]


def backbone_words(backbones: Mapping[str, Mapping[str, Any]]) -> str:
    """Where each backbone's weights are from."""
    said = []
    for name, about in sorted(backbones.items()):
        weights = about["weights"]
        origin = {"random": f"random, seed {weights.get('seed')}", "imagenet": "torchvision's for ImageNet"}
        source = origin.get(weights["kind"], f"from {weights.get('file')}")
        said.append(f"{name}: {source} (sha256 {weights['sha256'][:8]})")
    return f"Frozen backbones: {'; '.join(said)}." if said else ""


def _twin_sentence(
    ours: pd.Series[float], theirs: pd.Series[float], sizes: str, name: str, found: Difference | None
) -> str:
    head = name.split("-")[-1]
    subject = f"{sentence_case(TWINS[head]) if head in TWINS else name}{sizes}"
    verdict = f"; the quantum net differs {found.words}" if found else ""
    return f"{subject}: {percent(theirs)} against {percent(ours)} %{verdict}."


def _accuracies(rows: pd.DataFrame, model: str) -> pd.Series[float]:
    return by_seed(tested(rows).query("metric == 'accuracy' and phase == 'ideal'"), model)


def _sizes(metrics: pd.DataFrame, model: str, twin: str) -> str:
    found = [metrics.query("model == @name and metric == 'parameters'")["value"] for name in (model, twin)]
    if any(sizes.empty for sizes in found):
        return ""
    ours, theirs = (number(sizes.iloc[0], "parameters") for sizes in found)
    return f" ({theirs} parameters against {ours})"


def _published(rows: pd.DataFrame, model: str) -> str:
    theirs = tested(rows[rows["model"] == model]).query("metric == 'accuracy'")["published"].dropna()
    return f", published ● {100 * theirs.iloc[0]:.1f} %" if len(theirs) else ""

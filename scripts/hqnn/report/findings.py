"""Sentences that the numbers themselves say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report.runs import Predictions
from hqnn.report.tables import number
from hqnn.report.words import METRIC_NAMES, path_name, path_order, plural

RANKED_BY = "roc_auc"


def findings(metrics: pd.DataFrame, references: Collection[str]) -> list[str]:
    """What came out, in a few sentences.

    Args:
        metrics: the tidy table of one study and dataset.
        references: names of the classical models.
    """
    pooled = metrics[metrics["group"] == POOLED]
    whole = pooled[(pooled["sampling"] == "all") & (pooled["path"] == "exact")]
    quantum = _ranked(whole[~whole["model"].isin(references)])
    said = []
    if not quantum.empty:
        best = (quantum.index[0][0], quantum.index[0][1])
        said.append(_best_sentence(whole, best, len(quantum)))
        said += _reference_sentence(whole, best, _ranked(whole[whole["model"].isin(references)]))
        said += _path_sentence(_of(pooled[pooled["sampling"] == "subset"], best))
        said += _city_sentence(_of(metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")], best))
    return said + _published_sentence(pooled)


def weights_sentence(predictions: Sequence[Predictions]) -> tuple[bool, str]:
    """Whether every path of a training run used the same weights, and the sentence that says so."""
    seen: dict[object, set[str]] = {}
    for one in predictions:
        if one.quantum:
            seen.setdefault(one.run, set()).add(str(one.about.get("weights_fingerprint", "")))
    torn = [run for run, marks in seen.items() if len(marks) > 1 or "" in marks]
    if torn:
        runs = plural(len(torn), "training run")
        return False, f"In {runs} the paths ran different or unknown weights; do not trust their numbers."
    runs = plural(len(seen), "training run")
    return True, f"All execution paths of a training run used the same weights, by their fingerprints ({runs})."


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Model and phase with means over seeds, best first."""
    ranked = rows[rows["metric"] == RANKED_BY].groupby(["model", "phase"])[["value", "low", "high"]].mean()
    return ranked.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable")


def _of(rows: pd.DataFrame, run: tuple[str, str]) -> pd.DataFrame:
    return rows[(rows["model"] == run[0]) & (rows["phase"] == run[1])]


def _mean(rows: pd.DataFrame, metric: str) -> str:
    values = rows.loc[rows["metric"] == metric, "value"]
    spread = f" ± {number(values.std(ddof=0), metric)}" if len(values) > 1 else ""
    return f"{number(values.mean(), metric)}{spread}"


def _best_sentence(whole: pd.DataFrame, best: tuple[str, str], models: int) -> str:
    own = _of(whole, best)
    place = "" if models == 1 else f", the best of {models} quantum models by {METRIC_NAMES[RANKED_BY]},"
    return (
        f"{best[0]} ({best[1]}){place} reaches {METRIC_NAMES[RANKED_BY]} {_mean(own, RANKED_BY)} and balanced accuracy "
        f"{_mean(own, 'balanced_accuracy')} on {plural(int(own['samples'].iloc[0]), 'test sample')} "
        f"({plural(own['seed'].nunique(), 'seed')})."
    )


def _reference_sentence(whole: pd.DataFrame, best: tuple[str, str], references: pd.DataFrame) -> list[str]:
    if references.empty:
        return []
    ours, theirs = _ranked(_of(whole, best)).iloc[0], references.iloc[0]
    gap = ours["value"] - theirs["value"]
    apart = ours["low"] > theirs["high"] or theirs["low"] > ours["high"]
    return [
        f"The best classical reference, {references.index[0][0]}, reaches {number(theirs['value'], RANKED_BY)}: "
        f"{number(abs(gap), RANKED_BY)} {'less' if gap > 0 else 'more'}; the 95 % intervals over pixels "
        f"{'do not overlap' if apart else 'overlap'}."
    ]


def _path_sentence(rows: pd.DataFrame) -> list[str]:
    paths = sorted(rows["path"].unique(), key=path_order)
    if len(paths) < 2:
        return []
    values = "; ".join(f"{path_name(path)} {_mean(rows[rows['path'] == path], RANKED_BY)}" for path in paths)
    samples = plural(int(rows["samples"].iloc[0]), "sample")
    return [f"On the same {samples} its {METRIC_NAMES[RANKED_BY]} by path is: {values}."]


def _city_sentence(rows: pd.DataFrame) -> list[str]:
    cities = rows[(rows["metric"] == RANKED_BY) & (rows["group"] != POOLED)].groupby("group")["value"].mean().dropna()
    if len(cities) < 2:
        return []
    low, high = cities.idxmin(), cities.idxmax()
    return [
        f"By city it runs from {number(cities[low], RANKED_BY)} ({low}) to {number(cities[high], RANKED_BY)} ({high})."
    ]


def _published_sentence(pooled: pd.DataFrame) -> list[str]:
    rows = pooled[(pooled["metric"] == "accuracy") & (pooled["path"] == "exact") & pooled["published"].notna()]
    rows = rows[~rows["sampling"].str.startswith("subset")]
    if rows.empty:
        return []
    gaps = (rows["value"] - rows["published"]).groupby([rows["model"], rows["phase"]]).mean()
    if len(gaps) == 1:
        ours, theirs = rows["value"].mean(), rows["published"].iloc[0]
        kind = "class-balanced draws" if rows["sampling"].iloc[0] == "balanced" else "all samples"
        return [f"Accuracy on {kind}: {number(ours, 'accuracy')}, published ● {number(theirs, 'accuracy')}."]
    return [
        f"Against the published accuracies of {len(gaps)} models, ours differ by "
        f"{number(gaps.min(), 'accuracy', sign=True)} to {number(gaps.max(), 'accuracy', sign=True)}."
    ]

"""Sentences that the numbers themselves say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report.classes import has_two_classes
from hqnn.report.difference import Compare
from hqnn.report.runs import Predictions
from hqnn.report.tables import number
from hqnn.report.words import METRIC_NAMES, path_name, path_order
from hqnn.wording import plural

SAME_RANKING = 0.01  # of the area under the ROC curve; less is no change of the ranking


def findings(metrics: pd.DataFrame, references: Collection[str], compare: Compare) -> list[str]:
    """What came out, in a few sentences.

    Args:
        metrics: of one study and dataset, as `hqnn.report.tables.named_by_class` gives them.
        references: names of the models without a trained circuit.
        compare: see `hqnn.report.difference.compared`.
    """
    by = ranked_by(metrics)
    pooled = metrics[metrics["group"] == POOLED]
    whole = pooled[(pooled["sampling"] == "all") & (pooled["path"] == "exact")]
    quantum = _ranked(whole[~whole["model"].isin(references)], by)
    said = []
    if not quantum.empty:
        best = (quantum.index[0][0], quantum.index[0][1])
        theirs = _ranked(whole[whole["model"].isin(references)], by)
        several = _of(pooled[pooled["sampling"] == "subset"], best)
        said.append(_best_sentence(whole, best, len(quantum), by))
        said += _reference_sentence(quantum, theirs, by, compare)
        said += _path_sentence(several, by) + _noise_sentences(several)
        said += _scene_sentence(_of(metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")], best), by)
    return said + _published_sentence(pooled)


def ranked_by(metrics: pd.DataFrame) -> str:
    """By which metric models are ranked: of two classes the area under the curve, of more balanced accuracy."""
    return "roc_auc" if has_two_classes(metrics) else "balanced_accuracy"


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


def _ranked(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Model and phase with means over seeds, best first."""
    ranked = rows[rows["metric"] == by].groupby(["model", "phase"])[["value", "low", "high"]].mean()
    return ranked.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable")


def _of(rows: pd.DataFrame, run: tuple[str, str]) -> pd.DataFrame:
    return rows[(rows["model"] == run[0]) & (rows["phase"] == run[1])]


def _mean(rows: pd.DataFrame, metric: str) -> str:
    values = rows.loc[rows["metric"] == metric, "value"]
    spread = f" ± {number(values.std(ddof=0), metric)}" if len(values) > 1 else ""
    return f"{number(values.mean(), metric)}{spread}"


def _best_sentence(whole: pd.DataFrame, best: tuple[str, str], models: int, by: str) -> str:
    own = _of(whole, best)
    place = "" if models == 1 else f", the best of {models} quantum models by {METRIC_NAMES[by]},"
    beside = "balanced_accuracy" if by == "roc_auc" else "accuracy"
    return (
        f"{best[0]} ({best[1]}){place} reaches {METRIC_NAMES[by]} {_mean(own, by)} and {METRIC_NAMES[beside]} "
        f"{_mean(own, beside)} on {plural(int(own['samples'].max()), 'test sample')} "
        f"({plural(own['seed'].nunique(), 'seed')})."
    )


def _reference_sentence(quantum: pd.DataFrame, references: pd.DataFrame, by: str, compare: Compare) -> list[str]:
    if references.empty:
        return []
    (ours, phase), (theirs, _) = quantum.index[0], references.index[0]
    value = references["value"].iloc[0]
    gap = quantum["value"].iloc[0] - value
    apart = number(abs(gap), by)
    beside = "as much" if apart == number(0.0, by) else f"{apart} {'less' if gap > 0 else 'more'}"
    said = f"Of the classical models {theirs} has the highest {METRIC_NAMES[by]}, {number(value, by)}: {beside}."
    found = compare(ours, theirs) if phase == "ideal" else None
    return [f"{said} On the same samples {ours} differs from it {found.words}." if found else said]


def _path_sentence(rows: pd.DataFrame, by: str) -> list[str]:
    paths = _paths(rows)
    if len(paths) < 2:
        return []
    values = "; ".join(f"{path_name(path)} {_mean(rows[rows['path'] == path], by)}" for path in paths)
    samples = plural(int(rows["samples"].max()), "sample")
    return [f"On the same {samples} its {METRIC_NAMES[by]} by path is: {values}."]


def _noise_sentences(rows: pd.DataFrame) -> list[str]:
    """What noise does to how sure a model of two classes is, and to the order in which it ranks samples."""
    means = rows.groupby(["path", "metric"])["value"].mean().unstack("metric")
    noisy = [path for path in _paths(rows) if path.startswith("noisy-")]
    if "exact" not in means.index or not {"sureness", "roc_auc"} <= set(means.columns):
        return []
    exact, said = means.loc["exact"], []
    for path in noisy:
        sureness, ranking = (means.loc[path, metric] - exact[metric] for metric in ("sureness", "roc_auc"))
        lowers = "lowers" if sureness < 0 else "does not lower"
        stays = "stays" if abs(ranking) < SAME_RANKING else "changes"
        said.append(
            f"The noise of {path.partition('-')[2]} {lowers} confidence (sureness {number(exact['sureness'], '')} to "
            f"{number(means.loc[path, 'sureness'], '')}); the ranking {stays} ({METRIC_NAMES['roc_auc']} "
            f"{number(ranking, '', sign=True)})."
        )
    return said


def _paths(rows: pd.DataFrame) -> list[str]:
    return sorted(rows["path"].unique(), key=path_order)


def _scene_sentence(rows: pd.DataFrame, by: str) -> list[str]:
    scenes = rows[(rows["metric"] == by) & (rows["group"] != POOLED)].groupby("group")["value"].mean().dropna()
    if len(scenes) < 2:
        return []
    low, high = scenes.idxmin(), scenes.idxmax()
    return [f"By scene it runs from {number(scenes[low], by)} ({low}) to {number(scenes[high], by)} ({high})."]


def _published_sentence(pooled: pd.DataFrame) -> list[str]:
    rows = pooled[(pooled["metric"] == "accuracy") & (pooled["path"] == "exact") & pooled["published"].notna()]
    rows = rows[~rows["sampling"].str.startswith("subset")]
    if rows.empty:
        return []
    gaps = (rows["value"] - rows["published"]).groupby([rows["model"], rows["phase"]]).mean()
    if len(gaps) == 1:
        ours, theirs = rows["value"].mean(), rows["published"].iloc[0]
        kind = "both classes weighted equally" if rows["sampling"].iloc[0] == "balanced" else "all samples"
        return [f"Accuracy, {kind}: {number(ours, 'accuracy')}, published ● {number(theirs, 'accuracy')}."]
    return [
        f"Against the published accuracies of {len(gaps)} models, ours differ by "
        f"{number(gaps.min(), 'accuracy', sign=True)} to {number(gaps.max(), 'accuracy', sign=True)}."
    ]

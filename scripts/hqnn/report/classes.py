"""What depends on how many classes there are: metrics that are shown, names that fit, and what guessing would give."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report.runs import Predictions
from hqnn.report.tables import tested

MANY = ("accuracy", "balanced_accuracy", "kappa", "macro_f1", "roc_auc")
FIELD_NAMES = (
    " Accuracy is the overall accuracy (OA), balanced accuracy the average accuracy (AA) of the classes, ROC AUC the "
    "mean of one class against the rest."
)
FEW = 4  # classes, up to which counts are read as a table
LETTERS = 12  # of a class's name in a figure


def has_two_classes(metrics: pd.DataFrame) -> bool:
    """Whether scores are of two classes: they alone have an F1 of all samples together."""
    return bool(((metrics["group"] == POOLED) & (metrics["metric"] == "f1")).any())


def shortened(names: Sequence[str]) -> list[str]:
    """Names of classes that fit beside a figure; those that would be alike keep their ends, or all stay whole."""
    heads = [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in names]
    ends = [name if len(name) <= LETTERS else f"{name[: LETTERS // 2]}…{name[-LETTERS // 2 + 1 :]}" for name in names]
    short = [head if heads.count(head) == 1 else end for head, end in zip(heads, ends, strict=True)]
    return short if len(set(short)) == len(names) else list(names)


def classes_tested(predictions: Collection[Predictions]) -> int:
    """How many classes the test samples have."""
    return len(np.unique(np.concatenate([one.columns["label"] for one in predictions]))) if predictions else 0


def chance_findings(metrics: pd.DataFrame, classes: int, where: str = "") -> list[str]:
    """A sentence for each model that is no better than guessing, exact path.

    That is one whose 95 % interval of balanced accuracy, its limits averaged over seeds, reaches down to 1 / classes.

    Args:
        metrics: the tidy table of one data set.
        classes: how many the test samples have.
        where: what the sentence starts with, such as a split.
    """
    rows = tested(metrics[metrics["path"] == "exact"]).query("metric == 'balanced_accuracy'")
    means = rows.groupby(["model", "phase"], sort=False)[["value", "low", "high"]].mean()
    said = []
    for (model, phase), (value, low, high) in zip(means.index, means.to_numpy(), strict=True):
        if classes < 2 or not low <= 1 / classes:
            continue
        name = f"{where}{model}" + ("" if phase == "ideal" else f" ({phase})")
        verdict = "is worse than guessing" if high < 1 / classes else "is at chance, no better than guessing"
        said.append(
            f"{name} {verdict}: its balanced accuracy is {100 * value:.1f} % (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %), and guessing among {classes} classes gives {100 / classes:.1f} %."
        )
    return said

"""What depends on how many classes there are: metrics that are shown, and names that fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report.runs import Predictions

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

"""Points of an axis along which a study is repeated, as tidy rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.metrics.score import score
from hqnn.metrics.table import COLUMNS, IDENTITY, POOLED
from hqnn.store import read_model, read_table

SCORED = ("accuracy", "balanced_accuracy", "roc_auc")
SAME = "same_answers"  # share of the samples that are classified as without noise or sampling


def point(
    labels: NDArray[np.integer],
    probability: NDArray[np.float64],
    *,
    about: Mapping[str, Any],
    axis: str,
    at: float,
    facts: Mapping[str, float],
) -> pd.DataFrame:
    """The scores of one point.

    Args:
        labels: of the test samples, shape (samples,).
        probability: as of `hqnn.metrics.score.score`.
        about: what was run: the columns `IDENTITY`, and perhaps the names of the `classes`.
        axis: its name.
        at: the value on the axis.
        facts: further metrics.

    Returns:
        The tidy table, columns `COLUMNS`; of all test samples together, `SCORED` without intervals, then the facts.
    """
    scores = score(labels, probability, classes=about.get("classes"), draws=0)
    kept = scores[scores["metric"].isin(SCORED) & (scores["group"] == POOLED)]
    further = pd.DataFrame({"metric": list(facts), "value": list(facts.values())})
    table = pd.concat([kept[["metric", "value"]], further], ignore_index=True).assign(
        **{key: about[key] for key in IDENTITY},
        sampling="all",
        group=POOLED,
        low=np.nan,
        high=np.nan,
        samples=len(labels),
        published=np.nan,
        axis=axis,
        at=float(at),
    )
    return table[list(COLUMNS)]


def point_of(
    predictions: str | os.PathLike[str], axis: str, at: float, model: str | os.PathLike[str] | None = None
) -> pd.DataFrame:
    """The scores of a predictions file as a point, with the number of parameters where the model's file says it."""
    columns, about = read_table(predictions, "label", "probability")
    said = about if model is None else read_model(model)[1]
    facts = {"parameters": float(said["parameters"])} if "parameters" in said else {}
    return point(columns["label"], columns["probability"], about=about, axis=axis, at=at, facts=facts)

"""Models that say little of what they stand for: no better than guessing, or stopped while they were still learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hqnn.report.chapter import Material
from hqnn.report.classes import classes_tested
from hqnn.report.tables import tested
from hqnn.wording import some

STILL_LEARNING = 0.02  # of the loss, over the last tenth of the epochs
LEAST_EPOCHS = 4


def doubts(material: Material, where: str = "") -> list[str]:
    """Sentences on the models of one data set.

    Args:
        material: of the data set.
        where: what the sentences start with, such as a split.
    """
    chance = chance_findings(material.metrics, classes_tested(material.predictions), where)
    models = material.metrics["model"].unique()
    return [*chance, *learning_findings(material.ideal_histories(models), where)]


def chance_findings(metrics: pd.DataFrame, classes: int, where: str = "") -> list[str]:
    """A sentence for each model that is worse than guessing or cannot be told from it, exact path.

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
        verdict = "is worse than guessing" if high < 1 / classes else "cannot be told from guessing"
        said.append(
            f"{name} {verdict}: its balanced accuracy is {100 * value:.1f} % (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %), and guessing among {classes} classes gives {100 / classes:.1f} %."
        )
    return said


def learning_findings(histories: Mapping[str, Sequence[pd.DataFrame]], where: str = "") -> list[str]:
    """A sentence that names the models whose loss still fell when their training without noise ended.

    Told is the fall from the tenth of the epochs before the last to the last tenth, as a mean over seeds; of validation
    samples where there are any, since the loss on train samples may fall for ever.

    Args:
        histories: model to its training runs, columns epoch, loss and perhaps validation_loss.
        where: what the sentence starts with.
    """
    falls = {model: float(np.mean([_fall(own) for own in runs])) for model, runs in histories.items()}
    named = [f"{model} ({100 * fall:.0f} %)" for model, fall in falls.items() if fall > STILL_LEARNING]
    if not named:
        return []
    were = "was" if len(named) == 1 else "were"
    return [
        f"{where}{some(named)} {were} still learning when the epochs ended: over the last tenth of the epochs the "
        "loss still fell by the share in brackets; give more epochs before comparing."
    ]


def _fall(history: pd.DataFrame) -> float:
    """By which share the loss fell at the end; 0 of few epochs."""
    loss = history["validation_loss" if "validation_loss" in history else "loss"].to_numpy()
    tenth = max(1, len(loss) // 10)
    if len(loss) < LEAST_EPOCHS:
        return 0.0
    last, before = loss[-tenth:].mean(), loss[-2 * tenth : -tenth].mean()
    return float((before - last) / before) if before > 0 else 0.0

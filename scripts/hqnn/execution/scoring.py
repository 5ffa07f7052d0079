"""Every predictions file of a run as one table of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hqnn.metrics import evaluate, write_metrics
from hqnn.store import read_table

WHOLE = ("all", "balanced")


def score_all(
    output: Path, *, predictions: Sequence[Path], samples: Path, published: pd.DataFrame, draws: int, seed: int
) -> None:
    """Score predictions of all test samples and of the subset that the slow paths ran on.

    What ran on every sample is scored on all of them and on the subset, what ran on the subset on that alone, and each
    row says which.

    Args:
        output: of the tidy table.
        predictions: tables in the prediction schema.
        samples: the store they point into.
        published: figures to put beside.
        draws: number of bootstrap draws.
        seed: of the bootstrap.
    """
    ids = {file: read_table(file, "sample")[0]["sample"] for file in predictions}
    most, fewest = (choose(ids.values(), key=len) for choose in (max, min))
    subset = None if len(fewest) == len(most) else fewest
    tables = []
    for file, own in ids.items():
        table = evaluate(file, samples, None if subset is None else subset.tolist(), published, seed=seed, draws=draws)
        on_subset_alone = subset is not None and np.array_equal(own, subset)
        tables.append(table[~table["sampling"].isin(WHOLE)] if on_subset_alone else table)
    write_metrics(output, tables)

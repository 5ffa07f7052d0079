"""What mitigation made of the same counts: bias against exact values, spread, and what it cost in shots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hqnn.report.chapter import Material
from hqnn.report.runs import Predictions
from hqnn.report.tables import Cell, Table
from hqnn.report.words import path_order, signed

COUNTED = "hardware-"
SHOTS = {"": "1 ×", "readout": "1 × *", "m3": "1 × *", "zne_linear": "3 × *", "zne_richardson": "3 × *"}
COLUMNS = ("bias", "rmse", "spread", "scatter")


def mitigations(material: Material) -> Table | None:
    """Each machine with and without mitigation, all its samples, observables and seeds together.

    Args:
        material: of one data set.

    Returns:
        None where nothing was mitigated.
    """
    exact = {one.run: one for one in material.predictions if one.path == "exact" and one.quantum}
    told = [one for one in material.predictions if one.path.startswith(COUNTED) and one.run in exact]
    machines = {one.path.partition("+")[0] for one in told if "+" in one.path}
    rows = pd.DataFrame(
        [
            {"model": one.run.model, "phase": one.run.phase, "path": one.path, **_errors(exact[one.run], one)}
            for one in told
            if one.path.partition("+")[0] in machines
        ]
    )
    if rows.empty:
        return None
    means = rows.groupby(["model", "phase", "path"], sort=False)[list(COLUMNS)].mean()
    lines = []
    for model, phase, path in sorted(means.index, key=lambda key: (key[0], key[1], path_order(key[2]))):
        machine, _, how = path.removeprefix(COUNTED).partition("+")
        bias, rmse, spread, scatter = means.loc[(model, phase, path)]
        words = (model, phase, machine, how.replace("_", ", ") or "none", SHOTS.get(how, ""))
        lines.append((*map(Cell, words), Cell(signed(bias, 4)), *(Cell(f"{x:.4f}") for x in (rmse, spread, scatter))))
    caption = (
        "Expectation values from the same counts, against those of the same weights without noise: mean error, root of "
        "its mean square, mean standard error as it is stated, and root of the mean variance that is left of the error "
        "once its mean over samples is taken away. * and two circuits of calibration."
    )
    head = ("model", "phase", "machine", "mitigation", "shots", "bias", "RMSE", "standard error", "scatter")
    return Table(caption, head, tuple(lines), labels=5)


def _errors(exact: Predictions, other: Predictions) -> dict[str, float]:
    """Of all observables of the samples that both have."""
    _, here, there = np.intersect1d(exact.columns["sample"], other.columns["sample"], return_indices=True)
    error = other.columns["expectation"][there] - exact.columns["expectation"][here]
    return {
        "bias": float(error.mean()),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "spread": float(other.columns["standard_error"][there].mean()),
        "scatter": float(np.sqrt(error.var(axis=0).mean())),
    }

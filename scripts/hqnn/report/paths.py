"""The same weights by every execution path: their numbers beside each other, and what each run took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table, entry, labelled, row_order, tested
from hqnn.report.words import duration, path_name, path_order, percent

TOOK = ("shots", "jobs", "time", "QPU time")


def on_every_path(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of the samples that every path ran on: a subset, or all where that is not one."""
    return tested(metrics, "subset" if "subset" in set(metrics["sampling"]) else "all")


def path_table(
    rows: pd.DataFrame,
    predictions: Sequence[Predictions],
    columns: Mapping[str, str],
    caption: str,
    *,
    show: Callable[[float, str], str],
    published: bool = True,
    qpu: bool = True,
) -> Table:
    """Models, phases and paths by metrics, and what one run of each took.

    Args:
        rows: see `on_every_path`.
        predictions: of the same runs.
        columns: metric to the name of its column.
        caption: of the table.
        show: how a metric is printed.
        published: whether published figures stand beside.
        qpu: whether the time of quantum hardware is told.
    """
    took = TOOK if qpu else TOOK[:-1]
    grouped = dict(iter(rows.groupby(["model", "phase", "path"])))
    keys = sorted(grouped, key=row_order(rows))
    cells = []
    for key in keys:
        own = [one for one in predictions if (one.run.model, one.run.phase, one.path) == key]
        numbers = [entry(grouped[key], metric, published=published, show=show) for metric in columns]
        cells.append([*numbers, *_took(own)[: len(took)]])
    return labelled(keys, cells, [*columns.values(), *took], caption)


def path_findings(metrics: pd.DataFrame, model: str) -> list[str]:
    """The accuracy of the same weights by path."""
    rows = on_every_path(metrics[(metrics["model"] == model) & (metrics["phase"] == "ideal")])
    rows = rows[rows["metric"] == "accuracy"]
    paths = sorted(rows["path"].unique(), key=path_order)
    if len(paths) < 2:
        return []
    values = "; ".join(f"{path_name(path)} {percent(rows.loc[rows['path'] == path, 'value'])} %" for path in paths)
    return [f"The same weights of {model} by path: {values}."]


def _took(files: Sequence[Predictions]) -> tuple[Cell, ...]:
    """Shots, jobs, time and QPU time of a run, as means over seeds."""
    about = pd.DataFrame([one.about for one in files]).reindex(columns=["shots", "jobs", "wall_s", "qpu_s"])
    shots, jobs, wall, qpu = about.apply(pd.to_numeric, errors="coerce").fillna(0).mean()
    return (
        Cell(f"{shots:,.0f}" if shots else "exact"),
        Cell(f"{jobs:,.0f}" if jobs else DASH),
        Cell(duration(wall)),
        Cell(duration(qpu) if qpu else DASH),
    )

"""What each model costs beside what it buys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hqnn.efficiency import used_line
from hqnn.metrics.facts import TRAINING
from hqnn.metrics.runs import Run, run_of
from hqnn.report.chapter import Material, Section, Shown, section
from hqnn.report.overview import METRIC
from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table, row_order, tested
from hqnn.report.words import duration, split_name

LOGS = ("train.log", "exact/predictions.log")  # of the job that trained a net, or that fitted a reference
HEAD = (
    "model",
    "phase",
    "balanced\naccuracy",
    "parameters",
    "circuits run\nin training",
    "circuits\na sample",
    "CPU time\nof training",
    "time of a\nprediction",
    "QPU time",
)
CAPTION = (
    "Means over seeds. Circuits run in training: each sample's once an epoch, which gives value and gradient in the "
    "engine; a machine's parameter-shift rule runs two more for each angle. What other simulators or machines ran is "
    "counted as it was. CPU time: of the whole job, on all cores, without a search for settings. Time of a prediction: "
    "of a test sample without noise. QPU time: of all seeds, in training and for predictions."
)


def used_by_runs(histories: Iterable[Path], predictions: Iterable[Path]) -> dict[Run, float]:
    """CPU seconds of the job that trained or fitted each run; those of which no log says so are left out.

    Args:
        histories: of nets, beside whose files the jobs' logs lie.
        predictions: files; the folders above are those of the runs.
    """
    folders = {run_of(path): path.parent for path in histories}
    folders = {run_of(path): path.parents[1] for path in predictions} | folders
    found = {}
    for run, folder in folders.items():
        said = next((line for line in map(used_line, (folder / log for log in LOGS)) if line), {})
        if "cpu_s" in said:
            found[run] = float(said["cpu_s"])
    return found


def cost_section(material: Material) -> Section:
    """One table of all models and phases of a chapter.

    Args:
        material: of the data sets of the chapter.
    """
    datasets = list(material.metrics["dataset"].unique())
    rows = []
    for dataset in datasets:
        own = material.of(dataset)
        order = row_order(own.metrics)
        keys = own.metrics[["model", "phase"]].drop_duplicates().itertuples(index=False, name=None)
        split = [Cell(split_name(dataset) or dataset)] if len(datasets) > 1 else []
        rows += [(*split, *_row(own, *key)) for key in sorted(keys, key=order)]
    if not rows:
        return section("costs", "Costs")
    labels = len(rows[0]) - len(HEAD) + 2
    head = (*(["split"] if labels > 2 else []), *HEAD)
    return section("costs", "What it costs", Shown(Table(CAPTION, head, tuple(rows), labels=labels)))


def _row(material: Material, model: str, phase: str) -> tuple[Cell, ...]:
    """One model after one phase of training."""
    rows = material.metrics
    rows = rows[(rows["model"] == model) & (rows["phase"] == phase)]
    scores = tested(rows[rows["path"] == "exact"])
    runs = [one for one in material.predictions if (one.run.model, one.run.phase) == (model, phase)]
    exact = [one for one in runs if one.path == "exact"]
    histories = [history for run, history in material.histories if (run.model, run.phase) == (model, phase)]
    facts = rows[rows["sampling"] == TRAINING]
    circuits = next((int(one.about["circuits"]) for one in exact if "circuits" in one.about), 0)
    return (
        Cell(model),
        Cell(phase),
        _mean(scores.loc[scores["metric"] == METRIC, "value"], "{:.3f}"),
        _mean([*_fact(facts, "parameters"), *_said(exact, "parameters")], "{:,.0f}"),
        _mean(_trained_circuits(histories, facts, circuits), "{:,.0f}"),
        Cell(f"{circuits:,}" if circuits else DASH),
        _time([material.used[one.run] for one in exact if one.run in material.used]),
        _time(
            [one.about["wall_s"] / len(one.columns["sample"]) for one in exact if "wall_s" in one.about], of_one=True
        ),
        _time(_qpu(runs, histories)),
    )


def _trained_circuits(histories: Sequence[pd.DataFrame], facts: pd.DataFrame, circuits: int) -> list[float]:
    """How many circuits each training ran: as counted, or else each sample's once an epoch."""
    counted = [float(history["rows"].sum()) for history in histories if "rows" in history]
    if counted:
        return counted
    ran = facts[facts["metric"].isin(["executions_forward", "executions_backward"])]
    if len(ran):
        return list(ran.groupby("seed")["value"].sum())
    epochs = facts[facts["metric"] == "epochs"]
    return list(epochs["value"] * epochs["samples"] * circuits) if circuits else []


def _qpu(runs: Sequence[Predictions], histories: Sequence[pd.DataFrame]) -> list[float]:
    """Seconds of machines over all seeds, in training and for predictions; none where no machine ran."""
    seconds = [one.about.get("qpu_s", 0) for one in runs]
    seconds += [history["qpu_s"].sum() for history in histories if "qpu_s" in history]
    return [float(sum(seconds))] if sum(seconds) else []


def _fact(facts: pd.DataFrame, metric: str) -> list[float]:
    return list(facts.loc[facts["metric"] == metric, "value"])


def _said(runs: Sequence[Predictions], key: str) -> list[float]:
    return [float(one.about[key]) for one in runs if key in one.about]


def _mean(values: Iterable[float], form: str) -> Cell:
    known = [value for value in values if np.isfinite(value)]
    return Cell(form.format(np.mean(known)) if known else DASH)


def _time(seconds: Sequence[float], *, of_one: bool = False) -> Cell:
    """A mean time; of one sample in microseconds."""
    if not seconds:
        return Cell(DASH)
    mean = float(np.mean(seconds))
    return Cell(f"{1e6 * mean:,.0f} µs" if of_one else duration(mean))

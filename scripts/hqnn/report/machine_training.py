"""What training on machines took, beside what was published."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from hqnn.report.chapter import Material
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import duration

HEAD = ("model", "machine", "seed", "jobs", "circuits", "executions", "QPU time\na pass", "whole time", "loss", "kept")


def trained_there(material: Material) -> Table | None:
    """A row a training run on a machine, and one a published run.

    Args:
        material: of one data set.

    Returns:
        None where nothing was trained on a machine.
    """
    runs = [(run, history) for run, history in material.histories if run.phase.startswith("hardware-")]
    if not runs:
        return None
    lines = []
    for run, history in runs:
        passes = history["samples"].sum() / history["samples"].iloc[0]
        texts = (
            run.model,
            run.phase.partition("-")[2],
            str(run.seed),
            *(f"{history[name].sum():,}" for name in ("jobs", "rows", "executions")),
            duration(history["qpu_s"].sum() / passes),
            DASH,
            " → ".join(f"{loss:.3f}" for loss in dict.fromkeys((history["loss"].iloc[0], history["loss"].iloc[-1]))),
            _kept(history),
        )
        lines.append(tuple(map(Cell, texts)))
    lines += [tuple(map(Cell, texts)) for texts in _published(material.published)]
    caption = (
        "Each step is one job, and so is each run of validation samples, which choose the weights that are kept: after "
        "a pass over the train samples, or those at the start. QPU time is what the machine says it used, or else 2 s "
        "a job and 0.25 ms and the circuit's length an execution, without the queue. ● marks published runs: one job "
        "an image, and nearly all of their time queue."
    )
    return Table(caption, HEAD, tuple(lines), labels=3)


def _published(published: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    rows = published[published["path"].str.startswith("hardware-") & (published["metric"] == "training_s")]
    for row in rows.itertuples():
        split = row.dataset.removeprefix("-").replace("_", ":")
        machine = f"● {row.path.partition('-')[2]}{f', {split}' if split else ''}"
        yield (row.model, machine, *[DASH] * 5, duration(row.value), DASH, DASH)


def _kept(history: pd.DataFrame) -> str:
    """After which pass the weights were as validation samples, if any, had them kept."""
    if "kept" not in history:
        return "last"
    chosen = history.loc[history["kept"] == 1, "epoch"]
    return "start" if chosen.empty else f"pass {chosen.iloc[0]}"

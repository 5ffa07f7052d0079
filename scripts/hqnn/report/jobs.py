"""What was sent to real machines, and what it took beside what was estimated."""

from __future__ import annotations

from collections.abc import Sequence

from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import duration

HEAD = ("machine", "model", "phase", "seed", "jobs", "executions", "QPU time, estimated", "QPU time, used", "price")
CAPTION = (
    "A row for each trained model that a real machine ran. Executions: bound circuits times shots. Estimated: before "
    "sending; used: as the machine says, or else as estimated. Price: of that, where the config gives one."
)


def jobs_table(predictions: Sequence[Predictions]) -> Table | None:
    """The jobs behind a study's predictions; None where no real machine was used."""
    sent = [one for one in predictions if one.about.get("executions")]
    if not sent:
        return None
    return Table(CAPTION, HEAD, (*map(_row, sent), _total(sent)), labels=4)


def _row(one: Predictions) -> tuple[Cell, ...]:
    run = one.run
    return (Cell(str(one.about["backend"])), Cell(run.model), Cell(run.phase), Cell(str(run.seed)), *_took([one]))


def _total(sent: Sequence[Predictions]) -> tuple[Cell, ...]:
    return (Cell("all"), Cell(""), Cell(""), Cell(""), *_took(sent))


def _took(sent: Sequence[Predictions]) -> tuple[Cell, ...]:
    jobs, executions, estimated, used = (
        sum(one.about[key] for one in sent) for key in ("jobs", "executions", "estimated_s", "qpu_s")
    )
    prices = [one.about["price"] for one in sent if one.about["price"] is not None]
    return (
        Cell(f"{jobs:,}"),
        Cell(f"{executions:,}"),
        Cell(duration(estimated) if estimated else DASH),
        Cell(duration(used) if used else DASH),
        Cell(f"{sum(prices):.2f}" if prices else DASH),
    )

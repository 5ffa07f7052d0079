"""Views of the tidy table: pivots with mean and spread over seeds, the published figures beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hqnn.metrics.table import POOLED
from hqnn.report.captions import marked, over_seeds, samples_of, seeds_of
from hqnn.report.words import COUNTS, METRIC_NAMES, SECONDS, WHOLE, duration, metric_name, path_name, path_order

MAIN = (
    "balanced_accuracy",
    "roc_auc",
    "average_precision",
    "f1",
    "iou",
    "precision",
    "recall_change",
    "recall_no_change",
)
BY_PATH = ("balanced_accuracy", "roc_auc", "average_precision", "f1", "recall_change", "recall_no_change")
STUDY = ("accuracy", "sureness", "confidence", "confidence_std", "imbalance_normalised")
OUTCOMES = {
    "tn": "unchanged,\nsaid unchanged",
    "fp": "unchanged,\nsaid changed",
    "fn": "changed,\nsaid unchanged",
    "tp": "changed,\nsaid changed",
}
MORE_IS_BETTER = {*MAIN, "accuracy", "mcc", "macro_f1"}
LESS_IS_BETTER = {"log_loss"}
SAMPLINGS = {
    "all": "samples as they are",
    "balanced": "class-balanced draws with replacement, as many as samples",
    "subset": "samples of the subset that every path ran on, as they are",
    "subset_balanced": "class-balanced draws from the subset that every path ran on",
}
DASH = "–"


@dataclass(frozen=True)
class Cell:
    """One entry.

    Attributes:
        text: what stands there.
        spread: standard deviation over seeds, or nothing.
        published: the paper's figure, or nothing.
        best: whether it is the best of its column.
    """

    text: str
    spread: str = ""
    published: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table to be shown.

    Attributes:
        caption: says what the numbers are and on which samples.
        head: names of the columns.
        rows: entries.
        labels: how many columns at the left are words, not numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: int


def markdown(table: Table) -> str:
    """A table as GitHub shows it, its caption below; published figures carry a ●."""
    align = ["---"] * table.labels + ["---:"] * (len(table.head) - table.labels)
    head = [name.replace("\n", "<br>") for name in table.head]
    lines = [head, align, *([_markdown_cell(cell) for cell in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{table.caption}\n"


def tested(metrics: pd.DataFrame, sampling: str = "all") -> pd.DataFrame:
    """Rows of whole test sets, or of other samplings of them, all classes or cities together."""
    return metrics[(metrics["sampling"] == sampling) & (metrics["group"] == POOLED)]


def results(metrics: pd.DataFrame, sampling: str, columns: Sequence[str] = MAIN) -> Table:
    """Models and paths by metrics, pooled, mean ± standard deviation over seeds.

    Args:
        metrics: the tidy table of one study and dataset.
        sampling: all, balanced, subset or subset_balanced. Under all and balanced only the paths that ran on the most
            samples are shown.
        columns: metrics.
    """
    rows = tested(metrics, sampling)
    if not sampling.startswith("subset"):
        rows = rows[rows["samples"] == rows["samples"].max()]
    grouped = dict(iter(rows.groupby(["model", "phase", "path"])))
    keys = sorted(grouped, key=row_order(metrics))
    cells = compared([grouped[key] for key in keys], columns)
    return labelled(keys, cells, [METRIC_NAMES[metric] for metric in columns], _caption(rows, sampling))


def by_city(metrics: pd.DataFrame, metric: str) -> Table:
    """Models by cities, exact path, samples as they are."""
    rows = metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")]
    cities = [*sorted(set(rows["group"]) - {POOLED}), POOLED]
    keys = sorted(set(rows[["model", "phase"]].itertuples(index=False, name=None)), key=row_order(metrics))
    grouped = dict(iter(rows.groupby(["model", "phase", "group"])))
    nothing = rows.iloc[:0]
    cells = [[entry(grouped.get((*key, city), nothing), metric) for city in cities] for key in keys]
    name = METRIC_NAMES[metric]
    caption = (
        f"{name[0].upper()}{name[1:]} by city, exact path, samples as they are; mean ± standard deviation over "
        f"{seeds_of(rows)}. Below each city: samples, of these changed."
    )
    return labelled(keys, cells, [f"{city}\n{_count(rows, city)}" for city in cities], caption)


def beside_published(metrics: pd.DataFrame, figures: pd.DataFrame | None = None) -> Table:
    """Every number of ours that a published one stands beside.

    Args:
        metrics: the tidy table of one study and dataset.
        figures: as `hqnn.metrics.published.read_published` gives them, for their notes.
    """
    rows = metrics[metrics["published"].notna() & (metrics["group"] == POOLED)]
    notes = {} if figures is None else dict(zip(_figure_keys(figures), figures["note"], strict=True))
    order, said, kept = row_order(metrics), dict[str, int](), []
    grouped = rows.groupby(["model", "phase", "path", "sampling", "metric"])
    for key, own in sorted(iter(grouped), key=lambda pair: order(pair[0])):
        model, phase, path, sampling, metric = key
        ours, theirs = own["value"].mean(), own["published"].iloc[0]
        note = notes.get((model, path.split("-")[0], metric, theirs), "")
        mark = f" [{said.setdefault(note, len(said) + 1)}]" if note else ""
        alike = metric not in (*COUNTS, *SECONDS)  # counts are of other samples, times of other machines
        gap = number(ours - theirs, metric, sign=True) if alike else DASH
        words = (model, phase, path_name(path), sampling.replace("_", ", "), metric_name(metric))
        numbers = (entry(own, metric, published=False), Cell(number(theirs, metric) + mark), Cell(gap))
        kept.append((*map(Cell, words), Cell(f"{own['samples'].iloc[0]:,}"), *numbers))
    return Table(
        caption="Ours: mean ± standard deviation over seeds; the tables around say what a sampling is. The published "
        "figures (●) were made on the papers' own samples and seeds."
        + "".join(f" [{place}] {note}." for note, place in said.items()),
        head=("model", "phase", "path", "sampling", "metric", "samples", "ours", "●\u00a0published", "difference"),
        rows=tuple(kept),
        labels=5,
    )


def confusion(metrics: pd.DataFrame) -> Table:
    """Counts of the four outcomes, exact path, mean over seeds."""
    rows = tested(metrics[metrics["path"] == "exact"])
    grouped = dict(iter(rows.groupby(["model", "phase"])))
    keys = sorted(grouped, key=row_order(metrics))
    cells = [[entry(grouped[key], metric) for metric in OUTCOMES] for key in keys]
    return labelled(keys, cells, list(OUTCOMES.values()), f"Exact path. {_caption(rows, 'all')}")


def number(value: float, metric: str, *, sign: bool = False) -> str:
    """A metric as it is printed: three decimals, counts whole, times as clocks say them, a dash where undefined."""
    if not np.isfinite(value):
        return DASH
    if metric in SECONDS:
        return duration(value)
    return format(value, ("+" if sign else "") + (",.0f" if metric in WHOLE else ".3f")).replace("-", "−")


def labelled(
    keys: Sequence[tuple[str, ...]], cells: Sequence[Sequence[Cell]], head: Sequence[str], caption: str
) -> Table:
    """Put model, phase and path before the numbers; what is the same in all rows goes into the caption."""
    names = ("model", "phase", "path")[: len(keys[0])] if keys else ("model",)
    same = [place for place in range(1, len(names)) if len({key[place] for key in keys}) == 1]
    shown = [place for place in range(len(names)) if place not in same]
    common = "".join(f" {names[place].capitalize()}: {path_name(keys[0][place])}." for place in same)
    return Table(
        caption=caption + common,
        head=(*(names[place] for place in shown), *head),
        rows=tuple(
            (*(Cell(path_name(key[place]) if place == 2 else key[place]) for place in shown), *row)
            for key, row in zip(keys, cells, strict=True)
        ),
        labels=len(shown),
    )


def entry(
    rows: pd.DataFrame, metric: str, *, published: bool = True, show: Callable[[float, str], str] = number
) -> Cell:
    """Mean and spread over seeds of a metric, the published figure beside, as `show` prints them; a dash for none."""
    own = rows[rows["metric"] == metric]
    values = own["value"].dropna()
    if values.empty:
        return Cell(DASH)
    theirs = own["published"].dropna()
    spreads = len(values) > 1 and not (metric in WHOLE and values.nunique() == 1)
    return Cell(
        show(values.mean(), metric),
        show(values.std(ddof=0), metric) if spreads else "",
        show(theirs.iloc[0], metric) if published and len(theirs) else "",
    )


def compared(
    runs: Sequence[pd.DataFrame], columns: Sequence[str], show: Callable[[float, str], str] = number
) -> list[list[Cell]]:
    """Entries of runs, a row each, by metrics; the best of each column marked."""
    cells = [[entry(rows, metric, show=show) for metric in columns] for rows in runs]
    means = [[float(rows.loc[rows["metric"] == metric, "value"].mean()) for metric in columns] for rows in runs]
    mark_best(cells, means, columns)
    return cells


def mark_best(cells: list[list[Cell]], means: list[list[float]], columns: Sequence[str]) -> None:
    """Mark the best of each column that has a better and a worse."""
    if len(cells) < 2:
        return
    for place, metric in enumerate(columns):
        column = np.array([row[place] for row in means])
        better = metric in MORE_IS_BETTER or metric in LESS_IS_BETTER
        if better and np.isfinite(column).any():
            row = cells[int(np.nanargmax(column) if metric in MORE_IS_BETTER else np.nanargmin(column))]
            row[place] = Cell(row[place].text, row[place].spread, row[place].published, best=True)


def row_order(metrics: pd.DataFrame) -> Callable[[tuple[str, ...]], tuple[object, ...]]:
    """Models as they come in the table, then phases, then paths."""
    models = {model: place for place, model in enumerate(metrics["model"].unique())}
    return lambda key: (models[key[0]], key[1], *(path_order(path) for path in key[2:3]), *key[3:])


def _figure_keys(figures: pd.DataFrame) -> list[tuple[object, ...]]:
    kinds = figures["path"].str.split("-").str[0]
    return list(zip(figures["model"], kinds, figures["metric"], figures["value"], strict=True))


def _caption(rows: pd.DataFrame, sampling: str) -> str:
    return (
        f"Sampling “{sampling}”: {SAMPLINGS[sampling]}; {samples_of(rows)} test samples. {over_seeds(rows)}."
        f"{marked(rows)}"
    )


def _count(rows: pd.DataFrame, city: str) -> str:
    first = rows[rows["group"] == city].drop_duplicates("metric").set_index("metric")
    changed = int(first["value"][["fn", "tp"]].sum())
    return f"{int(first['samples'].iloc[0]):,}, {changed:,}"


def _markdown_cell(cell: Cell) -> str:
    text = f"{cell.text} ± {cell.spread}" if cell.spread else cell.text
    text = f"**{text}**" if cell.best else text
    return f"{text} (● {cell.published})" if cell.published else text

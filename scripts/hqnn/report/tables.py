"""Views of the tidy table: pivots with mean and spread over seeds, the published figures beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hqnn.metrics.table import IDENTITY, POOLED
from hqnn.report.captions import marked, over_seeds, samples_of, seeds_of
from hqnn.report.words import COUNTS, METRIC_NAMES, SECONDS, WHOLE, duration, metric_name, path_name, path_order

OF_TWO = ("balanced_accuracy", "roc_auc", "average_precision", "f1")  # classes, each recall beside
MORE_OF_TWO = ("iou", "precision")
SURENESS = ("accuracy", "sureness", "confidence", "confidence_std", "imbalance_normalised")
OF_CLASS = ("recall", "precision", "f1")
MORE_IS_BETTER = {*OF_TWO, *MORE_OF_TWO, "accuracy", "kappa", "mcc", "macro_f1"}
LESS_IS_BETTER = {"log_loss"}
SAMPLINGS = {
    "all": "samples as they are",
    "balanced": "both classes weighted equally, as the mean of class-balanced draws",
    "subset": "samples of the subset that every path ran on, as they are",
    "subset_balanced": "the subset that every path ran on, both classes weighted equally",
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
    """Rows of whole test sets, or of other samplings of them, all classes or scenes together."""
    return metrics[(metrics["sampling"] == sampling) & (metrics["group"] == POOLED)]


def named_by_class(metrics: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The same rows, with recall, precision and F1 of each class of all samples together under its name.

    Where samples have no scenes, the tidy table has them as metric `recall` of a group of the class's name; here they
    are `recall_<class>` of the group of all, so that whatever other groups there are, are scenes.

    Args:
        metrics: the tidy table of one study and dataset.
        classes: their names.
    """
    if metrics["metric"].isin([f"recall_{name}" for name in classes]).any():
        return metrics
    rows = metrics["metric"].isin(OF_CLASS) & metrics["group"].isin(classes)
    rows &= (metrics["group"] != POOLED) | (len(classes) > 2)
    named = metrics["metric"].where(~rows, metrics["metric"] + "_" + metrics["group"])
    of_all = metrics.groupby([*IDENTITY, "sampling"])["samples"].transform("max")
    return metrics.assign(
        metric=named, group=metrics["group"].where(~rows, POOLED), samples=metrics["samples"].where(~rows, of_all)
    )


def column_name(metric: str) -> str:
    """What a column of a metric is called; of a class's, with the class's name as it is."""
    of, _, name = metric.partition("_")
    return f"{METRIC_NAMES[of]},\n{name}" if of in OF_CLASS and name else metric_name(metric)


def results(metrics: pd.DataFrame, sampling: str, columns: Sequence[str], note: str = "") -> Table:
    """Models and paths by metrics, pooled, mean ± standard deviation over seeds.

    Args:
        metrics: the tidy table of one study and dataset.
        sampling: all, balanced, subset or subset_balanced. Under all and balanced only the paths that ran on the most
            samples are shown.
        columns: metrics.
        note: what else the caption says.
    """
    rows = tested(metrics, sampling)
    if not sampling.startswith("subset"):
        rows = rows[rows["samples"] == rows["samples"].max()]
    grouped = dict(iter(rows.groupby(["model", "phase", "path"])))
    keys = sorted(grouped, key=row_order(metrics))
    cells = compared([grouped[key] for key in keys], columns)
    return labelled(keys, cells, [column_name(metric) for metric in columns], _caption(rows, sampling) + note)


def of_classes(metrics: pd.DataFrame, metric: str, classes: Sequence[str], counts: Sequence[int]) -> Table:
    """Classes by models, exact path after training without noise.

    Args:
        metrics: as `named_by_class` gives them.
        metric: recall, precision or f1.
        classes: their names.
        counts: test samples of each.
    """
    rows = tested(metrics[(metrics["path"] == "exact") & (metrics["phase"] == "ideal")])
    models = dict(iter(rows.groupby("model", sort=False)))
    cells = compared(list(models.values()), [f"{metric}_{name}" for name in classes])
    lines = tuple(
        (Cell(name), Cell(f"{count:,}"), *(of_model[place] for of_model in cells))
        for place, (name, count) in enumerate(zip(classes, counts, strict=True))
    )
    caption = (
        f"{sentence_case(METRIC_NAMES[metric])} of each class, exact path. {over_seeds(rows)}; the best model bold."
    )
    return Table(caption, ("class", "test\nsamples", *models), lines if len(models) else (), labels=1)


def by_scene(metrics: pd.DataFrame, metric: str, classes: Sequence[str]) -> Table:
    """Models by scenes, exact path, samples as they are.

    Args:
        metrics: as `named_by_class` gives them.
        metric: which.
        classes: their names.
    """
    rows = metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")]
    scenes = [*sorted(set(rows["group"]) - {POOLED}), POOLED]
    keys = sorted(set(rows[["model", "phase"]].itertuples(index=False, name=None)), key=row_order(metrics))
    grouped = dict(iter(rows.groupby(["model", "phase", "group"])))
    nothing = rows.iloc[:0]
    cells = [[entry(grouped.get((*key, scene), nothing), metric) for scene in scenes] for key in keys]
    below = f"samples, of these {classes[1]}" if len(classes) == 2 else "samples"
    caption = (
        f"{sentence_case(METRIC_NAMES[metric])} by scene, exact path, samples as they are; mean ± standard deviation "
        f"over {seeds_of(rows)}. Below each scene: {below}."
    )
    return labelled(keys, cells, [f"{scene}\n{_count(rows, scene)}" for scene in scenes], caption)


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


def number(value: float, metric: str, *, sign: bool = False) -> str:
    """A metric as it is printed: three decimals, counts whole, times as clocks say them, a dash where undefined."""
    if not np.isfinite(value):
        return DASH
    if metric in SECONDS:
        return duration(value)
    return format(value, ("+" if sign else "") + (",.0f" if metric in WHOLE else ".3f")).replace("-", "−")


def sentence_case(words: str) -> str:
    """Words that begin a sentence; what is in capitals stays so."""
    return words[:1].upper() + words[1:]


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
        more = metric in MORE_IS_BETTER or metric.partition("_")[0] in OF_CLASS
        if (more or metric in LESS_IS_BETTER) and np.isfinite(column).any():
            row = cells[int(np.nanargmax(column) if more else np.nanargmin(column))]
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


def _count(rows: pd.DataFrame, scene: str) -> str:
    """How many samples a scene has, and of two classes how many of the second."""
    first = rows[rows["group"] == scene].drop_duplicates("metric").set_index("metric")
    positives = first["value"].reindex(["fn", "tp"]).sum(min_count=2)
    return f"{int(first['samples'].iloc[0]):,}" + ("" if np.isnan(positives) else f", {int(positives):,}")


def _markdown_cell(cell: Cell) -> str:
    text = f"{cell.text} ± {cell.spread}" if cell.spread else cell.text
    text = f"**{text}**" if cell.best else text
    return f"{text} (● {cell.published})" if cell.published else text

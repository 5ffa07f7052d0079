"""Tables of small images."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hqnn.circuits.program import Program
from hqnn.metrics.facts import TRAINING
from hqnn.metrics.table import POOLED
from hqnn.report.captions import marked, over_seeds, samples_of
from hqnn.report.classes import FIELD_NAMES, has_two_classes
from hqnn.report.paths import on_every_path, path_table
from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table, compared, entry, labelled, mark_best, number, tested
from hqnn.report.words import duration

FAMILY = ("parallel", "parallel_twin", "cnn")
KERNEL_TWINS = ("cnn4", "cnn1")
TWIN_PRINTED = ("cifar10", "medical_mnist")  # sets whose printed CNN has the size of the fair twin
RESULTS = {
    "parameters": "parameters",
    "train_loss": "train loss",
    "log_loss": "test loss",
    "accuracy": "accuracy,\n%",
    "balanced_accuracy": "balanced\naccuracy, %",
    "macro_f1": "macro F1,\n%",
    "kappa": "kappa",
    "roc_auc": "ROC AUC",
    "epoch_s": "time of\nan epoch",
}
OF_MANY = ("kappa", "roc_auc")  # shown of more than two classes
SIZES = {"kernel_parameters": "weights of\nthe kernel", "parameters": "parameters"}
BY_PATH = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")
SHARES = ("accuracy", "balanced_accuracy", "macro_f1")
LOSSES = ("train_loss", "log_loss")
PUBLISHED_DRAW = "500_100"
KERNEL = re.compile(r"quanv-axis_(\w)-cnots_(\w+)-rotations_(first|last)")


@dataclass(frozen=True)
class Kernel:
    """What a quanvolutional model's name says of its circuit.

    Attributes:
        axis: of the rotations.
        cnots: layout.
        rotations: ``first`` or ``last``.
    """

    axis: str
    cnots: str
    rotations: str

    @classmethod
    def of(cls, model: str) -> Kernel | None:
        """The kernel of a model; nothing where it is no quanvolutional one."""
        found = KERNEL.fullmatch(model)
        return cls(*found.groups()) if found else None

    @property
    def layout(self) -> str:
        """The layout as a reader says it."""
        return self.cnots.replace("_", " ")

    @property
    def turned(self) -> str:
        """Axis and place of the rotations, such as ``RY first``."""
        return f"R{self.axis.upper()} {self.rotations}"


def with_kin(metrics: pd.DataFrame, published: pd.DataFrame, data: str) -> pd.DataFrame:
    """The same rows with the printed CNN's figures beside the fair twin, where it has that size.

    Args:
        metrics: the tidy table of one raw set.
        published: the paper's figures.
        data: name of the raw set.
    """
    if data not in TWIN_PRINTED:
        return metrics
    printed = published[(published["dataset"] == data) & (published["model"] == "cnn")]
    theirs = printed.set_index(["sampling", "metric"])["value"]
    keys = pd.MultiIndex.from_frame(metrics[["sampling", "metric"]])
    twins = (metrics["model"] == "parallel_twin") & (metrics["group"] == POOLED)
    return metrics.assign(published=metrics["published"].where(~twins, theirs.reindex(keys).to_numpy()))


def exact(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of whole test sets on the exact path, all classes together."""
    return tested(metrics[metrics["path"] == "exact"])


def results(metrics: pd.DataFrame, published: pd.DataFrame, data: str) -> Table:
    """The hybrid net beside its twins on the whole set.

    Args:
        metrics: of the nets on the whole set.
        published: the paper's figures, for their notes.
        data: name of the raw set.
    """
    rows = exact(metrics)
    facts = metrics[metrics["sampling"] == TRAINING]
    grouped = dict(iter(pd.concat([rows, facts, _epoch_seconds(facts)]).groupby(["model", "phase"])))
    keys = sorted(set(rows[["model", "phase"]].itertuples(index=False, name=None)), key=_family_order)
    if not keys:
        return Table("", (), (), 0)
    two = has_two_classes(rows)
    columns = {metric: name for metric, name in RESULTS.items() if not (two and metric in OF_MANY)}
    cells = compared([grouped[key] for key in keys], list(columns), shown)
    notes = _notes(published, data) if marked(rows) else ""
    caption = (
        f"{samples_of(rows)} test samples, exact path. {over_seeds(rows)}. Losses: cross-entropy in nats; the "
        f"train loss is that of the last epoch, each sample as the net was when it saw it."
    )
    caption += f"{'' if two else FIELD_NAMES}{marked(rows)}{notes}"
    return labelled(keys, cells, list(columns.values()), caption)


def by_path(metrics: pd.DataFrame, predictions: Sequence[Predictions]) -> Table:
    """The same weights by every path, on the same samples.

    Args:
        metrics: of one data set.
        predictions: of the same.
    """
    rows = on_every_path(metrics)
    rows = rows[rows.groupby(["model", "phase"])["path"].transform("nunique") > 1]
    if rows.empty:
        return Table("", (), (), 0)
    timed = " or ".join(sorted({f"{len(one.columns['sample']):,}" for one in predictions}))
    caption = (
        f"The same weights by every path, {samples_of(rows)} samples, the same for all. {over_seeds(rows)}. "
        f"Time: of one run, of all the samples that the path ran on ({timed})."
    )
    columns = {metric: RESULTS[metric] for metric in BY_PATH}
    return path_table(rows, predictions, columns, caption, show=shown, published=False, qpu=False)


def kernels(metrics: pd.DataFrame, published: pd.DataFrame, programs: Mapping[str, Program]) -> Table:
    """Circuits as kernels beside ordinary ones, by draws of images.

    Args:
        metrics: of the small draws of one raw set.
        published: the paper's figures.
        programs: of the models, as far as known.
    """
    rows = exact(metrics).query("metric == 'accuracy'")
    if rows.empty:
        return Table("", (), (), 0)
    draws, models = draws_of(rows), ranked(rows)
    means = rows.groupby(["model", "dataset"])["value"].mean()
    cells = [[_accuracy(rows, model, dataset) for dataset in draws] for model in models]
    mark_best(cells, [list(means[model].reindex(draws)) for model in models], ["accuracy"] * len(draws))
    kept: list[tuple[Cell, ...]] = [
        (*_kernel_words(model, programs.get(model)), *_sizes(metrics, model, programs.get(model)), *row)
        for model, row in zip(models, cells, strict=True)
    ]
    theirs, notes = published_accuracy(published, rows, "quanv"), ""
    if theirs is not None:
        notes = " ● marks a published figure, of 500 train and 100 test images."
        words = [Cell(text) for text in ("circuit as published", "not said", "not said", "", "")]
        marked = {True: Cell("", published=tenths(theirs, "accuracy")), False: Cell("")}
        kept.append((*words, *(marked[PUBLISHED_DRAW in dataset] for dataset in draws)))
    names = [draw_name(dataset).replace(", ", ",\n") for dataset in draws]
    return Table(
        f"Accuracy on the test samples, in %, exact path. {over_seeds(rows)}. Fresh: every seed draws its "
        f"images; fixed: all take the first ones. Wires in the brackets: control, target.{notes}",
        ("kernel", "CNOTs", "rotations", *SIZES.values(), *names),
        tuple(kept),
        labels=3,
    )


def ranked(rows: pd.DataFrame) -> list[str]:
    """Models of the accuracies given: circuits, the best first, then ordinary kernels."""
    means = rows.groupby("model")["value"].mean()
    circuits = [model for model in means.sort_values(ascending=False, kind="stable").index if Kernel.of(model)]
    return [*circuits, *(twin for twin in KERNEL_TWINS if twin in means)]


def published_accuracy(published: pd.DataFrame, rows: pd.DataFrame, model: str) -> float | None:
    """The paper's accuracy of a kind of small kernel, where it is of the raw set that the rows are of."""
    same = (published["dataset"] == rows["dataset"].iloc[0].partition("-")[0]) & (published["model"] == model)
    theirs = published.loc[same & (published["metric"] == "accuracy"), "value"]
    return float(theirs.iloc[0]) if len(theirs) else None


def draw_name(dataset: str) -> str:
    """A draw as a reader says it, such as ``500 train, 100 test, fresh``."""
    train, test, kind = dataset.partition("-")[2].split("_")
    return f"{train} train, {test} test, {kind}"


def draws_of(rows: pd.DataFrame) -> list[str]:
    """Data sets that are draws; those of the fewest test images first, and fresh ones before fixed ones."""
    sizes = rows.groupby("dataset")["samples"].max()
    return sorted(sizes.index, key=lambda name: (sizes[name], name.endswith("fixed"), name))


def shown(value: float, metric: str) -> str:
    """Shares in percent with two decimals, losses with four, all else as usual."""
    if not np.isfinite(value):
        return DASH
    if metric in SHARES:
        return f"{100 * value:.2f}"
    if metric in LOSSES:
        return f"{value:.4f}"
    return duration(value) if metric == "epoch_s" else number(value, metric)


def tenths(value: float, metric: str) -> str:
    """A share in percent with one decimal."""
    return f"{100 * value:.1f}" if np.isfinite(value) else DASH


def _family_order(key: tuple[str, ...]) -> tuple[object, ...]:
    return (FAMILY.index(key[0]) if key[0] in FAMILY else len(FAMILY), key)


def _epoch_seconds(facts: pd.DataFrame) -> pd.DataFrame:
    """Rows of the time an epoch took, from that of all epochs."""
    keys = ["dataset", "model", "phase", "seed"]
    times = facts[facts["metric"] == "training_s"]
    epochs = facts[facts["metric"] == "epochs"].set_index(keys)["value"]
    each = times["value"].to_numpy() / epochs.reindex(pd.MultiIndex.from_frame(times[keys])).to_numpy()
    return times.assign(metric="epoch_s", value=each, published=np.nan)


def _notes(published: pd.DataFrame, data: str) -> str:
    notes = published.loc[(published["dataset"] == data) & published["model"].isin(FAMILY), "note"]
    return "".join(f" {note[0].upper()}{note[1:]}." for note in notes.unique() if note)


def _kernel_words(model: str, program: Program | None) -> tuple[Cell, Cell, Cell]:
    kernel = Kernel.of(model)
    if kernel is None:
        return Cell(model), Cell(DASH), Cell(DASH)
    pairs = [gate.wires for gate in program.gates if gate.name == "CNOT"] if program else []
    wires = f" ({' '.join(f'{control}{target}' for control, target in pairs)})" if pairs else ""
    return Cell("circuit"), Cell(kernel.layout + wires), Cell(kernel.turned)


def _sizes(metrics: pd.DataFrame, model: str, program: Program | None) -> tuple[Cell, ...]:
    """Weights of the kernel, and of the whole net."""
    facts = metrics[(metrics["model"] == model) & (metrics["sampling"] == TRAINING)]
    kernel, net = (entry(facts[facts["seed"] == facts["seed"].min()], metric) for metric in SIZES)
    return (Cell(f"{program.weights}") if program and kernel.text == DASH else kernel), net


def _accuracy(rows: pd.DataFrame, model: str, dataset: str) -> Cell:
    own = rows[(rows["model"] == model) & (rows["dataset"] == dataset)]
    return entry(own, "accuracy", published=PUBLISHED_DRAW in dataset, show=tenths)

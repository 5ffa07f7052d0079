"""Tables of photographs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hqnn.metrics.facts import TRAINING
from hqnn.report.captions import marked, over_seeds, samples_of
from hqnn.report.classes import FIELD_NAMES, MANY, has_two_classes
from hqnn.report.image_table import ImageTable
from hqnn.report.paths import on_every_path, path_table
from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table, compared, entry, labelled, number, row_order, tested
from hqnn.report.words import clock, duration, metric_name, path_name, path_order, trainer_name, trainer_order

OF_TWO = ("accuracy", "balanced_accuracy", "f1", "mcc", "roc_auc")
BESIDE = ("log_loss", "parameters")
TRAINED = ("train_loss", "train_accuracy", "best_validation_accuracy", "top1_error", "training_s")
EXECUTED = ("accuracy", "balanced_accuracy", "roc_auc", "log_loss")
BY_EPOCH = ("train_accuracy", "train_loss", "validation_accuracy", "validation_loss")
PERCENT = re.compile("accuracy|error")


def shown(value: float, metric: str) -> str:
    """A metric as it is printed here: shares of right and wrong answers in percent."""
    return f"{100 * value:.1f}" if PERCENT.search(metric) and np.isfinite(value) else number(value, metric)


def named(metric: str) -> str:
    """What a column of such numbers is called."""
    return f"{metric_name(metric)}, %" if PERCENT.search(metric) else metric_name(metric)


def is_trainer(phases: pd.Series[str]) -> pd.Series[bool]:
    """Whether a phase is training by another simulator or differentiated another way, such as ``ideal-cirq``."""
    return phases.str.startswith("ideal-")


def backbone_of(model: str) -> str:
    """The backbone that a model stands on."""
    return model.split("-")[0]


def layers_of(model: str) -> int:
    """How many layers a quantum model's circuit has; 1 where its name says nothing of them."""
    return next((int(part) for part in model.split("-")[1:] if part.isdigit()), 1)


def principal(models: Collection[str]) -> list[str]:
    """Of quantum models that differ by their layers alone, the one with the fewest; in order."""
    fewest: dict[str, str] = {}
    for model in sorted(models, key=lambda name: (layers_of(name), name)):
        fewest.setdefault(re.sub(r"-\d+", "", model), model)
    return sorted(fewest.values())


def results(metrics: pd.DataFrame) -> Table:
    """Every model that the engine or torch trained, by metrics of the test samples; exact path."""
    exact = metrics[(metrics["path"] == "exact") & ~is_trainer(metrics["phase"])]
    rows = tested(exact)
    sizes = exact[(exact["sampling"] == TRAINING) & (exact["metric"] == "parameters")]
    grouped = dict(iter(pd.concat([rows, sizes]).groupby(["model", "phase"])))
    keys = sorted(set(rows[["model", "phase"]].itertuples(index=False, name=None)), key=row_order(metrics))
    if not keys:
        return Table("", (), (), 0)
    two = has_two_classes(rows)
    columns = (*(OF_TWO if two else MANY), *BESIDE)
    cells = compared([grouped[key] for key in keys], columns, shown)
    said = f"{samples_of(rows)} test samples, exact path. {over_seeds(rows)}. Log loss in nats."
    said += f"{'' if two else FIELD_NAMES}{marked(rows)}"
    return labelled(keys, cells, list(map(named, columns)), said)


def of_common_seeds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows of the seeds that every trainer trained; of all where there are none."""
    rows = metrics[metrics["phase"].str.split("-").str[0] == "ideal"]
    common = set.intersection(*(set(own["seed"]) for _, own in rows.groupby("phase")))
    return metrics[metrics["seed"].isin(common)] if common else metrics


def trainers(metrics: pd.DataFrame) -> Table:
    """One model trained by the engine and by others: how it ended, and how long it took."""
    rows = metrics[(metrics["path"] == "exact") & (metrics["phase"].str.split("-").str[0] == "ideal")]
    errors = tested(rows).query("metric == 'accuracy'")
    errors = errors.assign(metric="top1_error", value=1 - errors["value"], published=1 - errors["published"])
    known = pd.concat([rows[rows["sampling"] == TRAINING], errors])
    known = known[known["metric"].isin(TRAINED)]
    phases = sorted(known["phase"].unique(), key=trainer_order)
    columns = [metric for metric in TRAINED if metric in set(known["metric"])]
    seconds = {phase: _values(known[known["phase"] == phase], "training_s").mean() for phase in phases}
    kept = []
    for phase in phases:
        own = known[known["phase"] == phase]
        times = seconds[phase] / seconds.get("ideal", float("nan"))
        ratio = DASH if pd.isna(times) else f"{times:,.1f}"
        kept.append((Cell(trainer_name(phase)), *(entry(own, metric, show=shown) for metric in columns), Cell(ratio)))
    words = (
        "Loss in nats and accuracy after the last epoch, the validation accuracy of the epoch that was kept or else of "
        "the best one, and the share"
    )
    return Table(
        f"{words} of wrong answers on the test samples. Time: all steps of all epochs. {over_seeds(known)}; "
        f"every trainer starts from the same weights.{marked(known)}",
        ("trained by", *map(named, columns), "times the\nengine's"),
        tuple(kept) if len(phases) > 1 else (),
        labels=1,
    )


def by_epoch(metrics: pd.DataFrame, quantity: str) -> Table:
    """A quantity at the first and the last epochs, trainers beside each other."""
    rows = metrics[(metrics["sampling"] == TRAINING) & (metrics["phase"].str.split("-").str[0] == "ideal")]
    rows = rows[rows["metric"].str.fullmatch(rf"{quantity}(_epoch_\d+)?")]
    rows = rows.assign(epoch=pd.to_numeric(rows["metric"].str.extract(r"_epoch_(\d+)$")[0]))
    phases = sorted(rows["phase"].unique(), key=trainer_order)
    epochs = sorted(rows["epoch"].dropna().astype(int).unique()) or [0]
    wanted = {str(epoch): f"{quantity}_epoch_{epoch}" for epoch in epochs[:-1]} | {str(epochs[-1]): quantity}
    of_phase = {phase: rows[rows["phase"] == phase] for phase in phases}
    return Table(
        f"{named(quantity).capitalize()}, after the epochs. {over_seeds(rows)}.{marked(rows)}",
        ("epoch", *map(trainer_name, phases)),
        tuple(
            (Cell(words), *(entry(of_phase[phase], metric, show=shown) for phase in phases))
            for words, metric in wanted.items()
        )
        if len(phases) > 1
        else (),
        labels=1,
    )


def depths(metrics: pd.DataFrame, references: Collection[str]) -> Table:
    """Training time and accuracy by the layers of the circuit, backbones beside each other."""
    rows = metrics[~metrics["model"].isin(references) & (metrics["phase"] == "ideal") & (metrics["path"] == "exact")]
    times = rows[(rows["sampling"] == TRAINING) & rows["metric"].isin(["training_s", "epochs"])]
    rows = pd.concat([times, tested(rows).query("metric == 'accuracy'")])
    rows = rows.assign(backbone=rows["model"].map(backbone_of), layers=rows["model"].map(layers_of))
    if rows["layers"].nunique() < 2:
        return Table("", (), (), 0)
    grouped = dict(iter(rows.groupby(["layers", "backbone"])))
    layers, backbones = sorted(rows["layers"].unique()), sorted(rows["backbone"].unique())
    nothing = rows.iloc[:0]
    cells = [
        [show(grouped.get((depth, backbone), nothing)) for backbone in backbones for show in (_clocked, _accuracy)]
        for depth in layers
    ]
    epochs = sorted({int(value) for value in _values(rows, "epochs")})
    notes = " Published times: 100 epochs on other machines." if marked(rows) else ""
    return Table(
        f"Time of all steps of {' or '.join(map(str, epochs))} epochs, minutes:seconds, and accuracy on the test "
        f"samples. {over_seeds(rows)}.{marked(rows)}{notes}",
        ("layers", *(f"{name}\n{what}" for name in backbones for what in ("training time", "accuracy, %"))),
        tuple((Cell(str(depth)), *row) for depth, row in zip(layers, cells, strict=True)),
        labels=1,
    )


def devices(metrics: pd.DataFrame, predictions: Sequence[Predictions], published: pd.DataFrame, split: str) -> Table:
    """The same weights by every path and backend; below, the published runs with their times.

    Args:
        metrics: of the models and phases to show.
        predictions: of the same.
        published: the paper's figures.
        split: of the data set.
    """
    rows = on_every_path(metrics)
    if rows["path"].nunique() < 2:
        return Table("", (), (), 0)
    same = "samples, the same for all" if "subset" in set(rows["sampling"]) else "test samples"
    caption = f"The same weights by every path, {samples_of(rows)} {same}. {over_seeds(rows)}."
    table = path_table(rows, predictions, {metric: named(metric) for metric in EXECUTED}, caption, show=shown)
    theirs, notes = _published_runs(published, split, table.labels)
    return Table(table.caption + notes, table.head, table.rows + theirs, table.labels)


def executions(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Executions counted against the formula.

    Args:
        rows: of each trainer `trainer`, `method`, and for the `passes` forward and backward the `images`, what the
            formula says is `run` for each, and what was `counted`.
    """
    kept = []
    for row in rows:
        numbers = []
        for each in row["passes"]:
            expected = each["images"] * each["run"]
            agrees = "✓" if each["counted"] == expected else f"× {each['counted'] / max(expected, 1):.3f}"
            numbers += [f"{each['run']} × {each['images']:,}", f"{each['counted']:,}", agrees]
        kept.append(tuple(Cell(text) for text in (row["trainer"], row["method"], *numbers)))
    head = [f"{name}:\n{what}" for name in ("forward", "backward") for what in ("formula", "counted", "agree")]
    return Table(
        "Circuits of one training run, first seed. Formula: executions an image times images; forward 1; backward 1 "
        "(backpropagation), p (finite differences) or 2p (parameter shift), with p the trainable angles of gates, "
        "inputs' counted too. Forward: images trained on and validated on; backward: those trained on.",
        ("trained by", "method", *head),
        tuple(kept),
        labels=2,
    )


def split_counts(images: ImageTable, splits: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Table:
    """Images of each class: all, and by parts of each split, first seed."""
    classes = images.about["classes"]
    rows = [(Cell("all"), Cell(""), *_counted(images.counts, len(classes)))]
    for name, seeds in sorted(splits.items()):
        counts = seeds[min(seeds)]["counts"]
        parts = [part for part in ("train", "validation", "test", "unused") if sum(counts.get(part, []))]
        rows += [(Cell(name.partition("-")[2]), Cell(part), *_counted(counts[part], len(classes))) for part in parts]
    varied = any(len({str(one["counts"]) for one in seeds.values()}) > 1 for seeds in splits.values())
    note = " of the first seed; others differ a little" if varied else ""
    return Table(f"Numbers of images{note}.", ("split", "part", *classes, "together"), tuple(rows), labels=2)


def left_out(images: ImageTable) -> Table:
    """What was dropped, and why."""
    rows = tuple((Cell(one["source"]), Cell(one["reason"])) for one in images.about["dropped"])
    return Table("Files that are not in the table of images.", ("file", "reason"), rows, labels=2)


def conflicts(images: ImageTable) -> Table:
    """Images that are alike but have different labels."""
    rows = tuple((Cell(one["source"]), Cell(one["like"])) for one in images.about["conflicts"])
    return Table("Alike, with different labels; both are kept.", ("file", "is like"), rows, labels=2)


def _values(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    return rows.loc[rows["metric"] == metric, "value"].dropna()


def _counted(counts: Sequence[int], classes: int) -> tuple[Cell, ...]:
    every = [*counts, *[0] * (classes - len(counts))]  # the last classes may have none there
    return tuple(Cell(f"{count:,}") for count in (*every, sum(every)))


def _accuracy(rows: pd.DataFrame) -> Cell:
    return entry(rows, "accuracy", show=shown)


def _clocked(rows: pd.DataFrame) -> Cell:
    own = rows[rows["metric"] == "training_s"]
    if own["value"].dropna().empty:
        return Cell(DASH)
    theirs = own["published"].dropna()
    spread = duration(own["value"].std(ddof=0)) if len(own) > 1 else ""
    return Cell(clock(own["value"].mean()), spread, clock(theirs.iloc[0]) if len(theirs) else "")


def _published_runs(published: pd.DataFrame, split: str, labels: int) -> tuple[tuple[tuple[Cell, ...], ...], str]:
    """Rows of the paper's runs on devices, and their notes for the caption."""
    on_devices = published["path"].str.startswith(("hardware-", "shots")) | (
        published["phase"] == "ideal-parameter_shift"
    )
    rows = published[on_devices & (published["sampling"] == TRAINING) & published["dataset"].isin([f"-{split}", ""])]
    kept: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    for (path, _), own in sorted(rows.groupby(["path", "phase"]), key=lambda pair: path_order(pair[0][0])):
        times = {metric: number(value, metric) for metric, value in zip(own["metric"], own["value"], strict=True)}
        notes.append(f" [{len(notes) + 1}] {'; '.join(own['note'].unique())}.")
        words = [*[""] * (labels - 1), f"● {'simulator' if path == 'exact' else path_name(path)} [{len(notes)}]"]
        numbers = [*[""] * (len(EXECUTED) + 2), times.get("training_s", DASH), times.get("qpu_s", DASH)]
        kept.append(tuple(map(Cell, words + numbers)))
    return tuple(kept), " ● marks published training on devices." + "".join(notes) if kept else ""

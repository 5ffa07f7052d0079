"""What may be said of pairs: a quantum model and its rivals, a device's noise and none, a machine and its noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from hqnn.report.chapter import Folded, Material, Section, Shown, section
from hqnn.report.difference import Difference, Seeds, compared, difference
from hqnn.report.overview import rivals
from hqnn.report.runs import Predictions
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import path_name, path_order, signed, split_name
from hqnn.wording import plural

MOST_SHOWN = 16  # rows; a longer table is unfolded by the reader
HEAD = ("first", "second", "verdict", "difference", "95 % interval", "could have\nshown", "seeds", "seeds\nto tell")
CAPTION = (
    "Balanced accuracy of the first minus that of the second, paired over seeds and test samples as in the overview. "
    "Could have shown: the smallest difference that so many seeds and samples tell from zero in 80 of 100 studies. "
    "Seeds to tell: how many would tell a difference of the size seen, where it cannot be told; more samples: test "
    "samples are too few for any number of seeds. "
    "Not worse: the interval lies above minus {margin:g} (evaluation.margin). Best reference: of the classical models "
    "that with the highest score {score}."
)
BY_SEARCH = "of its search, on train samples"
BY_TEST = "on test samples, which favours it"


def verdict_section(material: Material) -> Section:
    """One table of all pairs of a chapter.

    Args:
        material: of the data sets of the chapter.
    """
    datasets = list(material.metrics["dataset"].unique())
    rows = [
        _row(pair, dataset if len(datasets) > 1 else "") for dataset in datasets for pair in _pairs(material, dataset)
    ]
    if not rows:
        return section("verdicts", "Verdicts")
    table = Table(
        CAPTION.format(margin=material.margin, score=BY_SEARCH if material.tuned else BY_TEST),
        HEAD if len(datasets) == 1 else ("split", *HEAD),
        tuple(rows),
        labels=3 if len(datasets) == 1 else 4,
    )
    folded = Folded(f"{plural(len(rows), 'pair')} compared", table)
    return section("verdicts", "Verdicts", Shown(table) if len(rows) <= MOST_SHOWN else folded)


Pair = tuple[str, str, Difference]


def _pairs(material: Material, dataset: str) -> Iterator[Pair]:
    """Each quantum model against its twin and its best reference, then each path against the one that predicts it."""
    own, compare = material.of(dataset), compared(material, dataset)
    for model, others in rivals(own).items():
        for other in others:
            found = compare(model, other)
            if found is not None:
                yield model, other, found
    runs = _by_path(own.predictions)
    for (model, path), seeds in runs.items():
        other = _predicting(path)
        if (model, other) in runs:
            found = difference(*_on_shared_samples(seeds, runs[model, other]), own.artefacts, own.margin)
            if found is not None:
                yield f"{model}, {path_name(path)}", path_name(other), found


def _by_path(predictions: Sequence[Predictions]) -> Mapping[tuple[str, str], Seeds]:
    """Model and path to the runs after training without noise, in the order of paths."""
    found: dict[tuple[str, str], dict[int, Predictions]] = {}
    for one in sorted(predictions, key=lambda one: (one.run.model, path_order(one.path))):
        if one.quantum and one.run.phase == "ideal":
            found.setdefault((one.run.model, one.path), {})[one.run.seed] = one
    return found


def _predicting(path: str) -> str:
    """What a path should come to: noise predicts a machine, exact values what noise and mitigation leave."""
    kind, _, backend = path.partition("-")
    if kind == "hardware" and "+" not in backend:
        return f"noisy-{backend}"
    return "exact" if kind in ("noisy", "hardware") else ""


def _on_shared_samples(ours: Seeds, theirs: Seeds) -> tuple[Seeds, Seeds]:
    """The same predictions, of the samples alone that both of a seed have."""
    seeds = [seed for seed in ours if seed in theirs]
    first, second = ({s: _also_in(one[s], other[s]) for s in seeds} for one, other in ((ours, theirs), (theirs, ours)))
    return first, second


def _also_in(one: Predictions, other: Predictions) -> Predictions:
    kept = np.isin(one.columns["sample"], other.columns["sample"])
    return replace(one, columns={name: column[kept] for name, column in one.columns.items()})


def _row(pair: Pair, dataset: str) -> tuple[Cell, ...]:
    first, second, found = pair
    texts = [
        *([split_name(dataset) or dataset] if dataset else []),
        first,
        second,
        found.verdict,
        signed(found.value, 3),
        found.limits or DASH,
        f"{found.could_show:.3f}" if np.isfinite(found.could_show) else DASH,
        str(found.seeds),
        _seeds(found.seeds_to_tell),
    ]
    return tuple(map(Cell, texts))


def _seeds(number: float | None) -> str:
    if number is None:
        return DASH
    return f"{number:,}" if isfinite(number) else "more samples"

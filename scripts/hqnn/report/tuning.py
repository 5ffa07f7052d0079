"""Whether models were tuned, alike or not, beside every number; and what the searches for their settings tried."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hqnn.errors import UserError, plain
from hqnn.report.chapter import Block, Chapter, Figures, Folded, Material, Section, Shown, Words, section
from hqnn.report.panels import Image, Panels, svg
from hqnn.report.style import Mark, marks, svg_panel
from hqnn.report.tables import DASH, Cell, Table
from hqnn.report.words import duration, split_name
from hqnn.settings.chosen import CURE, read_settings_file
from hqnn.wording import plural, some

HEAD = ("model", "seed", "trials", "pruned", "time", "first", "best")
CHOSEN = ("model", "seed", "key", "chosen", "importance")
HOW = (
    "The settings of each model were searched on {folds} of its train samples, whose test samples no search read: each "
    "fold was scored once by a model that was fitted on the others, and the settings with the highest mean balanced "
    "accuracy were chosen. Where each seed deals the samples anew, each has a search of its own."
)
TABLE = (
    "Score: mean balanced accuracy over folds of the train samples, an optimistic number, since the best of so many is "
    "shown. First: the trial of the settings that the study names, as far as the space has them. Pruned: "
    "ended early, since below the median of the trials before it."
)
IMPORTANCE = (
    "Importance: share of the scores' variance that a key explains (functional ANOVA, Hutter et al., ICML 2014); a "
    "dash where scores do not vary or too few trials were judged to their end."
)


@dataclass(frozen=True)
class Searched:
    """One search.

    Attributes:
        dataset: on whose train samples.
        model: whose settings.
        seed: of the search.
        said: what its file of chosen settings says.
        trials: columns number, state, score, seconds, values.
    """

    dataset: str
    model: str
    seed: int
    said: Mapping[str, Any]
    trials: pd.DataFrame

    @property
    def best_so_far(self) -> pd.Series[float]:
        """The highest score up to each trial; trials that were not judged to their end count for nothing."""
        return self.trials["score"].where(self.trials["state"] == "complete").cummax().ffill()


def read_searches(files: Iterable[Path]) -> list[Searched]:
    """Read searches, each from its file of chosen settings and the trials beside it.

    Raises:
        UserError: a file is missing or damaged.
    """
    return [_read(path) for path in files]


def _read(path: Path) -> Searched:
    said, beside = read_settings_file(path), path.with_name("trials.csv")
    try:
        trials = pd.read_csv(beside)
        return Searched(said["dataset"], said["model"], int(said["seed"]), said, trials.assign(score=trials["score"]))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{beside} cannot be read as the trials of a search ({plain(error)}); {CURE}") from error


def tuned_scores(searches: Iterable[Searched]) -> dict[tuple[str, str], float]:
    """Data set and model to the mean over its searches of the score of the settings that were chosen."""
    found: dict[tuple[str, str], list[float]] = {}
    for one in searches:
        found.setdefault((one.dataset, one.model), []).append(float(one.said["score"]))
    return {key: float(np.mean(scores)) for key, scores in found.items()}


def tuned_words(models: Sequence[str], searches: Sequence[Searched]) -> str:
    """How models were tuned, in a few words.

    Args:
        models: all that there are.
        searches: of some of them.
    """
    trials = {model: min(own) for model in models if (own := [s.said["trials"] for s in searches if s.model == model])}
    if not trials:
        return "untuned"
    counts = set(trials.values())
    if len(counts) == 1:
        said = f"tuned with {plural(counts.pop(), 'trial')} each"
    else:
        said = "tuned unequally: " + some([f"{model} with {plural(n, 'trial')}" for model, n in trials.items()])
    left = [model for model in models if model not in trials]
    return said + (f"; untuned: {some(left)}" if left else "")


def with_tuning(chapter: Chapter, material: Material, searches: Sequence[Searched]) -> Chapter:
    """The chapter with a section on its searches, and how models were tuned in each caption of their numbers.

    Args:
        chapter: of one data set.
        material: of the study.
        searches: of the study.
    """
    metrics = material.of_chapter(chapter.dataset).metrics
    datasets, models = set(metrics["dataset"]), list(map(str, metrics["model"].unique()))
    own = [one for one in searches if one.dataset in datasets]
    words = tuned_words(models, own)
    sentence = f"{words[0].upper()}{words[1:]}."
    told = [replace(part, blocks=tuple(_told(b, models, sentence) for b in part.blocks)) for part in chapter.sections]
    return replace(chapter, ran=(*chapter.ran, sentence), sections=(*told, tuning_section(own)))


def _told(block: Block, models: Sequence[str], sentence: str) -> Block:
    """The block with a sentence in its caption where it shows numbers of models."""
    if isinstance(block, Shown | Folded) and _names(block.table, models):
        return replace(block, table=replace(block.table, caption=f"{block.table.caption} {sentence}"))
    if isinstance(block, Figures) and set(block.panels.series) & set(models):
        return replace(block, panels=replace(block.panels, caption=f"{block.panels.caption} {sentence}"))
    return block


def _names(table: Table, models: Sequence[str]) -> bool:
    return any(cell.text.split(", ")[0] in models for row in table.rows for cell in row[: table.labels])


def tuning_section(searches: Sequence[Searched]) -> Section:
    """What the searches of a chapter tried: best so far by trial, what was chosen, and what mattered."""
    if not searches:
        return section("tuning", "Tuning")
    folds = plural(int(searches[0].said["folds"]), "fold")
    several = len({one.dataset for one in searches}) > 1
    found = marks(dict.fromkeys(one.model for one in searches))
    short = [one for one in searches if one.said["trials"] < one.said["asked"]]
    late = tuple(
        f"The search for {one.model} (seed {one.seed}) ended after {one.said['trials']} of {one.said['asked']} trials, "
        "since its budget of seconds was spent; raise tuning.budget_s for equal budgets."
        for one in short
    )
    rows = tuple(_row(one, several) for one in searches)
    head, labels = (("split", *HEAD), 2) if several else (HEAD, 1)
    return section(
        "tuning",
        "Tuning",
        Words((HOW.format(folds=folds), *late)),
        Shown(Table(TABLE, head, rows, labels=labels)),
        Figures(_figures(searches, found), found),
        Folded("Chosen settings and the importances of the space", _chosen(searches, several)),
    )


def _row(one: Searched, several: bool) -> tuple[Cell, ...]:
    states = one.trials["state"].tolist()
    first = f"{one.trials['score'].iloc[0]:.3f}" if states[0] == "complete" else DASH
    texts = [
        *([split_name(one.dataset) or one.dataset] if several else []),
        one.model,
        str(one.seed),
        str(len(states)),
        str(states.count("pruned")),
        duration(float(one.trials["seconds"].sum())),
        first,
        f"{one.said['score']:.3f}",
    ]
    return tuple(map(Cell, texts))


def _figures(searches: Sequence[Searched], found: Mapping[str, Mark]) -> Panels:
    def draw(axes: Axes) -> None:
        for one in searches:
            mark, best = found[one.model], one.best_so_far.to_numpy()
            axes.step(np.arange(1, len(best) + 1), best, where="post", color=mark.colour, linestyle=mark.dashes)
        axes.set(xlabel="trial", title="Best balanced accuracy so far, on folds")

    best = svg(svg_panel("tuning-best", draw), "best score so far by trial")
    shares = _importances(searches, found)
    return Panels((best, *([shares] if shares else [])), "One line, and one dot a key, a search.", tuple(found))


def _importances(searches: Sequence[Searched], found: Mapping[str, Mark]) -> Image | None:
    shares: dict[str, dict[str, list[float]]] = {}
    for one in searches:
        for key, share in one.said["importances"].items():
            shares.setdefault(key, {}).setdefault(one.model, []).append(share)
    keys = sorted(shares, key=lambda key: -max(max(own) for own in shares[key].values()))

    def draw(axes: Axes) -> None:
        for place, key in enumerate(keys):
            for model, own in shares[key].items():
                axes.plot(own, [place] * len(own), "o", color=found[model].colour, markersize=4.2)
        axes.set_yticks(range(len(keys)), keys)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(keys) - 0.5, -0.5), title="Importance of each key, by model")

    return svg(svg_panel("tuning-importances", draw), "importance of each key of the space") if keys else None


def _chosen(searches: Sequence[Searched], several: bool) -> Table:
    rows = []
    for one in searches:
        values = json.loads(one.trials["values"].iloc[int(one.said["best"])])
        shares = one.said["importances"]
        for key in sorted(values, key=lambda key: (-shares.get(key, 0.0), key)):
            value = values[key]
            shown = f"{value:.3g}" if isinstance(value, float) else json.dumps(value).strip('"')
            split = [split_name(one.dataset) or one.dataset] if several else []
            share = f"{shares[key]:.2f}" if key in shares else DASH
            rows.append(tuple(map(Cell, [*split, one.model, str(one.seed), key, shown, share])))
    head = ("split", *CHOSEN) if several else CHOSEN
    return Table(IMPORTANCE, head, tuple(rows), labels=len(head) - 2)

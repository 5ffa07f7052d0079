"""Models on machines: which machine to take, what noise models predicted, what mitigation and training there gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from hqnn.report.chapter import Block, Chapter, Material, Words, section, shown
from hqnn.report.difference import Difference, Seeds, difference
from hqnn.report.machine_training import trained_there
from hqnn.report.mitigation import mitigations
from hqnn.report.paths import on_every_path
from hqnn.report.tables import DASH, Cell, Table, entry
from hqnn.report.words import PHASES, signed
from hqnn.wording import plural

METRIC = "balanced_accuracy"
COUNTED, PREDICTED = "hardware-", "noisy-"
ADAPTED = {  # phases, and what they did for a machine
    "ideal": "none",
    "device": "its gates",
    "noisy": "its gates and noise",
    "hardware": "its own counts",
}


def with_machines(chapter: Chapter, material: Material) -> Chapter:
    """A chapter with sections on machines, where models ran on several, were mitigated or trained there."""
    own = [name for name in material.metrics["dataset"].unique() if _within(str(name), chapter.dataset)]
    added = []
    for name in own:
        of = material.of(name)
        title = f", {name.partition('-')[2]}" if len(own) > 1 else ""
        added += [
            section(f"machines-{name}", f"Machines{title}", *Machines(of).blocks()),
            section(f"mitigation-{name}", f"Error mitigation{title}", shown(mitigations(of))),
            section(f"machine-training-{name}", f"Training on a machine{title}", shown(trained_there(of))),
        ]
    return replace(chapter, sections=(*chapter.sections, *added))


@dataclass(frozen=True)
class Machines:
    """What there is of models on machines, of one data set."""

    material: Material

    @cached_property
    def names(self) -> list[str]:
        """Machines that models ran on, without mitigation."""
        paths = {one.path for one in self.material.predictions}
        found = {path.removeprefix(COUNTED) for path in paths if path.startswith(COUNTED) and "+" not in path}
        return sorted(found)

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """Models, and how they were adapted to each machine: phases that there are on all of them."""
        runs = {(one.run.model, one.run.phase, one.path) for one in self.material.predictions}
        models = dict.fromkeys(one.run.model for one in self.material.predictions if one.quantum)
        return [
            (model, phase)
            for model in models
            for phase in PHASES
            if all((model, _of(phase, name), COUNTED + name) in runs for name in self.names)
        ]

    def blocks(self) -> Iterator[Block | None]:
        """Which machine to take, and each model on each; nothing of one machine alone."""
        if len(self.names) < 2 or not self.rows:
            return
        yield Words(tuple(self._advice()), findings=True)
        yield shown(self._matrix())

    def _matrix(self) -> Table:
        rows = on_every_path(self.material.metrics)
        lines = []
        for model, phase in self.rows:
            best, *_ = ranked = self._ranked([(model, phase)])
            for name in ranked:
                own = rows[(rows["model"] == model) & (rows["phase"] == _of(phase, name))]
                scores = [entry(own[own["path"] == path + name], METRIC) for path in (COUNTED, PREDICTED)]
                found = None if name == best else self._difference(model, phase, best, name)
                told = (DASH,) * 3 if found is None else (signed(found.value, 3), found.limits, found.verdict)
                lines.append((*map(Cell, (model, ADAPTED[phase], name)), *scores, *map(Cell, told)))
        caption = (
            "Balanced accuracy of each model on each machine, best first, on the samples that every path ran on: as it "
            "was counted there, and as the machine's noise model predicts it; and the best machine's less this one's, "
            "on the same samples and seeds, with its 95 % interval. Adapted to: what training knew of the machine."
        )
        head = ("model", "adapted to", "machine", "counted", "predicted", "best less this", "interval", "the best is")
        return Table(caption, head, tuple(lines), labels=3)

    def _advice(self) -> Iterator[str]:
        """Which machine to take, and whether the noise models said so."""
        last = [phase for phase in PHASES if any(own == phase for _, own in self.rows)][-1]
        rows = [row for row in self.rows if row[1] == last]
        best, foretold = self._best(rows), self._best(rows, PREDICTED)
        if foretold and round(self._mean(rows, best, PREDICTED) - self._mean(rows, foretold, PREDICTED), 3) == 0:
            foretold = best
        means = ", ".join(f"{name} {self._mean(rows, name):.3f}" for name in self._ranked(rows))
        signs = {name: self._signs(rows, best, name) for name in self.names if name != best}
        lead = (
            f"Take {best}" if all(1 in own for own in signs.values()) else f"{best} comes first, but not beyond doubt"
        )
        yield f"{lead}: mean balanced accuracy over {plural(len(rows), 'model')} on the machines: {means}."
        alike: dict[tuple[int, int, int], list[str]] = {}
        for name, own in signs.items():
            alike.setdefault((own.count(1), own.count(-1), own.count(0)), []).append(name)
        for (better, worse, unclear), names in alike.items():
            yield (
                f"{best} is better than {', '.join(names)} for {better} of "
                f"{plural(better + worse + unclear, 'model')}, worse for {worse}; for {unclear} it cannot be told."
            )
        if foretold:
            gaps = [self._mean(rows, name) - self._mean(rows, name, PREDICTED) for name in self.names]
            yield (
                f"The noise models foretold {'the same' if foretold == best else foretold}; what was counted differs "
                f"from what they predict by {np.abs(gaps).max():.3f} at most."
            )

    def _signs(self, rows: Sequence[tuple[str, str]], ours: str, theirs: str) -> list[int]:
        """Of each model, whether one machine is better than another, worse, or neither."""
        return [found.sign for row in rows if (found := self._difference(*row, ours, theirs)) is not None]

    def _difference(self, model: str, phase: str, ours: str, theirs: str) -> Difference | None:
        first, second = (self._seeds(model, phase, name) for name in (ours, theirs))
        return difference(first, second, self.material.artefacts)

    def _seeds(self, model: str, phase: str, machine: str) -> Seeds:
        return {
            one.run.seed: one
            for one in self.material.predictions
            if (one.run.model, one.run.phase, one.path) == (model, _of(phase, machine), COUNTED + machine)
        }

    def _best(self, rows: Sequence[tuple[str, str]], path: str = COUNTED) -> str:
        return next(iter(self._ranked(rows, path)), "")

    def _ranked(self, rows: Sequence[tuple[str, str]], path: str = COUNTED) -> list[str]:
        """Machines by their means, best first; those that have one."""
        means = {name: self._mean(rows, name, path) for name in self.names}
        known = [name for name, mean in means.items() if np.isfinite(mean)]
        return sorted(known, key=lambda name: (-means[name], name))

    def _mean(self, rows: Sequence[tuple[str, str]], machine: str, path: str = COUNTED) -> float:
        wanted = {(model, _of(phase, machine), path + machine) for model, phase in rows}
        keys = self._scores[["model", "phase", "path"]].apply(tuple, axis=1)
        return float(self._scores.loc[keys.isin(wanted), "value"].mean())

    @cached_property
    def _scores(self) -> pd.DataFrame:
        rows = on_every_path(self.material.metrics)
        return rows[rows["metric"] == METRIC]


def _of(phase: str, machine: str) -> str:
    """A phase as the paths of results say it for a machine."""
    return phase if phase == "ideal" else f"{phase}-{machine}"


def _within(dataset: str, chapter: str) -> bool:
    return dataset == chapter or dataset.startswith(f"{chapter}-")

"""Search for the settings of one model, and write what was chosen and all that was tried."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from pydantic import TypeAdapter

from hqnn.circuits.program_file import read_program
from hqnn.data.folds import deal_folds, fold_groups, refuse_leaks
from hqnn.data.parts import TRAIN, VALIDATION
from hqnn.data.samples import Samples, read_samples, samples_if_any
from hqnn.settings.tuning import Space
from hqnn.store import code_and_packages, write_text
from hqnn.tuning.judges import Material, own_values, parted, require_two_classes
from hqnn.tuning.nets import net_judge
from hqnn.tuning.references import reference_judge, usual_parameters
from hqnn.tuning.search import Judge, Search, Trial, best_of, importances, search
from hqnn.wording import plural

Files = Sequence[str | os.PathLike[str]]
JOURNAL = "journal.log"
COLUMNS = ("number", "state", "score", "seconds", "values", "fault")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """What a search is for and what it sees.

    Attributes:
        samples: the tables of the store, and further ones that say what belongs together.
        kept_whole: see `hqnn.data.folds.fold_groups`.
        subject: the model, see `hqnn.settings.searches.Searches.subject`.
        space: key to a list of values, or the fields of `hqnn.settings.tuning.Range`.
        tuning: ``trials``, ``budget_s`` and ``folds``.
        seed: of everything that is random.
        program: file of the circuit that decides a twin's width, where one does.
        memory_limit_mb: of the engine, and of a quantum kernel.
        layouts: see `hqnn.execution.references.predict_reference`.
        noise: likewise.
        code: digest of the code that searches: trials of other code are not gone on with.
    """

    samples: Files
    kept_whole: Mapping[str, Any]
    subject: Mapping[str, Any]
    space: Mapping[str, Any]
    tuning: Mapping[str, Any]
    seed: int
    program: Files = ()
    memory_limit_mb: float = 2000.0
    layouts: int = 4
    noise: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""


def tune(
    output: str | os.PathLike[str],
    trials: str | os.PathLike[str],
    task: Task,
    *,
    about: Mapping[str, Any],
    terminal: TextIO | None = None,
) -> None:
    """Search on folds of the train samples; test samples are not read.

    Beside the output lies Optuna's journal: a killed search goes on from its last trial, one whose output got lost ends
    at once.

    Args:
        output: JSON of the chosen settings, see `hqnn.settings.chosen.Chosen`, equal for equal trials.
        trials: CSV of all that was tried, one row a trial.
        task: what is searched.
        about: what the path of the result says.
        terminal: where a progress bar goes.

    Raises:
        UserError: see `search` and `deal_folds`; or the train samples are of a single class.
    """
    material = _material(task)
    asked = _asked(task, material, Path(output).with_name(JOURNAL))
    done = search(_judge(task, material), asked, terminal)
    best = best_of(done)
    write_text(trials, _as_csv(done))
    result = {
        **about,
        "seed": task.seed,
        "chosen": parted(best.values, task.subject),
        "trials": len(done),
        "asked": asked.trials,
        "best": best.number,
        "score": best.score,
        "folds": task.tuning["folds"],
        "samples": len(material.train.labels),
        "space": dict(task.space),
        "importances": importances(done, asked.space),
        "digest": asked.digest,
    }
    write_text(output, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    log.info("chose %s: %.4f in %s", best.values, best.score, plural(len(done), "trial"))


def _material(task: Task) -> Material:
    train, scored = read_samples(task.samples, TRAIN), read_samples(task.samples, TRAIN, scored=True)
    require_two_classes(train)
    groups = fold_groups(task.samples, train, task.kept_whole)
    folds = deal_folds(train, task.tuning["folds"], task.seed, groups)
    refuse_leaks(folds, train, task.samples, groups)
    return Material(train, scored, samples_if_any(task.samples, VALIDATION), folds, task.seed)


def _asked(task: Task, material: Material, journal: Path) -> Search:
    seen = [_digest(material.train), _digest(material.validation)]
    said = [task.subject, task.space, task.tuning["folds"], task.seed, code_and_packages(task.code), seen]
    return Search(
        TypeAdapter(Space).validate_python(dict(task.space)),
        task.tuning["trials"],
        task.tuning["budget_s"],
        task.seed,
        journal,
        hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest(),
        {**_usual(task.subject), **own_values(task.subject)},
    )


def _usual(subject: Mapping[str, Any]) -> dict[str, Any]:
    """What holds where a study says nothing; of a net its keys have defaults, which are said."""
    if "parameters" not in subject:
        return {}
    return usual_parameters(subject["parameters"]["estimator"])


def _judge(task: Task, material: Material) -> Judge:
    """What scores settings."""
    if "parameters" in task.subject:
        of_kernels = {"memory_limit_mb": task.memory_limit_mb, "layouts": task.layouts, "noise": task.noise}
        return reference_judge(task.subject, material, of_kernels)
    twin_of = next(iter(map(read_program, task.program)), None)
    return net_judge(task.subject, material, twin_of, task.memory_limit_mb)


def _digest(samples: Samples | None) -> str:
    """Of what a search sees of samples."""
    sha = hashlib.sha256()
    for array in () if samples is None else (samples.ids, samples.features, samples.labels, samples.augmented):
        sha.update(b"" if array is None else np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _as_csv(trials: Sequence[Trial]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in trials:
        values = json.dumps(dict(one.values), sort_keys=True)
        writer.writerow((one.number, one.state, repr(one.score), f"{one.seconds:.3f}", values, one.fault))
    return text.getvalue()

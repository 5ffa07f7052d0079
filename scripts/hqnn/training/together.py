"""Train one model from several seeds one after the other, in one process, and run each on its test samples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hqnn.data.samples import read_samples
from hqnn.execution.exact import run_exact
from hqnn.execution.predict import predict
from hqnn.execution.twin import predict_classical
from hqnn.models.hybrid import MEMORY_LIMIT_MB
from hqnn.notes import logged_to, noting
from hqnn.training.checkpoints import LOG
from hqnn.training.ideal import train_ideal

Files = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class SeedRun:
    """The training run of one seed.

    Attributes:
        seed: of initial weights and of the order of samples.
        samples: the tables of the store.
        model: file of the classifier; beside it lie the run's checkpoint and its log.
        history: CSV of loss and accuracy per epoch.
        predictions: of the test samples.
        program: see `train_ideal`.
        tuned: likewise.
    """

    seed: int
    samples: Files
    model: str | os.PathLike[str]
    history: str | os.PathLike[str]
    predictions: str | os.PathLike[str]
    program: Files
    tuned: Files = ()


def train_together(
    runs: Sequence[SeedRun],
    *,
    has_circuit: bool,
    about: Mapping[str, Any],
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    **training: Any,
) -> None:
    """Train and run every seed as its own jobs would; what is slow to start is started once.

    A run whose checkpoint says that it ended is not trained again, so a seed more costs that seed alone.

    Args:
        runs: what to train.
        has_circuit: whether the model runs in the engine, or is a classical network.
        about: what the path of the results says: study, dataset, model.
        memory_limit_mb: of the engine.
        training: further arguments of `train_ideal`, the same for all seeds.
    """
    for run in runs:
        with logged_to(Path(run.model).with_name(LOG)), noting():
            train_ideal(
                run.model,
                run.history,
                samples=run.samples,
                program=run.program,
                seed=run.seed,
                tuned=run.tuned,
                memory_limit_mb=memory_limit_mb,
                **training,
            )
            test = read_samples(run.samples)
            said = {**about, "seed": run.seed}
            if has_circuit:
                path = {"path": "exact", "phase": "ideal"}
                predict(
                    run.predictions,
                    samples=test,
                    model=run.model,
                    path=run_exact,
                    about={**path, **said},
                    memory_limit_mb=memory_limit_mb,
                )
            else:
                predict_classical(run.predictions, samples=test, model=run.model, about=said)

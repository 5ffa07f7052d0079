"""Train a classifier on its samples, without noise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from hqnn.circuits.program import Program
from hqnn.execution.predictions import TRAIN, read_samples
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.settings.fitting import Training
from hqnn.store import write_text
from hqnn.training.fit import fit
from hqnn.training.history import history_csv
from hqnn.training.regime import Regime


def train_ideal(
    output: str | os.PathLike[str],
    history: str | os.PathLike[str],
    *,
    samples: str | os.PathLike[str],
    program: str | os.PathLike[str],
    kind: str,
    options: Mapping[str, Any],
    training: Mapping[str, Any],
    seed: int,
    memory_limit_mb: float,
    terminal: TextIO | None = None,
) -> None:
    """Build a classifier for the samples, train it and write it.

    Args:
        output: of the model.
        history: CSV of loss and accuracy per epoch.
        samples: the store.
        program: file of the abstract circuit.
        kind: of the architecture.
        options: of the architecture.
        training: values of `hqnn.settings.fitting.Training`.
        seed: of initial weights and of the order of samples.
        memory_limit_mb: of the engine.
        terminal: where a progress bar goes.
    """
    train = read_samples(samples, TRAIN)
    settings = Training(**training)
    model = build_classifier(
        Architecture(kind, train.features.shape[1:], len(train.classes), dict(options)),
        Program.from_json(Path(program).read_text(encoding="utf-8")),
        seed=seed,
        memory_limit_mb=memory_limit_mb,
    )
    if settings.differentiation != "engine":
        from hqnn.training.differentiation import differentiate_by  # brings PennyLane

        differentiate_by(model, settings.differentiation, settings.device)
    epochs = fit(model, train.features, train.labels, Regime.of(settings), seed=seed, terminal=terminal)
    write_text(history, history_csv(epochs))
    save_classifier(output, model, {"training": dict(training), "seed": seed})

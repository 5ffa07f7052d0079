"""Train a classifier on its samples, without noise."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from hqnn.circuits.program_file import read_program
from hqnn.data.parts import TRAIN
from hqnn.data.samples import read_samples
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.device import device_of
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.partials import remove_partials
from hqnn.settings.chosen import read_chosen
from hqnn.settings.fitting import Training
from hqnn.store import write_text
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.history import history_csv
from hqnn.training.stored import fit_stored

Files = Sequence[str | os.PathLike[str]]


def train_ideal(
    output: str | os.PathLike[str],
    history: str | os.PathLike[str],
    *,
    samples: Files,
    program: Files,
    kind: str,
    options: Mapping[str, Any],
    training: Mapping[str, Any],
    seed: int,
    tuned: Files = (),
    code: str = "",
    augmentation: Mapping[str, Any] | None = None,
    watch_test: bool = False,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    device: str = "cpu",
    terminal: TextIO | None = None,
) -> None:
    """Build a classifier for the samples, train it and write it.

    Beside the model lies a checkpoint: a killed run goes on from its last second, one whose model is lost ends at once.

    Args:
        output: of the model.
        history: CSV of loss and accuracy per epoch.
        samples: the tables of the store.
        program: the file of the abstract circuit, or of the one whose twin is built; none for other classical networks.
        kind: of the architecture.
        options: likewise.
        training: values of `hqnn.settings.fitting.Training`.
        seed: of initial weights and of the order of samples.
        tuned: file of the settings that a search chose, which take the place of those in `options` and `training`.
        code: see `hqnn.training.checkpoints.Checkpoint`.
        augmentation: see `fit_stored`.
        watch_test: likewise.
        memory_limit_mb: of the engine.
        device: where torch computes, see `hqnn.models.device.device_of`.
        terminal: where a progress bar goes.
    """
    train, chosen = read_samples(samples, TRAIN), read_chosen(tuned)
    said = {**training, **chosen.training}
    regime = Training(**said)
    architecture = Architecture(kind, train.features.shape[1:], len(train.classes), {**options, **chosen.options})
    model = build_classifier(architecture, *map(read_program, program), seed=seed, memory_limit_mb=memory_limit_mb)
    _make_ready(model, regime, device)
    checkpoint = Checkpoint.beside(output, code)
    asked: dict[str, Any] = {"augmentation": augmentation, "watch_test": watch_test, "terminal": terminal}
    epochs = fit_stored(model, train, samples, regime, seed=seed, checkpoint=checkpoint, **asked)
    write_text(history, history_csv(epochs))
    save_classifier(output, model, {"training": said, "seed": seed, "train_samples": len(train.labels)} | chosen.about)
    remove_partials(checkpoint.path)


def _make_ready(model: Classifier, regime: Training, device: str) -> None:
    """Put a model where torch computes, and let its circuit be differentiated as asked for."""
    model.to(device_of(device))
    if isinstance(model, HybridClassifier) and regime.differentiation != "engine":
        from hqnn.training.differentiation import differentiate_by  # brings PennyLane

        differentiate_by(model, regime.differentiation, regime.device)

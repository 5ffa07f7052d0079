"""Train one model from many seeds side by side, and run each on its test samples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hqnn.circuits.program_file import read_program
from hqnn.data.parts import TRAIN
from hqnn.data.samples import Samples, read_samples
from hqnn.execution.exact import run_exact
from hqnn.execution.predict import predict
from hqnn.execution.twin import predict_classical
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.notes import logged_to
from hqnn.partials import remove_partials
from hqnn.settings.chosen import read_chosen
from hqnn.settings.fitting import Training
from hqnn.store import write_text
from hqnn.training.checkpoints import LOG, Checkpoint
from hqnn.training.history import history_csv
from hqnn.training.seeds import fit_seeds

Files = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class Sweep:
    """Where everything of a sweep lies; lists have an entry a seed.

    Attributes:
        draws: tables that say which samples each seed is trained and tested on.
        models: files of the classifiers.
        histories: CSV files of loss and accuracy per epoch.
        predictions: of the test samples.
    """

    draws: Files
    models: Files
    histories: Files
    predictions: Files


def train_sweep(
    sweep: Sweep,
    *,
    samples: str | os.PathLike[str],
    program: str | os.PathLike[str] | None,
    kind: str,
    options: Mapping[str, Any],
    training: Mapping[str, Any],
    seeds: Sequence[int],
    about: Mapping[str, Any],
    tuned: Files = (),
    code: str = "",
) -> None:
    """Train all seeds of a model at once; each as it would be trained alone.

    Beside the first model lies a checkpoint of all: a killed sweep goes on from its last second. Beside every model
    lies a log of its own.

    Args:
        sweep: where everything lies.
        samples: the table of images.
        program: file of the abstract circuit; None for a classical network.
        kind: of the architecture.
        options: of the architecture.
        training: values of `hqnn.settings.fitting.Training`.
        seeds: of initial weights and of the order of samples.
        about: what the path of the results says: study, dataset, model.
        tuned: file of the settings that a search chose, which take the place of those in `options` and `training`.
        code: see `hqnn.training.checkpoints.Checkpoint`.
    """
    chosen = read_chosen(tuned)
    training, options = {**training, **chosen.training}, {**options, **chosen.options}
    drawn = [read_samples([draw, samples], TRAIN) for draw in sweep.draws]
    architecture = Architecture(kind, drawn[0].features.shape[1:], len(drawn[0].classes), options)
    circuit = None if program is None else read_program(program)
    nets = [build_classifier(architecture, circuit, seed=seed) for seed in seeds]
    logs = [Path(model).with_name(LOG) for model in sweep.models]
    checkpoint = Checkpoint.beside(sweep.models[0], code)
    with logged_to(*logs):
        histories = fit_seeds(
            nets,
            np.stack([own.features for own in drawn]),
            np.stack([own.labels for own in drawn]),
            Training(**training),
            seeds=seeds,
            checkpoint=checkpoint,
        )
    for place, (seed, net, epochs) in enumerate(zip(seeds, nets, histories, strict=True)):
        with logged_to(logs[place], anew=False):
            write_text(sweep.histories[place], history_csv(epochs))
            known = {"training": training, "seed": seed, "train_samples": len(drawn[place].labels), **chosen.about}
            save_classifier(sweep.models[place], net, known)
            test = read_samples([sweep.draws[place], samples])
            _predict(sweep.predictions[place], test, sweep.models[place], {**about, "seed": seed}, net)
    remove_partials(checkpoint.path)


def _predict(
    output: str | os.PathLike[str],
    test: Samples,
    model: str | os.PathLike[str],
    about: Mapping[str, Any],
    net: Classifier,
) -> None:
    """Run a trained net on its test samples, in the engine where it has a circuit."""
    if isinstance(net, HybridClassifier):
        said = {**about, "phase": "ideal", "path": "exact"}
        predict(output, samples=test, model=model, path=run_exact, about=said)
    else:
        predict_classical(output, samples=test, model=model, about=about)

"""What settings of a net are worth: a net for each fold, trained side by side, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

import hqnn.circuits.trace  # noqa: F401  every search imports it: here, a process that forks jobs has it before
from hqnn.circuits.library import build_for_classes
from hqnn.circuits.program import Program
from hqnn.data.folds import Fold
from hqnn.data.samples import Samples
from hqnn.models.architectures import build_classifier
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.dressed import Standardise
from hqnn.settings.fitting import Training
from hqnn.training.augment import Augmentation
from hqnn.training.fit import new_run
from hqnn.training.history import has_ended
from hqnn.training.run import Run
from hqnn.tuning.judges import RUNGS, Material, balanced_accuracy, parted, rows_of
from hqnn.tuning.search import Judge, Report


def net_judge(subject: Mapping[str, Any], material: Material, twin_of: Program | None, memory_limit_mb: float) -> Judge:
    """Scores settings of a net.

    Args:
        subject: the net, see `hqnn.settings.searches.Searches.subject`.
        material: samples and folds.
        twin_of: the circuit whose number of parameters decides the net's width, where one does.
        memory_limit_mb: of the engine.
    """

    def judge(values: Mapping[str, Any], report: Report) -> float:
        parts = parted(values, subject)
        regime = Training(**{**subject["training"], **parts["training"], "differentiation": "engine"})
        options = {**subject["options"], **parts["options"]}
        train = material.train
        architecture = Architecture(subject["kind"], train.features.shape[1:], len(train.classes), options)
        program = twin_of
        if subject["circuit"]:
            program = build_for_classes(**{**subject["circuit"], **parts["circuit"]}, classes=len(train.classes))
        nets = [
            _FoldRun(material, place, subject["augmentation"], regime, architecture, program, memory_limit_mb)
            for place in range(len(material.folds))
        ]
        return _trained(nets, regime, report)

    return judge


class _FoldRun:
    """The training run on all folds but one."""

    def __init__(
        self,
        material: Material,
        place: int,
        augmentation: Mapping[str, Any] | None,
        regime: Training,
        architecture: Architecture,
        program: Program | None,
        memory_limit_mb: float,
    ) -> None:
        fold: Fold = material.folds[place]
        own, self.held = rows_of(material.train, fold.fitted), rows_of(material.scored, fold.held)
        seed = material.fold_seed(place)
        self.model: Classifier = build_classifier(architecture, program, seed=seed, memory_limit_mb=memory_limit_mb)
        for module in self.model.modules():
            if isinstance(module, Standardise):
                module.fit(torch.from_numpy(own.features))
        validation = material.validation
        watched = {"validation": _labelled(validation)} if validation is not None and regime.choices else {}
        self.run: Run = new_run(
            self.model,
            {"train": _labelled(own), **watched},
            regime,
            own.augmented,
            None if augmentation is None else Augmentation(**augmentation),
            seed,
        )

    def score(self) -> float:
        """Of the samples that were held out."""
        self.model.eval()
        return balanced_accuracy(self.held.labels, self.model.classify(self.held.features))


def _trained(nets: list[_FoldRun], regime: Training, report: Report) -> float:
    """The mean score after training; reported on the way, so that a bad trial ends early."""
    every = max(1, regime.epochs // RUNGS)
    for epoch in range(regime.epochs):
        with torch.random.fork_rng(devices=[]):
            for net in nets:
                if not has_ended(net.run.history, regime):
                    net.run.go_on()
        if epoch % every == every - 1 and epoch < regime.epochs - 1:
            report(epoch // every, float(np.mean([net.score() for net in nets])))
    for net in nets:
        net.run.finish()
    return float(np.mean([net.score() for net in nets]))


def _labelled(samples: Samples) -> tuple[Any, Any]:
    return samples.features, samples.labels

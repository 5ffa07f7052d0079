"""Fit a classifier by gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TextIO, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from hqnn.errors import UserError
from hqnn.settings.fitting import Regime
from hqnn.training.batches import Batches, with_versions
from hqnn.training.checkpoints import Checkpoint, resume
from hqnn.training.history import Epoch, has_ended
from hqnn.training.objective import Objective, class_weights
from hqnn.training.run import Augment, Run

Labelled: TypeAlias = tuple[NDArray[Any], NDArray[np.uint8]]


def fit(
    model: nn.Module,
    inputs: NDArray[Any],
    labels: NDArray[np.uint8],
    regime: Regime,
    *,
    seed: int,
    validation: Labelled | None = None,
    test: Labelled | None = None,
    versions: NDArray[Any] | None = None,
    augment: Augment | None = None,
    checkpoint: Checkpoint | None = None,
    terminal: TextIO | None = None,
) -> list[Epoch]:
    """Train a classifier; it is changed in place and left in evaluation mode.

    Args:
        model: gives logits of shape (batch,), for class 1 of two, or (batch, classes).
        inputs: shape (samples, ...): float features, cast to the type of the model's weights batch by batch, or uint8
            images, which the model scales itself.
        labels: shape (samples,), classes from 0.
        regime: how it is trained.
        seed: of the order of samples, of dropout and of augmentation.
        validation: inputs and labels evaluated after every epoch, by which `Regime.keep` and `Regime.patience` choose.
        test: inputs and labels evaluated likewise, for the curves alone.
        versions: augmented features, shape (samples, versions, features); every draw of a sample takes itself or one of
            its versions, all equally likely.
        augment: takes a batch of inputs and a generator and gives another such batch; its `repr` must say what it does.
        checkpoint: written after every epoch. A run that finds that of a killed run like itself goes on there, to the
            very numbers that run would have come to.
        terminal: where a progress bar goes, if it is one.

    Returns:
        One entry an epoch.

    Raises:
        UserError: the loss is no number any more, the regime chooses by validation samples where there are none, or a
            label has no class.
    """
    if validation is None and regime.choices:
        raise UserError(f"{regime.choices[0]} chooses by validation samples, of which there are none; leave it out")
    watched = {name: both for name, both in (("validation", validation), ("test", test)) if both is not None}
    run = new_run(model, {"train": (inputs, labels), **watched}, regime, versions, augment, seed)
    write = resume(run, checkpoint)
    with _own_randomness(model), _progress(run, regime, terminal) as bar:
        while not has_ended(run.history, regime):
            epoch = run.go_on()
            write(has_ended(run.history, regime))
            bar.set_postfix(loss=f"{epoch.loss:.4f}", accuracy=f"{epoch.accuracy:.4f}")
            bar.update()
    run.finish()
    return run.history


def new_run(
    model: nn.Module,
    sets: Mapping[str, Labelled],
    regime: Regime,
    versions: NDArray[Any] | None,
    augment: Augment | None,
    seed: int,
) -> Run:
    """A training run that has not begun.

    Args:
        model: see `fit`.
        sets: inputs and labels of ``train`` and of what is watched, by the names of `Run`.
        regime: see `fit`.
        versions: see `fit`.
        augment: see `fit`.
        seed: see `fit`.

    Raises:
        UserError: a set is empty, or a class has no train sample where it needs one.
    """
    for name, (_, own) in sets.items():
        if len(own) == 0:
            raise UserError(f"there are no {name} samples; give the split some")
    inputs, labels = sets["train"]
    classes = max(2, *(1 + int(own.max()) for _, own in sets.values()))
    weights = class_weights(labels, classes) if regime.class_weights == "balanced" else None
    return Run(
        model,
        regime,
        Objective(classes, weights),
        train=Batches(*((inputs, labels) if versions is None else with_versions(inputs, labels, versions)), model),
        labels=labels,
        watched={name: Batches(*both, model) for name, both in sets.items() if name != "train"},
        augment=augment,
        seed=seed,
    )


def _own_randomness(model: nn.Module) -> AbstractContextManager[None]:
    """Leave torch's own generators as they were."""
    device = next(model.parameters()).device
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _progress(run: Run, regime: Regime, terminal: TextIO | None) -> tqdm[NoReturn]:
    return tqdm(
        total=regime.epochs,
        initial=len(run.history),
        file=terminal,
        disable=None if terminal else True,
        unit="epoch",
    )

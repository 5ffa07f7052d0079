"""Fit a model to the samples of a store."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import torch
from torch import nn

from hqnn.data.parts import TEST, VALIDATION
from hqnn.data.samples import Samples, samples_if_any
from hqnn.models.dressed import Standardise
from hqnn.settings.fitting import Regime
from hqnn.training.augment import Augmentation
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.fit import Labelled, fit
from hqnn.training.history import Epoch


def fit_stored(
    model: nn.Module,
    train: Samples,
    files: Sequence[str | os.PathLike[str]],
    regime: Regime,
    *,
    seed: int,
    augmentation: Mapping[str, Any] | None = None,
    watch_test: bool = False,
    checkpoint: Checkpoint | None = None,
    terminal: TextIO | None = None,
) -> list[Epoch]:
    """Train on samples, with their augmented versions, and watch the validation samples where there are any.

    Args:
        model: changed in place.
        train: the train samples of the tables.
        files: tables of the store, row beside row.
        regime: how it is trained.
        seed: see `fit`.
        augmentation: of images as they are trained on, values of `hqnn.training.augment.Augmentation`; none where None.
        watch_test: whether the history says loss and accuracy on the test samples, too; they decide nothing.
        checkpoint: see `fit`.
        terminal: see `fit`.

    Returns:
        One entry an epoch.
    """
    for module in model.modules():
        if isinstance(module, Standardise):
            module.fit(torch.from_numpy(train.features))
    return fit(
        model,
        train.features,
        train.labels,
        regime,
        seed=seed,
        validation=_labelled(samples_if_any(files, VALIDATION)),
        test=_labelled(samples_if_any(files, TEST)) if watch_test else None,
        versions=train.augmented,
        augment=None if augmentation is None else Augmentation(**augmentation),
        checkpoint=checkpoint,
        terminal=terminal,
    )


def _labelled(samples: Samples | None) -> Labelled | None:
    return None if samples is None else (samples.features, samples.labels)

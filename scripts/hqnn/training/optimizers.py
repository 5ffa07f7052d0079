"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch._dynamo  # every optimiser imports it when it is made: here, a process that forks jobs has it before
from torch import nn

from hqnn.models.layers import FeatureReader
from hqnn.settings.fitting import Descent

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
WITH_MOMENTUM = ("rmsprop", "sgd")
FUSED = ("adam", "adamw", "sgd")


def optimizer_of(descent: Descent, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a descent, for a model; weight decay acts as `FeatureReader` says."""
    options: dict[str, Any] = {"lr": descent.learning_rate, "weight_decay": descent.weight_decay}
    if descent.optimizer in WITH_MOMENTUM:
        options["momentum"] = descent.momentum
    if descent.optimizer in FUSED and descent.fused:
        options["fused"] = True
    readers = [layer.weight for layer in model.modules() if isinstance(layer, FeatureReader)]
    if not readers or not descent.weight_decay:
        return OPTIMIZERS[descent.optimizer](model.parameters(), **options)
    others = [weight for weight in model.parameters() if all(weight is not reader for reader in readers)]
    groups = [{"params": readers}, {"params": others, "weight_decay": 0.0}]
    return OPTIMIZERS[descent.optimizer](groups, **options)

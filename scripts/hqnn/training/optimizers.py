"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hqnn.models.layers import FeatureReader
from hqnn.settings.fitting import Regime

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
WITH_MOMENTUM = ("rmsprop", "sgd")
FUSED = ("adam", "adamw", "sgd")


def optimizer_of(regime: Regime, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a regime, for a model; weight decay acts as `FeatureReader` says."""
    options: dict[str, Any] = {"lr": regime.learning_rate, "weight_decay": regime.weight_decay}
    if regime.optimizer in WITH_MOMENTUM:
        options["momentum"] = regime.momentum
    if regime.optimizer in FUSED and regime.fused:
        options["fused"] = True
    readers = [layer.weight for layer in model.modules() if isinstance(layer, FeatureReader)]
    if not readers or not regime.weight_decay:
        return OPTIMIZERS[regime.optimizer](model.parameters(), **options)
    others = [weight for weight in model.parameters() if all(weight is not reader for reader in readers)]
    groups = [{"params": readers}, {"params": others, "weight_decay": 0.0}]
    return OPTIMIZERS[regime.optimizer](groups, **options)

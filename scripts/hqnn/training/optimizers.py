"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from hqnn.training.regime import Regime

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
WITH_MOMENTUM = ("rmsprop", "sgd")
FUSED = ("adam", "adamw", "sgd")


def optimizer_of(regime: Regime, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of a regime, for parameters."""
    options: dict[str, Any] = {"lr": regime.learning_rate, "weight_decay": regime.weight_decay}
    if regime.optimizer in WITH_MOMENTUM:
        options["momentum"] = regime.momentum
    if regime.optimizer in FUSED and regime.fused:
        options["fused"] = True
    return OPTIMIZERS[regime.optimizer](parameters, **options)

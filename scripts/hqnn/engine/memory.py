"""Work in chunks of samples, so that a call stays under its memory limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from hqnn.errors import UserError

MEGABYTE = 1e6


def too_much(needed_mb: float, limit_mb: float, what: str) -> NoReturn:
    """Say what is needed and which key to change."""
    raise UserError(
        f"{what} need about {needed_mb:.3g} MB, but engine.memory_limit_mb is {limit_mb:g}; raise it, or take "
        "fewer wires, observables or copies"
    )


def in_chunks(
    function: Callable[[Tensor], Tensor],
    inputs: Tensor,
    sample_bytes: float,
    limit_mb: float,
    preferred: int,
    what: str,
) -> Tensor:
    """Apply a function to samples, as many at a time as the limit allows.

    Where gradients are asked for and the samples do not fit at once, each chunk is computed again on the way back.

    Args:
        function: from (copies, samples, inputs) to (copies, samples, values).
        inputs: shape (copies, samples, inputs).
        sample_bytes: what one sample stores, all copies together.
        limit_mb: of memory.
        preferred: samples in a chunk that suit the caches, where nothing is stored for a gradient.
        what: is stored, for the message.

    Raises:
        UserError: a single sample is over the limit.
    """
    samples = inputs.shape[1]
    most = int(limit_mb * MEGABYTE / sample_bytes)
    if most < 1:
        too_much(sample_bytes / MEGABYTE, limit_mb, what)
    if torch.is_grad_enabled():
        if samples <= most:
            return function(inputs)
        return torch.cat(
            [checkpoint(function, chunk, use_reentrant=False) for chunk in torch.split(inputs, most, 1)], 1
        )
    size = min(most, preferred)
    if samples <= size:
        return function(inputs)
    return torch.cat([function(chunk) for chunk in torch.split(inputs, size, 1)], 1)

"""Work in chunks of samples, so that a call stays under its memory limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from hqnn.errors import UserError

MEGABYTE = 1e6


class MemoryLimitError(UserError):
    """What is to be computed does not fit into the memory that the config allows."""


def too_much(needed_mb: float, limit_mb: float, what: str) -> NoReturn:
    """Say what is needed and which key to change."""
    raise MemoryLimitError(
        f"{what} need about {needed_mb:.3g} MB, but engine.memory_limit_mb is {limit_mb:g}; raise it, or take "
        "fewer wires, observables or copies"
    )


def chunk_size(sample_bytes: float, limit_mb: float, what: str) -> int:
    """How many samples go at a time.

    Args:
        sample_bytes: what one sample stores.
        limit_mb: of memory.
        what: is stored, for the message.

    Raises:
        MemoryLimitError: a single sample is over the limit.
    """
    if sample_bytes > limit_mb * MEGABYTE:
        too_much(sample_bytes / MEGABYTE, limit_mb, what)
    return int(limit_mb * MEGABYTE / sample_bytes)


def in_chunks(function: Callable[[Tensor], Tensor], inputs: Tensor, size: int) -> Tensor:
    """Apply a function to some samples at a time; with gradients, each chunk is computed again on the way back.

    Args:
        function: from (copies, samples, inputs) to (copies, samples, values).
        inputs: shape (copies, samples, inputs).
        size: of a chunk.
    """
    if inputs.shape[1] <= size:
        return function(inputs)
    chunks = torch.split(inputs, size, 1)
    if torch.is_grad_enabled():
        return torch.cat([checkpoint(function, chunk, use_reentrant=False) for chunk in chunks], 1)
    return torch.cat([function(chunk) for chunk in chunks], 1)

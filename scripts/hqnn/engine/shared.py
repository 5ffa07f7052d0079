"""The part of a plan that all samples share, on the CPU, and the way back.

Every vector is stored for the way back, independent of the batch. Where that is more than the memory limit, only some
are kept and the others are found again, segment by segment.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.engine.chain import Built, Chain
from hqnn.engine.memory import MEGABYTE, too_much
from hqnn.engine.plan import Plan

Array = NDArray[np.floating]


class Trace(NamedTuple):
    """What `SharedPart.backward` needs.

    Attributes:
        built: matrices of all blocks.
        kept: all vectors where there is one segment, else the first of each.
    """

    built: Built
    kept: list[Array]


class SharedPart:
    """Takes the observables through the shared blocks, in one precision.

    Attributes:
        copies: how many circuits run in parallel.
        final: axes of the result after that of copies: observables, then one a wire.
        segments: first block of each segment, and one behind the last block.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype, copies: int, memory_limit_mb: float) -> None:
        """Flatten the plan and choose the segments.

        Raises:
            UserError: even the smallest segments need more than the limit.
        """
        self._chain = Chain(plan.shared, plan.observables.shape, dtype)
        self._initial = np.tile(plan.observables.reshape(1, -1).astype(self._chain.dtype), (copies, 1))
        self.copies, self.final = copies, self._chain.final
        self.segments = self._segments(copies, memory_limit_mb)

    def forward(self, weights: Array) -> tuple[Array, Trace]:
        """Take the observables through all blocks.

        Args:
            weights: shape (copies, weights).

        Returns:
            Vectors after the last block, shape (copies, entries), and what `backward` needs.
        """
        built = self._chain.build(weights)
        vectors = self._initial
        kept = []
        for first, last in pairwise(self.segments):
            stored = self._chain.run(built, first, last, vectors)
            kept.append(stored if len(self.segments) == 2 else vectors)
            vectors = self._chain.last_of(stored, last)
        return vectors.copy(), Trace(built, kept)

    def backward(self, trace: Trace, flowing: Array, weights: int) -> Array:
        """Gradient of the weights.

        Args:
            trace: from `forward`.
            flowing: gradient of the last vectors, shape (copies, entries).
            weights: how many there are.

        Returns:
            Shape (copies, weights).
        """
        chain = self._chain
        buffers, slopes = chain.buffers(flowing), chain.empty_slopes(len(flowing))
        for (first, last), kept in reversed(list(zip(pairwise(self.segments), trace.kept, strict=True))):
            stored = kept if len(self.segments) == 2 else chain.run(trace.built, first, last, kept)
            chain.back(trace.built, first, last, stored, buffers, slopes)
        return chain.unbuild(trace.built, slopes, weights)

    def _segments(self, copies: int, limit_mb: float) -> list[int]:
        """As few segments as the limit allows."""
        sizes = self._chain.sizes
        blocks = len(sizes) - 1
        least = np.inf
        for count in range(1, blocks + 1):
            bounds = _cut(sizes, count)
            stored = max(sum(sizes[a : b + 1]) for a, b in pairwise(bounds))
            kept = sum(sizes[a] for a in bounds[:-1]) if count > 1 else 0
            entries = stored + kept + 2 * max(sizes) + self._chain.stage_size
            needed = copies * entries * self._chain.dtype.itemsize / MEGABYTE
            if needed <= limit_mb:
                return bounds
            least = min(least, needed)
        if blocks:
            too_much(least, limit_mb, "the observables' vectors")
        return [0]


def _cut(sizes: tuple[int, ...], count: int) -> list[int]:
    """Cut the blocks in about equal parts of memory."""
    total = np.cumsum(sizes[1:])
    inner = np.searchsorted(total, total[-1] * np.arange(1, count) / count) + 1
    return sorted({0, *(int(n) for n in inner), len(sizes) - 1})

"""The part of a plan that all samples share, on the CPU, and the way back.

Every vector is stored for the way back, independent of the batch. Where that is more than the memory limit, only some
are kept and the others are found again, segment by segment.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.engine import kernels
from hqnn.engine.memory import MEGABYTE, too_much
from hqnn.engine.plan import Plan
from hqnn.engine.tables import layout_of

Array = NDArray[np.floating]


class SharedPart:
    """Takes the observables through the shared blocks, in one precision.

    Attributes:
        final: axes of the result after that of copies: observables, then one a wire.
        segments: first block of each segment, and one behind the last block.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype, copies: int, memory_limit_mb: float) -> None:
        """Flatten the plan and choose the segments.

        Raises:
            UserError: even the smallest segments need more than the limit.
        """
        self._layout = layout_of(plan, np.dtype(str(dtype).removeprefix("torch.")))
        self.final = self._layout.final
        self.segments = self._segments(copies, memory_limit_mb)

    def forward(self, weights: Array) -> tuple[Array, tuple[Any, ...]]:
        """Take the observables through all blocks.

        Args:
            weights: shape (copies, weights).

        Returns:
            Vectors after the last block, shape (copies, entries), and what `backward` needs.
        """
        layout, tables = self._layout, self._layout.tables
        copies = len(weights)
        cosine = np.empty((copies, len(tables.angle_constants)), layout.initial.dtype)
        sine = np.empty_like(cosine)
        stages = np.empty((copies, layout.stage_size), layout.initial.dtype)
        vectors = np.tile(layout.initial, (copies, 1))
        kernels.cosines(tables, weights, cosine, sine)
        kernels.build(tables, cosine, sine, stages)
        kept = []
        for segment in range(len(self.segments) - 1):
            stored = self._run(segment, vectors, stages)
            kept.append(stored if len(self.segments) == 2 else vectors)
            vectors = stored[:, -layout.sizes[self.segments[segment + 1]] :]
        return np.ascontiguousarray(vectors), (cosine, sine, stages, kept)

    def backward(self, saved: tuple[Any, ...], flowing: Array, weights: int) -> Array:
        """Gradient of the weights.

        Args:
            saved: from `forward`.
            flowing: gradient of the last vectors, shape (copies, entries).
            weights: how many there are.

        Returns:
            Shape (copies, weights).
        """
        layout, tables = self._layout, self._layout.tables
        cosine, sine, stages, kept = saved
        copies = len(flowing)
        gradient = np.zeros((copies, weights), flowing.dtype)
        buffers = np.empty((2, copies, max(layout.sizes)), flowing.dtype)
        buffers[0, :, : layout.sizes[-1]] = flowing
        slopes = np.zeros((copies, len(tables.blocks), 256), flowing.dtype)
        for segment in range(len(self.segments) - 2, -1, -1):
            first, last = self.segments[segment : segment + 2]
            vectors = kept[segment] if len(kept) == 1 else self._run(segment, kept[segment], stages)
            side = kernels.propagate_back(tables, stages, first, last, vectors, buffers, slopes)
            if side:
                buffers[0] = buffers[1]
        kernels.unbuild(tables, cosine, sine, stages, slopes, gradient)
        return gradient

    def _run(self, segment: int, vectors: Array, stages: Array) -> Array:
        first, last = self.segments[segment : segment + 2]
        stored = np.empty((len(vectors), sum(self._layout.sizes[first : last + 1])), vectors.dtype)
        stored[:, : vectors.shape[1]] = vectors
        kernels.propagate(self._layout.tables, stages, first, last, stored)
        return stored

    def _segments(self, copies: int, limit_mb: float) -> list[int]:
        """As few segments as the limit allows."""
        sizes = self._layout.sizes
        blocks = len(sizes) - 1
        entry = copies * self._layout.initial.itemsize
        least = np.inf
        for count in range(1, blocks + 1):
            bounds = _cut(sizes, count)
            stored = max(sum(sizes[a : b + 1]) for a, b in pairwise(bounds))
            kept = sum(sizes[a] for a in bounds[:-1]) if count > 1 else 0
            needed = entry * (stored + kept + 2 * max(sizes) + self._layout.stage_size) / MEGABYTE
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

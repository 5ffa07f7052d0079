"""Blocks that follow each other, on the CPU: their matrices, vectors through them, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.engine import kernels
from hqnn.engine.plan import Block
from hqnn.engine.tables import layout_of

Array = NDArray[np.floating]


class Built(NamedTuple):
    """The matrices of a chain for some weights.

    Attributes:
        cosine: of all angles of weights, shape (copies, angles).
        sine: likewise.
        stages: matrices as they grew factor by factor, shape (copies, entries).
    """

    cosine: Array
    sine: Array
    stages: Array


class Chain:
    """Some blocks in one precision.

    Attributes:
        dtype: of all arithmetic.
        sizes: entries of the vector before each block, and of the last.
        final: the last vector's axes: observables, then one a wire.
        stage_size: entries of the matrices of one copy.
    """

    def __init__(self, blocks: Sequence[Block], dims: Sequence[int], dtype: torch.dtype) -> None:
        """Flatten the blocks; ``dims`` are the first vector's axes: observables, then one a wire."""
        self.dtype = np.dtype(str(dtype).removeprefix("torch."))
        layout = layout_of(blocks, dims, self.dtype)
        self._tables = layout.tables
        self.sizes, self.final, self.stage_size = layout.sizes, layout.final, layout.stage_size

    def build(self, weights: Array) -> Built:
        """Matrices of all blocks: weights have shape (copies, weights)."""
        copies, tables = len(weights), self._tables
        cosine = np.empty((copies, len(tables.angle_constants)), self.dtype)
        built = Built(cosine, np.empty_like(cosine), np.empty((copies, self.stage_size), self.dtype))
        kernels.cosines(tables, weights, built.cosine, built.sine)
        kernels.build(tables, *built)
        return built

    def empty_slopes(self, copies: int) -> Array:
        """Gradients of all matrices, zero."""
        return np.zeros((copies, len(self._tables.blocks), 256), self.dtype)

    def unbuild(self, built: Built, slopes: Array, weights: int) -> Array:
        """Gradient of the weights from those of the matrices, which are overwritten; shape (copies, weights)."""
        gradient = np.zeros((len(slopes), weights), self.dtype)
        kernels.unbuild(self._tables, *built, slopes, gradient)
        return gradient

    def run(self, built: Built, first: int, last: int, vectors: Array, batch: int = 1) -> Array:
        """Take vectors through the blocks first, ..., last - 1.

        Args:
            built: from `build`.
            first: a block.
            last: one behind the last block.
            vectors: shape (copies, batch * entries), or (copies, entries) for all of a batch.
            batch: how many go through the same blocks.

        Returns:
            The vectors before each of these blocks and the last, one behind the other.
        """
        copies, size = len(vectors), batch * self.sizes[first]
        stored = np.empty((copies, batch * sum(self.sizes[first : last + 1])), self.dtype)
        stored[:, :size].reshape(copies, -1, vectors.shape[1])[:] = vectors[:, None]
        if last > first:
            kernels.propagate(self._tables, built.stages, first, last, batch, stored)
        return stored

    def last_of(self, stored: Array, last: int, batch: int = 1) -> Array:
        """The last of the vectors that `run` stored, as a view."""
        return stored[:, -batch * self.sizes[last] :]

    def back(
        self, built: Built, first: int, last: int, stored: Array, buffers: Array, slopes: Array, batch: int = 1
    ) -> None:
        """Take gradients back through the blocks last - 1, ..., first.

        Args:
            built: from `build`.
            first: a block.
            last: one behind the last block.
            stored: from `run`.
            buffers: from `buffers`, the gradient of the last vector in [0]; that of the first takes its place.
            slopes: from `empty_slopes`, added to.
            batch: as in `run`.
        """
        if last == first:
            return
        side = kernels.propagate_back(self._tables, built.stages, first, last, batch, stored, buffers, slopes)
        if side:
            buffers[0] = buffers[1]

    def buffers(self, flowing: Array, batch: int = 1) -> Array:
        """Room for gradients of vectors, with that of the last one in place."""
        room = np.empty((2, len(flowing), batch * max(self.sizes)), self.dtype)
        room[0, :, : flowing.shape[1]] = flowing
        return room

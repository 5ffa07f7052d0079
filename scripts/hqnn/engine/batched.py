"""The part of a plan where inputs enter again, on the CPU: every sample has vectors of its own."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.engine import turning
from hqnn.engine.chain import Built, Chain
from hqnn.engine.elements import Turn
from hqnn.engine.features import Features
from hqnn.engine.pauli import rotation_parts
from hqnn.engine.plan import Block, Plan

Array = NDArray[np.floating]
Integers = NDArray[np.int64]


class Rotation(NamedTuple):
    """One rotation by inputs, for the kernels.

    Attributes:
        axes: see `turning.turn`.
        pairs: see there.
        row: of its cosine among the features.
    """

    axes: Integers
    pairs: Integers
    row: int


class Run(NamedTuple):
    """Blocks, then rotations by inputs.

    Attributes:
        first: block.
        last: one behind the last block.
        rotations: after them.
    """

    first: int
    last: int
    rotations: list[Rotation]


class Trace(NamedTuple):
    """What `BatchedPart.backward` needs of some samples.

    Attributes:
        features: shape (copies, rows, samples).
        stored: each run's vectors; the last of them is as the run's rotations left it.
    """

    features: Array
    stored: list[Array]


class BatchedPart:
    """Takes vectors through blocks and rotations by inputs to the product states, in one precision.

    Attributes:
        features: of wires and rotations.
        observables: how many.
        sample_entries: numbers that one sample of one copy stores, on the way there and back.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype) -> None:
        """Flatten the steps."""
        blocks = [step for step in plan.batched if isinstance(step, Block)]
        self.chain = Chain(blocks, plan.final, dtype)
        self.observables, *dims = self.chain.final
        turns = [step for step in plan.batched if isinstance(step, Turn)]
        self.features = Features(plan, dims, [turn.angle for turn in turns])
        self._rows = self.features.rows_of([w for w, size in enumerate(dims) if size > 1])
        self._runs = self._runs_of(plan)
        stored = sum(sum(self.chain.sizes[run.first : run.last + 1]) for run in self._runs)
        self.sample_entries = stored + 2 * max(self.chain.sizes) + 2 * self.features.count

    def forward(self, built: Built, vectors: Array, inputs: Array, blochs: Array | None, values: Array) -> Trace | None:
        """Expectation values.

        Args:
            built: matrices of the chain.
            vectors: from the shared part, shape (copies, entries).
            inputs: shape (samples, copies * inputs).
            blochs: see `Features.forward`.
            values: shape (samples, copies * observables), written.

        Returns:
            What `backward` needs, or None where an input is NaN.
        """
        features = self.features.forward(inputs, blochs, len(vectors))
        if features is None:
            return None
        batch = len(inputs)
        stored = []
        for run in self._runs:
            stored.append(self.chain.run(built, run.first, run.last, vectors, batch))
            vectors = self.chain.last_of(stored[-1], run.last, batch)
            for rotation in run.rotations:
                cosine, sine = self._of(rotation, features)
                turning.turn(rotation.axes, rotation.pairs, cosine, sine, vectors)
        turning.meet_each(self._rows, features, np.ascontiguousarray(vectors), values)
        return Trace(features, stored)

    def backward(
        self, built: Built, trace: Trace, flowing: Array, slopes: Array, to_inputs: Array
    ) -> tuple[Array, Array]:
        """Gradients of `forward`.

        Args:
            built: matrices of the chain.
            trace: from `forward`.
            flowing: of the values.
            slopes: of the matrices, added to.
            to_inputs: of the inputs, added to.

        Returns:
            Gradients of the shared vectors, shape (copies, entries), and of the Bloch components.
        """
        features, batch, copies = trace.features, len(flowing), len(trace.features)
        gradients = np.zeros_like(features)
        last = np.ascontiguousarray(self.chain.last_of(trace.stored[-1], self._runs[-1].last, batch))
        to_last = np.empty_like(last)
        turning.meet_each_back(self._rows, features, last, flowing, to_last, gradients)
        buffers = self.chain.buffers(to_last, batch)
        for run, stored in reversed(list(zip(self._runs, trace.stored, strict=True))):
            vectors = self.chain.last_of(stored, run.last, batch).copy()
            upstream = buffers[0, :, : vectors.shape[1]]
            for rotation in reversed(run.rotations):
                self._turn_back(rotation, features, vectors, upstream, gradients)
            self.chain.back(built, run.first, run.last, stored, buffers, slopes, batch)
        size = self.chain.sizes[0]
        to_vectors = buffers[0, :, : batch * size].reshape(copies, batch, size).sum(axis=1)
        return to_vectors, self.features.backward(features, gradients, to_inputs)

    def _turn_back(
        self, rotation: Rotation, features: Array, vectors: Array, upstream: Array, gradients: Array
    ) -> None:
        cosine, sine = self._of(rotation, features)
        slopes = np.empty_like(cosine)
        turning.turn_back(rotation.axes, rotation.pairs, cosine, sine, vectors, upstream, slopes)
        gradients[:, rotation.row] -= slopes * sine
        gradients[:, self.features.angles + rotation.row] += slopes * cosine

    def _of(self, rotation: Rotation, features: Array) -> tuple[Array, Array]:
        cosine, sine = features[:, rotation.row], features[:, self.features.angles + rotation.row]
        return np.ascontiguousarray(cosine), np.ascontiguousarray(sine)

    def _runs_of(self, plan: Plan) -> list[Run]:
        runs = [Run(0, 0, [])]
        dims = list(plan.final)
        row = self.features.first_turn
        for step in plan.batched:
            if isinstance(step, Turn):
                runs[-1].rotations.append(_rotation(step, dims, row))
                row += 1
                continue
            if runs[-1].rotations:
                runs.append(Run(runs[-1].last, runs[-1].last, []))
            runs[-1] = runs[-1]._replace(last=runs[-1].last + 1)
            for wire, size in zip(step.wires, step.columns, strict=True):
                dims[1 + wire] = size
        return runs


def _rotation(turn: Turn, dims: list[int], row: int) -> Rotation:
    a, b = 1 + turn.wires[0], 1 + turn.wires[-1]
    pair = len(turn.wires) == 2
    axes = (prod(dims[:a]), prod(dims[a + 1 : b]) if pair else 1, 4 if pair else 1, prod(dims[b + 1 :]))
    sine = rotation_parts(turn.word)[2]
    pairs = [(i, j, sine[j, i]) for j, i in np.argwhere(sine) if i < j]
    return Rotation(np.array(axes, dtype=np.int64), np.array(pairs, dtype=np.int64), row)

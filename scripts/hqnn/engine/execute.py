"""Which way a plan is run: Numba kernels on the CPU, torch operations elsewhere, in chunks under a memory limit."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from hqnn.engine.memory import in_chunks
from hqnn.engine.plan import Block, Plan
from hqnn.engine.product_states import ProductStates
from hqnn.engine.shared import SharedPart
from hqnn.engine.torch_path import expectations, features, shared_vectors

_CACHED_BYTES = 1e6


class Executor:
    """Runs one plan; what depends on the precision is prepared once for each."""

    def __init__(self, plan: Plan, copies: int, memory_limit_mb: float) -> None:
        self.plan = plan
        self.copies = copies
        self.memory_limit_mb = memory_limit_mb
        self._prepared: dict[torch.dtype, SharedPart] = {}
        self._states = None if plan.batched or plan.amplitudes else ProductStates(plan)

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Expectation values: inputs (copies, samples, inputs), weights (copies, weights) to (..., observables).

        Raises:
            UserError: the memory limit is too low.
        """
        if weights.device.type != "cpu":
            return self._in_torch(shared_vectors(self.plan, weights), inputs, weights)
        if weights.dtype not in self._prepared:
            self._prepared[weights.dtype] = SharedPart(self.plan, weights.dtype, self.copies, self.memory_limit_mb)
        vectors = self._prepared[weights.dtype](weights)
        states = self._states
        if states is None:
            return self._in_torch(vectors, inputs, weights)

        def values(samples: Tensor) -> Tensor:
            blochs = None
            if states.chains:
                found = [features(self.plan.embedding[w], samples, weights)[..., 1:] for w in states.chains]
                blochs = torch.cat([f.expand(-1, samples.shape[1], -1) for f in found], -1).transpose(1, 2)
            return states(vectors, samples, blochs)

        return self._chunked(values, inputs, states.sample_entries, "the products of one sample's features")

    def _in_torch(self, vectors: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
        sizes = [2 ** (self.plan.wires + 1)]
        dims = list(vectors.shape[1:])
        for step in self.plan.batched:
            columns = step.columns if isinstance(step, Block) else (4,) * len(step.wires)
            for wire, size in zip(step.wires, columns, strict=True):
                dims[1 + wire] = size
            sizes.append(3 * prod(dims))
        if self.plan.batched and self.plan.amplitudes:
            sizes.append(4 * 4**self.plan.wires * vectors.shape[1])
        return self._chunked(
            lambda samples: expectations(self.plan, vectors, samples, weights),
            inputs,
            sum(sizes),
            "one sample's vectors",
        )

    def _chunked(self, function: Callable[[Tensor], Tensor], inputs: Tensor, entries: int, what: str) -> Tensor:
        sample_bytes = self.copies * entries * inputs.element_size()
        preferred = max(16, int(_CACHED_BYTES / sample_bytes))
        return in_chunks(function, inputs, sample_bytes, self.memory_limit_mb, preferred, what)

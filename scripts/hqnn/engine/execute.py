"""How a program is run: states or observables, by kernels on the CPU and by torch operations elsewhere."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import torch
from torch import Tensor

from hqnn.circuits.program import Program
from hqnn.engine.batched import BatchedPart
from hqnn.engine.choice import Choice, Way
from hqnn.engine.cpu_path import BatchedExpectations, ProductExpectations, SharedVectors, nan_inputs
from hqnn.engine.memory import chunk_size, in_chunks
from hqnn.engine.plan import Plan, arranged, columns_of, outline_of, without_outcomes
from hqnn.engine.product_states import ProductStates
from hqnn.engine.shared import SharedPart
from hqnn.engine.states import States
from hqnn.engine.states_path import StatesExpectations
from hqnn.engine.states_torch import sample_entries, states_expectations
from hqnn.engine.torch_path import expectations, features, shared_vectors
from hqnn.noise.model import NoiseModel

Later: TypeAlias = ProductStates | BatchedPart | None
Prepared: TypeAlias = tuple[SharedPart, Later]


def has_kernels(device: torch.device) -> bool:
    """Whether the plans have kernels of ours there; torch operations run them everywhere."""
    return device.type == "cpu"


class Executor:
    """Runs one program; what depends on the way and on the precision is prepared once, when it is needed."""

    def __init__(
        self, program: Program, noise: NoiseModel | None, copies: int, memory_limit_mb: float, way: Way | None
    ) -> None:
        program = without_outcomes(program, noise)
        self._outline = outline_of(program, noise)
        self._choice = Choice(program, noise, self._outline, copies, memory_limit_mb, way)
        self._source = program, noise
        self._copies = copies
        self._limit_mb = memory_limit_mb
        self._by_dtype: dict[torch.dtype, Prepared] = {}
        self._states: dict[torch.dtype, States] = {}

    @cached_property
    def _plan(self) -> Plan:
        return arranged(*self._source, self._outline)

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Expectation values.

        Args:
            inputs: shape (..., copies * inputs).
            weights: copies * weights of any shape, of the dtype and on the device of the inputs.

        Returns:
            Shape (..., copies * observables).

        Raises:
            UserError: NaN among the inputs, or the memory limit is too low.
        """
        if not torch.is_grad_enabled():  # a Function is not told, and would keep what the way back needs
            inputs, weights = inputs.detach(), weights.detach()
        back = inputs.requires_grad or weights.requires_grad
        if self._choice.way(prod(inputs.shape[:-1]), weights.dtype, weights.device, back=back) == "states":
            return self._by_states(inputs, weights)
        if has_kernels(weights.device):
            part, later = self._prepared(weights.dtype)
            if isinstance(later, ProductStates) and not later.features.chains:
                return _tensor(ProductExpectations.apply(inputs, weights, None, part, later, self._limit_mb))
            values = self._on_cpu(self._flat(inputs), weights.reshape(self._copies, -1), part, later)
        else:
            weights = weights.reshape(self._copies, -1)
            values = self._in_torch(shared_vectors(self._plan, weights), self._flat(inputs), weights)
            values = _attached(values, inputs, weights)
        return values.reshape(*inputs.shape[:-1], values.shape[-1])

    def _by_states(self, inputs: Tensor, weights: Tensor) -> Tensor:
        if torch.isnan(inputs).any():
            raise nan_inputs()
        if not has_kernels(weights.device):
            values = self._states_in_torch(self._flat(inputs), weights)
            return _attached(values, inputs, weights).reshape(*inputs.shape[:-1], values.shape[-1])
        if weights.dtype not in self._states:
            self._states[weights.dtype] = States(self._choice.states_plan, weights.dtype)
        states = self._states[weights.dtype]
        return _tensor(StatesExpectations.apply(inputs, weights, states, self._copies, self._limit_mb))

    def _states_in_torch(self, inputs: Tensor, weights: Tensor) -> Tensor:
        plan, own = self._choice.states_plan, weights.reshape(self._copies, -1)
        each = self._copies * sample_entries(plan) * weights.element_size()
        size = chunk_size(each, self._limit_mb, "the states of one sample")
        values = in_chunks(lambda x: states_expectations(plan, x, own), self._by_copy(inputs), size)
        return values.transpose(0, 1).reshape(len(inputs), -1)

    def _on_cpu(self, inputs: Tensor, weights: Tensor, part: SharedPart, later: Later) -> Tensor:
        if later is None:
            return self._in_torch(_tensor(SharedVectors.apply(weights, part)), inputs, weights)
        blochs = self._blochs(later.features.chains, inputs, weights)
        if isinstance(later, ProductStates):
            return _tensor(ProductExpectations.apply(inputs, weights, blochs, part, later, self._limit_mb))
        vectors = _tensor(SharedVectors.apply(weights, part))
        return _tensor(BatchedExpectations.apply(inputs, weights, vectors, blochs, later, self._limit_mb))

    def _in_torch(self, vectors: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
        if torch.isnan(inputs).any():
            raise nan_inputs()
        size = chunk_size(self._sample_bytes(vectors), self._limit_mb, "the vectors of one sample")
        values = in_chunks(lambda x: expectations(self._plan, vectors, x, weights), self._by_copy(inputs), size)
        return values.transpose(0, 1).reshape(len(inputs), -1)

    def _prepared(self, dtype: torch.dtype) -> Prepared:
        if dtype not in self._by_dtype:
            plan = self._plan
            shared = SharedPart(plan, dtype, self._copies, self._limit_mb)
            later = None if plan.amplitudes else BatchedPart(plan, dtype) if plan.batched else ProductStates(plan)
            self._by_dtype[dtype] = shared, later
        return self._by_dtype[dtype]

    def _flat(self, inputs: Tensor) -> Tensor:
        return inputs.reshape(prod(inputs.shape[:-1]), inputs.shape[-1])

    def _by_copy(self, inputs: Tensor) -> Tensor:
        return inputs.reshape(len(inputs), self._copies, self._source[0].circuit_inputs).transpose(0, 1)

    def _blochs(self, wires: list[int], inputs: Tensor, weights: Tensor) -> Tensor | None:
        """x, y and z of the wires that have them sample by sample, shape (copies, 3 * wires, samples)."""
        if not wires:
            return None
        found = [features(self._plan.embedding[w], self._by_copy(inputs), weights)[..., 1:] for w in wires]
        return torch.cat([f.expand(-1, len(inputs), -1) for f in found], -1).transpose(1, 2)

    def _sample_bytes(self, vectors: Tensor) -> float:
        """What torch keeps of one sample for the way back."""
        dims = list(vectors.shape[1:])
        entries = 2 ** (self._plan.wires + 1)
        for step in self._plan.batched:
            for wire, size in zip(step.wires, columns_of(step), strict=True):
                dims[1 + wire] = size
            entries += 3 * prod(dims)
        if self._plan.batched and self._plan.amplitudes:
            entries += 4 * 4**self._plan.wires * len(vectors[0])
        return float(self._copies * entries * vectors.element_size())


def _attached(values: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
    """The same values; where no angle depends on inputs or weights, with gradients of zero, as kernels have them."""
    if values.requires_grad or not (inputs.requires_grad or weights.requires_grad):
        return values
    return values + 0 * (inputs.sum() + weights.sum())


def _tensor(applied: Any) -> Tensor:
    """What `torch.autograd.Function.apply` returned, with its type."""
    result: Tensor = applied
    return result

"""What is read of pure states, and the way back: Pauli words, probabilities of bits, and sums of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hqnn.engine import states_kernels
from hqnn.engine.states_plan import StatesPlan, columns_of

Array = NDArray[np.floating]

_WORD = np.dtype([("x", np.int64), ("z", np.int64), ("sign", np.int64)])


class _Part(NamedTuple):
    """One kind of numbers that are read of states.

    Attributes:
        tables: what its kernels read.
        sums: shape (numbers, observables).
        read: kernel of the numbers.
        back: kernel of the way back, which adds to gradients of the states.
    """

    tables: NDArray[Any]
    sums: csr_array
    read: Callable[[Any, Array, Array], None]
    back: Callable[[Any, Array, Array, Array], None]


class Measurement:
    """The observables of one plan in one precision.

    Attributes:
        observables: how many.
    """

    def __init__(self, plan: StatesPlan, dtype: np.dtype[Any]) -> None:
        """Flatten the plan's readings; ``dtype`` is float32 or float64."""
        self.observables = len(plan.readings)
        self._words = np.array([(word.x, word.z, word.sign) for word in plan.words], _WORD)
        plain = plan.readings == tuple(((at, 1.0),) for at in range(len(plan.words)))
        self._parts = [] if plain else _parts(plan, self._words, dtype)

    def read(self, states: Array, values: Array) -> None:
        """Expectation values, shape (samples, copies * observables), written."""
        if not self._parts:
            states_kernels.measure(self._words, states, values)
            return
        values[:] = 0
        copies = values.shape[1] // self.observables
        for part in self._parts:
            size = part.sums.shape[0]
            numbers = np.empty((len(values), copies * size), values.dtype)
            part.read(part.tables, states, numbers)
            values += (numbers.reshape(-1, size) @ part.sums).reshape(values.shape)

    def back(self, states: Array, upstream: Array) -> Array:
        """Gradients of the states, of their shape: ``2 sum_o upstream_o O_o`` times the states."""
        flowing = np.zeros_like(states)
        if not self._parts:
            states_kernels.measure_back(self._words, states, upstream, flowing)
        for part in self._parts:
            to_numbers = np.ascontiguousarray(upstream.reshape(-1, self.observables) @ part.sums.T)
            part.back(part.tables, states, to_numbers.reshape(len(upstream), -1), flowing)
        return flowing


def _parts(plan: StatesPlan, words: NDArray[np.void], dtype: np.dtype[Any]) -> list[_Part]:
    """Words and probabilities, if there are any."""
    terms = [(at, o, factor) for o, own in enumerate(plan.readings) for at, factor in own]
    numbers, observables, factors = (np.array(column) for column in zip(*terms, strict=True))
    columns = np.array([columns_of(outcomes, plan.bits) for outcomes in plan.outcomes], np.int32)
    size = len(words) + plan.probabilities
    sums = csr_array((factors.astype(dtype), (numbers, observables)), (size, len(plan.readings)))
    parts = [
        _Part(words, sums[: len(words)], states_kernels.measure, states_kernels.measure_back),
        _Part(columns, sums[len(words) :], states_kernels.probabilities, states_kernels.probabilities_back),
    ]
    return [part for part in parts if part.sums.shape[0]]

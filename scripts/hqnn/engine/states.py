"""An ideal circuit by pure states, on the CPU: tables of a plan, and pieces of the batch there and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Terms
from hqnn.engine import states_kernels
from hqnn.engine.states_kernels import LANES
from hqnn.engine.states_measure import Measurement
from hqnn.engine.states_plan import StatesPlan
from hqnn.engine.threads import shared
from hqnn.errors import UserError

Array = NDArray[np.floating]
Integers = NDArray[np.int64]

_TURN_NS = 7  # of a row of a tile
_TURN = np.dtype([("x", np.int64), ("z", np.int64), ("rows", np.int64)])


class Tables(NamedTuple):
    """A plan for the kernels.

    Attributes:
        turns: masks and rows, see `hqnn.engine.states_plan.Turn`.
        constants: of the angles, shape (turns,).
        weight_starts: where each angle's weights begin, shape (turns + 1,).
        weight_indices: weight of each term.
        weight_factors: coefficient of each term.
        input_starts: the same for inputs.
        input_indices: likewise.
        input_factors: likewise.
    """

    turns: NDArray[np.void]
    constants: Array
    weight_starts: Integers
    weight_indices: Integers
    weight_factors: Array
    input_starts: Integers
    input_indices: Integers
    input_factors: Array


class Went(NamedTuple):
    """What `States.back` needs of some samples.

    Attributes:
        cosine: of half of every angle, shape (tiles, turns, LANES).
        sine: and its negative, shape (tiles, 2, turns, LANES).
        states: after all rotations, shape (tiles, rows, LANES).
    """

    cosine: Array
    sine: Array
    states: Array


def tile_bytes(plan: StatesPlan, itemsize: int) -> int:
    """What `LANES` samples of one copy store, there and back: states and their gradients, angles and slopes."""
    return LANES * (2 * (1 << plan.bits) + 4 * len(plan.turns)) * itemsize


class States:
    """One plan in one precision.

    Attributes:
        observables: how many.
        dtype: of all arithmetic.
    """

    def __init__(self, plan: StatesPlan, dtype: torch.dtype) -> None:
        """Flatten the plan; ``dtype`` is float32 or float64."""
        self.dtype = np.dtype(str(dtype).removeprefix("torch."))
        self._measurement = Measurement(plan, self.dtype)
        self.observables = self._measurement.observables
        self._plan = plan
        self._tables = _tables(plan, self.dtype)

    @property
    def tile_bytes(self) -> int:
        """What `LANES` samples of one copy store, there and back."""
        return tile_bytes(self._plan, self.dtype.itemsize)

    def go(self, inputs: Array, weights: Array, values: Array) -> Went:
        """Expectation values.

        Args:
            inputs: shape (samples, copies * inputs), without NaN.
            weights: shape (copies, weights).
            values: shape (samples, copies * observables), written.

        Returns:
            What `back` needs.

        Raises:
            UserError: a sample has no amplitudes.
        """
        tiles, turns = len(weights) * -(-len(inputs) // LANES), len(self._plan.turns)
        cosine = np.empty((tiles, turns, LANES), self.dtype)
        sine = np.empty((tiles, 2, turns, LANES), self.dtype)
        states_kernels.half_angles(self._tables, inputs, weights, cosine)
        with np.errstate(invalid="ignore"):  # of an infinite angle; the values are NaN then
            np.sin(cosine, out=sine[:, 0])
            np.negative(sine[:, 0], out=sine[:, 1])
            np.cos(cosine, out=cosine)
        states = np.zeros((tiles, 2**self._plan.bits, LANES), self.dtype)
        if self._plan.amplitudes:
            self._embed(inputs, states)
        else:
            states[:, 0] = 1

        def go(some: slice) -> None:
            states_kernels.forward(self._tables, cosine[some], sine[some], states[some])

        shared(go, tiles, self._us(tiles))
        self._measurement.read(states, values)
        return Went(cosine, sine, states)

    def back(self, went: Went, inputs: Array, upstream: Array, to_inputs: Array, to_weights: Array) -> None:
        """Gradients of `go`, added to those of inputs and weights; the states that went are used up."""
        states = went.states
        flowing = self._measurement.back(states, upstream)
        slopes = np.empty_like(went.cosine)

        def back(some: slice) -> None:
            each = went.cosine[some], went.sine[some], states[some], flowing[some], slopes[some]
            states_kernels.backward(self._tables, *each)

        shared(back, len(states), 3 * self._us(len(states)))
        states_kernels.angles_back(self._tables, slopes, to_inputs, to_weights)
        if self._plan.amplitudes:
            self._embed_back(inputs, flowing, to_inputs)

    def _us(self, tiles: int) -> float:
        """About how many microseconds all rotations take."""
        return 1e-3 * _TURN_NS * self._plan.row_turns * tiles

    def _embed(self, inputs: Array, states: Array) -> None:
        """Real amplitudes, padded with zeros and normalised."""
        for each, rows in self._by_copy(inputs, states):
            norms = np.linalg.norm(each, axis=1, keepdims=True)
            if not norms.all():
                raise UserError("a sample of the amplitude embedding is zero everywhere and has no state; leave it out")
            rows[:] = _in_tiles(each / norms)

    def _embed_back(self, inputs: Array, flowing: Array, to_inputs: Array) -> None:
        """The way back of `_embed`: what is along the amplitudes would change their norm alone."""
        for (each, rows), (to_each, _) in zip(
            self._by_copy(inputs, flowing), self._by_copy(to_inputs, flowing), strict=True
        ):
            norms = np.linalg.norm(each, axis=1, keepdims=True)
            amplitudes = each / norms
            to_amplitudes = rows.transpose(0, 2, 1).reshape(-1, self._plan.inputs)[: len(each)]
            along = (amplitudes * to_amplitudes).sum(axis=1, keepdims=True)
            to_each += (to_amplitudes - along * amplitudes) / norms

    def _by_copy(self, inputs: Array, states: Array) -> Iterator[tuple[Array, Array]]:
        """Each copy's inputs, shape (samples, inputs), and their rows, shape (tiles, inputs, LANES), as views."""
        width = self._plan.inputs
        copies = inputs.shape[1] // width
        for copy, rows in enumerate(states.reshape(copies, -1, *states.shape[1:])):
            yield inputs[:, copy * width : (copy + 1) * width], rows[:, :width]


def _in_tiles(amplitudes: Array) -> Array:
    """Shape (samples, inputs) to (tiles, inputs, LANES), with zeros where there is no sample."""
    samples, width = amplitudes.shape
    padded = np.pad(amplitudes, ((0, -samples % LANES), (0, 0)))
    return padded.reshape(-1, LANES, width).transpose(0, 2, 1)


def _tables(plan: StatesPlan, dtype: np.dtype[Any]) -> Tables:
    angles = [turn.angle for turn in plan.turns]
    return Tables(
        np.array([(turn.x, turn.z, 1 << turn.bits) for turn in plan.turns], _TURN),
        np.array([angle.constant for angle in angles], dtype),
        *_flat([angle.weights for angle in angles], dtype),
        *_flat([angle.inputs for angle in angles], dtype),
    )


def _flat(terms: Sequence[Terms], dtype: np.dtype[Any]) -> tuple[Integers, Integers, Array]:
    """Where each angle's terms begin, and all their indices and coefficients."""
    together = [term for each in terms for term in each]
    return (
        np.cumsum([0, *(len(each) for each in terms)]),
        np.array([index for index, _ in together], np.int64),
        np.array([factor for _, factor in together], dtype),
    )

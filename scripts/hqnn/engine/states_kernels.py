"""Kernels of pure states: rotate rows, read observables, and the adjoint way back.

States have the shape (tiles, rows, LANES): a lane is a sample, and a tile's samples belong to one copy. Every inner
loop runs over lanes, so that it needs no shuffling, and its length is known when it is compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hqnn.engine.jit import exact_kernel, exact_part

LANES = 32


@exact_kernel
def half_angles(tables: Any, inputs: Any, weights: Any, halves: Any) -> None:
    """Half of every angle.

    Args:
        tables: of the plan.
        inputs: shape (samples, copies * inputs).
        weights: shape (copies, weights).
        halves: shape (tiles, turns, LANES), written; lanes without a sample are as if all inputs were zero.
    """
    copies = len(weights)
    width, tiles = inputs.shape[1] // copies, len(halves) // copies
    for tile in range(len(halves)):
        copy, first = tile // tiles, tile % tiles * LANES
        lanes = min(LANES, len(inputs) - first)
        for turn in range(len(tables.turns)):
            row = halves[tile, turn]
            shared = tables.constants[turn] / 2
            for term in range(tables.weight_starts[turn], tables.weight_starts[turn + 1]):
                shared += tables.weight_factors[term] / 2 * weights[copy, tables.weight_indices[term]]
            row[:] = shared
            for term in range(tables.input_starts[turn], tables.input_starts[turn + 1]):
                column, factor = copy * width + tables.input_indices[term], tables.input_factors[term] / 2
                for lane in range(lanes):
                    row[lane] += factor * inputs[first + lane, column]


@exact_kernel
def angles_back(tables: Any, slopes: Any, to_inputs: Any, to_weights: Any) -> None:
    """Gradients of angles, shape (tiles, turns, LANES), to those of inputs and weights, which are added to."""
    copies = len(to_weights)
    width, tiles = to_inputs.shape[1] // copies, len(slopes) // copies
    for tile in range(len(slopes)):
        copy, first = tile // tiles, tile % tiles * LANES
        lanes = min(LANES, len(to_inputs) - first)
        for turn in range(len(tables.turns)):
            total = 0.0
            for lane in range(lanes):
                total += slopes[tile, turn, lane]
            for term in range(tables.weight_starts[turn], tables.weight_starts[turn + 1]):
                to_weights[copy, tables.weight_indices[term]] += tables.weight_factors[term] * total
            for term in range(tables.input_starts[turn], tables.input_starts[turn + 1]):
                column, factor = copy * width + tables.input_indices[term], tables.input_factors[term]
                for lane in range(lanes):
                    to_inputs[first + lane, column] += factor * slopes[tile, turn, lane]


@exact_kernel
def forward(tables: Any, cosine: Any, sine: Any, states: Any) -> None:
    """Take states through all rotations, in place; cosine and sine as in `backward`."""
    for tile in range(len(states)):
        for turn in range(len(tables.turns)):
            _turn(tables.turns[turn], turn, cosine[tile], sine[tile], states[tile])


@exact_kernel
def backward(tables: Any, cosine: Any, sine: Any, states: Any, flowing: Any, slopes: Any) -> None:
    """Take states and their gradients back through all rotations, in place.

    Args:
        tables: of the plan.
        cosine: of half of every angle, shape (tiles, turns, LANES).
        sine: and its negative, shape (tiles, 2, turns, LANES).
        states: after the last rotation; they become those before the first.
        flowing: gradients of the states; likewise.
        slopes: gradients of the angles, shape (tiles, turns, LANES), written.
    """
    both = np.empty((2, LANES), states.dtype)
    for tile in range(len(states)):
        for turn in range(len(tables.turns) - 1, -1, -1):
            both[:] = 0
            _turn_back(tables.turns[turn], turn, cosine[tile], sine[tile], states[tile], flowing[tile], both)
            for lane in range(LANES):
                slopes[tile, turn, lane] = (both[0, lane] - both[1, lane]) / 2


@exact_kernel
def measure(words: Any, states: Any, values: Any) -> None:
    """Expectation values of words, shape (samples, copies * words), written."""
    observables = len(words)
    copies = values.shape[1] // observables
    tiles = len(states) // copies
    total = np.empty((2, LANES), states.dtype)
    for tile in range(len(states)):
        copy, first = tile // tiles, tile % tiles * LANES
        for o in range(observables):
            word = words[o]
            total[:] = 0
            for r in range(states.shape[1]):
                other = r ^ word.x
                odd = _parity(other & word.z)
                for lane in range(LANES):
                    total[odd, lane] += states[tile, r, lane] * states[tile, other, lane]
            for lane in range(min(LANES, len(values) - first)):
                values[first + lane, copy * observables + o] = word.sign * (total[0, lane] - total[1, lane])


@exact_kernel
def measure_back(words: Any, states: Any, upstream: Any, flowing: Any) -> None:
    """Gradients of the states, added to: ``2 sum_o upstream_o O_o`` times the states."""
    observables = len(words)
    copies = upstream.shape[1] // observables
    tiles = len(states) // copies
    factors = np.empty((observables, 2, LANES), states.dtype)
    for tile in range(len(states)):
        copy, first = tile // tiles, tile % tiles * LANES
        factors[:] = 0
        for o in range(observables):
            for lane in range(min(LANES, len(upstream) - first)):
                factors[o, 0, lane] = 2 * words[o].sign * upstream[first + lane, copy * observables + o]
                factors[o, 1, lane] = -factors[o, 0, lane]
        for r in range(states.shape[1]):
            for o in range(observables):
                word = words[o]
                other = r ^ word.x
                odd = _parity(other & word.z)
                for lane in range(LANES):
                    flowing[tile, r, lane] += factors[o, odd, lane] * states[tile, other, lane]


@exact_kernel
def probabilities(columns: Any, states: Any, values: Any) -> None:
    """Probabilities of sets of rows.

    Args:
        columns: for each row the number of the set it is in, or -1, shape (partitions, rows).
        states: after all rotations.
        values: shape (samples, copies * sets), written.
    """
    tiles = -(-len(values) // LANES)
    copies = len(states) // tiles
    sets = values.shape[1] // copies
    total = np.empty((sets, LANES), states.dtype)
    for tile in range(len(states)):
        copy, first = tile // tiles, tile % tiles * LANES
        total[:] = 0
        for partition in range(len(columns)):
            for r in range(states.shape[1]):
                column = columns[partition, r]
                if column >= 0:
                    for lane in range(LANES):
                        total[column, lane] += states[tile, r, lane] * states[tile, r, lane]
        for lane in range(min(LANES, len(values) - first)):
            for column in range(sets):
                values[first + lane, copy * sets + column] = total[column, lane]


@exact_kernel
def probabilities_back(columns: Any, states: Any, upstream: Any, flowing: Any) -> None:
    """Gradients of `probabilities` to the states, which are added to."""
    tiles = -(-len(upstream) // LANES)
    copies = len(states) // tiles
    sets = upstream.shape[1] // copies
    factors = np.empty((sets, LANES), states.dtype)
    for tile in range(len(states)):
        copy, first = tile // tiles, tile % tiles * LANES
        factors[:] = 0
        for lane in range(min(LANES, len(upstream) - first)):
            for column in range(sets):
                factors[column, lane] = 2 * upstream[first + lane, copy * sets + column]
        for partition in range(len(columns)):
            for r in range(states.shape[1]):
                column = columns[partition, r]
                if column >= 0:
                    for lane in range(LANES):
                        flowing[tile, r, lane] += factors[column, lane] * states[tile, r, lane]


@exact_part
def _turn(masks: Any, turn: Any, cosine: Any, sine: Any, state: Any) -> None:
    x, z, rows = masks.x, masks.z, masks.rows
    step = _highest(x)
    for high in range(0, rows, 2 * step):
        for first in range(high, high + step):
            second = first ^ x
            odd = _parity(second & z)
            for lane in range(LANES):
                a, b = state[first, lane], state[second, lane]
                state[first, lane] = cosine[turn, lane] * a + sine[odd, turn, lane] * b
                state[second, lane] = cosine[turn, lane] * b - sine[odd, turn, lane] * a


@exact_part
def _turn_back(masks: Any, turn: Any, cosine: Any, sine: Any, state: Any, flowing: Any, slopes: Any) -> None:
    x, z, rows = masks.x, masks.z, masks.rows
    step = _highest(x)
    for high in range(0, rows, 2 * step):
        for first in range(high, high + step):
            second = first ^ x
            odd = _parity(second & z)
            for lane in range(LANES):
                to_first, to_second = flowing[first, lane], flowing[second, lane]
                slopes[odd, lane] += to_first * state[second, lane] - to_second * state[first, lane]
            for lane in range(LANES):
                a, b = state[first, lane], state[second, lane]
                state[first, lane] = cosine[turn, lane] * a - sine[odd, turn, lane] * b
                state[second, lane] = cosine[turn, lane] * b + sine[odd, turn, lane] * a
            for lane in range(LANES):
                a, b = flowing[first, lane], flowing[second, lane]
                flowing[first, lane] = cosine[turn, lane] * a - sine[odd, turn, lane] * b
                flowing[second, lane] = cosine[turn, lane] * b + sine[odd, turn, lane] * a


@exact_part
def _highest(mask: Any) -> Any:
    """The highest bit that is set."""
    bit = 1
    while bit << 1 <= mask:
        bit <<= 1
    return bit


@exact_part
def _parity(mask: Any) -> Any:
    """Whether an odd number of the lowest 32 bits is set."""
    for shift in (16, 8, 4, 2, 1):
        mask ^= mask >> shift
    return mask & 1

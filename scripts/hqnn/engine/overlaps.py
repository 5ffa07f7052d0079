"""How alike the states are that a program prepares of samples: ideal ones, and noisy ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.engine.cpu_path import nan_inputs
from hqnn.engine.elements import Element, Fixed, elements_of
from hqnn.engine.further import FurtherInputs
from hqnn.engine.memory import MEGABYTE
from hqnn.engine.pauli import ZERO_STATE, rotation_parts, rotation_transfer
from hqnn.engine.states import States
from hqnn.engine.states_plan import Observable, whole_states_plan_of
from hqnn.errors import UserError
from hqnn.noise.coverage import require_noise
from hqnn.noise.model import NoiseModel

Array = NDArray[np.float64]

_PIECE = 256  # samples at a time, so that what a gate reads stays in the caches


def fidelities(
    program: Program, weights: Any, left: Any, right: Any = None, *, memory_limit_mb: float = 2000.0
) -> Array:
    """``|<psi(x)|psi(y)>|^2`` of every pair of samples, without noise.

    Args:
        program: any; its observables do not matter.
        weights: in radians, of the program's shape.
        left: samples x, shape (n, inputs).
        right: samples y, shape (m, inputs); the same as ``left`` where None.
        memory_limit_mb: of states and matrix.

    Returns:
        Shape (n, m), float64, in [0, 1].

    Raises:
        UserError: a wrong shape, NaN, a function of the inputs that is not finite, or the memory limit is too low.
    """
    elements_of(program, None)  # refuses what no engine can run
    plan, unit = whole_states_plan_of(program)
    states = States(plan, torch.float64)
    check_memory(left, right, 2 * 2**plan.bits, memory_limit_mb)

    def rows_of(samples: Any) -> Array:
        return np.concatenate([_rows(states, program, piece, weights) for piece in _pieces(samples)])

    first = rows_of(left)
    second = first if right is None else rows_of(right)
    overlaps = first @ second.T
    found: Array = np.square(overlaps, out=overlaps)
    if unit.sign:
        found += (first @ _applied(unit, second).T) ** 2
    return found


def purities(
    program: Program,
    noise: NoiseModel,
    weights: Any,
    left: Any,
    right: Any = None,
    *,
    memory_limit_mb: float = 2000.0,
) -> Array:
    """``tr(rho(x) rho(y))`` of every pair of samples under noise; of a sample with itself it is the state's purity.

    Args:
        program: native, from the zero state.
        noise: channels after its gates; what is read out does not enter.
        weights: see `fidelities`.
        left: see `fidelities`.
        right: see `fidelities`.
        memory_limit_mb: of matrix and Pauli vectors, 4^wires numbers a sample.

    Returns:
        Shape (n, m), float64.

    Raises:
        UserError: see `fidelities`; or the program embeds amplitudes, or no gate is noisy.
    """
    if program.initial_state != "zero":
        raise UserError("amplitudes have no gates that could be noisy; take an angle embedding, or leave the noise out")
    if any(gate.condition is not None for gate in program.gates):
        raise UserError(
            "a fidelity kernel under noise takes no gate that depends on a measurement; take a projected kernel, or "
            "controlled gates in place of the measurement"
        )
    require_noise(program, noise)
    check_memory(left, right, 4**program.wires, memory_limit_mb)
    elements = elements_of(_all_seen(program), noise)

    def vectors_of(samples: Any) -> Array:
        return np.concatenate([_pauli_vectors(program, elements, piece, weights) for piece in _pieces(samples)])

    first = vectors_of(left)
    second = first if right is None else vectors_of(right)
    found: Array = first @ second.T
    found /= 2**program.wires
    return found


def check_memory(left: Any, right: Any, numbers: int, limit_mb: float) -> None:
    """Refuse a matrix that does not fit.

    Args:
        left: samples.
        right: samples, or None.
        numbers: that are kept of a sample beside the matrix.
        limit_mb: of memory.

    Raises:
        UserError: it needs more; the message says how much.
    """
    n, m = len(left), len(left if right is None else right)
    needed = 8 * (n * m + (n + (0 if right is None else m)) * numbers) / MEGABYTE
    if needed > limit_mb:
        raise UserError(
            f"a kernel of {n:,} by {m:,} samples needs about {needed:,.0f} MB, but engine.memory_limit_mb is "
            f"{limit_mb:g}; take fewer samples or wires, or raise it"
        )


def _pieces(samples: Any) -> list[Array]:
    rows = np.asarray(samples, dtype=np.float64)
    return [rows[first : first + _PIECE] for first in range(0, max(1, len(rows)), _PIECE)]


def _circuit_inputs(program: Program, samples: Array, weights: Any) -> tuple[Array, Array]:
    """What angles count, shape (samples, circuit inputs), and the weights, flat."""
    flat = np.asarray(weights, dtype=np.float64).reshape(-1)
    if samples.ndim != 2 or samples.shape[1] != program.inputs or len(flat) != program.weights:
        raise UserError(
            f"a kernel got samples of shape {samples.shape} and {len(flat)} weights; the circuit takes "
            f"(samples, {program.inputs}) and {program.weights}"
        )
    if np.isnan(samples).any():
        raise nan_inputs()
    if not program.functions:
        return samples, flat
    further = FurtherInputs(program)(torch.from_numpy(samples), torch.from_numpy(flat), 1)
    return further.numpy(), flat


def _rows(states: States, program: Program, samples: Array, weights: Any) -> Array:
    """Real states, shape (samples, rows)."""
    inputs, flat = _circuit_inputs(program, samples, weights)
    tiles = states.go(np.ascontiguousarray(inputs), flat[None], np.empty((len(inputs), 0))).states
    rows: Array = tiles.transpose(0, 2, 1).reshape(-1, tiles.shape[1])[: len(inputs)].astype(np.float64, copy=False)
    return rows


def _applied(matrix: Observable, rows: Array) -> Array:
    """``X^x Z^z`` on every state; its sign does not matter."""
    places = np.arange(rows.shape[1])
    signs = 1.0 - 2.0 * (np.bitwise_count(places & matrix.z) % 2)
    turned = np.empty_like(rows)
    turned[:, places ^ matrix.x] = rows * signs
    return turned


def _all_seen(program: Program) -> Program:
    return replace(program, observables=("Z" * program.wires,))


def _pauli_vectors(program: Program, elements: Sequence[Element], samples: Array, weights: Any) -> Array:
    """``tr(P rho)`` for every word P, shape (samples, 4^wires)."""
    inputs, flat = _circuit_inputs(program, samples, weights)
    start = reduce(np.multiply.outer, [ZERO_STATE] * program.wires)
    vectors = np.repeat(start[None], len(inputs), 0)
    for element in elements:
        if isinstance(element, Fixed):
            vectors = _times(element.matrix, element.wires, vectors)
        elif element.by_input:
            constant, cosine, sine = (_times(part, element.wires, vectors) for part in rotation_parts(element.word))
            angles = element.angle.value(inputs, flat).reshape(-1, *(1,) * program.wires)
            vectors = constant + np.cos(angles) * cosine + np.sin(angles) * sine
        else:
            matrix = rotation_transfer(element.word, element.angle.value(inputs, flat))
            vectors = _times(matrix, element.wires, vectors)
    return vectors.reshape(len(inputs), -1)


def _times(matrix: Array, wires: Sequence[int], vectors: Array) -> Array:
    count, axes = len(wires), [1 + wire for wire in wires]
    product = np.tensordot(matrix.reshape((4,) * 2 * count), vectors, (range(count, 2 * count), axes))
    return np.moveaxis(product, range(count), axes)

"""What a quantum function computes with its inputs and weights before it turns a wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hqnn.circuits.affine import Vector
from hqnn.circuits.expansion import PennyLaneGate
from hqnn.circuits.functions import columns_of, needed, renumbered
from hqnn.circuits.program import Angle, Function, Program
from hqnn.circuits.symbols import Symbol, symbols
from hqnn.errors import UserError


class Followed:
    """Follows what a quantum function computes with its inputs and weights, by giving it symbols."""

    def __init__(self, gates_at: Callable[[Any], Sequence[PennyLaneGate]], inputs: int) -> None:
        self._gates_at, self._inputs = gates_at, inputs
        self._noted: list[Function] = []

    def __call__(self, points: Vector) -> list[tuple[Angle, Vector] | None]:
        """See `hqnn.circuits.affine.Follow`."""
        given = symbols(np.ones(points.shape[1]), self._inputs)
        try:
            parameters = [parameter for gate in self._gates_at(given) for parameter in gate.given]
        except UserError:  # though it ran with numbers: it uses something that a symbol does not know
            return []
        self._noted = given[0].noted
        known = Program(0, self._inputs, (points.shape[1] - self._inputs,), (), (), functions=tuple(self._noted))
        weights = points[:, self._inputs :].T
        seen = columns_of(known, points[:, : self._inputs], weights)
        return [
            (p.angle, np.broadcast_to(p.angle.value(seen, weights), len(points))) if isinstance(p, Symbol) else None
            for p in parameters
        ]

    def needed(self, angles: Sequence[tuple[Angle, ...]]) -> tuple[list[tuple[Angle, ...]], tuple[Function, ...]]:
        """Angles of gates and the functions that they need, without all others."""
        functions, places = needed(self._noted, self._inputs, [angle for own in angles for angle in own])
        return [tuple(renumbered(angle, places) for angle in own) for own in angles], tuple(functions)

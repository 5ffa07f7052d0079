"""What the inputs are to the kernels: a row of numbers for every angle's cosine and sine and every Bloch component."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Angle
from hqnn.engine import meeting
from hqnn.engine.plan import Plan

Array = NDArray[np.floating]


class Features:
    """Rows: cosines of all angles, their sines, then x, y and z of the wires that have them sample by sample.

    Attributes:
        angles: how many; first those of wires, then those of rotations in between.
        first_turn: index of the first rotation's angle.
        chains: wires whose Bloch vectors are found sample by sample.
        rows: for each wire with features their rows, -1 where there are fewer than three.
        count: of all rows.
    """

    def __init__(self, plan: Plan, dims: Sequence[int], turns: Sequence[Angle] = ()) -> None:
        """Number the rows.

        Args:
            plan: of the circuit.
            dims: sizes of the vector's axes where it meets the states, one a wire.
            turns: angles of rotations by inputs among the blocks.
        """
        present = [w for w, size in enumerate(dims) if size > 1]
        by_wire = {w: angle for w in present if (angle := plan.embedding[w].angle) is not None}
        angles = [*by_wire.values(), *turns]
        self.angles, self.first_turn = len(angles), len(by_wire)
        self.chains = [w for w in present if w not in by_wire]
        self.rows = {wire: (n, self.angles + n, -1) for n, wire in enumerate(by_wire)}
        for n, wire in enumerate(self.chains):
            first = 2 * self.angles + 3 * n
            self.rows[wire] = (first, first + 1, first + 2)
        self.count = 2 * self.angles + 3 * len(self.chains)
        terms = [term for angle in angles for term in angle.inputs]
        self._terms = (
            np.cumsum([0, *(len(angle.inputs) for angle in angles)]),
            np.array([index for index, _ in terms], dtype=np.int64),
            np.array([factor for _, factor in terms], dtype=np.float64),
        )

    def rows_of(self, wires: Sequence[int]) -> NDArray[np.int64]:
        """Rows of some wires, shape (wires, 3)."""
        return np.array([self.rows[w] for w in wires], dtype=np.int64).reshape(-1, 3)

    def forward(self, inputs: Array, blochs: Array | None, copies: int) -> Array | None:
        """All rows.

        Args:
            inputs: shape (samples, copies * inputs).
            blochs: x, y and z of the wires in `chains`, shape (copies, 3 * chains, samples).
            copies: how many.

        Returns:
            Shape (copies, rows, samples), or None where an input is NaN.
        """
        made = np.empty((copies, self.count, len(inputs)), inputs.dtype)
        if not meeting.embed(inputs, *self._terms, made):
            return None
        if blochs is not None:
            made[:, 2 * self.angles :] = blochs
        return made

    def backward(self, made: Array, gradients: Array, to_inputs: Array) -> Array:
        """Add the gradient of the inputs to ``to_inputs``; return that of the Bloch components."""
        meeting.embed_back(made, gradients, *self._terms, to_inputs)
        return gradients[:, 2 * self.angles :]

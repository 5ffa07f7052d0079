"""How inputs enter: a Bloch vector a wire, as long as no entangling gate came before.

A wire whose inputs make one angle has the Bloch vector ``E @ (1, cos, sin)`` with a constant 4x3 matrix E, whatever
the gates and the noise before that rotation. Where several rotations by inputs follow each other, the Bloch vector is
found sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hqnn.circuits.program import Angle
from hqnn.engine.elements import Element, Fixed, Turn
from hqnn.engine.pauli import ZERO_STATE, rotation_parts
from hqnn.noise.model import TransferMatrix


@dataclass(frozen=True, eq=False)
class Wire:
    """How one wire's state is before the shared part of the circuit.

    Attributes:
        start: shape (4, columns): the Bloch vector as a linear function of the features. One column: the same for all
            samples; three: the features are (1, cos, sin) of ``angle``; four: they are a Bloch vector.
        angle: of inputs only, where there are three columns.
        chain: what is done to |0> sample by sample, where there are four.
    """

    start: TransferMatrix
    angle: Angle | None = None
    chain: tuple[Element, ...] = ()

    @property
    def columns(self) -> int:
        """How many features there are."""
        return int(self.start.shape[1])


def split_embedding(elements: list[Element], wires: int, initial_state: str) -> tuple[list[Wire], list[Element]]:
    """Part the one-wire rotations by inputs that come first on their wire from the rest.

    Args:
        elements: first to last.
        wires: of the program.
        initial_state: of the program; amplitudes leave nothing to part.

    Returns:
        One `Wire` each, and the remaining elements, first to last.
    """
    if initial_state == "amplitudes":
        return [Wire(np.eye(4)) for _ in range(wires)], elements
    prefix: dict[int, list[int]] = {wire: [] for wire in range(wires)}
    closed: set[int] = set()
    for at, element in enumerate(elements):
        if len(element.wires) == 2:
            closed.update(element.wires)
        elif element.wires[0] not in closed:
            prefix[element.wires[0]].append(at)
    taken: set[int] = set()
    found = []
    for wire in range(wires):
        places = prefix[wire]
        last = max((n for n, at in enumerate(places) if elements[at].by_input), default=-1)
        taken.update(places[: last + 1])
        found.append(_wire([elements[at] for at in places[: last + 1]]))
    return found, [element for at, element in enumerate(elements) if at not in taken]


def _wire(chain: list[Element]) -> Wire:
    if not chain:
        return Wire(ZERO_STATE[:, None])
    *before, last = chain
    if not isinstance(last, Turn) or not all(isinstance(element, Fixed) for element in before):
        return Wire(np.eye(4), chain=tuple(chain))
    bloch = ZERO_STATE
    for element in before:
        assert isinstance(element, Fixed)  # noqa: S101 -- what `all` above said, for the type checker
        bloch = element.matrix @ bloch
    return Wire(np.stack([part @ bloch for part in rotation_parts(last.word)], axis=1), angle=last.angle)

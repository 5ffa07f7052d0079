"""Find a library's own gate for a gate of a program by what it does, so that no table of names is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hqnn.circuits.factors import same_up_to_phase, unitary
from hqnn.circuits.program import ComplexMatrix, Gate, Program


@dataclass(frozen=True)
class Namesake:
    """A gate that a library has.

    Attributes:
        name: the library's.
        wires: how many it acts on.
        parameters: how many numbers it takes.
        matrix: parameters to its unitary, shape (2^k, 2^k), first wire most significant.
        build: what makes it.
    """

    name: str
    wires: int
    parameters: int
    matrix: Callable[[Sequence[float]], ComplexMatrix]
    build: Callable[..., Any]


def namesake(gate: Gate, program: Program, known: Iterable[Namesake]) -> Namesake | None:
    """The library's gate that does the same, up to a global phase, when it is given the gate's parameters.

    Args:
        gate: of the program.
        program: says how many inputs and weights there are.
        known: the library's gates; one with the gate's name is preferred, then the earlier.

    Returns:
        The namesake, or None where there is none.
    """
    rng = np.random.default_rng(2)
    inputs, weights = rng.uniform(-3, 3, program.circuit_inputs), rng.uniform(-3, 3, program.weights)
    target = unitary(gate.unitary_factors, len(gate.wires), inputs, weights)
    values = [float(angle.value(inputs, weights)) for angle in gate.angles]
    alike = [k for k in known if (k.wires, k.parameters) == (len(gate.wires), len(gate.angles))]
    alike.sort(key=lambda k: k.name.lower() != gate.name.lower())
    return next((k for k in alike if same_up_to_phase(k.matrix(values), target)), None)

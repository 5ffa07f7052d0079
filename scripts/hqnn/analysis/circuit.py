"""Everything that is asked of a circuit without data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.analysis.expressibility import Expressibility, expressibility
from hqnn.analysis.fourier import absorbed_weights, drawn_weights, pair_coefficients, richest
from hqnn.analysis.trainability import GateErrors, sweep
from hqnn.analysis.zx import Reduction, reduce_program
from hqnn.circuits.observables import terms_of
from hqnn.circuits.program import Program


@dataclass(frozen=True)
class CircuitAnalysis:
    """What was found.

    Attributes:
        name: of the circuit, see `hqnn.circuits.names`.
        program: what was analysed.
        reduction: of its diagram.
        coefficients: of its observables in the first two inputs, shape (draws, observables, 3, 3), i and j from -1
            to 1.
        absorbed: weights that a linear layer behind it makes redundant.
        gradients: their variances over its family, see `hqnn.analysis.trainability.sweep`.
        errors: of the gates where gradients are noisy.
        states: its expressibility.
    """

    name: str
    program: Program
    reduction: Reduction
    coefficients: NDArray[np.complex128]
    absorbed: tuple[int, ...]
    gradients: pd.DataFrame
    errors: GateErrors
    states: Expressibility

    @property
    def richest(self) -> tuple[NDArray[np.complex128], str]:
        """Coefficients of the observable that has most of them, shape (draws, 3, 3), and what it is."""
        shown = richest(self.coefficients)
        return self.coefficients[:, shown], self.program.observables[shown]


def analyse(
    name: str,
    program: Program,
    errors: GateErrors,
    *,
    draws: int,
    pairs: int,
    qubits: Sequence[int],
    depths: Sequence[int],
    seed: int,
) -> CircuitAnalysis:
    """Reduce a circuit's diagram, and draw its Fourier coefficients, gradients and states.

    Args:
        name: of the circuit; its family is all sizes and depths of it.
        program: the circuit; its first observable's first letter is that of the gradients.
        errors: of the gates where gradients are noisy.
        draws: of weights, for coefficients and gradients.
        pairs: of states.
        qubits: sizes of the family; those that the ansatz does not fit are left out.
        depths: numbers of layers of the family.
        seed: of all draws.

    Raises:
        UserError: the ansatz fits none of the sizes, or the circuit is one that cannot be analysed.
    """
    generator = np.random.default_rng(seed)
    letter = next(a for term in terms_of(program.observables[0]) for a in term.basis if a != "I")
    return CircuitAnalysis(
        name=name,
        program=program,
        reduction=reduce_program(program),
        coefficients=pair_coefficients(program, drawn_weights(program, draws, generator)),
        absorbed=absorbed_weights(program, generator),
        gradients=sweep(name, qubits, depths, draws, seed, errors, letter),
        errors=errors,
        states=expressibility(program, pairs, generator),
    )

"""How much of the state space a circuit reaches when its weights are drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.analysis.states import state_vectors
from hqnn.circuits.program import Program
from hqnn.errors import UserError

BINS = 75
MOST_WIRES = 12
HAAR_SAMPLES = 20

Fidelities = NDArray[np.float64]


@dataclass(frozen=True)
class Expressibility:
    """How far a circuit's states are from uniform ones.

    Attributes:
        divergence: Kullback-Leibler divergence in nats, 0 for uniform states.
        floor: the same for as many pairs of Haar-random states, mean over some samples: what too few pairs make.
        pairs: how many pairs of states were compared.
    """

    divergence: float
    floor: float
    pairs: int


def expressibility(program: Program, pairs: int, generator: np.random.Generator) -> Expressibility:
    """Compare a circuit's states with Haar-random ones.

    Weights are drawn uniformly from [0, 2 pi), inputs are zero (for embedded amplitudes, the first basis state).

    Source: Sim, Johnson and Aspuru-Guzik, Adv. Quantum Technol. 2, 1900070 (2019), equation 8, with 75 bins.

    Args:
        program: of at most `MOST_WIRES` wires.
        pairs: of states; the paper takes 5,000.
        generator: of the weights.

    Raises:
        UserError: too many wires.
    """
    if program.wires > MOST_WIRES:
        raise UserError(
            f"expressibility draws state vectors, and {program.wires} wires are too many for that; "
            f"analyse the circuit on at most {MOST_WIRES}"
        )
    found = divergence_from_haar(fidelities(program, pairs, generator), program.wires)
    haar = 1 - generator.random((HAAR_SAMPLES, pairs)) ** (1 / (2**program.wires - 1))
    floor = np.mean([divergence_from_haar(sample, program.wires) for sample in haar])
    return Expressibility(found, float(floor), pairs)


def fidelities(program: Program, pairs: int, generator: np.random.Generator) -> Fidelities:
    """``|<psi(a)|psi(b)>|^2`` of independent pairs of weights a, b, shape (pairs,)."""
    inputs = np.zeros((2 * pairs, program.inputs))
    if program.initial_state == "amplitudes":
        inputs[:, 0] = 1
    weights = generator.uniform(0, 2 * np.pi, (2 * pairs, program.weights))
    states = state_vectors(program, inputs, weights)
    overlaps = np.einsum("pi,pi->p", states[:pairs].conj(), states[pairs:])
    return np.asarray(np.abs(overlaps) ** 2)


def divergence_from_haar(found: Fidelities, wires: int, bins: int = BINS) -> float:
    """Kullback-Leibler divergence of a histogram of fidelities from that of Haar-random states, in nats.

    Haar-random states of dimension N have fidelities of density ``(N - 1) (1 - F)^(N - 2)``.

    Args:
        found: in [0, 1], shape (pairs,).
        wires: N is 2^wires.
        bins: of equal width.
    """
    counts, edges = np.histogram(np.clip(found, 0, 1), bins, (0, 1))
    share = counts / counts.sum()
    filled = share > 0
    lower = 1 - edges[:-1]
    shrunk = np.clip(1 - np.diff(edges) / lower, 0, 1)
    # the difference of two powers as a product, lest both underflow
    haar = (2**wires - 1) * np.log(lower) + np.log1p(-(shrunk ** (2**wires - 1)))
    return float(np.sum(share[filled] * (np.log(share[filled]) - haar[filled])))

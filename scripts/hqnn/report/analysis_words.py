"""What a circuit's analysis says, one sentence a finding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.analysis.circuit import CircuitAnalysis
from hqnn.analysis.expressibility import Expressibility
from hqnn.analysis.trainability import LOCALITIES, NOISES, GateErrors
from hqnn.analysis.zx import Reduction
from hqnn.report.analysis import observable_label
from hqnn.wording import plural

ZERO = 1e-9


def sentences(found: CircuitAnalysis) -> list[str]:
    """Everything that an analysis found."""
    return [
        *zx_sentences(found.reduction, found.program.weights, found.absorbed),
        fourier_sentence(*found.richest),
        *trainability_sentences(found.gradients, found.errors),
        expressibility_sentence(found.states),
    ]


def zx_sentences(reduction: Reduction, weights: int, absorbed: Sequence[int]) -> list[str]:
    """What became of the weights.

    Args:
        reduction: of the circuit.
        weights: how many there are.
        absorbed: those that a linear layer behind the circuit makes redundant, see `hqnn.analysis.fourier`.
    """
    before, after = reduction.before.inner, reduction.after.inner
    found = [f"The ZX diagram has {plural(before, 'spider')}, and {after} after reduction."]
    if reduction.all_keep_their_spider:
        found.append(f"Each of the {plural(weights, 'weight')} keeps a spider that it shares with no other weight.")
    found += [
        f"{_weights(group)} end in one spider: only their sum or difference matters." for group in reduction.merged
    ]
    if reduction.vanished:
        found.append(f"{_weights(reduction.vanished)} vanished: the state does not depend on them.")
    if reduction.with_inputs:
        found.append(f"{_weights(reduction.with_inputs)} stand in one spider with an input: they shift that input.")
    hidden = sorted(set(reduction.unseen) - set(reduction.vanished))
    if hidden:
        found.append(f"{_weights(hidden)} change the state, but no observable depends on them.")
    linear = sorted(set(absorbed) - set(reduction.unseen))
    if linear:
        found.append(
            f"{_weights(linear)} only mix the expectation values linearly: a linear layer right behind the circuit "
            "makes them redundant, although the diagram keeps them."
        )
    return found


def fourier_sentence(coefficients: NDArray[np.complex128], observable: str) -> str:
    """How many of the nine coefficients are there.

    Args:
        coefficients: shape (draws, 3, 3).
        observable: whose they are.
    """
    largest = np.abs(coefficients).max(axis=0)
    zero = int((largest < ZERO).sum())
    return (
        f"Over {plural(len(coefficients), 'draw')} of the weights, {zero or 'none'} of the nine Fourier coefficients "
        f"of ⟨{observable_label(observable)}⟩ in the first two inputs {'is' if zero < 2 else 'are'} always zero; the "
        f"largest modulus is {largest.max():.3f}."
    )


def trainability_sentences(sweep: pd.DataFrame, errors: GateErrors) -> list[str]:
    """How the gradient's variance falls with qubits, and what noise takes of it, at the largest circuit.

    Args:
        sweep: from `hqnn.analysis.trainability.sweep`.
        errors: of the gates in that sweep.
    """
    deepest = sweep[sweep["depth"] == sweep["depth"].max()]
    depth, qubits = plural(int(sweep["depth"].max()), "layer"), plural(int(sweep["qubits"].max()), "qubit")
    found = []
    for locality in LOCALITIES:
        own = [deepest[(deepest["observable"] == locality) & (deepest["noise"] == noise)] for noise in NOISES]
        ideal, noisy = (rows.sort_values("qubits").set_index("qubits")["variance"] for rows in own)
        if ideal.iloc[-1] < ZERO:
            found.append(f"At {qubits} and {depth} no weight moves the {locality} observable.")
            continue
        left = f"noise leaves {noisy.iloc[-1] / ideal.iloc[-1]:.0%} of it"
        found.append(
            f"At {qubits} and {depth} the gradient of the {locality} observable has the variance {ideal.iloc[-1]:.2g}; "
            f"{left}{_fall(ideal)}."
        )
    strength = f"{100 * errors.one:.2g} % of a gate on one qubit and {100 * errors.two:.2g} % on two"
    return [
        *found,
        f"Noise is a depolarizing channel after every gate, with the errors of {errors.source}: {strength}.",
    ]


def expressibility_sentence(found: Expressibility) -> str:
    """How far the circuit's states are from uniform ones."""
    verdict = " and cannot be told from them" if found.divergence < 2 * found.floor else ""
    return (
        f"Over {plural(found.pairs, 'pair')} the states are {found.divergence:.2g} nats from Haar-random ones{verdict} "
        f"(as many Haar-random pairs give {found.floor:.2g})."
    )


def _fall(variances: pd.Series[float]) -> str:
    """Per qubit, by a straight line through the logarithms."""
    if len(variances) < 2 or variances.min() < ZERO:
        return ""
    slope = np.polyfit(variances.index.to_numpy(float), np.log(variances.to_numpy()), 1)[0]
    return f", and every further qubit divides it by {np.exp(-slope):.1f}"


def _weights(indices: Sequence[int]) -> str:
    """Such as ``Weights 0, 1 and 4``; the first word of a sentence."""
    *most, last = [str(index) for index in indices]
    return f"Weights {', '.join(most)} and {last}" if most else f"Weight {last}"

"""Error mitigation of expectation values, from the bits that were counted.

Readout inversion undoes what a detector does on average, wire by wire. Zero-noise extrapolation runs the native circuit
with its gates of two qubits repeated, and follows the expectation values back to no noise. Neither knows the exact
values; both pay for a smaller bias with a larger variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Barrier, QuantumCircuit

from hqnn.circuits.observables import Term
from hqnn.errors import UserError

Values: TypeAlias = NDArray[np.float64]
Bits: TypeAlias = NDArray[np.bool_]
Fit: TypeAlias = Literal["linear", "richardson"]

FACTORS = (1, 3, 5)  # of the noise of gates of two qubits, as extrapolation runs them
SIGNIFICANT = 3.0  # standard errors by which a detector must tell 0 from 1 before it is inverted


@dataclass(frozen=True)
class ReadoutCalibration:
    """How a detector errs, as two circuits counted it.

    Attributes:
        p10: share of 1 read from wires in |0>, shape (wires,).
        p01: share of 0 read from wires in |1>, shape (wires,).
        shots: of each of the two circuits.
    """

    p10: Values
    p01: Values
    shots: int

    @classmethod
    def counted(cls, zeros: Bits, ones: Bits) -> ReadoutCalibration:
        """From the bits of a circuit that does nothing and of one that flips every wire, shape (shots, wires) each.

        Raises:
            UserError: a wire's detector does not tell 0 from 1, so that nothing can be inverted.
        """
        found = cls(zeros.mean(axis=0), 1 - ones.mean(axis=0), len(zeros))
        contrast = 1 - found.p10 - found.p01
        doubtful = np.flatnonzero(contrast <= SIGNIFICANT * np.sqrt(sum(found.variances)))
        if doubtful.size:
            wire = int(doubtful[0])
            raise UserError(
                f"readout of wire {wire} cannot be inverted: it reads 1 from |0> in {found.p10[wire]:.1%} and 0 from "
                f"|1> in {found.p01[wire]:.1%} of {found.shots} shots; take other qubits, or leave readout out of "
                "execution.mitigation"
            )
        return found

    @property
    def variances(self) -> tuple[Values, Values]:
        """Of `p10` and `p01`, by counting; a share of nothing in n shots counts as of one in n + 2."""
        shares = ((self.shots * p + 1) / (self.shots + 2) for p in (self.p10, self.p01))
        low, high = (p * (1 - p) / self.shots for p in shares)
        return low, high


@dataclass(frozen=True)
class Inverted:
    """What a group of observables' products give with readout inverted.

    Attributes:
        values: means over shots, shape (rows, members).
        variances: of these means, same shape.
        slopes: of the means by `p10` and by `p01` of each wire, shape (2, rows, members, wires).
    """

    values: Values
    variances: Values
    slopes: Values


def inverted(bits: Bits, terms: Sequence[Sequence[Term]], readout: ReadoutCalibration) -> Inverted:
    """Sums of products of Z, and of projectors, that are read of the same shots.

    With p10 and p01 of each wire, Z is read as ``(1 - p10 - p01) Z + (p01 - p10)``; each shot's signs are taken back by
    that, multiplied and added up, which is the inverse of a confusion matrix that is a product over wires (S. Bravyi et
    al., Phys. Rev. A 103, 042605 (2021), section II).

    Args:
        bits: shape (rows, shots, wires), of two shots or more.
        terms: for each member its products, as `hqnn.circuits.measurement.MeasurementGroup` has them.
        readout: to be inverted.
    """
    contrast = 1 - readout.p10 - readout.p01
    signs = (1.0 - 2.0 * bits - (readout.p01 - readout.p10)) / contrast
    totals = np.zeros((len(terms), *bits.shape[:2]))
    slopes = np.zeros((2, len(bits), len(terms), bits.shape[2]))
    for member, term in ((member, term) for member, own in enumerate(terms) for term in own):
        wires = [wire for wire, letter in enumerate(term.basis) if letter != "I"]
        parts = [_FACTORS.get(term.word[wire], (0.0, 1.0)) for wire in wires]
        factors = [shift + slope * signs[..., wire] for wire, (shift, slope) in zip(wires, parts, strict=True)]
        totals[member] += term.coefficient * _product(factors, bits.shape[:2])
        for place, (wire, (_, slope)) in enumerate(zip(wires, parts, strict=True)):
            others = term.coefficient * slope * _product(factors[:place] + factors[place + 1 :], bits.shape[:2])
            for which, step in enumerate((1, -1)):
                slopes[which, :, member, wire] += (others * (signs[..., wire] + step)).mean(axis=1) / contrast[wire]
    return Inverted(totals.mean(axis=-1).T, totals.var(axis=-1, ddof=1).T / bits.shape[1], slopes)


_FACTORS = {"P": (0.5, 0.5), "Q": (0.5, -0.5)}  # of projectors, as ``shift + slope Z``


def _product(factors: Sequence[Values], shape: tuple[int, ...]) -> Values:
    return reduce(np.multiply, factors, np.ones(shape))


def folded(circuit: QuantumCircuit, factor: int) -> QuantumCircuit:
    """A native circuit whose gates of two qubits are repeated; parameters, layout and qubits stay.

    Every such gate G becomes ``G (barrier G^-1 barrier G)^k`` with ``factor = 2 k + 1``; barriers keep a compiler from
    taking the repetitions away (T. Giurgica-Tiron et al., IEEE QCE 2020, 306, on local folding).

    Args:
        circuit: native.
        factor: of their noise, odd.

    Raises:
        UserError: the inverse of a gate is not native.
    """
    native = {instruction.operation.name for instruction in circuit.data}
    whole = circuit.copy_empty_like()
    for instruction in circuit.data:
        gate, qubits = instruction.operation, instruction.qubits
        whole.append(gate, qubits, instruction.clbits)
        if len(qubits) != 2 or isinstance(gate, Barrier):
            continue
        back = gate.inverse()
        if back.name not in native:
            raise UserError(
                f"gate {gate.name} cannot be folded, since its inverse {back.name} is no gate of this circuit; leave "
                "zne out of execution.mitigation"
            )
        for _ in range(factor // 2):
            for repeated in (back, gate):
                whole.barrier(*qubits)
                whole.append(repeated, qubits)
    return whole


def extrapolated(factors: Sequence[float], values: Values, errors: Values, fit: Fit) -> tuple[Values, Values]:
    """Expectation values at no noise, from a polynomial through those at several noise factors.

    Least squares with equal weights, so that the estimate is the same sum of values for every sample: of degree 1, or
    through all points (K. Temme, S. Bravyi, J. M. Gambetta, Phys. Rev. Lett. 119, 180509 (2017)).

    Args:
        factors: two or more, shape (factors,).
        values: shape (factors, ...).
        errors: their standard errors, independent of each other, same shape.
        fit: ``linear``, or ``richardson`` of the highest degree.

    Returns:
        Values and standard errors, shape (...); values may lie outside [-1, 1].
    """
    degree = 1 if fit == "linear" else len(factors) - 1
    at_zero = np.linalg.pinv(np.vander(np.asarray(factors, dtype=float), degree + 1, increasing=True))[0]
    return np.tensordot(at_zero, values, axes=1), np.sqrt(np.tensordot(at_zero**2, errors**2, axes=1))

"""Error mitigation of expectation values, from the bits that were counted.

Readout inversion undoes what a detector does on average, wire by wire. Zero-noise extrapolation runs the native circuit
with its gates of two qubits repeated, and follows the expectation values back to no noise. Neither knows the exact
values; both pay for a smaller bias with a larger variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Barrier, QuantumCircuit

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


def word_values(
    bits: Bits, supports: Sequence[Sequence[int]], readout: ReadoutCalibration | None = None
) -> tuple[Values, Values]:
    """Expectation values of words of Z, and their standard errors.

    With p10 and p01 of each wire, Z is read as ``(1 - p10 - p01) Z + (p01 - p10)``; each shot's signs are taken back by
    that and multiplied, which is the inverse of a confusion matrix that is a product over wires (S. Bravyi et al.,
    Phys. Rev. A 103, 042605 (2021), section II). The standard error holds the calibration's own, which rows share.

    Args:
        bits: shape (rows, shots, wires), of two shots or more.
        supports: for each word its wires.
        readout: to be inverted; nothing where None.

    Returns:
        Values and standard errors, shape (rows, words) each.
    """
    both = [_word(bits[..., list(support)], list(support), readout) for support in supports]
    return np.stack([value for value, _ in both], axis=-1), np.stack([error for _, error in both], axis=-1)


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


def _word(bits: Bits, wires: list[int], readout: ReadoutCalibration | None) -> tuple[Values, Values]:
    """Of one word, whose wires' bits are shape (rows, shots, wires)."""
    signs = 1.0 - 2.0 * bits
    shots = bits.shape[1]
    if readout is None:
        value = signs.prod(axis=-1).mean(axis=-1)
        return value, np.sqrt(np.maximum(0.0, 1 - value**2) / (shots - 1))
    p10, p01 = readout.p10[wires], readout.p01[wires]
    contrast = 1 - p10 - p01
    signs = (signs - (p01 - p10)) / contrast
    products = signs.prod(axis=-1)
    variance = products.var(axis=-1, ddof=1) / shots
    for place, wire in enumerate(wires):  # the sign's slopes by p10 and p01 are (sign + 1) and (sign - 1) / contrast
        others = np.delete(signs, place, axis=-1).prod(axis=-1).mean(axis=-1)
        both = products.mean(axis=-1)
        low, high = readout.variances
        variance += (((both + others) ** 2) * low[wire] + ((both - others) ** 2) * high[wire]) / contrast[place] ** 2
    return products.mean(axis=-1), np.sqrt(variance)

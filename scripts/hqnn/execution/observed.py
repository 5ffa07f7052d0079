"""Readout inversion among the bitstrings that were counted, with mthree's matrices."""

from __future__ import annotations

import numpy as np
from mthree import M3Mitigation
from numpy.typing import NDArray

from hqnn.circuits.measurement import MeasurementGroup
from hqnn.execution.mitigation import Bits, ReadoutCalibration, Values


def inverted_among_observed(bits: Bits, group: MeasurementGroup, readout: ReadoutCalibration) -> tuple[Values, Values]:
    """Sums of products that are read of the same shots, with readout inverted among the strings that came up.

    With A the confusion matrix of these strings alone, its columns summing to 1, p their shares and v what a product is
    on them, the value is ``v A^-1 p`` (P. D. Nation, H. Kang, N. Sundaresan, J. M. Gambetta, PRX Quantum 2, 040326
    (2021)). Where all strings came up it is the inverse of the whole matrix.

    Args:
        bits: shape (rows, shots, wires), of two shots or more.
        group: of the observables.
        readout: to be inverted.

    Returns:
        Means over shots, and the variances of these means by counting, shape (rows, members) each.
    """
    wires = [wire for wire, letter in enumerate(group.basis) if letter != "I"]
    mitigator = M3Mitigation(None)
    mitigator.cals_from_matrices(
        [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(readout.p10[wires], readout.p01[wires], strict=True)]
    )
    found = [_row(shots, wires, group, mitigator) for shots in bits]
    values, variances = (np.stack([own[k] for own in found]) for k in (0, 1))
    return values, variances


def _row(shots: NDArray[np.bool_], wires: list[int], group: MeasurementGroup, mitigator: M3Mitigation) -> list[Values]:
    if not wires:  # a constant
        return [group.values(shots[:1].astype(int))[0], np.zeros(len(group.members))]
    patterns, times = np.unique(shots[:, wires], axis=0, return_counts=True)
    words = ["".join("01"[bit] for bit in reversed(pattern)) for pattern in patterns.astype(int)]
    matrix, _ = mitigator.reduced_cal_matrix(dict(zip(words, times.tolist(), strict=True)), list(range(len(wires))))
    whole = np.zeros((len(patterns), shots.shape[1]), dtype=int)
    whole[:, wires] = patterns
    order = np.argsort(words)  # as the matrix has them
    weights = np.linalg.solve(matrix.astype(float).T, group.values(whole)[order])
    shares = times[order] / len(shots)
    means = shares @ weights
    return [means, (shares @ weights**2 - means**2) / (len(shots) - 1)]

"""Mitigated expectation values from the counts of one task, which also holds what mitigation needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from hqnn.circuits.measurement import MeasurementGroup, measurement_groups
from hqnn.circuits.observables import limits_of
from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.errors import UserError
from hqnn.execution.counts_file import FOLDED, is_plain, read_counts
from hqnn.execution.machines.provider import Pub, Task
from hqnn.execution.mitigation import FACTORS, Fit, ReadoutCalibration, Values, extrapolated, folded, inverted
from hqnn.execution.predictions import Expectations
from hqnn.execution.sampled import measured
from hqnn.models.hybrid import HybridClassifier

ZEROS, ONES = "readout-zeros", "readout-ones"
FITS: Mapping[str, Fit] = {"zne_linear": "linear", "zne_richardson": "richardson"}

Bits = NDArray[np.uint8]


def with_mitigation(
    task: Task, program: Program, translate: Callable[[QuantumCircuit], QuantumCircuit], mitigation: Sequence[str]
) -> Task:
    """A task with the circuits that mitigation needs: two of calibration, and folded ones for extrapolation.

    Args:
        task: as `hqnn.execution.sampled.task_of` made it.
        program: native.
        translate: makes native gates of X.
        mitigation: `readout`, `m3` or keys of `FITS`; nothing is added where empty.

    Raises:
        UserError: a gate cannot be folded.
    """
    if not mitigation:
        return task
    qubits, size = program.native_wires, task.pubs[0].circuit.num_qubits
    every = MeasurementGroup("Z" * len(qubits), (), ())
    flips = QuantumCircuit(size)
    flips.x(list(qubits))
    pubs = [
        Pub(name, measured(circuit, qubits, every, translate), np.zeros((1, 0)))
        for name, circuit in ((ZEROS, QuantumCircuit(size)), (ONES, translate(flips)))
    ]
    if FITS.keys() & set(mitigation):
        pubs += [
            Pub(f"{pub.name}{FOLDED}{factor}", folded(pub.circuit, factor), pub.values)
            for factor in FACTORS[1:]
            for pub in task.pubs
        ]
    return replace(task, pubs=(*task.pubs, *pubs))


@dataclass(frozen=True)
class Mitigated:
    """The execution path ``hardware-<machine>+<mitigation>``, which runs nothing.

    See `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        program: file of the native program.
        counts: file of the raw counts.
        mitigation: `readout`, `m3` or a key of `FITS`.
        ids: of the samples.
    """

    program: str | os.PathLike[str]
    counts: str | os.PathLike[str]
    mitigation: str
    ids: NDArray[np.int64]

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Read the counts, and mitigate what their means err by."""
        program = read_program(self.program)
        bits, about = read_counts(self.counts, self.ids, trained)
        factors = FACTORS if self.mitigation in FITS else FACTORS[:1]
        if ONES not in bits or any(not _names(bits, factor) for factor in factors):
            raise UserError(
                f"{self.counts} lacks circuits that {self.mitigation} needs; name it in execution.mitigation before "
                "hardware is run"
            )
        wires = program.wires
        readout = ReadoutCalibration.counted(*(_unpacked(bits[name], wires)[0] for name in (ZEROS, ONES)))
        observed = self.mitigation == "m3"
        found = [_means(program, [bits[n] for n in _names(bits, factor)], readout, observed) for factor in factors]
        values, errors = (np.stack([both[k] for both in found]) for k in (0, 1))
        if self.mitigation in FITS:
            value, error = extrapolated(factors, values, errors, FITS[self.mitigation])
        else:
            value, error = values[0], errors[0]
        shape = (*inputs.shape[:-1], -1)
        name = f"{about['machine']}+{self.mitigation}"
        shots = int(bits[ONES].shape[1])
        low, high = np.array([limits_of(observable) for observable in program.observables]).T
        limited = np.clip(value.reshape(-1, len(low)), low, high).reshape(shape)
        return Expectations(limited, error.reshape(shape), program.digest, name, about["calibration"], shots=shots)


def _names(bits: Mapping[str, Bits], factor: int) -> list[str]:
    """Pubs of a noise factor, in their order."""
    if factor == 1:
        return [name for name in bits if is_plain(name)]
    return [name for name in bits if name.endswith(f"{FOLDED}{factor}")]


def _means(
    program: Program, bits: Sequence[Bits], readout: ReadoutCalibration, observed: bool
) -> tuple[Values, Values]:
    """Values and standard errors with readout inverted, shape (rows, copies * observables) each.

    What calibration adds to an error is the same whether all strings are inverted or those `observed`.
    """
    groups = measurement_groups(program.observables)
    copies, rows = len(bits) // len(groups), len(bits[0])
    wires = program.wires
    values, variances = np.zeros((2, rows, copies, len(program.observables)))
    slopes = np.zeros((2, rows, copies, len(program.observables), wires))
    for number, packed in enumerate(bits):
        copy, group = number // len(groups), groups[number % len(groups)]
        shots = _unpacked(packed, wires)
        found = inverted(shots, group.terms, readout)
        own = (found.values, found.variances)
        if observed:
            from hqnn.execution.observed import inverted_among_observed

            own = inverted_among_observed(shots, group, readout)
        values[:, copy, group.members] += own[0]
        variances[:, copy, group.members] += own[1]
        slopes[:, :, copy, group.members] += found.slopes
    variances += sum((own**2) @ variance for own, variance in zip(slopes, readout.variances, strict=True))
    return values.reshape(rows, -1), np.sqrt(variances).reshape(rows, -1)


def _unpacked(packed: Bits, wires: int) -> NDArray[np.bool_]:
    """Bits by wires, shape (rows, shots, wires)."""
    return np.unpackbits(packed, axis=-1)[..., ::-1][..., :wires].astype(bool)

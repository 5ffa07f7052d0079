"""The stored native circuit on a machine that answers at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.transpiler import PassManager, Target
from qiskit.transpiler.passes import Optimize1qGatesDecomposition

from hqnn.circuits.program_file import read_program
from hqnn.execution.backends import backend
from hqnn.execution.counts_file import plain_bits, write_counts
from hqnn.execution.machines.choice import simulated_provider
from hqnn.execution.machines.provider import Task
from hqnn.execution.mitigated import with_mitigation
from hqnn.execution.predictions import Expectations
from hqnn.execution.sampled import averages, task_of
from hqnn.execution.snapshot_backend import SnapshotBackend
from hqnn.interpreters.qpy import load_qpy
from hqnn.models.hybrid import HybridClassifier
from hqnn.settings.machines import Machine


@dataclass(frozen=True)
class Hardware:
    """The execution path ``hardware``, simulated with the noise of a calibration.

    See `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        circuit: QPY file of the native circuit.
        program: file of the same circuit as a program.
        backend: name or file of the calibration.
        shots: repetitions a sample.
        seed: of the sampling.
        machine: its settings, values of `hqnn.settings.machines.Machine`; None for a calibration alone.
        mitigation: what the counts shall be good for, beside their plain means.
        counts: file that the raw counts are written to, with `ids`; none where None.
        ids: of the samples.
        options: of that noise, values of `hqnn.settings.execution.Noise`.
    """

    circuit: str | os.PathLike[str]
    program: str | os.PathLike[str]
    backend: str
    shots: int
    seed: int
    machine: Mapping[str, Any] | None = None
    mitigation: Sequence[str] = ()
    counts: str | os.PathLike[str] | None = None
    ids: NDArray[np.int64] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Run one job with all samples as parameter sets."""
        at = backend(self.backend, self.options)
        program = read_program(self.program)
        task = native_task(
            self.circuit, self.program, at, model, trained, inputs, self.shots, mitigation=self.mitigation
        )
        settings = None if self.machine is None else Machine.model_validate(self.machine)
        provider = simulated_provider(at, settings, self.seed)
        counts = provider.collect(provider.submit(task, "now"))
        if self.counts is not None and self.ids is not None:
            about = {"weights_fingerprint": trained, "machine": at.name, "calibration": at.noise.digest}
            write_counts(self.counts, self.ids, task, counts, about)
        values, errors = averages(program, plain_bits(task, counts), inputs.shape)
        return Expectations(values, errors, program.digest, at.name, at.noise.digest, shots=self.shots, jobs=1)


def native_task(
    circuit: str | os.PathLike[str],
    program: str | os.PathLike[str],
    machine: SnapshotBackend,
    model: HybridClassifier,
    trained: str,
    inputs: NDArray[np.float64],
    shots: int,
    *,
    mitigation: Sequence[str] = (),
) -> Task:
    """A stored native circuit with all samples as parameter sets, ready to be sent.

    Args:
        circuit: its QPY file.
        program: file of the same circuit as a program.
        machine: whose gates turn qubits before a measurement of X or Y.
        model: holds the weights.
        trained: fingerprint of the trained weights.
        inputs: of the circuits, shape (samples, ..., copies * inputs).
        shots: repetitions a sample.
        mitigation: what the counts shall be good for, beside their plain means.

    Raises:
        UserError: the weights bound in the task are not the trained ones.
    """
    turns = translation(machine.target)
    native, written = load_qpy(circuit), read_program(program)
    task = task_of(native, written, model, trained, inputs, shots, machine.name, turns.run)
    return with_mitigation(task, written, turns.run, mitigation)


def translation(target: Target) -> PassManager:
    """What makes native gates of rotations of single qubits, whose places stay as they are."""
    # A preset pass manager would do it, too, but first import every vendor's plug-in, for seconds.
    return PassManager([Optimize1qGatesDecomposition(target=target)])

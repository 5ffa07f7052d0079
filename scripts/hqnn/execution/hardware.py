"""The stored native circuit on a backend, through the primitives of Qiskit Runtime."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.transpiler import PassManager, Target
from qiskit.transpiler.passes import Optimize1qGatesDecomposition

from hqnn.circuits.program_file import read_program
from hqnn.execution.backends import backend
from hqnn.execution.predictions import Expectations
from hqnn.execution.sampled import sample
from hqnn.interpreters.qpy import load_qpy
from hqnn.models.hybrid import HybridClassifier


@dataclass(frozen=True)
class Hardware:
    """The execution path ``hardware``, in Runtime's local mode on a calibration snapshot.

    See `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        circuit: QPY file of the native circuit.
        program: file of the same circuit as a program.
        backend: name or file of the calibration.
        shots: repetitions a sample.
        seed: of the simulator behind local mode.
    """

    circuit: str | os.PathLike[str]
    program: str | os.PathLike[str]
    backend: str
    shots: int
    seed: int

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Send one job with all samples as parameter sets."""
        from qiskit_ibm_runtime import SamplerV2

        machine = backend(self.backend)
        program = read_program(self.program)
        sampler = SamplerV2(mode=machine)
        sampler.options.simulator.seed_simulator = self.seed + 1  # local mode takes 0 for no seed

        circuit = load_qpy(self.circuit)
        native = translation(machine.target)
        values, errors = sample(sampler, circuit, program, model, trained, inputs, self.shots, machine.name, native.run)
        return Expectations(
            values, errors, program.digest, machine.name, machine.noise.digest, shots=self.shots, jobs=1
        )


def translation(target: Target) -> PassManager:
    """What makes native gates of rotations of single qubits, whose places stay as they are."""
    # A preset pass manager would do it, too, but first import every vendor's plug-in, for seconds.
    return PassManager([Optimize1qGatesDecomposition(target=target)])

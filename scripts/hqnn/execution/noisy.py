"""Exact expectation values of the native circuit under a backend's noise and readout error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.execution.backends import snapshot
from hqnn.execution.predictions import Expectations
from hqnn.models.hybrid import HybridClassifier, require_trained_weights
from hqnn.noise.coverage import require_noise
from hqnn.noise.model import NoiseModel
from hqnn.noise.thermal import from_snapshot


@dataclass(frozen=True)
class Noisy:
    """The execution path ``noisy``; see `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        program: file of the native program.
        backend: name or file of the calibration.
        options: values of `hqnn.settings.execution.Noise`.
    """

    program: str | os.PathLike[str]
    backend: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Run the native circuit in the engine, noise after every gate and in every wait, readout error at the end.

        The layer made for it must hold the trained weights; further calls run the same layer.
        """
        program, noise = self._native
        if model.quantum.program is not program or model.quantum.noise is not noise:  # planned once for many calls
            model.run_as(program, noise)
            require_trained_weights(model, model.quantum_weights(), trained, noise.name)  # of the layer made just now
        with torch.no_grad():
            values = model.quantum(torch.from_numpy(inputs)).double().numpy()
        return Expectations(values, np.zeros_like(values), program.digest, noise.name, noise.digest)

    @cached_property
    def _native(self) -> tuple[Program, NoiseModel]:
        """The native circuit and what is known to go wrong in it."""
        program = read_program(self.program)
        noise = from_snapshot(snapshot(self.backend), **self.options)
        require_noise(program, noise)
        return program, noise

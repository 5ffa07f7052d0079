"""Expectation values of the native circuit under a backend's noise and readout error, exact where memory allows."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.engine.layer import require_memory
from hqnn.engine.memory import MemoryLimitError
from hqnn.engine.trajectories import Trajectories
from hqnn.execution.backends import snapshot
from hqnn.execution.predictions import Expectations
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier, require_trained_weights
from hqnn.noise.coverage import is_noisy
from hqnn.noise.model import NoiseModel
from hqnn.noise.thermal import from_snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Noisy:
    """The execution path ``noisy``; see `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        program: file of the native program.
        backend: name or file of the calibration.
        options: values of `hqnn.settings.execution.Noise`.
        trajectories: a sample, where exact propagation needs too much memory.
        seed: of the trajectories.
        memory_limit_mb: of exact propagation.
    """

    program: str | os.PathLike[str]
    backend: str
    options: Mapping[str, Any] = field(default_factory=dict)
    trajectories: int = 100
    seed: int = 0
    memory_limit_mb: float = MEMORY_LIMIT_MB

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Run the native circuit in the engine, noise after every gate and in every wait, readout error at the end.

        The layer made for it must hold the trained weights; further calls run the same layer.
        """
        program, noise = self._native
        if model.quantum.program is not program or model.quantum.noise is not noise:  # planned once for many calls
            model.run_as(program, noise)
            require_trained_weights(model, model.quantum_weights(), trained, noise.name)  # of the layer made just now
        if self._too_wide:
            values, errors = self._by_trajectories(model, inputs)
            return Expectations(
                values, errors, program.digest, noise.name, noise.digest, trajectories=self.trajectories
            )
        values = model.expectations(inputs)
        return Expectations(values, np.zeros_like(values), program.digest, noise.name, noise.digest)

    @property
    def is_noisy(self) -> bool:
        """Whether anything of the program gets noise; nothing does of a part that the calibration lacks."""
        return is_noisy(*self._native)

    def samples(self, subset: int) -> int | None:
        """How many samples are worth running: all (None) where expectation values are exact."""
        return subset if self._too_wide else None

    @cached_property
    def _native(self) -> tuple[Program, NoiseModel]:
        """The native circuit and what is known to go wrong in it."""
        program = read_program(self.program)
        noise = from_snapshot(snapshot(self.backend), **self.options)
        return program, noise

    @cached_property
    def _too_wide(self) -> bool:
        program, noise = self._native
        try:
            require_memory(program, noise, self.memory_limit_mb)
        except MemoryLimitError as error:
            log.info("noise on %d wires: %s; so %d trajectories a sample run", program.wires, error, self.trajectories)
            return True
        return False

    def _by_trajectories(
        self, model: HybridClassifier, inputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means and standard errors, shape (samples, ..., copies * observables)."""
        program, noise = self._native
        copies = model.quantum.copies
        own = inputs.reshape(-1, copies, program.inputs).transpose(1, 0, 2)
        device = model.quantum.weights.device
        runs = [
            Trajectories(program, noise, weights, count=self.trajectories, seed=self.seed + copy, device=device)(x)
            for copy, (weights, x) in enumerate(zip(model.quantum_weights().reshape(copies, -1), own, strict=True))
        ]
        values, errors = (np.concatenate(parts, axis=1) for parts in zip(*runs, strict=True))
        shape = (*inputs.shape[:-1], copies * len(program.observables))
        return values.reshape(shape), errors.reshape(shape)

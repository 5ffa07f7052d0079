"""A Qiskit backend made of a calibration snapshot: transpiles like the machine, runs in Aer with its noise."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target
from qiskit_aer import AerSimulator

from hqnn.noise.aer import to_aer, with_waits
from hqnn.noise.model import NoiseModel
from hqnn.noise.snapshot import Snapshot
from hqnn.noise.target import to_target

DENSITY_MATRIX_QUBITS = 12  # 0.3 GB; above, Aer may prefer trajectories of state vectors


class SnapshotBackend(BackendV2):  # type: ignore[misc]  # Qiskit is read without types
    """A simulated backend that needs its snapshot and a noise model only.

    Primitives of qiskit-ibm-runtime in local mode, and everything else that takes a ``BackendV2``, run on it. Circuits
    may be as wide as the machine; only the qubits in use are simulated.

    Attributes:
        snapshot: the calibration.
        noise: what it runs with, usually what the calibration implies.
    """

    def __init__(self, snapshot: Snapshot, noise: NoiseModel) -> None:
        super().__init__(name=snapshot.name, description=snapshot.source, backend_version=snapshot.date)
        self.snapshot = snapshot
        self.noise = noise
        self._target = to_target(snapshot)
        self._aer_noise = lru_cache(lambda qubits: to_aer(self.noise, qubits))

    @property
    def target(self) -> Target:
        """Gates, places, durations and errors."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """No limit."""
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def run(self, run_input: QuantumCircuit | list[QuantumCircuit], **options: Any) -> Any:
        """Run bound native circuits with noise, as late as possible before a joint measurement.

        Args:
            run_input: one circuit or several, measured.
            options: of ``AerSimulator.run``, such as ``shots``, ``memory``, ``seed_simulator``, ``method``.

        Returns:
            Aer's job.
        """
        circuits = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        used = frozenset().union(*(_qubits_in_use(circuit) for circuit in circuits))
        method = "density_matrix" if len(used) <= DENSITY_MATRIX_QUBITS else "automatic"
        simulator = AerSimulator(noise_model=self._aer_noise(used), method=method)
        if self.noise.waiting:
            circuits = [with_waits(circuit, self.noise.waiting) for circuit in circuits]
        return simulator.run(circuits, **{**dict(self.options), **options})


def _qubits_in_use(circuit: QuantumCircuit) -> frozenset[int]:
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    return frozenset(place[q] for step in circuit.data if step.name not in {"barrier", "delay"} for q in step.qubits)

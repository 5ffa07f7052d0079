"""Expectation values from counted bits: one parametrised circuit, all samples as parameter sets of one job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ClassicalRegister, QuantumCircuit

from hqnn.circuits.measurement import MeasurementGroup, measurement_groups
from hqnn.circuits.program import Program
from hqnn.execution.predictions import Expectations
from hqnn.interpreters.binding import parameter_values, weights_of
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.models.hybrid import HybridClassifier, require_trained_weights

REGISTER = "bits"

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Shots:
    """The execution path ``shots``: the abstract circuit, sampled without noise.

    See `hqnn.execution.predict.ExecutionPath`.

    Attributes:
        shots: repetitions a sample.
        seed: of the sampling.
    """

    shots: int
    seed: int

    def __call__(self, model: HybridClassifier, trained: str, inputs: Values) -> Expectations:
        """Sample the circuit in Aer."""
        from qiskit_aer.primitives import SamplerV2

        values, errors = sample(
            SamplerV2(seed=self.seed),
            to_qiskit(model.program),
            model.program,
            model,
            trained,
            inputs,
            self.shots,
            "aer",
        )
        return Expectations(values, errors, model.program.digest, "aer", shots=self.shots, jobs=1)


def sample(
    sampler: Any,
    circuit: QuantumCircuit,
    program: Program,
    model: HybridClassifier,
    trained: str,
    inputs: Values,
    shots: int,
    where: str,
    translate: Callable[[QuantumCircuit], QuantumCircuit] = lambda turns: turns,
) -> tuple[Values, Values]:
    """Run one job on a sampler primitive and average the bits.

    The weights are read back from the parameters bound to the circuits and compared with the trained ones first.

    Args:
        sampler: a version 2 sampler.
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``, without measurements.
        program: the same circuit as a program; its native wires say which qubits carry its wires.
        model: holds the weights.
        trained: fingerprint of the trained weights.
        inputs: of the circuits, shape (samples, ..., copies * inputs).
        shots: repetitions a circuit.
        where: what the job is sent to, for messages.
        translate: makes native gates of the rotations that precede a measurement of X or Y.

    Returns:
        Expectation values and their standard errors, each of shape (samples, ..., copies * observables).

    Raises:
        UserError: the weights bound in the job are not the trained ones.
    """
    copies = model.quantum.copies
    own = inputs.reshape(-1, copies, program.inputs)
    weights = model.quantum_weights().reshape(copies, -1)
    tables = [parameter_values(circuit, own[:, c], weights[c]) for c in range(copies)]
    bound = np.concatenate([weights_of(circuit, table, program.weights) for table in tables])
    require_trained_weights(model, bound, trained, where)
    groups = measurement_groups(program.observables)
    qubits = program.native_wires or tuple(range(program.wires))
    circuits = [measured(circuit, qubits, group, translate) for group in groups]
    results = sampler.run([(one, table) for table in tables for one in circuits], shots=shots).result()
    values = np.empty((len(own), copies, len(program.observables)))
    for (copy, group), result in zip(product(range(copies), groups), results, strict=True):
        bits = result.data[REGISTER].reshape(len(own), 1)
        words = ["".join("Z" if w in support else "I" for w in range(program.wires)) for support in group.supports]
        values[:, copy, group.members] = bits.expectation_values([word[::-1] for word in words])
    values = values.reshape(*inputs.shape[:-1], -1)
    return values, np.sqrt(np.maximum(0.0, 1 - values**2) / max(1, shots - 1))


def measured(
    circuit: QuantumCircuit,
    qubits: tuple[int, ...],
    group: MeasurementGroup,
    translate: Callable[[QuantumCircuit], QuantumCircuit],
) -> QuantumCircuit:
    """A circuit with the turns and measurements of one group of observables.

    Args:
        circuit: without measurements.
        qubits: the circuit's qubit of each wire; bit i of the register is wire i.
        group: what to measure.
        translate: see `sample`.
    """
    turns = QuantumCircuit(circuit.num_qubits)
    for gate in group.gates:
        getattr(turns, gate.name.lower())(gate.angles[0].constant, qubits[gate.wires[0]])
    whole = circuit.compose(translate(turns)) if group.gates else circuit.copy()
    register = ClassicalRegister(len(qubits), REGISTER)
    whole.add_register(register)
    whole.measure(list(qubits), register)
    return whole

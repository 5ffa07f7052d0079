"""Expectation values from counted bits: one parametrised circuit, all samples as its parameter sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ClassicalRegister, QuantumCircuit

from hqnn.circuits.functions import extended
from hqnn.circuits.measurement import MeasurementGroup, measurement_groups
from hqnn.circuits.program import Program
from hqnn.execution.machines.provider import REGISTER, Pub, Task
from hqnn.execution.outcomes import means
from hqnn.execution.predictions import Expectations
from hqnn.interpreters.binding import parameter_values, weights_of
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.interpreters.stages import own_stages
from hqnn.models.hybrid import HybridClassifier, require_trained_weights
from hqnn.noise.deferral import deferred

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

        # deferred, since Aer 0.17 binds parameters wrongly under tests of bits, and would run every shot by itself
        program = replace(deferred(model.program), native_wires=())
        task = task_of(_for_aer(to_qiskit(program)), program, model, trained, inputs, self.shots, "aer")
        results = SamplerV2(seed=self.seed).run([(p.circuit, p.values) for p in task.pubs], shots=self.shots).result()
        values, errors = averages(program, [result.data[REGISTER].array for result in results], inputs.shape)
        return Expectations(values, errors, model.program.digest, "aer", shots=self.shots, jobs=1)


def _for_aer(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit in gates that Aer knows."""
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
    from qiskit_aer import AerSimulator

    simulator = AerSimulator()
    if {step.name for step in circuit.data} <= set(simulator.target.operation_names):
        return circuit
    with own_stages():
        return generate_preset_pass_manager(optimization_level=0, backend=simulator).run(circuit)


def task_of(
    circuit: QuantumCircuit,
    program: Program,
    model: HybridClassifier,
    trained: str,
    inputs: Values,
    shots: int,
    where: str,
    translate: Callable[[QuantumCircuit], QuantumCircuit] = lambda turns: turns,
) -> Task:
    """All samples as parameter sets: for each copy of the circuit, a pub for each group of observables.

    The weights are read back from the parameters bound to the circuits and compared with the trained ones.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``, without measurements.
        program: the same circuit as a program; its native wires say which qubits carry its wires.
        model: holds the weights.
        trained: fingerprint of the trained weights.
        inputs: of the circuits, shape (samples, ..., copies * inputs).
        shots: repetitions a circuit.
        where: what the task is for, for messages.
        translate: makes native gates of the rotations that precede a measurement of X or Y.

    Raises:
        UserError: the weights bound in the task are not the trained ones.
    """
    copies = model.quantum.copies
    own = inputs.reshape(-1, copies, program.inputs)
    weights = model.quantum_weights().reshape(copies, -1)
    tables = [parameter_values(circuit, extended(program, own[:, c], weights[c]), weights[c]) for c in range(copies)]
    bound = np.concatenate([weights_of(circuit, table, program.weights) for table in tables])
    require_trained_weights(model, bound, trained, where)
    qubits = program.native_wires or tuple(range(program.wires))
    groups = measurement_groups(program.observables)
    circuits = [measured(circuit, qubits, group, translate) for group in groups]
    pubs = [
        Pub(f"copy{copy}-group{number}", one, table)
        for copy, table in enumerate(tables)
        for number, one in enumerate(circuits)
    ]
    return Task(tuple(pubs), shots)


def averages(program: Program, bits: Sequence[NDArray[np.uint8]], shape: tuple[int, ...]) -> tuple[Values, Values]:
    """Expectation values from the bits of a task that `task_of` made.

    Args:
        program: as there.
        bits: of each pub, as `hqnn.execution.machines.provider.Counts` has them.
        shape: of the inputs, (samples, ..., copies * inputs).

    Returns:
        Expectation values and their standard errors, each of shape (samples, ..., copies * observables).
    """
    groups = measurement_groups(program.observables)
    copies, rows = len(bits) // len(groups), len(bits[0])
    values, variances = np.zeros((2, rows, copies, len(program.observables)))
    for number, array in enumerate(bits):
        copy, group = number // len(groups), groups[number % len(groups)]
        mean, variance = means(array, group)
        values[:, copy, group.members] += mean
        variances[:, copy, group.members] += variance
    read = (*shape[:-1], copies * len(program.observables))
    return values.reshape(read), np.sqrt(variances).reshape(read)


def measured(
    circuit: QuantumCircuit,
    qubits: tuple[int, ...],
    group: MeasurementGroup,
    translate: Callable[[QuantumCircuit], QuantumCircuit],
) -> QuantumCircuit:
    """A circuit with the turns and measurements of one group of observables.

    Args:
        circuit: without measurements.
        qubits: the circuit's qubit of each wire; bit i of the register is wire i, 0 where no observable meets it.
        group: what to measure.
        translate: see `task_of`.
    """
    turns = QuantumCircuit(circuit.num_qubits)
    for gate in group.gates:
        getattr(turns, gate.name.lower())(gate.angles[0].constant, qubits[gate.wires[0]])
    whole = circuit.compose(translate(turns)) if group.gates else circuit.copy()
    register = ClassicalRegister(len(qubits), REGISTER)
    whole.add_register(register)
    wires = [wire for wire, letter in enumerate(group.basis) if letter != "I"] or range(len(qubits))
    for wire in wires:
        whole.measure(qubits[wire], register[wire])
    return whole

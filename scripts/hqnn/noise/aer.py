"""Noise models from Qiskit Aer and back.

Aer's matrices are little-endian: the first qubit of a gate is the least significant. Ours are the other way round, so
every channel passes through `reverse_wires`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hqnn.errors import UserError
from hqnn.noise import channels
from hqnn.noise.model import NoiseModel, Place, Readout, TransferMatrix, Waiting
from hqnn.noise.schedule import Wait, scheduled

if TYPE_CHECKING:
    from qiskit.circuit import CircuitInstruction, QuantumCircuit


def from_aer(model: Any, name: str = "aer") -> NoiseModel:
    """The same noise as an Aer ``NoiseModel``, exactly.

    Errors that hold for all qubits come along as entries with no qubits. Noise on delays and other custom passes of Aer
    do not come along: they act on idle time, which a circuit without delays does not say.

    Args:
        model: a ``qiskit_aer.noise.NoiseModel``.
        name: of the result.

    Raises:
        UserError: a readout error holds for all qubits or for several together, or measurement has a quantum error.
    """
    found: dict[Place, TransferMatrix] = {
        (gate, ()): _transfer(error) for gate, error in model._default_quantum_errors.items()
    }
    for gate, errors in model._local_quantum_errors.items():
        found |= {(gate, tuple(qubits)): _transfer(error) for qubits, error in errors.items()}
    if any(gate == "measure" for gate, _ in found):
        raise UserError(f"noise model {name!r} has a quantum error on measure; give it as a readout error")
    if model._default_readout_error is not None:
        raise UserError(f"noise model {name!r} has one readout error for all qubits; give it to each qubit by number")
    return NoiseModel(name, found, {_single(q, name): _readout(e) for q, e in model._local_readout_errors.items()})


def from_backend(backend: Any) -> NoiseModel:
    """The noise that a Qiskit backend is simulated with.

    A backend made of a snapshot and an IQM fake backend bring their own model; for others this is Aer's
    ``NoiseModel.from_backend``, which knows only a symmetric readout error. For the asymmetric one take a snapshot
    (`hqnn.noise.export_snapshots`).

    Args:
        backend: a Qiskit ``BackendV2``.
    """
    from qiskit_aer.noise import NoiseModel as AerNoiseModel

    if isinstance(ours := getattr(backend, "noise", None), NoiseModel):
        return ours
    own = getattr(backend, "noise_model", None)
    model = own if isinstance(own, AerNoiseModel) else AerNoiseModel.from_backend(backend)
    return from_aer(model, str(backend.name))


def to_aer(noise: NoiseModel, qubits: Collection[int] | None = None) -> Any:
    """The same noise of gates and readout as an Aer ``NoiseModel``, which knows nothing of waits: see `with_waits`.

    Args:
        noise: ours.
        qubits: only what lies within these is converted, all if None; a few qubits of a large backend take
            milliseconds, all of them seconds.

    Returns:
        A ``qiskit_aer.noise.NoiseModel``.
    """
    from qiskit.quantum_info import Kraus
    from qiskit_aer.noise import NoiseModel as AerNoiseModel
    from qiskit_aer.noise import QuantumError, ReadoutError

    model = AerNoiseModel()
    for (gate, place), matrix in noise.channels.items():
        if qubits is None or set(place) <= set(qubits):
            error = QuantumError(Kraus(channels.to_kraus(channels.reverse_wires(matrix))))
            if place:
                model.add_quantum_error(error, gate, place)
            else:
                model.add_all_qubit_quantum_error(error, gate)
    for qubit, r in noise.readout.items():
        if qubits is None or qubit in qubits:
            model.add_readout_error(ReadoutError([[1 - r.p10, r.p10], [r.p01, 1 - r.p01]]), [qubit])
    return model


def with_waits(circuit: QuantumCircuit, waiting: Waiting) -> QuantumCircuit:
    """A native circuit with what its qubits suffer while they wait, as Kraus instructions between the gates.

    Args:
        circuit: on the backend's qubits. What uses one classical bit keeps its order; barriers are left out.
        waiting: durations and times.
    """
    from qiskit.quantum_info import Kraus

    steps = [step for step in circuit.data if step.name != "barrier"]
    found = circuit.copy_empty_like()
    for what in scheduled([(step.name, _bits(circuit, step)) for step in steps], waiting):
        if not isinstance(what, Wait):
            found._append(steps[what])
        elif min(what.qubits) >= 0:
            kraus = Kraus(channels.to_kraus(channels.reverse_wires(what.matrix)))
            found.append(kraus.to_instruction(), what.qubits)
    return found


def _bits(circuit: QuantumCircuit, step: CircuitInstruction) -> tuple[int, ...]:
    """The qubits of a step, and its classical bits as negative numbers."""
    places = (*(circuit.find_bit(q).index for q in step.qubits), *(~circuit.find_bit(c).index for c in step.clbits))
    return tuple(places)


def _transfer(error: Any) -> TransferMatrix:
    """A quantum error is a mixture of short circuits; Qiskit's own conversion takes 0.1 s for a two-qubit one."""
    width = error.num_qubits
    total: TransferMatrix = np.zeros((4**width, 4**width))
    for circuit, probability in zip(error.circuits, error.probabilities, strict=True):
        matrix = channels.identity(width)
        for step in circuit.data:
            positions = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
            matrix = channels.compose(matrix, _operation(step.operation, positions, width))
        total += probability * matrix
    return total


def _operation(operation: Any, positions: tuple[int, ...], width: int) -> TransferMatrix:
    if operation.name in _SIMPLE:
        return _simple(_SIMPLE[operation.name], positions, width)
    if operation.name == "pauli":
        return _simple(operation.params[0][::-1], positions, width)
    kraus = operation.params if operation.name == "kraus" else [operation.to_matrix()]
    return channels.embed(channels.reverse_wires(channels.from_kraus(kraus)), positions, width)


_SIMPLE = {"id": "I", "x": "X", "y": "Y", "z": "Z", "reset": "reset"}
_DIGITS = str.maketrans("IXYZ", "0123")


@cache
def _simple(what: str, positions: tuple[int, ...], width: int) -> TransferMatrix:
    """A Pauli word, first letter on the first position, or a reset."""
    if what == "reset":
        return channels.embed(channels.amplitude_damping(1), positions, width)
    word = channels.pauli_words(len(what))[int(what.translate(_DIGITS), base=4)]
    return channels.embed(channels.from_kraus([word]), positions, width)


def _single(qubits: tuple[int, ...], name: str) -> int:
    if len(qubits) != 1:
        raise UserError(f"noise model {name!r} reads qubits {qubits} out together; give each its own readout error")
    return int(qubits[0])


def _readout(error: Any) -> Readout:
    probabilities = np.asarray(error.probabilities)
    return Readout(p10=float(probabilities[0, 1]), p01=float(probabilities[1, 0]))

"""A program as a PennyLane quantum function or QNode, on any device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np
import pennylane as qml

from hqnn.circuits.functions import check_finite, columns_of
from hqnn.circuits.observables import pauli_sum
from hqnn.circuits.program import Channel, Constant, Gate, Program
from hqnn.circuits.trace import QuantumFunction
from hqnn.circuits.words import parse_observables
from hqnn.errors import UserError, plain
from hqnn.interpreters.namesakes import Namesake, namesake
from hqnn.noise.channels import to_kraus
from hqnn.noise.coverage import qubits_of, require_noise
from hqnn.noise.deferral import deferred
from hqnn.noise.model import NoiseModel, Readout

Evaluation: TypeAlias = Callable[[Any, Any], Any]
Sum: TypeAlias = Mapping[str, float]

NUMBERS = 2**23  # complex numbers in the states of the samples that run at once: 128 MB


def to_qfunc(program: Program, noise: NoiseModel | None = None) -> Callable[[Any, Any], None]:
    """Write a program as a quantum function.

    Args:
        program: any.
        noise: its channels follow the gates, as Kraus operators; its readout errors are not here but in `to_qnode`.

    Returns:
        A function of inputs, shape (inputs,) or (samples, inputs), and weights of any shape, which applies the gates.
        A gate that PennyLane has keeps being one operation. What depends on a measurement is deferred to further wires,
        numbered behind the program's, see `hqnn.noise.deferral`.
    """
    whole = deferred(program, noise)
    steps = [step for gate in whole.gates for step in (_applied(gate, whole), _noisy(gate, whole, noise)) if step]

    def circuit(inputs: Any, weights: Any) -> None:
        flat = qml.math.reshape(weights, (-1,))
        if program.initial_state == "amplitudes":
            qml.AmplitudeEmbedding(inputs, range(program.wires), pad_with=0.0, normalize=True)
        if program.functions:
            columns = columns_of(program, inputs, flat, qml.math)
            if not qml.math.is_abstract(inputs):
                check_finite(program, columns, qml.math)
            inputs = columns
        for step in steps:
            step(inputs, flat)

    return circuit


def to_qnode(
    program: Program,
    device: Any,
    *,
    diff_method: str = "backprop",
    shots: int | None = None,
    interface: str = "torch",
    noise: NoiseModel | None = None,
    **options: Any,
) -> Evaluation:
    """Run a program on a PennyLane device.

    Args:
        program: any.
        device: with at least the wires of the program after `deferred`, 0 to wires - 1; with noise or channels, one for
            density matrices.
        diff_method: PennyLane's name, such as ``"backprop"``, ``"adjoint"`` or ``"parameter-shift"``.
        shots: None for exact expectation values.
        interface: of arrays and gradients.
        noise: channels after the gates and readout errors, or None. A readout error is exact: in every word each letter
            P other than I becomes ``(1 - p10 - p01) P + (p01 - p10) I``.
        options: of the differentiation method, such as ``h`` for finite differences and SPSA, whose step of 1e-7 drowns
            in shot noise.

    Returns:
        A function of inputs, shape (samples, inputs) or (inputs,), and weights, to expectation values, shape
        (samples, observables) or (observables,). Many samples run in chunks of bounded memory; what backpropagation
        keeps is not bounded. A device that cannot broadcast runs one circuit a sample. Lightning's
        values, and default.mixed's after an RZ by one number, come through PennyLane's torch interface in single
        precision; take ``interface="autograd"`` for all digits.

    Raises:
        UserError: no gate of the program gets noise from the model; or, when it runs, the device has not the wires or
            the channels.
    """
    if noise is not None:
        require_noise(program, noise)
    whole = deferred(program, noise)
    qubits = whole.native_wires or tuple(range(whole.wires))
    readout = [noise.readout.get(q, Readout(0.0, 0.0)) if noise else Readout(0.0, 0.0) for q in qubits]
    sums = [_as_read(observable, readout) for observable in whole.observables]
    return _evaluation(to_qfunc(program, noise), sums, device, diff_method, shots, interface, options)


def function_to_qnode(
    circuit: QuantumFunction,
    device: Any,
    *,
    wires: int,
    observables: Sequence[str],
    diff_method: str = "backprop",
    shots: int | None = None,
    interface: str = "torch",
    **options: Any,
) -> Evaluation:
    """Run a plain quantum function as it is, for circuits that cannot be a program.

    Args:
        circuit: applies PennyLane operations, given inputs, weights and wires; it sees the whole batch at once.
        device: with at least these wires.
        wires: how many.
        observables: as `hqnn.circuits.words.parse_observables` reads them.
        diff_method: see `to_qnode`.
        shots: see `to_qnode`.
        interface: see `to_qnode`.
        options: see `to_qnode`.

    Returns:
        As `to_qnode`.
    """
    sums = [pauli_sum(observable) for observable in parse_observables(observables, wires)]
    return _evaluation(lambda x, w: circuit(x, w, range(wires)), sums, device, diff_method, shots, interface, options)


def _evaluation(
    circuit: Callable[[Any, Any], object],
    observables: Sequence[Sum],
    device: Any,
    diff_method: str,
    shots: int | None,
    interface: str,
    options: Mapping[str, Any],
) -> Evaluation:
    def measured(inputs: Any, weights: Any) -> list[Any]:
        circuit(inputs, weights)
        return [qml.expval(_operator(observable)) for observable in observables]

    qnode = qml.QNode(
        measured,
        device,
        interface=interface,
        diff_method=diff_method,
        shots=shots,
        cache=diff_method == "finite-diff" and shots is None,  # a difference starts from the forward value
        gradient_kwargs=dict(options),
    )
    if diff_method != "backprop":  # the others refuse a batch whose inputs need gradients (PennyLane #4462)
        qnode = qml.transforms.broadcast_expand(qnode)

    chunk = _samples_at_once(device, len(next(iter(observables[0]))))

    def of_one_chunk(inputs: Any, weights: Any) -> Any:
        try:
            values = qml.math.stack(qnode(inputs, weights), axis=-1)
        except (qml.exceptions.DeviceError, qml.wires.WireError) as error:
            raise UserError(
                f"PennyLane's device {device.name} cannot run the circuit ({plain(error)}); channels need "
                "default.mixed, and a measurement that other gates depend on may need one wire more"
            ) from error
        if qml.math.ndim(inputs) == 2 and qml.math.ndim(values) == 1:  # no input enters a gate
            values = qml.math.stack([values] * len(inputs))
        return values

    def evaluate(inputs: Any, weights: Any) -> Any:
        if qml.math.ndim(inputs) < 2 or 0 < len(inputs) <= chunk:
            return of_one_chunk(inputs, weights)
        if len(inputs) == 0:
            return of_one_chunk(qml.math.ones_like(qml.math.sum(inputs, axis=0)), weights)[None][:0]
        chunks = [inputs[start : start + chunk] for start in range(0, len(inputs), chunk)]
        return qml.math.concatenate([of_one_chunk(part, weights) for part in chunks])

    return evaluate


def _samples_at_once(device: Any, wires: int) -> int:
    """How many states, or density matrices, fit into the memory of a chunk."""
    return int(max(1, NUMBERS >> wires * (2 if device.name == "default.mixed" else 1)))


def _applied(gate: Gate, program: Program) -> Callable[[Any, Any], None]:
    channels = [factor for factor in gate.factors if isinstance(factor, Channel)]
    if channels:
        return lambda _x, _w: qml.QubitChannel(list(channels[0].kraus), wires=gate.wires)
    own = namesake(gate, program, _standard()) if gate.factors else None
    if own:
        return lambda x, w: own.build(*(a.value(x, w) for a in gate.angles), wires=gate.wires)

    def factors(inputs: Any, weights: Any) -> None:
        for factor in gate.unitary_factors:
            if isinstance(factor, Constant):
                qml.QubitUnitary(factor.matrix, wires=gate.wires)
            elif letters := {w: a for w, a in zip(gate.wires, factor.word, strict=True) if a != "I"}:
                # PennyLane's PauliRot with a letter I is wrong for a batch of one
                qml.PauliRot(factor.angle.value(inputs, weights), "".join(letters.values()), wires=list(letters))

    return factors


def _noisy(gate: Gate, program: Program, noise: NoiseModel | None) -> Callable[[Any, Any], object] | None:
    channel = noise.after(gate.name, qubits_of(program, gate)) if noise else None
    if channel is None:
        return None
    kraus = to_kraus(channel)
    return lambda _x, _w: qml.QubitChannel(kraus, wires=gate.wires)


def _as_read(observable: str, readout: Sequence[Readout]) -> Sum:
    """An observable as a noisy detector sees it."""
    total: dict[str, float] = {}
    for word, coefficient in pauli_sum(observable).items():
        letters = [
            [(letter, 1.0)] if letter == "I" else [(letter, 1 - r.p10 - r.p01), ("I", r.p01 - r.p10)]
            for letter, r in zip(word, readout, strict=True)
        ]
        for term in product(*letters):
            seen, share = "".join(letter for letter, _ in term), prod(factor for _, factor in term)
            total[seen] = total.get(seen, 0.0) + coefficient * share
    return {word: coefficient for word, coefficient in total.items() if coefficient != 0}


def _operator(observable: Sum) -> Any:
    words = [qml.pauli.string_to_pauli_word(word) for word in observable]
    coefficients = list(observable.values())
    return words[0] if coefficients == [1.0] else qml.dot(coefficients, words)


@cache
def _standard() -> tuple[Namesake, ...]:
    """PennyLane's unitary operations on one or two wires whose parameters are all scalars."""
    kinds: set[Any] = {kind for kind in vars(qml.ops).values() if isinstance(kind, type)}
    gates = sorted((kind for kind in kinds if _is_small_gate(kind)), key=lambda kind: str(kind.__name__))
    return tuple(Namesake(k.__name__, k.num_wires, k.num_params, _matrix_of(k), k) for k in gates)


def _is_small_gate(kind: Any) -> bool:
    if not issubclass(kind, qml.operation.Operation) or kind.num_wires not in (1, 2):
        return False
    try:
        return bool(np.shape(kind.compute_matrix(*[0.5] * kind.num_params)) == (2**kind.num_wires,) * 2)
    except (TypeError, ValueError, IndexError, AttributeError, qml.operation.MatrixUndefinedError):
        return False  # it takes arrays, or has no matrix


def _matrix_of(kind: Any) -> Any:
    return lambda values: np.asarray(kind.compute_matrix(*values), dtype=complex)

"""One program in other people's simulators, each the way its users would run it fastest.

A step is a function without arguments that computes all expectation values and, if asked, the gradients of their sum
with respect to inputs and weights; it returns that sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from hqnn.circuits.program import Constant, Program, Rotation
from hqnn.noise.channels import to_kraus
from hqnn.noise.coverage import qubits_of
from hqnn.noise.model import NoiseModel

Step = Callable[[], Any]


class MissingError(Exception):
    """A peer that cannot take part; the message says why."""


def pennylane(device: str, diff_method: str) -> Callable[..., Step]:
    """PennyLane: default.qubit and default.mixed broadcast the batch, lightning runs sample by sample."""

    def prepare(
        program: Program, noise: NoiseModel | None, inputs: np.ndarray, weights: np.ndarray, gradients: bool
    ) -> Step:
        import pennylane as qml

        from hqnn.interpreters.pennylane import to_qnode

        if noise is not None and device != "default.mixed":
            raise MissingError("simulates pure states only")
        node = to_qnode(program, qml.device(device, wires=program.wires), diff_method=diff_method, noise=noise)
        x = torch.tensor(inputs, requires_grad=gradients)
        w = torch.tensor(weights, requires_grad=gradients)

        def step() -> torch.Tensor:
            x.grad = w.grad = None
            values = node(x, w)
            total = values.sum()
            if gradients:
                total.backward()
            return total

        return step

    return prepare


def tensorcircuit(kind: str) -> Callable[..., Step]:
    """TensorCircuit-NG on JAX, compiled, vectorised over the batch, complex64 as it comes."""

    def prepare(
        program: Program, noise: NoiseModel | None, inputs: np.ndarray, weights: np.ndarray, gradients: bool
    ) -> Step:
        try:
            import jax
            import jax.numpy as jnp
            import tensorcircuit as tc
        except ImportError as error:
            raise MissingError(f"not installed ({error.name}); make bench installs it") from None
        if noise is not None and kind == "Circuit":
            raise MissingError("simulates pure states only")
        tc.set_backend("jax")
        circuit_type = getattr(tc, kind)

        def values(x: Any, w: Any) -> Any:
            options = {}
            if program.initial_state == "amplitudes":
                state = jnp.pad(x, (0, 2**program.wires - x.shape[0]))
                options["inputs"] = (state / jnp.linalg.norm(state)).astype("complex64")
            circuit = circuit_type(program.wires, **options)
            _apply_gates(tc, circuit, program, noise, x, w)
            letters = [
                {p: [i for i, letter in enumerate(word) if letter == p.upper()] for p in "xyz"}
                for word in program.observables
            ]
            return jnp.stack([tc.backend.real(circuit.expectation_ps(**places)) for places in letters])

        def total(x: Any, w: Any) -> Any:
            return jax.vmap(values, in_axes=(0, None))(x, w).sum()

        function = jax.jit(jax.value_and_grad(total, argnums=(0, 1)) if gradients else total)
        x, w = jnp.asarray(inputs, "float32"), jnp.asarray(weights.ravel(), "float32")

        def step() -> Any:
            found = jax.block_until_ready(function(x, w))
            return found[0] if gradients else found

        return step

    return prepare


def _apply_gates(tc: Any, circuit: Any, program: Program, noise: NoiseModel | None, x: Any, w: Any) -> None:
    for gate in program.gates:
        for factor in gate.factors:
            if isinstance(factor, Constant):
                circuit.any(*gate.wires, unitary=factor.matrix.astype("complex64"))
            elif len(factor.word) == 1:
                getattr(circuit, "r" + factor.word.lower())(*gate.wires, theta=factor.angle.value(x, w))
            else:
                _rotate_pair(tc, circuit, gate.wires, factor, factor.angle.value(x, w))
        channel = noise.after(gate.name, qubits_of(program, gate)) if noise else None
        if channel is not None:
            kraus = [
                tc.gates.Gate(k.astype("complex64").reshape((2,) * (2 * len(gate.wires)))) for k in to_kraus(channel)
            ]
            circuit.general_kraus(kraus, *gate.wires)


def _rotate_pair(tc: Any, circuit: Any, wires: tuple[int, ...], factor: Rotation, angle: Any) -> None:
    word = np.array(1.0)
    for letter in factor.word:
        word = np.kron(
            word, {"I": np.eye(2), "X": tc.gates._x_matrix, "Y": tc.gates._y_matrix, "Z": tc.gates._z_matrix}[letter]
        )
    circuit.exp1(*wires, unitary=word, theta=angle / 2)


def qulacs(
    program: Program, noise: NoiseModel | None, inputs: np.ndarray, weights: np.ndarray, gradients: bool
) -> Step:
    """Qulacs, sample by sample, with its own backpropagation."""
    try:
        import qulacs
    except ImportError as error:
        raise MissingError(f"not installed ({error.name}); make bench installs it") from None
    if noise is not None or program.initial_state == "amplitudes":
        raise MissingError("would need one circuit a sample" if noise is None else "has no gradients of noisy circuits")
    circuit, angles = _qulacs_circuit(qulacs, program)
    observable = qulacs.Observable(program.wires)
    for word in program.observables:
        observable.add_operator(1.0, " ".join(f"{p} {wire}" for wire, p in enumerate(word) if p != "I"))
    flat = weights.ravel()

    def step() -> float:
        total = 0.0
        for sample in inputs:
            for number, angle in enumerate(angles):
                circuit.set_parameter(number, -angle.value(sample, flat))  # its rotations turn the other way
            state = qulacs.QuantumState(program.wires)
            circuit.update_quantum_state(state)
            total += observable.get_expectation_value(state)
            if gradients:
                circuit.backprop(observable)
        return total

    return step


def _qulacs_circuit(qulacs: Any, program: Program) -> tuple[Any, list[Any]]:
    circuit = qulacs.ParametricQuantumCircuit(program.wires)
    angles = []
    for gate in program.gates:
        for factor in gate.factors:
            if isinstance(factor, Constant):
                circuit.add_dense_matrix_gate(list(gate.wires[::-1]), factor.matrix)
            elif isinstance(factor, Rotation):
                letters = ["IXYZ".index(letter) for letter in factor.word]
                circuit.add_parametric_multi_Pauli_rotation_gate(list(gate.wires), letters, 0.0)
                angles.append(factor.angle)
    return circuit, angles


def aer(program: Program, noise: NoiseModel | None, inputs: np.ndarray, weights: np.ndarray, gradients: bool) -> Step:
    """Aer's density matrix or statevector, all samples in one job; values only, it has no gradients."""
    from qiskit_aer import AerSimulator

    from hqnn.interpreters.binding import parameter_values
    from hqnn.interpreters.qiskit import qiskit_observables, to_qiskit
    from hqnn.noise.aer import to_aer

    if gradients:
        raise MissingError("has no gradients")
    if program.initial_state == "amplitudes":
        raise MissingError("would need one circuit a sample")
    circuit = to_qiskit(program)
    for n, observable in enumerate(qiskit_observables(program)):
        circuit.save_expectation_value(observable, range(program.wires), label=str(n))
    simulator = AerSimulator(method="density_matrix" if noise else "statevector", noise_model=noise and to_aer(noise))
    values = parameter_values(circuit, inputs, weights.ravel())
    binds = [{p: list(column) for p, column in zip(circuit.parameters, values.T, strict=True)}]

    def step() -> float:
        found = simulator.run(circuit, parameter_binds=binds, shots=1).result()
        labels = range(len(program.observables))
        return sum(float(found.data(n)[str(label)]) for n in range(len(inputs)) for label in labels)

    return step

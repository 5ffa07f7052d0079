"""Angles that are functions of inputs and weights, on every path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector

from hqnn.circuits.functions import extended
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.engine import QuantumLayer
from hqnn.engine.further import FurtherInputs
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program
from hqnn.execution.exact import run_exact
from hqnn.execution.sampled import Shots
from hqnn.interpreters.binding import parameter_values
from hqnn.interpreters.free_angles import free_angles
from hqnn.interpreters.pennylane import function_to_qnode, to_qnode
from hqnn.interpreters.qiskit import qiskit_observables, to_qiskit
from hqnn.models.hybrid import HybridClassifier
from hqnn.report.circuits import angle_words, circuit_image
from hqnn.store import fingerprint
from hqnn.training.counted_layer import CountedLayer
from hqnn.training.differentiation import executions_per_image

WORDS = ["ZX", "YI"]


def formula(draw: Any, leaves: list[Any], depth: int) -> Any:
    """A random function of inputs and weights that is smooth everywhere, as code that both torch and NumPy run."""
    kind = draw(
        st.sampled_from(["leaf", "leaf", "+", "*", "sin", "arctan", "/", "**", "tanh", "exp"] if depth else ["leaf"])
    )
    if kind == "leaf":
        leaf, factor, shift = (
            draw(st.sampled_from(leaves)),
            draw(st.sampled_from([1.0, -0.5, 2])),
            draw(st.integers(-1, 1)),
        )
        return lambda x, w: factor * leaf(x, w) + shift
    one = formula(draw, leaves, depth - 1)
    if kind == "**":
        return lambda x, w: one(x, w) ** 2
    if kind == "exp":
        return lambda x, w: qml.math.exp(-1 * qml.math.cos(one(x, w)))
    if kind in ("sin", "arctan", "tanh"):
        return lambda x, w: getattr(qml.math, kind)(one(x, w))
    other = formula(draw, leaves, depth - 1)
    if kind == "/":
        return lambda x, w: one(x, w) / (2 + other(x, w) * other(x, w))
    return (lambda x, w: one(x, w) + other(x, w)) if kind == "+" else (lambda x, w: one(x, w) * other(x, w))


@st.composite
def circuits(draw: Any) -> Any:
    leaves = [lambda x, w, i=i: x[i] for i in range(2)] + [lambda x, w, j=j: w[j] for j in range(3)]
    kinds = draw(
        st.lists(st.sampled_from([qml.RX, qml.RZ, qml.CRY, qml.IsingXX, qml.PhaseShift]), min_size=2, max_size=5)
    )
    gates = [(kind, formula(draw, leaves, 3), draw(st.permutations([0, 1]))) for kind in kinds]

    def circuit(x: Any, w: Any, _: Any) -> None:
        for wire in range(2):
            qml.Rot(0.3, 0.8 + wire, 0.2, wire)
        for kind, angle, wires in gates:
            kind(angle(x, w), wires[: kind.num_wires])

    return circuit


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(circuits())
def test_any_function_has_the_values_and_gradients_that_pennylane_finds(circuit: Any) -> None:
    program = trace(circuit, inputs=2, weight_shape=(3,), wires=2, observables=WORDS)
    assert Program.from_json(program.to_json()) == program
    layer = QuantumLayer(program, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    inputs = torch.tensor([[0.7, -1.3], [0.2, 2.1]], dtype=torch.float64, requires_grad=True)
    plain = function_to_qnode(circuit, qml.device("default.qubit"), wires=2, observables=WORDS)
    ours, theirs = layer(inputs), torch.stack([plain(sample, layer.weights) for sample in inputs])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    mine, right = (
        torch.autograd.grad(values.sum(), (inputs, layer.weights), materialize_grads=True) for values in (ours, theirs)
    )
    for one, other in zip(mine, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


def reuploading(x: Any, w: Any, wires: Any) -> None:
    """Trainable scales and shifts, and products as in a ZZ feature map."""
    for scale, shift in w:
        for wire in wires:
            qml.RY(scale[wire] * x[wire] + shift[wire], wire)
        qml.CNOT([0, 1])
        qml.RZ((np.pi - x[0]) * (np.pi - x[1]), 1)


@pytest.fixture(scope="module")
def program() -> Program:
    return trace(reuploading, inputs=2, weight_shape=(2, 2, 2), wires=2, observables=WORDS)


def test_all_forms_of_a_circuit_say_the_same(program: Program) -> None:
    layer = QuantumLayer(program, copies=2, dtype=torch.float64)
    inputs = torch.randn(3, 4, dtype=torch.float64)
    expected = layer(inputs).detach().numpy().reshape(3, 2, 2)
    native = compile_program(program, backend("ibmq_lima"), seed=0, layouts=1)
    own = QuantumLayer(native.program, copies=2, dtype=torch.float64)
    own.weights = layer.weights
    np.testing.assert_allclose(own(inputs).detach().numpy().reshape(3, 2, 2), expected, atol=1e-9)
    circuit = to_qiskit(program)
    node = to_qnode(program, qml.device("default.qubit"), diff_method="parameter-shift")
    for copy in range(2):
        x, w = inputs[:, 2 * copy : 2 * copy + 2], layer.weights[copy].detach()
        rows = parameter_values(circuit, extended(program, x.numpy(), w.numpy().ravel()), w.numpy())
        states = [Statevector(circuit.assign_parameters(row)) for row in rows]
        found = [[state.expectation_value(o).real for o in qiskit_observables(program)] for state in states]
        np.testing.assert_allclose(found, expected[:, copy], atol=1e-9)
        np.testing.assert_allclose(node(x, w).numpy(), expected[:, copy], atol=1e-9)


def test_weights_that_scale_an_input_are_trained_and_fingerprinted_and_run_by_shots(program: Program) -> None:
    model = HybridClassifier(torch.nn.Identity(), QuantumLayer(program, dtype=torch.float64), torch.nn.Identity(), None)  # type: ignore[arg-type]
    before = fingerprint(model.tensors())
    inputs = np.array([[0.4, 1.1], [-2.0, 0.3]])
    torch.optim.SGD(model.parameters(), 0.1).zero_grad()
    model(torch.from_numpy(inputs)).sum().backward()
    assert (model.quantum.weights.grad[0, 0] != 0).all()  # type: ignore[index]
    with torch.no_grad():
        model.quantum.weights[0, 0] += 0.1
    assert fingerprint(model.tensors()) != before
    exact, sampled = (path(model, fingerprint(model.tensors()), inputs) for path in (run_exact, Shots(4000, seed=1)))
    assert (abs(sampled.values - exact.values) < 5 / np.sqrt(4000)).all()


@pytest.mark.parametrize("by", ["engine", "pennylane", "numpy"])
def test_a_function_that_is_not_finite_is_named(by: str) -> None:
    program = trace(
        lambda x, w, _: qml.RX(w[0] * np.log(x[0] - x[1]), 0), inputs=2, weight_shape=(1,), wires=1, observables=["Z"]
    )
    x, w = torch.tensor([[2.0, 1.0], [1.0, 1.0]], dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    with pytest.raises(
        UserError, match=r"the angle log\(x\[0\] - x\[1\]\) of the circuit is not finite for some sample"
    ):
        if by == "engine":
            QuantumLayer(program, dtype=torch.float64)(x)
        elif by == "pennylane":
            to_qnode(program, qml.device("default.qubit"))(x, w)
        else:
            extended(program, x.numpy(), w.numpy())


@pytest.mark.parametrize("template", ["IQPEmbedding", "ZZ"])
def test_feature_maps_with_products_are_programs(template: str) -> None:
    def circuit(x: Any, w: Any, wires: Any) -> None:
        if template == "IQPEmbedding":
            qml.IQPEmbedding(x, wires, n_repeats=2)
        else:
            for wire in wires:
                qml.Hadamard(wire)
                qml.PhaseShift(2 * x[wire], wire)
            qml.MultiRZ(2 * (np.pi - x[0]) * (np.pi - x[2]), wires=[0, 2])
        qml.RY(w[0], 1)

    program = trace(circuit, inputs=3, weight_shape=(1,), wires=3, observables=["XIZ", "IYX"])
    assert len(program.functions) == (3 if template == "IQPEmbedding" else 1)
    layer = QuantumLayer(program, dtype=torch.float64)
    plain = function_to_qnode(circuit, qml.device("default.qubit"), wires=3, observables=program.observables)
    x = torch.randn(3, dtype=torch.float64)
    torch.testing.assert_close(layer(x), plain(x, layer.weights), rtol=0, atol=1e-12)


def test_weights_that_enter_by_a_function_are_counted_where_circuits_are_shifted(program: Program) -> None:
    device = qml.device("default.qubit")
    program = replace(program, observables=("ZX",))
    node = to_qnode(program, device, diff_method="parameter-shift")
    weights = torch.rand(2, 2, 2, dtype=torch.float64, requires_grad=True)
    with qml.Tracker(device) as tracker:
        node(torch.rand(2, dtype=torch.float64), weights).sum().backward()
    count = executions_per_image(program, "parameter-shift", inputs=False)
    assert tracker.totals["executions"] == count.forward + count.backward == 1 + 2 * 4


def test_a_drawing_names_functions_by_their_formulas(program: Program) -> None:
    image = circuit_image(program, "reuploading", "Gates.")
    assert image.caption.startswith(
        "Gates. f0 = w[0] * x[0]; f1 = w[1] * x[1]; f2 = (3.14159 - x[0]) * (3.14159 - x[1]);"
    )
    assert angle_words(program.gates[0].angles[0], program.inputs) == "f₀+θ₂"


def test_training_on_a_machine_shifts_the_angles_of_functions(program: Program) -> None:
    exact = QuantumLayer(program, dtype=torch.float64)
    angles = free_angles(
        to_qiskit(program), program.observables, inputs=program.circuit_inputs, weights=program.weights
    )
    freed = QuantumLayer(angles.program, dtype=torch.float64)
    counted = CountedLayer(
        exact.weights,
        angles,
        lambda rows: freed(torch.from_numpy(rows)).detach().numpy(),
        further=FurtherInputs(program),
    )
    x = torch.tensor([[0.4, 1.1]], dtype=torch.float64, requires_grad=True)
    slopes = [torch.autograd.grad(layer(x).sum(), (x, exact.weights)) for layer in (exact, counted)]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)

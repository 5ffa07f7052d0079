"""Sums, projectors and probabilities on every path, beside PennyLane, Qiskit and density matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import engine_oracle as oracle
import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector
from scipy.stats import chi2

from hqnn.circuits.library import build
from hqnn.circuits.measurement import measurement_groups
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.circuits.words import parse_observables
from hqnn.engine import QuantumLayer
from hqnn.engine.choice import Way
from hqnn.engine.states_plan import states_plan_of
from hqnn.engine.states_torch import states_expectations
from hqnn.engine.trajectories import Trajectories
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program, save_compiled
from hqnn.execution.exact import run_exact
from hqnn.execution.hardware import Hardware
from hqnn.execution.noisy import Noisy
from hqnn.execution.outcomes import means
from hqnn.execution.sampled import Shots
from hqnn.interpreters.binding import parameter_values
from hqnn.interpreters.pennylane import to_qfunc, to_qnode
from hqnn.interpreters.qiskit import qiskit_observables, to_qiskit
from hqnn.models.architectures import build_classifier, load_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.report.nets import Net

STYLES = ["embedding", "chains", "reupload", "amplitudes"]
ALL = ["0.5*Z0 - 0.3*X1Z2 + 1", "|01>@0,2", "probs@2,1", "0.2*|11>@0,1 + 0.7*Z0Z1 - Y2", "X0|1>@2"]
SHOTS = 400


def by_torch(evaluate: Callable[[Any, Any], Any], program: Program, seed: int) -> list[np.ndarray]:
    """Values at a random point, and gradients of weights and inputs of a random sum of them."""
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.uniform(-3, 3, (2, program.inputs))).requires_grad_()
    weights = torch.from_numpy(rng.uniform(-3, 3, program.weight_shape)).requires_grad_()
    values = evaluate(inputs, weights)
    upstream = torch.from_numpy(rng.normal(size=values.shape))
    gradients = torch.autograd.grad(values, (weights, inputs), upstream, materialize_grads=True)
    return [each.detach().numpy() for each in (values, *gradients)]


def with_observables(program: Program, texts: list[str]) -> Program:
    return replace(program, observables=parse_observables(texts, program.wires))


def drawn(rng: np.random.Generator, wires: int) -> tuple[list[str], list[Any]]:
    """The same observables as text and as PennyLane's: a sum, a projector, the probabilities of some wires."""
    words = [dict.fromkeys(rng.permutation(wires)[: rng.integers(1, wires + 1)]) for _ in range(3)]
    words = [{int(w): str(rng.choice(list("XYZ"))) for w in word} for word in words]
    factors = rng.normal(size=4).tolist()
    products = ["".join(f"{letter}{wire}" for wire, letter in word.items()) for word in words]
    text = " ".join(f"{factor:+.17g}*{word}" for factor, word in zip(factors, products, strict=False))
    operators = [qml.prod(*(getattr(qml, f"Pauli{a}")(w) for w, a in word.items())) for word in words]
    some, others = (rng.permutation(wires)[: rng.integers(1, wires + 1)].tolist() for _ in range(2))
    bits = rng.integers(0, 2, len(some)).tolist()
    texts = [
        f"{text} {factors[3]:+.17g}",
        f"|{''.join(map(str, bits))}>@{','.join(map(str, some))}",
        f"probs@{' '.join(map(str, others))}",
    ]
    whole = qml.Hamiltonian(factors, [*operators, qml.Identity(0)])
    return texts, [qml.expval(whole), qml.expval(qml.Projector(bits, some)), qml.probs(wires=others)]


def pennylanes(program: Program, measured: list[Any]) -> Callable[[Any, Any], Any]:
    gates = to_qfunc(program)

    @qml.qnode(qml.device("default.qubit"), interface="torch", diff_method="backprop")
    def node(inputs: Any, weights: Any) -> Any:
        gates(inputs, weights)
        return [qml.apply(measurement) for measurement in measured]

    def evaluate(inputs: Any, weights: Any) -> Any:
        found = [node(one, weights) for one in inputs]
        return torch.stack([torch.cat([each.reshape(-1) for each in own]) for own in found])

    return evaluate


@settings(max_examples=16, deadline=None)
@given(style=st.sampled_from(STYLES), wires=st.integers(2, 4), seed=st.integers(0, 2**31))
def test_sums_projectors_and_probabilities_are_pennylanes_with_gradients(style: str, wires: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts, measured = drawn(rng, wires)
    program = with_observables(oracle.random_program(rng, wires, 6, style), texts)
    expected = by_torch(pennylanes(program, measured), program, seed)
    np.testing.assert_allclose(expected[0][:, 2:].sum(axis=1), 1, atol=1e-12)
    ways: list[Way] = ["observables", "states"]
    for way in ways:
        layer = QuantumLayer(program, way=way, dtype=torch.float64)
        found = by_torch(lambda x, w, it=layer: torch.func.functional_call(it, {"weights": w}, (x,)), program, seed)
        for mine, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, other, atol=1e-9)
    plan = states_plan_of(program)
    found = by_torch(lambda x, w: states_expectations(plan, x[None], w.reshape(1, -1))[0], program, seed)
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
    ours = by_torch(to_qnode(program, qml.device("default.qubit", wires=wires)), program, seed)
    np.testing.assert_allclose(ours[0], expected[0], atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_asymmetric_readout_meet_projectors_and_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = with_observables(oracle.random_program(rng, 3, 6, "reupload"), ALL)
    noise = oracle.random_noise(rng, program)
    inputs, weights = rng.uniform(-3, 3, (2, program.inputs)), rng.uniform(-3, 3, program.weight_shape)
    expected = [oracle.expectations(program, x, weights, noise) for x in inputs]
    layer = QuantumLayer(program, noise.model(), dtype=torch.float64)
    with torch.no_grad():
        layer.weights.copy_(torch.from_numpy(weights))
        np.testing.assert_allclose(layer(torch.from_numpy(inputs)), expected, atol=1e-10)
    value, error = Trajectories(program, noise.model(), weights, count=150, seed=1)(inputs)
    assert np.abs((value - expected) / np.maximum(error, 1e-3)).max() < 5
    node = to_qnode(program, qml.device("default.mixed", wires=3), noise=noise.model(), interface="numpy")
    np.testing.assert_allclose(node(inputs, weights), expected, atol=1e-10)


def test_bits_are_read_behind_resets_and_conditions() -> None:
    def circuit(_: Any, weights: Any, wires: Any) -> None:
        qml.RY(weights[0], wires[0])
        outcome = qml.measure(wires[0], reset=True)
        qml.cond(outcome, qml.RX)(weights[1], wires[1])

    program = trace(circuit, inputs=0, weight_shape=(2,), wires=2, observables=["probs@0,1", "2*Z0 - |1>@1"])
    layer = QuantumLayer(program, dtype=torch.float64)
    one = float(torch.prod(torch.sin(layer.weights.detach() / 2) ** 2))
    expected = [1 - one, one, 0, 0, 2 - one]
    np.testing.assert_allclose(layer(torch.empty(1, 0, dtype=torch.float64)).detach()[0], expected, atol=1e-12)


def test_the_page_names_the_probabilities_of_all_bitstrings_together() -> None:
    program = build("angle_y-strongly_entangling-1", 4, ["probs@0,1", "0.5*Z0 - 0.3*X1Z2 + 1", "|10>@3,2"])
    said = "6 expectation values for 2 classes (probs@0,1, 0.5*Z0 - 0.3*X1Z2 + 1, |01>@2,3)"
    assert said in Net("model", 4, program).words(2)


def test_qiskit_reads_the_same_and_observables_follow_the_layout() -> None:
    program = build("angle_y-strongly_entangling-1", 3, ALL)
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(1, 3)), rng.normal(size=program.weight_shape)
    circuit = to_qiskit(program)
    state = Statevector(circuit.assign_parameters(parameter_values(circuit, inputs, weights)[0]))
    expected = [state.expectation_value(operator).real for operator in qiskit_observables(program)]
    native = compile_program(program, backend("ibmq_lima"), seed=1, layouts=1).program
    assert native.observables != program.observables
    for own in (program, native):
        layer = QuantumLayer(own, dtype=torch.float64)
        with torch.no_grad():
            layer.weights.copy_(torch.from_numpy(weights))
            np.testing.assert_allclose(layer(torch.from_numpy(inputs))[0], expected, atol=1e-9)


def test_every_path_gives_probabilities_that_sum_to_one_and_sums_within_their_errors(tmp_path: Path) -> None:
    program = build("angle_y-strongly_entangling-1", 3, [*ALL, "probs@0,1,2"])
    assert len(measurement_groups(program.observables)) == 4  # ZXZ, ZZZ, IIY and XIZ
    architecture = Architecture("pixel", (3,), 2, {"reading": "scaled"})
    save_classifier(tmp_path / "model.safetensors", build_classifier(architecture, program, seed=0), {})
    files = tmp_path / "native.qpy", tmp_path / "native.json"
    save_compiled(*files, compile_program(program, backend("ibmq_lima"), seed=0, layouts=1))
    inputs = np.random.default_rng(1).uniform(-3, 3, (60, 3))

    def run(path: Any) -> Any:
        return path(*load_classifier(tmp_path / "model.safetensors"), inputs)

    sampled = [
        (run_exact, Shots(SHOTS, seed=0)),
        (Noisy(files[1], "ibmq_lima"), Hardware(*files, "ibmq_lima", SHOTS, seed=0)),
    ]
    for exact, shots in sampled:
        expected, found = run(exact), run(shots)
        for each in (expected, found):
            np.testing.assert_allclose(each.values[:, [*range(2, 6)]].sum(axis=1), 1, atol=1e-9)
            np.testing.assert_allclose(each.values[:, -8:].sum(axis=1), 1, atol=1e-9)
            assert each.values[:, -8:].min() > -1e-12
        scores = (found.values - expected.values) / np.maximum(found.standard_errors, 1 / SHOTS)
        assert np.abs(scores).max() < 6
        assert 0.8 < np.sqrt((scores[:, [0, 6, 7]] ** 2).mean()) < 1.2


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_standard_errors_know_that_words_of_the_same_shots_are_correlated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    (group,) = measurement_groups(parse_observables(["Z0 + Z1", "Z0 - Z1", "3*|00>@0,2 - Z0Z2 + 100", "|11>@0,1"], 3))
    outcomes = np.array(list(product((0, 1), repeat=3)))
    probability = rng.dirichlet(np.full(8, 0.7))
    values = group.values(outcomes)
    drawn_ = rng.choice(8, p=probability, size=(300, 500))
    packed = (outcomes[drawn_] << np.arange(3)).sum(axis=-1).astype(np.uint8)[..., None]
    mean, variance = means(packed, group)
    exact = probability @ values
    true_variance = (probability @ values**2 - exact**2) / 500
    np.testing.assert_allclose(mean, values[drawn_].mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(variance, values[drawn_].var(axis=1, ddof=1) / 500, atol=1e-12)
    for column in np.flatnonzero(true_variance > 1e-9):
        score = ((mean[:, column] - exact[column]) ** 2).sum() / true_variance[column]
        assert 1e-6 < chi2.sf(score, 300) < 1 - 1e-6

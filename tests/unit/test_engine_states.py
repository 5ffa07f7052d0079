"""Pure states: the same numbers as by propagated observables, in as few rows as the circuit reaches."""

from __future__ import annotations

import logging
from functools import reduce
from itertools import product

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from torch import Tensor

from hqnn.circuits.fixed_rotations import rotations_of
from hqnn.circuits.library import build
from hqnn.circuits.program import Angle, Constant, Gate, Program, Rotation
from hqnn.engine import QuantumLayer, threads
from hqnn.engine.choice import Choice, Way
from hqnn.engine.plan import outline_of
from hqnn.engine.states_plan import states_plan_of
from hqnn.engine.states_words import Frame, clifford_images, word_of
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel, Readout

STYLES = ["embedding", "chains", "reupload", "amplitudes"]
HADAMARD = np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2)
CLIFFORDS = {
    1: [HADAMARD, np.diag([1, 1j]), np.diag([1, -1]).astype(complex), np.array([[0, 1], [1, 0]], dtype=complex)],
    2: [np.diag([1, 1, 1, -1]).astype(complex), np.eye(4, dtype=complex)[[0, 1, 3, 2]], np.eye(4)[[0, 2, 1, 3]]],
}


def of_style(style: str, wires: int, seed: int) -> Program:
    return oracle.random_program(np.random.default_rng(seed), wires, 10, style)


def found(layer: QuantumLayer, inputs: Tensor, upstream: Tensor) -> list[Tensor]:
    """Values, and gradients of inputs and weights, in double precision."""
    given = inputs.detach().to(layer.weights.dtype).requires_grad_()
    values = layer(given)
    sources = (given, layer.weights)
    gradients = torch.autograd.grad(values, sources, upstream.to(values.dtype), materialize_grads=True)
    return [each.detach().double() for each in (values, *gradients)]


@settings(max_examples=120, deadline=None)
@given(style=st.sampled_from(STYLES), wires=st.integers(2, 5), copies=st.integers(1, 2), seed=st.integers(0, 2**31))
def test_values_and_gradients_equal_those_of_observables(style: str, wires: int, copies: int, seed: int) -> None:
    program = of_style(style, wires, seed)
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(3 if seed % 2 else 40, copies * 3, dtype=torch.float64, generator=generator)
    upstream = torch.randn(len(inputs), copies * 2, dtype=torch.float64, generator=generator)
    exact = QuantumLayer(program, copies=copies, way="observables", dtype=torch.float64, generator=generator)
    expected = found(exact, inputs, upstream)
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 3e-5)):
        layer = QuantumLayer(program, copies=copies, way="states", dtype=dtype)
        layer.load_state_dict(exact.state_dict())
        for mine, other in zip(found(layer, inputs, upstream), expected, strict=True):
            scale = max(1.0, float(other.abs().max()))
            torch.testing.assert_close(mine, other, rtol=0, atol=tolerance * scale)


def test_the_same_call_gives_the_same_bytes() -> None:
    layer = QuantumLayer(build("angle_x-strongly_entangling-2-reupload", 6), way="states", dtype=torch.float32)
    inputs, upstream = torch.randn(70, 6), torch.randn(70, 6)
    first, again = (found(layer, inputs, upstream) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))


def test_threads_change_no_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_WORTH_US", 0)
    layer = QuantumLayer(build("angle_y-simplified_two_design-2", 6), copies=2, way="states", dtype=torch.float32)
    inputs, upstream = torch.randn(70, 12), torch.randn(70, 12)
    results = []
    for count in (1, 2, 5):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=count: count)
        results.append(found(layer, inputs, upstream))
    for other in results[1:]:
        assert all(torch.equal(one, each) for one, each in zip(results[0], other, strict=True))


@pytest.mark.parametrize("wires", [1, 2])
def test_any_unitary_is_its_rotations_but_for_a_phase(wires: int) -> None:
    rng = np.random.default_rng(0)
    special = [reduce(np.kron, pair) for pair in product(CLIFFORDS[1], repeat=wires)] + CLIFFORDS[wires]
    for unitary in [*special, *(oracle.random_unitary(rng, wires) for _ in range(50))]:
        turns = [expm(-0.5j * angle * oracle.word_matrix(word)) for word, angle in rotations_of(unitary)]
        made = reduce(lambda done, turn: turn @ done, turns, np.eye(2**wires))
        assert abs(abs(np.vdot(made, unitary)) / 2**wires - 1) < 1e-13


def test_a_frame_turns_words_as_its_gates_do() -> None:
    rng = np.random.default_rng(0)
    frame, whole = Frame(3), np.eye(8)
    for _ in range(60):
        count = int(rng.integers(1, 3))
        wires = tuple(int(w) for w in rng.choice(3, size=count, replace=False))
        gate = CLIFFORDS[count][rng.integers(len(CLIFFORDS[count]))]
        images = clifford_images(gate)
        assert images is not None
        frame.append(images, wires)
        whole = oracle.on_wires(gate, wires, 3) @ whole
        for letters in map("".join, product("IXYZ", repeat=3)):
            word = frame.image(letters, 0, range(3))
            matrix = 1j**word.power * _masked(word.x, word.z)
            np.testing.assert_allclose(matrix, whole.conj().T @ oracle.word_matrix(letters) @ whole, atol=1e-12)


def _masked(x: int, z: int) -> np.ndarray:
    """``X^x Z^z`` on three wires."""
    letters = [[["I", "Z"], ["X", "XZ"]][x >> bit & 1][z >> bit & 1] for bit in (2, 1, 0)]
    return reduce(np.kron, [reduce(np.matmul, [oracle.PAULI[p] for p in each]) for each in letters])


def test_words_multiply_and_commute_as_matrices_do() -> None:
    words = {letters: word_of(letters, range(2), 2) for letters in map("".join, product("IXYZ", repeat=2))}
    for (left, one), (right, other) in product(words.items(), repeat=2):
        first, second = oracle.word_matrix(left), oracle.word_matrix(right)
        together = one @ other
        (same,) = [n for n, word in words.items() if (word.x, word.z) == (together.x, together.z)]
        power = together.power - words[same].power
        np.testing.assert_allclose(1j**power * oracle.word_matrix(same), first @ second, atol=1e-14)
        assert one.commutes(other) == np.allclose(first @ second, second @ first)


@pytest.mark.parametrize(
    ("name", "wires", "bits"),
    [
        ("angle_y-simplified_two_design-3-reupload", 8, 8),  # real
        ("angle_x-simplified_two_design-3-reupload", 8, 9),  # real and imaginary parts
        ("angle_x-basic_entangler-1", 8, 8),  # each amplitude is real or imaginary
        ("angle_z-simplified_two_design-1", 8, 8),  # RZ of |0> is a phase
        ("amplitude-simplified_two_design-3", 5, 5),
    ],
)
def test_states_have_no_more_rows_than_the_circuit_reaches(name: str, wires: int, bits: int) -> None:
    program = build(name, wires, [f"Z{wire}" for wire in range(wires)])
    assert states_plan_of(program).bits == bits


def test_rotations_that_nothing_sees_are_left_out_and_neighbours_are_joined() -> None:
    by_input, by_weight = Angle(inputs=((0, 1.0),)), Angle(weights=((0, 2.0),))
    gates = (
        Gate("RY", (0,), (), (Rotation("Y", by_input),)),
        Gate("CZ", (1, 2), (), (oracle.CZ,)),
        Gate("RY", (0,), (), (Rotation("Y", by_weight), Rotation("II"[:1], by_weight))),
        Gate("H", (1,), (), (Constant(HADAMARD),)),
        Gate("RX", (1,), (), (Rotation("X", by_weight),)),
    )
    (turn,) = states_plan_of(Program(3, 1, (1,), gates, ("ZII",))).turns
    assert turn.angle == by_input + by_weight


def test_twenty_wires_run_and_cost_what_the_observables_see() -> None:
    program = build("angle_y-simplified_two_design-2-reupload", 20, ["Z0"])
    layer = QuantumLayer(program)
    layer(torch.randn(2, 20)).sum().backward()
    assert states_plan_of(program).bits <= 6
    assert layer.weights.grad is not None and layer.weights.grad.abs().sum() > 0


def test_too_little_memory_for_states_names_the_estimate_and_the_key() -> None:
    layer = QuantumLayer(build("angle_y-simplified_two_design-3-reupload", 20), memory_limit_mb=100)
    with pytest.raises(UserError, match=r"states of 32 samples need about 26\d MB, but engine.memory_limit_mb is 100;"):
        layer(torch.randn(2, 20))


def test_too_little_memory_for_noise_is_said_before_it_is_taken() -> None:
    program = build("angle_y-simplified_two_design-3", 20)
    noise = NoiseModel("all", {("RY", (0,)): np.eye(4)}, {0: Readout(0.1, 0.1)})
    with pytest.raises(UserError, match=r"observables' vectors need about .*, but engine.memory_limit_mb is 2000"):
        QuantumLayer(program, noise)(torch.randn(2, 20))


def test_the_cheaper_way_is_taken_and_named(caplog: pytest.LogCaptureFixture) -> None:
    once = build("angle_y-simplified_two_design-3", 8, ["Z1"])
    often = build("angle_y-simplified_two_design-3-reupload", 8, ["Z1"])
    rows = [(once, 5000, "observables"), (once, 8, "states"), (often, 5000, "states")]
    with caplog.at_level(logging.INFO, logger="hqnn.engine.choice"):
        for program, samples, _ in rows:
            with torch.no_grad():
                QuantumLayer(program)(torch.zeros(samples, 8))
    for record, (_, samples, way) in zip(caplog.records, rows, strict=True):
        assert record.getMessage().startswith(f"8 wires by propagated {way}: {samples} samples take about ")


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(
    ("layers", "suffix", "wires", "samples", "way"),
    [
        (1, "", 4, 32, "states"),  # a call by observables has more steps
        (1, "", 12, 100_000, "observables"),
        (3, "", 8, 100_000, "observables"),
        (6, "", 12, 100, "states"),  # the observable has spread over all wires
        (3, "-reupload", 8, 100_000, "states"),
        (3, "-reupload", 10, 100, "states"),
    ],
)
def test_the_way_that_is_clearly_faster_is_taken(
    layers: int, suffix: str, wires: int, samples: int, way: Way, back: bool
) -> None:
    program = build(f"angle_y-simplified_two_design-{layers}{suffix}", wires, [f"Z{wires // 2}"])
    choice = Choice(program, None, outline_of(program, None), 1, 2000, None)
    assert choice.way(samples, torch.float32, torch.device("cpu"), back=back) == way


def test_states_are_refused_where_there_is_noise() -> None:
    gate = oracle.rotation_gate("RX", "X", (0,), Angle(0.3))
    noise = NoiseModel("n", {("RX", (0,)): np.diag([1, 0.9, 0.9, 0.9])}, {})
    with pytest.raises(UserError, match="pure states have no noise"):
        QuantumLayer(Program(1, 1, (1,), (gate,), ("Z",)), noise, way="states")


def test_an_infinite_input_gives_nan_and_no_number() -> None:
    layer = QuantumLayer(build("angle_y-simplified_two_design-1", 3), way="states")
    inputs = torch.zeros(2, 3)
    inputs[0, 0] = torch.inf
    values = layer(inputs)
    assert values[0, 0].isnan() and not values[1].isnan().any()

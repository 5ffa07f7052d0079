"""Transfer matrices against their definition, written as loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.errors import UserError
from hqnn.noise import channels

PAULI = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
seeds = st.integers(0, 2**32 - 1)


def random_kraus(seed: int, wires: int, count: int = 3) -> list[np.ndarray]:
    """Blocks of a random isometry."""
    rng = np.random.default_rng(seed)
    size = 2**wires
    block = rng.normal(size=(count * size, size)) + 1j * rng.normal(size=(count * size, size))
    return list(np.linalg.qr(block)[0].reshape(count, size, size))


def random_state(seed: int, wires: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2**wires, 2**wires)) + 1j * rng.normal(size=(2**wires, 2**wires))
    return root @ root.conj().T / np.trace(root @ root.conj().T)


def word_matrix(word: str) -> np.ndarray:
    matrix = np.eye(1)
    for letter in word:
        matrix = np.kron(matrix, PAULI[letter])
    return matrix


def by_definition(kraus: list[np.ndarray], wires: int) -> np.ndarray:
    words = [word_matrix("".join(w)) for w in itertools.product("IXYZ", repeat=wires)]
    image = [sum(k @ p @ k.conj().T for k in kraus) for p in words]
    return np.array([[np.trace(p @ e).real / 2**wires for e in image] for p in words])


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 2))
def test_a_transfer_matrix_is_what_its_definition_says(seed: int, wires: int) -> None:
    kraus = random_kraus(seed, wires)
    np.testing.assert_allclose(channels.from_kraus(kraus), by_definition(kraus, wires), atol=1e-13)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 2))
def test_kraus_operators_of_a_transfer_matrix_do_the_same_to_every_state(seed: int, wires: int) -> None:
    kraus, state = random_kraus(seed, wires), random_state(seed, wires)
    again = channels.to_kraus(channels.from_kraus(kraus))
    expected = sum(k @ state @ k.conj().T for k in kraus)
    np.testing.assert_allclose(sum(k @ state @ k.conj().T for k in again), expected, atol=1e-12)
    np.testing.assert_allclose(sum(k.conj().T @ k for k in again), np.eye(2**wires), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_composed_permuted_and_embedded_channels_are_those_of_their_kraus_operators(seed: int) -> None:
    first, second = random_kraus(seed, 1, 2), random_kraus(seed + 1, 1, 2)
    a, b = channels.from_kraus(first), channels.from_kraus(second)
    np.testing.assert_allclose(
        channels.compose(a, b), by_definition([k @ j for k in second for j in first], 1), atol=1e-12
    )
    pair = [np.kron(j, k) for j in first for k in second]
    np.testing.assert_allclose(channels.tensor(a, b), by_definition(pair, 2), atol=1e-12)
    np.testing.assert_allclose(channels.reverse_wires(channels.tensor(a, b)), channels.tensor(b, a), atol=1e-12)
    on_third_and_first = channels.embed(channels.tensor(a, b), (2, 0), 3)
    np.testing.assert_allclose(on_third_and_first, channels.tensor(b, channels.identity(1), a), atol=1e-12)


def test_transposition_is_positive_but_no_channel() -> None:
    transposition = np.diag([1.0, 1, -1, 1])
    assert channels.is_trace_preserving(transposition)
    assert not channels.is_completely_positive(transposition)
    with pytest.raises(UserError, match="not completely positive"):
        channels.to_kraus(transposition)


@pytest.mark.parametrize("matrix", [np.diag([0.9, 1, 1, 1]), np.full((4, 4), np.nan)])
def test_a_map_that_loses_trace_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(UserError, match="the noise of rx does not preserve the trace"):
        channels.check_channel(matrix, "the noise of rx")


def test_depolarizing_conventions_differ_as_the_libraries_differ() -> None:
    # <Z> of |0> after "depolarizing 0.1": Aer's fraction 0.9, PennyLane's total Pauli probability 0.8667
    assert channels.depolarizing(0.1, 1)[3, 3] == pytest.approx(0.9)
    assert channels.depolarizing(channels.depolarizing_fraction(0.1, 1), 1)[3, 3] == pytest.approx(1 - 0.4 / 3)
    p = 0.3
    paulis = [word_matrix("".join(w)) for w in itertools.product("IXYZ", repeat=2)]
    kraus = [np.sqrt(1 - p) * paulis[0], *(np.sqrt(p / 15) * q for q in paulis[1:])]
    matrix = channels.depolarizing(channels.depolarizing_fraction(p, 2), 2)
    np.testing.assert_allclose(matrix, by_definition(kraus, 2), atol=1e-13)


def test_the_largest_depolarizing_fraction_is_a_channel_and_no_larger_one() -> None:
    largest = channels.depolarizing_fraction(1, 2)
    assert channels.is_completely_positive(channels.depolarizing(largest, 2))
    assert not channels.is_completely_positive(channels.depolarizing(largest + 1e-6, 2))


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 2))
def test_average_infidelity_is_that_of_random_states(seed: int, wires: int) -> None:
    kraus = random_kraus(seed, wires)
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(20000, 2**wires)) + 1j * rng.normal(size=(20000, 2**wires))
    states = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    overlap = sum(abs(np.einsum("si,ij,sj->s", states.conj(), k, states)) ** 2 for k in kraus)
    error = overlap.std() / np.sqrt(len(states))
    assert channels.average_infidelity(channels.from_kraus(kraus)) == pytest.approx(1 - overlap.mean(), abs=6 * error)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 100), st.floats(0.05, 2), st.floats(0, 50), st.floats(0, 1))
def test_thermal_relaxation_is_a_channel_for_every_t2_up_to_twice_t1(
    t1: float, ratio: float, time: float, excited: float
) -> None:
    matrix = channels.thermal_relaxation(t1, ratio * t1, time, excited)
    channels.check_channel(matrix, "relaxation")
    equilibrium = np.array([1, 0, 0, 1 - 2 * excited])
    np.testing.assert_allclose(matrix @ equilibrium, equilibrium, atol=1e-12)
    half = channels.thermal_relaxation(t1, ratio * t1, time / 2, excited)
    np.testing.assert_allclose(channels.compose(half, half), matrix, atol=1e-12)

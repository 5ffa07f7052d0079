"""A density matrix and Kronecker products: too slow to be wrong. And random programs and noise to compare on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
from scipy.linalg import expm

from hqnn.circuits.observables import terms_of
from hqnn.circuits.program import Angle, Constant, Gate, Program, Rotation
from hqnn.noise.model import NoiseModel, Readout

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
Kraus = list[np.ndarray]


@dataclass
class Noise:
    """Kraus operators and readout errors, from which both the oracle and a `NoiseModel` are made."""

    kraus: Mapping[tuple[str, tuple[int, ...]], Kraus]
    readout: Mapping[int, Readout]

    def model(self) -> NoiseModel:
        channels = {place: transfer_of(operators) for place, operators in self.kraus.items()}
        return NoiseModel("made up", channels, self.readout)


def word_matrix(word: str) -> np.ndarray:
    return reduce(np.kron, [PAULI[letter] for letter in word])


def transfer_of(kraus: Kraus) -> np.ndarray:
    size = len(kraus[0])
    words = ["".join(w) for w in product("IXYZ", repeat=size.bit_length() - 1)]
    return np.array(
        [
            [np.trace(word_matrix(p) @ sum(k @ word_matrix(q) @ k.conj().T for k in kraus)).real / size for q in words]
            for p in words
        ]
    )


def on_wires(matrix: np.ndarray, wires: tuple[int, ...], n: int) -> np.ndarray:
    """A Kronecker product with the identity of the other wires, whose rows and columns are then put in order."""
    others = [wire for wire in range(n) if wire not in wires]
    full = np.kron(matrix, np.eye(2 ** len(others))).reshape((2,) * (2 * n))
    place = np.argsort([*wires, *others])
    return full.transpose([*place, *(place + n)]).reshape(2**n, 2**n)


def expectations(program: Program, inputs: np.ndarray, weights: np.ndarray, noise: Noise | None = None) -> np.ndarray:
    """Of one sample, shape (observables,)."""
    n = program.wires
    state = np.zeros(2**n, dtype=complex)
    state[0] = 1
    if program.initial_state == "amplitudes":
        state[: len(inputs)] = inputs
        state = np.concatenate([inputs, np.zeros(2**n - len(inputs))]) / np.linalg.norm(inputs)
    rho = np.outer(state, state.conj())
    for gate in program.gates:
        for factor in gate.factors:
            if isinstance(factor, Rotation):
                matrix = expm(-0.5j * factor.angle.value(inputs, weights.ravel()) * word_matrix(factor.word))
            else:
                matrix = factor.matrix
            full = on_wires(matrix, gate.wires, n)
            rho = full @ rho @ full.conj().T
        qubits = tuple(program.native_wires[w] for w in gate.wires) if program.native_wires else gate.wires
        if noise and (gate.name, qubits) in noise.kraus:
            fulls = [on_wires(k, gate.wires, n) for k in noise.kraus[gate.name, qubits]]
            rho = sum(full @ rho @ full.conj().T for full in fulls)
    return np.array([np.trace(_detected(program, o, noise) @ rho).real for o in program.observables])


def _detected(program: Program, observable: str, noise: Noise | None) -> np.ndarray:
    """What the detectors report on average, given what is there: a letter's eigenvalue, or whether a bit is the one."""
    total = np.zeros((2**program.wires,) * 2, dtype=complex)
    for term in terms_of(observable):
        letters = []
        for wire, letter in enumerate(term.word):
            qubit = program.native_wires[wire] if program.native_wires else wire
            error = noise.readout.get(qubit) if noise else None
            p10, p01 = (error.p10, error.p01) if error else (0.0, 0.0)
            if letter == "I":
                letters.append(np.eye(2))
                continue
            signs, vectors = np.linalg.eigh(PAULI.get(letter, PAULI["Z"]))
            says_one = np.where(signs > 0, p10, 1 - p01)
            reported = {"P": 1 - says_one, "Q": says_one}.get(letter, 1 - 2 * says_one)
            letters.append(vectors @ np.diag(reported) @ vectors.conj().T)
        total += term.coefficient * reduce(np.kron, letters)
    return total


def random_kraus(rng: np.random.Generator, qubits: int, rank: int = 3) -> Kraus:
    """A random channel that preserves the trace and nothing else."""
    size = 2**qubits
    raw = rng.normal(size=(size * rank, size)) + 1j * rng.normal(size=(size * rank, size))
    isometry = np.linalg.qr(raw)[0]
    mixed = [np.sqrt(0.3) * isometry[i * size : (i + 1) * size] for i in range(rank)]
    return [np.sqrt(0.7) * np.eye(size), *mixed]


def random_unitary(rng: np.random.Generator, qubits: int) -> np.ndarray:
    size = 2**qubits
    return np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]


CZ = Constant(np.diag([1, 1, 1, -1]).astype(complex))


def rotation_gate(name: str, word: str, wires: tuple[int, ...], angle: Angle) -> Gate:
    return Gate(name, wires, (angle,), (Rotation(word, angle),))


def random_program(
    rng: np.random.Generator, wires: int, length: int, style: str, inputs: int = 3, weights: int = 5
) -> Program:
    """A random circuit.

    Args:
        rng: where it comes from.
        wires: how many.
        length: gates.
        style: ``"embedding"`` (inputs first, one rotation a wire), ``"chains"`` (several a wire), ``"reupload"``
            (anywhere), ``"amplitudes"``.
        inputs: numbers a sample.
        weights: how many.
    """
    gates: list[Gate] = []
    if style in ("embedding", "chains"):
        for wire in range(wires):
            for _ in range(1 if style == "embedding" else 2):
                if style == "chains":
                    gates.append(rotation_gate("RX", "X", (wire,), _angle(rng, inputs, weights, "weights")))
                gates.append(Gate("C", (wire,), (), (Constant(random_unitary(rng, 1)),)))
                kind = "inputs" if style == "embedding" else "both"
                gates.append(rotation_gate("RY", "Y", (wire,), _angle(rng, inputs, weights, kind)))
                gates.append(rotation_gate("RY", "Y", (wire,), _angle(rng, inputs, weights, "both")))
    for _ in range(length):
        pair = tuple(int(w) for w in rng.choice(wires, size=2, replace=False))
        kind = "both" if style == "reupload" and rng.random() < 0.4 else "weights"
        match rng.integers(5):
            case 0:
                word = rng.choice(list("XYZ"))
                gates.append(rotation_gate("R" + word, word, pair[:1], _angle(rng, inputs, weights, kind)))
            case 1:
                gates.append(Gate("CZ", pair, (), (CZ,)))
            case 2:
                gates.append(Gate("U2", pair, (), (Constant(random_unitary(rng, 2)),)))
            case 3:
                word = "".join(rng.choice(list("IXYZ"), size=2))
                gates.append(rotation_gate("R2", word, pair, _angle(rng, inputs, weights, kind)))
            case _:
                gates.append(Gate("C", pair[1:], (), (Constant(random_unitary(rng, 1)),)))
    observables = tuple("".join(rng.choice(list("IXYZ"), size=wires)) for _ in range(2))
    initial = "amplitudes" if style == "amplitudes" else "zero"
    return Program(wires, inputs, (weights,), tuple(gates), observables, initial)


def _angle(rng: np.random.Generator, inputs: int, weights: int, kind: str) -> Angle:
    terms = ((int(rng.integers(inputs)), float(rng.normal())),)
    trained = ((int(rng.integers(weights)), float(rng.normal())),)
    return Angle(
        float(rng.normal()),
        terms if kind in ("inputs", "both") else (),
        trained if kind in ("weights", "both") else (),
    )


def random_noise(rng: np.random.Generator, program: Program) -> Noise:
    """A random channel after about two thirds of the places, and asymmetric readout."""
    kraus: dict[tuple[str, tuple[int, ...]], Kraus] = {}
    for gate in program.gates:
        if rng.random() < 0.67:
            kraus[gate.name, gate.wires] = random_kraus(rng, len(gate.wires))
    readout = {q: Readout(float(rng.uniform(0, 0.2)), float(rng.uniform(0, 0.3))) for q in range(0, program.wires, 2)}
    return Noise(kraus, readout)

"""How a sample enters a circuit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pennylane as qml

from hqnn.circuits.registry import embedding


@embedding(inputs=lambda wires: 2**wires)
def amplitude(inputs: Any, wires: Sequence[int]) -> None:
    """The inputs, zero-padded and normalised, are the amplitudes; wire 0 is the most significant bit."""
    qml.AmplitudeEmbedding(inputs, wires, pad_with=0.0, normalize=True)


@embedding()
def angle_x(inputs: Any, wires: Sequence[int]) -> None:
    """RX(inputs[i]) on wire i."""
    qml.AngleEmbedding(inputs, wires, rotation="X")


@embedding()
def angle_y(inputs: Any, wires: Sequence[int]) -> None:
    """RY(inputs[i]) on wire i."""
    qml.AngleEmbedding(inputs, wires, rotation="Y")


@embedding()
def angle_z(inputs: Any, wires: Sequence[int]) -> None:
    """RZ(inputs[i]) on wire i; alone it leaves |0> as it is, so it is of use with re-uploading."""
    qml.AngleEmbedding(inputs, wires, rotation="Z")


@embedding()
def hadamard_angle_y(inputs: Any, wires: Sequence[int]) -> None:
    """H and then RY(inputs[i]) on wire i: the dressed circuit's (Mari et al., Quantum 4, 340)."""
    for wire in wires:
        qml.Hadamard(wire)
    qml.AngleEmbedding(inputs, wires, rotation="Y")


@embedding()
def zz_feature_map(inputs: Any, wires: Sequence[int]) -> None:
    """Twice H, a phase of 2 x_i on wire i, and one of 2 (pi - x_i) (pi - x_j) on every pair's parity.

    Source: Havlicek et al., Nature 567, 209 (2019); Qiskit's ``zz_feature_map`` with its defaults.
    """
    for _ in range(2):
        for place, wire in enumerate(wires):
            qml.Hadamard(wire)
            qml.PhaseShift(2 * inputs[..., place], wire)
        for i, j in combinations(range(len(wires)), 2):
            qml.CNOT([wires[i], wires[j]])
            qml.PhaseShift(2 * (np.pi - inputs[..., i]) * (np.pi - inputs[..., j]), wires[j])
            qml.CNOT([wires[i], wires[j]])


@embedding()
def iqp(inputs: Any, wires: Sequence[int]) -> None:
    """H and RZ(x_i) on wire i, RZZ(x_i x_j) on every pair (Shepherd and Bremner, Proc. R. Soc. A 465, 1413, 2009)."""
    for place, wire in enumerate(wires):
        qml.Hadamard(wire)
        qml.RZ(inputs[..., place], wire)
    for i, j in combinations(range(len(wires)), 2):
        qml.IsingZZ(inputs[..., i] * inputs[..., j], [wires[i], wires[j]])


@embedding(weight_shape=lambda wires: (2, wires))
def trainable_angle_y(inputs: Any, wires: Sequence[int], weights: Any) -> None:
    """RY(s_i x_i / pi + b_i) on wire i, with trained s and b: trainable data re-uploading, with ``-reupload``.

    Scales are divided by pi, so that those drawn from [0, 2 pi) begin around one. Source: Perez-Salinas et al., Quantum
    4, 226 (2020), equation 8.
    """
    for place, wire in enumerate(wires):
        qml.RY(weights[0][place] / np.pi * inputs[..., place] + weights[1][place], wire)

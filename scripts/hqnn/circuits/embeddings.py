"""How a sample enters a circuit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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

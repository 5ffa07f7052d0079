"""Trainable layers by name, from PennyLane's templates where they exist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pennylane as qml

from hqnn.circuits.registry import ansatz
from hqnn.errors import UserError

CNOTS = {
    "none": (),
    "line": ((0, 1), (1, 2), (2, 3)),
    "line_reversed": ((2, 3), (1, 2), (0, 1)),
    "star": ((0, 1), (0, 2), (0, 3)),
    "into_first": ((1, 0), (2, 0), (3, 0)),
    "into_last": ((0, 3), (1, 3), (2, 3)),
    "tree": ((0, 1), (2, 3), (1, 3)),
    "tree_controls": ((0, 1), (2, 3), (0, 2)),
    "brick": ((0, 1), (2, 3), (1, 2)),
}


@ansatz(weight_shape=lambda wires: (wires,))
def bellman(weights: Any, wires: Sequence[int], layer: int) -> None:
    """H on wire 0, CNOTs down the line, RY on every wire, CNOTs back up the line, last pair first."""
    pairs = list(pairwise(wires))
    qml.Hadamard(wires[0])
    for pair in pairs:
        qml.CNOT(pair)
    for wire, weight in zip(wires, weights, strict=True):
        qml.RY(weight, wire)
    for pair in reversed(pairs):
        qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (wires, 3))
def strongly_entangling(weights: Any, wires: Sequence[int], layer: int) -> None:
    """Rot on every wire and a ring of CNOTs, whose range grows with the layer (arXiv:1804.00633)."""
    reach = layer % (len(wires) - 1) + 1 if len(wires) > 1 else 0
    qml.StronglyEntanglingLayers(weights[None], wires, ranges=[reach] if reach else None)


@ansatz(weight_shape=lambda wires: (wires - 1, 2))
def simplified_two_design(weights: Any, wires: Sequence[int], layer: int) -> None:
    """CZ and two RY on the even pairs, then on the odd pairs (arXiv:2001.00550).

    The template's initial layer of RY is left out: it would be one rotation by zero a wire, and on noisy hardware a
    gate that does nothing is not free.
    """
    with qml.QueuingManager.stop_recording():
        zeros = np.zeros(len(wires))
        operations = qml.SimplifiedTwoDesign.compute_decomposition(zeros, weights[None], wires)
    for operation in operations[len(wires) :]:
        qml.apply(operation)


@ansatz(weight_shape=lambda wires: (wires,))
def basic_entangler(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX on every wire and a ring of CNOTs."""
    qml.BasicEntanglerLayers(weights[None], wires)


@ansatz(weight_shape=lambda wires: (wires,))
def dressed(weights: Any, wires: Sequence[int], layer: int) -> None:
    """CNOT on the even pairs, then on the odd pairs, and RY on every wire (Mari et al., Quantum 4, 340)."""
    for first in (0, 1):
        for wire in range(first, len(wires) - 1, 2):
            qml.CNOT([wires[wire], wires[wire + 1]])
    for wire, weight in zip(wires, weights, strict=True):
        qml.RY(weight, wire)


@ansatz(weight_shape=lambda wires: (wires,))
def quanvolutional(
    weights: Any,
    wires: Sequence[int],
    layer: int,
    *,
    axis: Literal["x", "y", "z"] = "y",
    cnots: Literal[
        "none", "line", "line_reversed", "star", "into_first", "into_last", "tree", "tree_controls", "brick"
    ] = "line",
    rotations: Literal["first", "last"] = "first",
) -> None:
    """One rotation a wire and three CNOTs, or none, on the four wires of a 2x2 kernel (Senokosov et al. 2024)."""
    if len(wires) != 4:
        raise UserError(f"quanvolutional is a circuit on 4 wires, not on {len(wires)}; take a 2x2 kernel")
    rotation = {"x": qml.RX, "y": qml.RY, "z": qml.RZ}[axis]

    def rotate() -> None:
        for wire, weight in zip(wires, weights, strict=True):
            rotation(weight, wire)

    if rotations == "first":
        rotate()
    for control, target in CNOTS[cnots]:
        qml.CNOT([wires[control], wires[target]])
    if rotations == "last":
        rotate()

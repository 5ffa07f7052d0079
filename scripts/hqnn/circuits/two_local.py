"""Rotations on every wire and an entangler over pairs of wires, in the arrangements that Qiskit names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any, Literal

import pennylane as qml

from hqnn.circuits.registry import ansatz

Pairs = list[tuple[Any, Any]]


def pairs_of(wires: Sequence[Any], entanglement: str) -> Pairs:
    """Pairs that an arrangement entangles, in order.

    Args:
        wires: of the circuit.
        entanglement: ``linear``, neighbours down the line; ``reverse_linear``, the same from the last; ``ring``, the
            last with the first and then down the line; ``pairwise``, even neighbours and then odd ones; ``full``, all.
            Qiskit calls the ring ``circular``.
    """
    line = list(pairwise(wires))
    if entanglement == "full":
        return list(combinations(wires, 2))
    if entanglement == "reverse_linear":
        return line[::-1]
    if entanglement == "pairwise":
        return line[::2] + line[1::2]
    return [(wires[-1], wires[0]), *line] if entanglement == "ring" and len(wires) > 2 else line


def _rotate_y(weights: Any, wires: Sequence[int], **_: str) -> None:
    for weight, wire in zip(weights, wires, strict=True):
        qml.RY(weight, wire)


def _rotate_yz(weights: Any, wires: Sequence[int], **_: str) -> None:
    _rotate_y(weights[0], wires)
    for weight, wire in zip(weights[1], wires, strict=True):
        qml.RZ(weight, wire)


def _rotate(weights: Any, wires: Sequence[int], *, rotation: str = "y", **_: str) -> None:
    turn = {"x": qml.RX, "y": qml.RY, "z": qml.RZ}[rotation]
    for weight, wire in zip(weights, wires, strict=True):
        turn(weight, wire)


@ansatz(weight_shape=lambda wires: (wires,), closing=_rotate_y)
def real_amplitudes(
    weights: Any,
    wires: Sequence[int],
    layer: int,
    *,
    entanglement: Literal["reverse_linear", "linear", "ring", "full", "pairwise"] = "reverse_linear",
) -> None:
    """RY on every wire and CNOTs, and once more RY at the end: Qiskit's ``real_amplitudes``."""
    _rotate_y(weights, wires)
    for pair in pairs_of(wires, entanglement):
        qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (2, wires), closing=_rotate_yz)
def efficient_su2(
    weights: Any,
    wires: Sequence[int],
    layer: int,
    *,
    entanglement: Literal["reverse_linear", "linear", "ring", "full", "pairwise"] = "reverse_linear",
) -> None:
    """RY and RZ on every wire and CNOTs, and once more both at the end: Qiskit's ``efficient_su2``."""
    _rotate_yz(weights, wires)
    for pair in pairs_of(wires, entanglement):
        qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (wires,), closing=_rotate)
def two_local(
    weights: Any,
    wires: Sequence[int],
    layer: int,
    *,
    rotation: Literal["y", "x", "z"] = "y",
    entangler: Literal["cnot", "cz"] = "cnot",
    entanglement: Literal["linear", "reverse_linear", "ring", "full", "pairwise"] = "linear",
) -> None:
    """One rotation on every wire and CNOT or CZ, and once more the rotation at the end: Qiskit's ``n_local``."""
    _rotate(weights, wires, rotation=rotation)
    gate = {"cnot": qml.CNOT, "cz": qml.CZ}[entangler]
    for pair in pairs_of(wires, entanglement):
        gate(pair)

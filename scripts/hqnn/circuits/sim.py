"""Circuits of Sim, Johnson and Aspuru-Guzik, Adv. Quantum Technol. 2, 1900070 (2019), figure 2, by their numbers.

Wire 0 is the uppermost of the figure, whose entangling gates begin at the lowest wire. Weights stand in the figure's
order: a row a column of gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pennylane as qml

from hqnn.circuits.registry import ansatz
from hqnn.errors import UserError

Pairs = list[tuple[Any, Any]]


def _up(wires: Sequence[Any]) -> Pairs:
    """From the last wire up, each controls the one above."""
    return list(pairwise(wires[::-1]))


def _ring(wires: Sequence[Any]) -> Pairs:
    """The last wire controls the first; then from there up, each controls the one below."""
    _check(wires)
    return [(control, wires[(place + 1) % len(wires)]) for place, control in reversed(list(enumerate(wires)))]


def _ring_back(wires: Sequence[Any]) -> Pairs:
    """The last wire controls the one above; then from the first down, each controls the one above, cyclically."""
    _check(wires)
    return [(wires[place], wires[place - 1]) for place in (len(wires) - 1, *range(len(wires) - 1))]


def _all(wires: Sequence[Any]) -> Pairs:
    """From the last wire up, each controls all others."""
    return [(control, target) for control in wires[::-1] for target in wires[::-1] if control != target]


def _check(wires: Sequence[Any]) -> None:
    if len(wires) < 2:
        raise UserError("this circuit of Sim et al. entangles wires in a ring, and there is one; take two or more")


def _apply(gate: Any, weights: Any, places: Sequence[Any]) -> None:
    for weight, place in zip(weights, places, strict=True):
        gate(weight, place)


@ansatz(weight_shape=lambda wires: (2, wires))
def sim_1(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX and RZ on every wire, nothing between them."""
    _apply(qml.RX, weights[0], wires)
    _apply(qml.RZ, weights[1], wires)


@ansatz(weight_shape=lambda wires: (2, wires))
def sim_2(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX and RZ on every wire, CNOTs up the line."""
    sim_1(weights, wires, layer)
    for pair in _up(wires):
        qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (wires * (wires + 3),))
def sim_5(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX and RZ on every wire, CRZ from every wire to all others, RX and RZ again."""
    _around_all(qml.CRZ, weights, wires)


@ansatz(weight_shape=lambda wires: (wires * (wires + 3),))
def sim_6(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX and RZ on every wire, CRX from every wire to all others, RX and RZ again."""
    _around_all(qml.CRX, weights, wires)


def _around_all(gate: Any, weights: Any, wires: Sequence[int]) -> None:
    n = len(wires)
    sim_1(weights[: 2 * n].reshape(2, n), wires, 0)
    _apply(gate, weights[2 * n : -2 * n], _all(wires))
    sim_1(weights[-2 * n :].reshape(2, n), wires, 0)


@ansatz(weight_shape=lambda wires: (wires,))
def sim_9(weights: Any, wires: Sequence[int], layer: int) -> None:
    """H on every wire, CZ between neighbours, RX on every wire."""
    for wire in wires:
        qml.Hadamard(wire)
    for pair in _up(wires):
        qml.CZ(pair)
    _apply(qml.RX, weights, wires)


@ansatz(weight_shape=lambda wires: (4, wires))
def sim_13(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RY on every wire and a ring of CRZ, then RY and the ring the other way."""
    _two_rings(qml.CRZ, weights, wires)


@ansatz(weight_shape=lambda wires: (4, wires))
def sim_14(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RY on every wire and a ring of CRX, then RY and the ring the other way."""
    _two_rings(qml.CRX, weights, wires)


def _two_rings(gate: Any, weights: Any, wires: Sequence[int]) -> None:
    _apply(qml.RY, weights[0], wires)
    _apply(gate, weights[1], _ring(wires))
    _apply(qml.RY, weights[2], wires)
    _apply(gate, weights[3], _ring_back(wires))


@ansatz(weight_shape=lambda wires: (2, wires))
def sim_15(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RY on every wire and a ring of CNOTs, then RY and the ring the other way."""
    for row, ring in zip(weights, (_ring(wires), _ring_back(wires)), strict=True):
        _apply(qml.RY, row, wires)
        for pair in ring:
            qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (3, wires))
def sim_19(weights: Any, wires: Sequence[int], layer: int) -> None:
    """RX and RZ on every wire and a ring of CRX."""
    sim_1(weights[:2], wires, layer)
    _apply(qml.CRX, weights[2], _ring(wires))

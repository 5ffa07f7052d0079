"""Circuits that leave fewer wires from level to level: the last wire is the root, and reads all others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

import pennylane as qml

from hqnn.circuits.registry import ansatz

Level = list[tuple[Any, Any]]


def levels_of(wires: Sequence[Any]) -> Iterator[tuple[Sequence[Any], Level]]:
    """What is left at each level of a binary tree, and its pairs, whose second wires go on; an odd wire at the end too.

    Args:
        wires: the leaves.
    """
    while len(wires) > 1:
        pairs = list(zip(wires[::2], wires[1::2], strict=False))
        yield wires, pairs
        wires = [second for _, second in pairs] + list(wires[2 * len(pairs) :])


def _last(wires: int) -> int:
    return wires - 1


def _depth(wires: int) -> int:
    return math.ceil(math.log2(wires))


def _block(weights: Any, pair: tuple[Any, Any]) -> None:
    """RY on both and a CNOT: the real block of Grant et al., npj Quantum Inf. 4, 65 (2018)."""
    for weight, wire in zip(weights, pair, strict=True):
        qml.RY(weight, wire)
    qml.CNOT(pair)


@ansatz(weight_shape=lambda wires: (wires - 1, 2), root=_last)
def tree(weights: Any, wires: Sequence[int], layer: int) -> None:
    """A tree tensor network of RY, RY, CNOT (Grant et al., npj Quantum Inf. 4, 65, 2018); read the last wire."""
    blocks = iter(weights)
    for _, pairs in levels_of(wires):
        for pair in pairs:
            _block(next(blocks), pair)


@ansatz(weight_shape=lambda wires: (sum(len(left) - 1 for left, _ in levels_of(range(wires))), 2), root=_last)
def mera(weights: Any, wires: Sequence[int], layer: int) -> None:
    """The tree with disentanglers between its blocks (Vidal, Phys. Rev. Lett. 99, 220405, 2007); read the last wire.

    At each level the same RY, RY, CNOT couples neighbours of different blocks first, then those of one block.
    """
    blocks = iter(weights)
    for left, pairs in levels_of(wires):
        for pair in [*list(pairwise(left))[1::2], *pairs]:
            _block(next(blocks), pair)


@ansatz(weight_shape=lambda wires: (_depth(wires), 5), root=_last)
def qcnn(
    weights: Any, wires: Sequence[int], layer: int, *, pooling: Literal["controlled", "measured"] = "controlled"
) -> None:
    """Convolutions of neighbours and pooling of every other wire (Cong, Choi and Lukin, Nat. Phys. 15, 1273, 2019).

    A level has one convolution, of three weights, on even pairs of wires and then on odd ones: ``exp(i (a XX + b YY +
    c ZZ))`` by three CNOTs (Vatan and Williams, Phys. Rev. A 69, 032315, 2004, figure 6). Pooling, of two weights,
    turns the second wire of a pair about Z if the first is 1 and about X if it is 0, and leaves the first (Hur, Kim
    and Park, Quantum Mach. Intell. 4, 3, 2022, figure 3): the first wire controls, or is measured, which comes to the
    same. Read the last wire; its Z does not see the last turn about Z.
    """
    for (left, pairs), row in zip(levels_of(wires), weights, strict=True):
        neighbours = list(pairwise(left))
        for pair in neighbours[::2] + neighbours[1::2]:
            _convolve(row[:3], pair)
        for first, second in pairs:
            (_pool if pooling == "controlled" else _measure_and_pool)(row[3:], first, second)


def _convolve(weights: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    qml.RZ(-math.pi / 2, second)
    qml.CNOT([second, first])
    qml.RZ(weights[0], first)
    qml.RY(weights[1], second)
    qml.CNOT([first, second])
    qml.RY(weights[2], second)
    qml.CNOT([second, first])
    qml.RZ(math.pi / 2, first)


def _pool(weights: Any, first: Any, second: Any) -> None:
    qml.CRZ(weights[0], [first, second])
    qml.X(first)
    qml.CRX(weights[1], [first, second])
    qml.X(first)


def _measure_and_pool(weights: Any, first: Any, second: Any) -> None:
    outcome = qml.measure(first)
    qml.cond(outcome, qml.RZ)(weights[0], second)
    qml.cond(outcome == 0, qml.RX)(weights[1], second)

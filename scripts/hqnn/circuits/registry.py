"""What a circuit's parts are, and the two decorators that name them.

A part is one plain PennyLane function, and its name is the function's name. Options are keyword-only parameters that
are annotated with the `Literal` of their values and have a default; names are read from the source, without running it
(see `hqnn.circuits.names`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Embedding:
    """Puts a sample into the circuit.

    Attributes:
        apply: ``apply(inputs, wires)``, or ``apply(inputs, wires, weights)`` where it is trained, too.
        inputs: wires to the numbers a sample has.
        weight_shape: wires to the shape of the weights of one upload, or None.
    """

    apply: Callable[..., None]
    inputs: Callable[[int], int]
    weight_shape: Callable[[int], tuple[int, ...]] | None = None


@dataclass(frozen=True)
class Ansatz:
    """One trainable layer.

    Attributes:
        apply: ``apply(weights, wires, layer, **options)``, with the weights of this layer and its index.
        weight_shape: wires to the shape of one layer's weights.
        closing: ``closing(weights, wires, **options)``, what follows the last layer with as many weights; or None.
        root: wires to the place of the one wire that reads all others, or None where all are alike.
    """

    apply: Callable[..., None]
    weight_shape: Callable[[int], tuple[int, ...]]
    closing: Callable[..., None] | None = None
    root: Callable[[int], int] | None = None


EMBEDDINGS: dict[str, Embedding] = {}
ANSATZE: dict[str, Ansatz] = {}


def embedding(
    inputs: Callable[[int], int] = lambda wires: wires, weight_shape: Callable[[int], tuple[int, ...]] | None = None
) -> Callable[[Callable[..., None]], Any]:
    """Name a function ``(inputs, wires)`` as an embedding.

    Args:
        inputs: wires to the numbers a sample has; one a wire by default.
        weight_shape: see `Embedding`.
    """

    def name(function: Callable[..., None]) -> Callable[..., None]:
        EMBEDDINGS[function.__name__] = Embedding(function, inputs, weight_shape)
        return function

    return name


def ansatz(
    weight_shape: Callable[[int], tuple[int, ...]],
    closing: Callable[..., None] | None = None,
    root: Callable[[int], int] | None = None,
) -> Callable[[Callable[..., None]], Any]:
    """Name a function ``(weights, wires, layer)`` as an ansatz.

    Args:
        weight_shape: wires to the shape of one layer's weights.
        closing: see `Ansatz`.
        root: see `Ansatz`.
    """

    def name(function: Callable[..., None]) -> Callable[..., None]:
        ANSATZE[function.__name__] = Ansatz(function, weight_shape, closing, root)
        return function

    return name

"""Circuits by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

from hqnn.circuits.names import SOURCES, CircuitName, parse_name
from hqnn.circuits.program import Program
from hqnn.circuits.registry import ANSATZE, EMBEDDINGS
from hqnn.errors import UserError


def build(name: str, wires: int, observables: Sequence[str] | None = None) -> Program:
    """Build a named circuit.

    Args:
        name: ``embedding-ansatz-layers[-option...]``, see `hqnn.circuits.names`.
        wires: how many.
        observables: Pauli words such as ``"IZII"`` or ``"Z1"``; Z on each wire by default.

    Returns:
        The program; its weights have shape (layers, ...), the rest as the ansatz says.

    Raises:
        UserError: the name or an observable cannot be read, or the circuit does not fit the wires.
    """
    return _built(parse_name(name), wires, tuple(observables or (f"Z{wire}" for wire in range(wires))))


def build_for(name: str, numbers: int, observables: Sequence[str] | None = None) -> Program:
    """Build a named circuit for so many numbers: one a wire as angles, or amplitudes on as few wires as hold them.

    Args:
        name: see `hqnn.circuits.names`.
        numbers: inputs of the circuit.
        observables: see `build`.
    """
    if parse_name(name).embedding != "amplitude":
        return build(name, numbers, observables)
    return replace(build(name, math.ceil(math.log2(numbers)), observables), inputs=numbers)


@lru_cache(maxsize=64)
def _built(name: CircuitName, wires: int, observables: tuple[str, ...]) -> Program:
    from hqnn.circuits.trace import trace  # brings PennyLane with it

    for source in SOURCES:
        import_module(f"hqnn.circuits.{source}")
    embedding, ansatz = EMBEDDINGS[name.embedding], ANSATZE[name.ansatz]
    if name.reupload and name.embedding == "amplitude":
        raise UserError("amplitudes can only be embedded once; leave '-reupload' out, or take an angle embedding")

    def circuit(inputs: Any, weights: Any, wires: Sequence[int]) -> None:
        for layer in range(name.layers):
            if layer == 0 or name.reupload:
                embedding.apply(inputs, wires)
            ansatz.apply(weights[layer], wires, layer, **dict(name.options))

    try:
        return trace(
            circuit,
            inputs=embedding.inputs(wires),
            weight_shape=(name.layers, *ansatz.weight_shape(wires)),
            wires=wires,
            observables=observables,
        )
    except (ValueError, IndexError) as error:
        raise UserError(
            f"{name.embedding} and {name.ansatz} make no circuit on {wires} wires ({error}); take other wires or parts"
        ) from error

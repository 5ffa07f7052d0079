"""Circuits by name."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hqnn.circuits.names import CircuitName, parse_name
from hqnn.circuits.observables import wires_read
from hqnn.circuits.program import Program
from hqnn.circuits.registry import ANSATZE, EMBEDDINGS
from hqnn.circuits.sizes import WIRES, observables_for, wires_for, wires_of
from hqnn.circuits.words import parse_observables
from hqnn.errors import UserError

if TYPE_CHECKING:
    from hqnn.circuits.trace import QuantumFunction

log = logging.getLogger(__name__)


def build(name: str, wires: int, observables: Sequence[str] | None = None) -> Program:
    """Build a named circuit.

    Args:
        name: ``embedding-ansatz-layers[-option...]``, see `hqnn.circuits.names`.
        wires: how many.
        observables: such as ``"Z1"``, see `hqnn.circuits.words.parse_observables`; Z on each wire by default.

    Returns:
        The program; its weights have shape (layers, ...), or (layers + 1, ...) where rotations close the circuit, the
            rest as the ansatz says; or they are flat, those of all uploads first, where the embedding is trained.

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
    program = build(name, wires_of(parse_name(name).embedding, numbers), observables)
    return replace(program, inputs=numbers) if program.initial_state == "amplitudes" else program


def build_for_classes(
    name: str, *, classes: int, reading: str, inputs: int | None = None, observables: Sequence[str] | None = None
) -> Program:
    """Build the circuit of a model; what is not said follows the number of classes.

    Args:
        name: see `hqnn.circuits.names`.
        classes: how many.
        reading: what reads the expectation values: a net of pixels or rows, ``pixel``; a net of photographs,
            ``dressed``; or one of ``fixed`` sizes.
        inputs: numbers that the circuit takes; where None as many wires as `wires_for` says, not for fixed sizes.
        observables: as of `build`; where there are none those of `observables_for`, but Z of the second wire, or
            of the ansatz's root, for two classes of pixels, and Z of each wire for fixed sizes.

    Raises:
        UserError: see `build`; or `inputs` is missing for fixed sizes.
    """
    if inputs is None and reading not in WIRES:
        raise UserError(f"the circuit {name} has no size; say how many numbers it takes")
    numbers = wires_for(classes, WIRES[reading]) if inputs is None else inputs
    wires = wires_of(parse_name(name).embedding, numbers)
    if not observables and reading == "pixel" and classes == 2:
        observables = (f"Z{_root(parse_name(name).ansatz, wires)}",)
    elif not observables and reading in WIRES:
        observables = observables_for(classes, wires)
    elif observables and reading in WIRES and classes > max(2, measured := len(parse_observables(observables, wires))):
        log.warning(
            "the circuit %s measures %d expectation values for %d classes; leave observables empty to let them follow",
            name,
            measured,
            classes,
        )
    return build_for(name, numbers, observables)


@lru_cache(maxsize=64)
def _built(name: CircuitName, wires: int, observables: tuple[str, ...]) -> Program:
    from hqnn.circuits.trace import trace

    _register()
    if wires < 1:
        raise UserError(f"{name.embedding} and {name.ansatz} make no circuit on {wires} wires; take one or more")
    if name.reupload and name.embedding == "amplitude":
        raise UserError("amplitudes can only be embedded once; leave '-reupload' out, or take an angle embedding")
    program = trace(
        function_of(name),
        inputs=EMBEDDINGS[name.embedding].inputs(wires),
        weight_shape=_weight_shape(name, wires),
        wires=wires,
        observables=observables,
    )
    _tell_of_dropped(name.ansatz, program)
    return program


def function_of(name: CircuitName) -> QuantumFunction:
    """A named circuit as PennyLane runs it: a function of inputs, weights and wires.

    Args:
        name: of the circuit; its weights are shaped as `build` says.
    """
    _register()
    embedding, ansatz = EMBEDDINGS[name.embedding], ANSATZE[name.ansatz]
    options = dict(name.options)

    def circuit(inputs: Any, weights: Any, wires: Sequence[int]) -> None:
        uploads, layers = _parted(name, weights, len(wires))
        for layer in range(name.layers):
            if layer == 0 or name.reupload:
                embedding.apply(inputs, wires, *uploads[layer : layer + 1])
            ansatz.apply(layers[layer], wires, layer, **options)
        if ansatz.closing:
            ansatz.closing(layers[name.layers], wires, **options)

    return circuit


def _parted(name: CircuitName, weights: Any, wires: int) -> tuple[Any, Any]:
    """Weights of each upload, none where the embedding has none, and of each layer."""
    own = EMBEDDINGS[name.embedding].weight_shape
    if own is None:
        return (), weights
    uploads = (_uploads(name), *own(wires))
    first = math.prod(uploads)
    return weights[:first].reshape(uploads), weights[first:].reshape(_layers_shape(name, wires))


def _uploads(name: CircuitName) -> int:
    return name.layers if name.reupload else 1


def _weight_shape(name: CircuitName, wires: int) -> tuple[int, ...]:
    own, layers = EMBEDDINGS[name.embedding].weight_shape, _layers_shape(name, wires)
    return (_uploads(name) * math.prod(own(wires)) + math.prod(layers),) if own else layers


def _layers_shape(name: CircuitName, wires: int) -> tuple[int, ...]:
    return (name.layers + bool(ANSATZE[name.ansatz].closing), *_layer_shape(name.ansatz, wires))


def _register() -> None:
    """Let all circuits register their parts; they bring PennyLane."""
    from hqnn.circuits import ansatze, custom, embeddings, sim, trees, two_local  # noqa: F401


def _root(name: str, wires: int) -> int:
    _register()
    root = ANSATZE[name].root
    return root(wires) if root else min(1, wires - 1)


def _tell_of_dropped(ansatz: str, program: Program) -> None:
    """Say which wires are measured although the ansatz leaves them behind on its way to the root."""
    dropped = sorted(wires_read(program.observables) - {_root(ansatz, program.wires)}) if ANSATZE[ansatz].root else []
    if dropped:
        log.warning(
            "%s leaves all wires but %d behind, and the observables measure %s too, which few of its weights reach; "
            "measure Z%d alone where that is enough",
            ansatz,
            _root(ansatz, program.wires),
            ", ".join(map(str, dropped)),
            _root(ansatz, program.wires),
        )


def _layer_shape(name: str, wires: int) -> tuple[int, ...]:
    shape: object = ANSATZE[name].weight_shape(wires)
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise UserError(
            f"weight_shape of the ansatz {name} gives {shape!r} for {wires} wires; give a tuple of whole numbers, such "
            "as (wires,) or (wires, 3)"
        )
    return shape

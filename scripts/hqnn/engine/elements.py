"""From a program and its noise to what the engine propagates: rotations and fixed channels on one or two wires.

Elements are in the order of time. Outside the light cone of the observables they are dropped, exactly: a channel that
preserves the trace leaves the identity as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hqnn.circuits.program import Angle, Channel, Constant, Factor, Gate, Program, Rotation
from hqnn.engine.pauli import rotation_transfer
from hqnn.errors import UserError
from hqnn.noise.channels import from_kraus, is_trace_preserving, reverse_wires
from hqnn.noise.coverage import qubits_of
from hqnn.noise.model import NoiseModel, TransferMatrix

_TRACE_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Turn:
    """``exp(-i angle/2 word)`` with an angle of weights only or of inputs only.

    Attributes:
        wires: one or two, rising.
        word: a letter of ``XYZ`` for each of them.
        angle: in radians.
    """

    wires: tuple[int, ...]
    word: str
    angle: Angle

    @property
    def by_input(self) -> bool:
        """Whether the angle differs from sample to sample."""
        return bool(self.angle.inputs)


@dataclass(frozen=True, eq=False)
class Fixed:
    """A channel that depends on nothing.

    Attributes:
        wires: one or two, rising.
        matrix: transfer matrix, shape (4^k, 4^k).
    """

    wires: tuple[int, ...]
    matrix: TransferMatrix

    by_input = False


Element: TypeAlias = Turn | Fixed


def elements_of(program: Program, noise: NoiseModel | None) -> list[Element]:
    """Everything that the observables can see, first to last.

    Args:
        program: any program of factors on at most two wires, whose gates depend on no outcome.
        noise: channels after its gates, looked up under the native wires where the program has them.

    Raises:
        UserError: a factor acts on more than two wires, or a channel has the wrong size or loses trace.
    """
    everything: list[Element] = []
    for gate in program.gates:
        for factor in gate.factors:
            everything.extend(_of_factor(gate, factor))
        everything.extend(_of_noise(gate, qubits_of(program, gate), noise))
    return _inputs_first(_light_cone(everything, program.wires_read))


def _of_factor(gate: Gate, factor: Factor | Channel) -> Iterator[Element]:
    if not isinstance(factor, Rotation):
        _reject_wide(gate, gate.wires)
        kraus = [factor.matrix] if isinstance(factor, Constant) else list(factor.kraus)
        yield from _fixed(gate.wires, from_kraus(kraus), gate.name)
        return
    wires = tuple(w for w, letter in zip(gate.wires, factor.word, strict=True) if letter != "I")
    word = factor.word.replace("I", "")
    if not word:
        return
    _reject_wide(gate, wires)
    if wires != tuple(sorted(wires)):
        wires, word = wires[::-1], word[::-1]
    angle = factor.angle
    if angle.inputs:
        yield Turn(wires, word, Angle(inputs=angle.inputs))
    if angle.weights:
        yield Turn(wires, word, Angle(angle.constant, weights=angle.weights))
    elif angle.constant:
        yield Fixed(wires, rotation_transfer(word, angle.constant))


def _of_noise(gate: Gate, qubits: tuple[int, ...], noise: NoiseModel | None) -> Iterator[Element]:
    if noise is None:
        return
    channel = noise.after(gate.name, qubits)
    if channel is None:
        return
    if channel.shape != (4 ** len(qubits),) * 2:
        raise UserError(
            f"the noise {noise.name!r} after {gate.name!r} on qubits {qubits} has shape {channel.shape}; "
            f"give a channel on {len(qubits)} qubits"
        )
    _reject_wide(gate, gate.wires)
    yield from _fixed(gate.wires, channel, f"the noise {noise.name!r} after {gate.name!r} on qubits {qubits}")


def _fixed(wires: tuple[int, ...], transfer: TransferMatrix, origin: str) -> Iterator[Fixed]:
    if not is_trace_preserving(transfer, _TRACE_TOLERANCE):
        raise UserError(f"{origin} does not preserve the trace; give a channel whose Kraus operators are complete")
    if np.allclose(transfer, np.eye(len(transfer)), rtol=0, atol=1e-15):
        return
    if len(wires) == 2 and wires[0] > wires[1]:
        wires, transfer = wires[::-1], reverse_wires(transfer)
    yield Fixed(wires, np.asarray(transfer, dtype=float))


def _reject_wide(gate: Gate, wires: tuple[int, ...]) -> None:
    if len(wires) > 2:
        raise UserError(
            f"the engine has no {len(wires)}-wire gate {gate.name!r} (wires {wires}); decompose it into gates "
            "on one or two wires, or run this circuit through the PennyLane interpreter"
        )


def _light_cone(everything: list[Element], seen: frozenset[int]) -> list[Element]:
    kept: list[Element] = []
    cone = set(seen)
    for element in reversed(everything):
        if cone.intersection(element.wires):
            cone.update(element.wires)
            kept.append(element)
    return kept[::-1]


def _inputs_first(elements: Iterable[Element]) -> list[Element]:
    """Move a rotation by inputs before rotations by weights about the same word, and join it to one by inputs."""
    ordered: list[Element] = []
    for element in elements:
        if not isinstance(element, Turn) or not element.by_input:
            ordered.append(element)
            continue
        place = len(ordered)
        for at in range(len(ordered) - 1, -1, -1):
            other = ordered[at]
            if not set(other.wires).intersection(element.wires):
                continue
            if not isinstance(other, Turn) or (other.wires, other.word) != (element.wires, element.word):
                break
            place = at
        _insert(ordered, place, element)
    return ordered


def _insert(ordered: list[Element], place: int, turn: Turn) -> None:
    here = ordered[place] if place < len(ordered) else None
    if isinstance(here, Turn) and here.by_input and (here.wires, here.word) == (turn.wires, turn.word):
        ordered[place] = Turn(turn.wires, turn.word, here.angle + turn.angle)
    else:
        ordered.insert(place, turn)

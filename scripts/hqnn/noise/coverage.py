"""Whether a noise model says anything about a program.

Noise hangs on gate names: a model whose names never occur leaves the program noiseless without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hqnn.circuits.program import Gate, Program
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel


def qubits_of(program: Program, gate: Gate) -> tuple[int, ...]:
    """The qubits that noise is looked up under: the backend's for a native program, else the wires."""
    if not program.native_wires:
        return gate.wires
    return tuple(program.native_wires[wire] for wire in gate.wires)


def noisy_gates(program: Program, noise: NoiseModel) -> int:
    """How many gates of a program have a channel after them."""
    return sum(noise.after(gate.name, qubits_of(program, gate)) is not None for gate in program.gates)


def is_noisy(program: Program, noise: NoiseModel) -> bool:
    """Whether a model says anything about a program: of a gate, of a wait, or of reading one of its qubits."""
    read = set(program.native_wires or range(program.wires)) & set(noise.readout)
    return bool(read) or noise.waiting is not None or noisy_gates(program, noise) > 0


def require_noise(program: Program, noise: NoiseModel) -> None:
    """Refuse a run that would be called noisy and is not.

    A model without channels is noise if it reads one of the program's qubits, or if qubits that wait suffer.

    Raises:
        UserError: no gate gets noise, although the model has some; the message names the gates of both.
    """
    if is_noisy(program, replace(noise, readout={}, waiting=None) if noise.channels else noise):
        return
    measured = sorted(program.native_wires or range(program.wires))
    raise UserError(
        f"no gate of the program gets noise from {noise.name!r}: the program has "
        f"{_names(gate.name for gate in program.gates)} on qubits {_names(measured)}, the noise model knows "
        f"{_names(gate for gate, _ in noise.channels)}; compile the program for this backend first"
    )


def _names(items: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(item) for item in items)) or "none"

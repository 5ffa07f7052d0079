"""Noisy circuits too wide for exact propagation: pure states that jump at random, averaged.

A channel with Kraus operators ``K_i`` takes a state to ``K_i psi / |K_i psi|`` with probability ``|K_i psi|^2``
(J. Dalibard, Y. Castin, K. Mølmer, Phys. Rev. Lett. 68, 580 (1992)). Neighbouring gates and channels on two wires are
one channel, so that a state costs 2^wires numbers for every such group.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hqnn.circuits.functions import extended
from hqnn.circuits.observables import terms_of
from hqnn.circuits.pauli import word_matrix
from hqnn.circuits.program import Program
from hqnn.engine.elements import Element, Fixed, Turn, elements_of
from hqnn.engine.fusion import Group, fused
from hqnn.engine.memory import MEGABYTE
from hqnn.engine.patterns import on_wires
from hqnn.engine.pauli import rotation_transfer
from hqnn.engine.plan import without_outcomes
from hqnn.errors import UserError
from hqnn.noise.channels import to_kraus
from hqnn.noise.model import NoiseModel, Readout, TransferMatrix

_DTYPE = torch.complex64  # whose rounding is far below the errors of any number of trajectories
_PIECE_MB = 8.0  # of states at a time

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Jump:
    """A channel as Kraus operators.

    Attributes:
        wires: one or two.
        kraus: shape (operators, 2^k, 2^k).
        effects: ``K† K`` of each.
    """

    wires: tuple[int, ...]
    kraus: Tensor
    effects: Tensor


class Trajectories:
    """One noisy circuit with given weights.

    Attributes:
        program: what is run.
        count: trajectories a sample.
    """

    def __init__(
        self,
        program: Program,
        noise: NoiseModel,
        weights: Values,
        *,
        count: int,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        """Multiply gates and channels together.

        Args:
            program: any, as in `QuantumLayer`.
            noise: after its gates, in its waits and at readout.
            weights: flat, radians.
            count: trajectories a sample, from 2.
            seed: of the jumps; those of a sample depend on its inputs besides, and on nothing else.
            device: where states are.

        Raises:
            UserError: see `hqnn.engine.elements.elements_of`.
        """
        self.program, self.count = program, count
        self._seed, self._device, self._weights = seed, torch.device(device), weights
        self._whole = without_outcomes(program, noise)
        self._steps = [self._step(group) for group in fused(elements_of(self._whole, noise))]
        self._observables = [
            [(term.coefficient, self._as_read(term.word, noise)) for term in terms_of(observable)]
            for observable in self._whole.observables
        ]

    def __call__(self, inputs: Values) -> tuple[Values, Values]:
        """Means over trajectories, and their standard errors.

        Args:
            inputs: shape (samples, inputs).

        Returns:
            Both of shape (samples, observables).

        Raises:
            UserError: NaN among the inputs, a function of them that is not finite, or a sample has no amplitudes.
        """
        if np.isnan(inputs).any():
            raise UserError("the noisy circuit got NaN among its inputs; look at the data")
        rows = extended(self.program, np.ascontiguousarray(inputs, dtype=np.float64), self._weights)
        drawn = np.array([self._sample(row) for row in rows])
        drawn = drawn.reshape(len(inputs), self.count, len(self._observables))
        return drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / np.sqrt(self.count)

    @torch.no_grad()
    def _sample(self, row: Values) -> Values:
        """Expectation values of every trajectory of one sample, shape (count, observables)."""
        generator = np.random.default_rng([self._seed, crc32(row.tobytes())])
        uniform = torch.from_numpy(generator.random((self.count, len(self._steps)))).to(self._device)
        start, most = self._start(row), int(_PIECE_MB * MEGABYTE / (_DTYPE.itemsize << self._whole.wires))
        steps = [self._rotation(step, row) if isinstance(step, Turn) else step for step in self._steps]
        pieces = [self._run(start, steps, piece) for piece in torch.split(uniform, max(1, most))]
        return torch.cat(pieces).double().cpu().numpy()

    def _run(self, start: Tensor, steps: Sequence[Jump], uniform: Tensor) -> Tensor:
        """Expectation values of some trajectories, shape (trajectories, observables)."""
        states = start.expand(len(uniform), *start.shape)
        for number, step in enumerate(steps):
            states = _jumped(states, step, uniform[:, number])
        totals = [sum(c * _expectation(states, letters) for c, letters in own) for own in self._observables]
        return torch.stack([torch.as_tensor(total) for total in totals], dim=1)

    def _start(self, row: Values) -> Tensor:
        """One axis a wire."""
        state = np.zeros(2**self._whole.wires)
        if self.program.initial_state == "zero":
            state[0] = 1
        else:
            amplitudes = row[: self.program.inputs]
            norm = np.linalg.norm(amplitudes)
            if norm == 0:
                raise UserError("a sample of the amplitude embedding is zero everywhere and has no state; leave it out")
            state[: len(amplitudes)] = amplitudes / norm
        return self._tensor(state).reshape((2,) * self._whole.wires)

    def _step(self, group: Group) -> Jump | Turn:
        (first, *_) = group.elements
        if isinstance(first, Turn) and first.by_input:
            return first
        return self._jump(group.wires, _mixed(to_kraus(_transfer(group.elements, group.wires, self._weights))))

    def _rotation(self, turn: Turn, row: Values) -> Jump:
        half, word = turn.angle.value(row, None) / 2, word_matrix(turn.word)
        return self._jump(turn.wires, (np.cos(half) * np.eye(len(word)) - 1j * np.sin(half) * word)[None])

    def _jump(self, wires: tuple[int, ...], kraus: NDArray[np.complex128]) -> Jump:
        return Jump(wires, self._tensor(kraus), self._tensor(kraus.conj().transpose(0, 2, 1) @ kraus))

    def _as_read(self, word: str, noise: NoiseModel) -> list[Jump]:
        """Each letter as a noisy detector sees it, a Pauli P as ``(1 - p10 - p01) P + (p01 - p10) I``."""
        qubits = self._whole.native_wires or tuple(range(self._whole.wires))
        found = []
        for wire, letter in enumerate(word):
            if letter != "I":
                error = noise.readout.get(qubits[wire], Readout(0.0, 0.0))
                sign = {"P": 1, "Q": -1}.get(letter)
                pauli = word_matrix(letter if sign is None else "Z")
                seen = (1 - error.p10 - error.p01) * pauli + (error.p01 - error.p10) * np.eye(2)
                if sign is not None:
                    seen = (np.eye(2) + sign * seen) / 2
                found.append(self._jump((wire,), seen[None]))
        return found

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        return torch.as_tensor(array, dtype=_DTYPE, device=self._device)


def _mixed(kraus: Sequence[NDArray[np.complex128]]) -> NDArray[np.complex128]:
    """The same channel by as many operators that are all about equally likely: a unitary mixture, the Fourier one.

    Rare large jumps would leave most means without any, and their standard errors near 0 however wrong they are; small
    ones at every step spread evenly (Nielsen and Chuang, theorem 8.2).
    """
    return np.asarray(np.fft.fft(np.array(kraus), axis=0, norm="ortho"))


def _jumped(states: Tensor, step: Jump, uniform: Tensor) -> Tensor:
    """States, shape (trajectories, 2, ..., 2), after one channel."""
    rows = _rows(states, step.wires)
    if len(step.kraus) == 1:
        return _unrolled(step.kraus.expand(len(rows), -1, -1) @ rows, states, step.wires)
    density = rows @ rows.mH
    probability = torch.einsum("kij,bji->bk", step.effects, density).real.clamp(min=0)
    reached = probability.cumsum(dim=1)
    chosen = torch.searchsorted(reached, (uniform * reached[:, -1])[:, None].to(reached.dtype), right=True)
    chosen = chosen.clamp(max=len(step.kraus) - 1)
    weight = probability.gather(1, chosen).rsqrt()
    return _unrolled((step.kraus[chosen[:, 0]] * weight[..., None]) @ rows, states, step.wires)


def _rows(states: Tensor, wires: tuple[int, ...]) -> Tensor:
    """Some wires' axes as one before all others, shape (trajectories, 2^k, rest)."""
    axes = [1 + wire for wire in wires]
    return states.movedim(axes, [1 + at for at in range(len(axes))]).reshape(len(states), 2 ** len(axes), -1)


def _unrolled(rows: Tensor, like: Tensor, wires: tuple[int, ...]) -> Tensor:
    """What `_rows` undid."""
    axes = [1 + wire for wire in wires]
    return rows.reshape(like.shape).movedim([1 + at for at in range(len(axes))], axes)


def _expectation(states: Tensor, letters: Sequence[Jump]) -> Tensor:
    """``<state| O |state>``, shape (trajectories,)."""
    seen = states
    for letter in letters:
        seen = _unrolled(letter.kraus @ _rows(seen, letter.wires), seen, letter.wires)
    return (states.conj() * seen).real.flatten(1).sum(dim=1)


def _transfer(elements: Sequence[Element], wires: tuple[int, ...], weights: Values) -> TransferMatrix:
    """The product of a group's elements at given weights."""
    matrices = [
        on_wires(element.matrix, element.wires, wires)
        if isinstance(element, Fixed)
        else on_wires(rotation_transfer(element.word, element.angle.value(None, weights)), element.wires, wires)
        for element in elements
    ]
    return reduce(lambda done, later: later @ done, matrices)

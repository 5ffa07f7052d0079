"""Whether observables or states are propagated: what each would cost, and what fits in memory.

Observables cost the same for any number of samples as long as inputs enter once, and 4^wires a sample where they enter
again; states cost 2^wires a sample and rotation. Noise rules states out.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import prod
from operator import gt
from typing import Literal, TypeAlias

import torch

from hqnn.circuits.program import Channel, Program
from hqnn.engine.fusion import Group
from hqnn.engine.memory import MEGABYTE, too_much
from hqnn.engine.plan import Outline
from hqnn.engine.states import tile_bytes
from hqnn.engine.states_kernels import LANES
from hqnn.engine.states_plan import StatesPlan, states_plan_of
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel

log = logging.getLogger(__name__)

Way: TypeAlias = Literal["observables", "states"]

# Measured on one thread of a server's CPU, in float32, forward and backward; rounded in favour of observables.
_OBSERVABLES_US, _STATES_US = 250.0, 150.0
_SAMPLE_US = 0.15
_SHARED_NS = 0.15  # a multiplication for all samples
_OWN_NS = 0.2  # and for one
_MEETING_NS = 0.1  # a component that meets a sample's product state
_ROW_NS = 0.75  # a row that is turned


@dataclass(frozen=True)
class Cost:
    """Of a call, forward and backward.

    Attributes:
        call_us: microseconds whatever is computed, on one thread.
        copy_us: of a copy, whatever the number of samples.
        sample_us: of a sample of a copy.
        entries: numbers of a copy that must be in memory at a time, at the least.
    """

    call_us: float
    copy_us: float
    sample_us: float
    entries: int

    def us(self, copies: int, samples: int) -> float:
        """Microseconds for so many samples of each copy."""
        return self.call_us + copies * (self.copy_us + samples * self.sample_us)


class Choice:
    """Decides for one program, call by call."""

    def __init__(
        self,
        program: Program,
        noise: NoiseModel | None,
        outline: Outline,
        copies: int,
        memory_limit_mb: float,
        way: Way | None,
    ) -> None:
        """Estimate both ways.

        Args:
            program: what is run.
            noise: or None.
            outline: of both.
            copies: circuits in parallel.
            memory_limit_mb: of a call.
            way: the only one to take, or None.

        Raises:
            UserError: states are asked for where there is noise or a channel.
        """
        channels = any(isinstance(factor, Channel) for gate in program.gates for factor in gate.factors)
        if way == "states" and (noise is not None or channels):
            has, what = ("noise", "its noise") if noise is not None else ("channels", "the circuit's channels")
            raise UserError(f"pure states have no {has}; leave the quantum layer's way out, or {what}")
        self._program, self._ideal = program, noise is None and not channels
        self._copies, self._limit_mb, self._given = copies, memory_limit_mb, way
        self._observables = observables_cost(program, outline)
        self._told: set[Way] = set()

    @cached_property
    def states_plan(self) -> StatesPlan:
        """What pure states run."""
        return states_plan_of(self._program)

    def way(self, samples: int, dtype: torch.dtype, device: torch.device) -> Way:
        """The way of a call with so many samples a copy; its first use is logged.

        Raises:
            UserError: the observables need too much memory and there is no other way.
        """
        way = self._way(samples, dtype)
        if way not in self._told:
            self._told.add(way)
            log.info("%d wires by propagated %s: %s", self._program.wires, way, self._why(samples, device))
        return way

    def _way(self, samples: int, dtype: torch.dtype) -> Way:
        megabytes = self._copies * dtype.itemsize / MEGABYTE
        fits = self._observables.entries * megabytes <= self._limit_mb
        free = self._ideal and self._given is None
        if free and (not fits or gt(*self._both_us(samples))):
            return "states"
        way = self._given or "observables"
        if way == "observables" and not fits:
            too_much(self._observables.entries * megabytes, self._limit_mb, "the observables' vectors")
        return way

    def _both_us(self, samples: int) -> tuple[float, float]:
        """Microseconds by observables and by states, which take samples by the tile."""
        filled = -(-samples // LANES) * LANES
        return self._observables.us(self._copies, samples), self._states.us(self._copies, filled)

    @cached_property
    def _states(self) -> Cost:
        return states_cost(self.states_plan)

    def _why(self, samples: int, device: torch.device) -> str:
        if self._given is not None:
            return "as asked for"
        if not self._ideal:
            return "states are for ideal circuits"
        theirs, ours = (us / 1e3 for us in self._both_us(samples))
        where = "" if device.type == "cpu" else f" on a CPU, which is taken for what {device} prefers"
        return f"{samples} samples take about {theirs:.2g} ms by observables, {ours:.2g} ms by states{where}"


def observables_cost(program: Program, outline: Outline) -> Cost:
    """What propagated observables cost, gates taken in the order of time, last first."""
    dims = [4 if w in program.wires_read else 1 for w in range(program.wires)]
    left = Counter(wire for group in (*outline.early, *outline.late) for wire in group.wires)

    def taken(group: Group) -> int:
        """Multiplications; the axes become those after the group."""
        before = prod(dims)
        left.subtract(group.wires)
        for wire in group.wires:
            dims[wire] = 4 if left[wire] else outline.embedding[wire].columns
        return before * prod(dims[wire] for wire in group.wires)

    sizes, work = [prod(dims)], []
    for groups in (outline.late, outline.early):
        work.append(sum(taken(group) for group in reversed(groups)))
        sizes.append(prod(dims))
    met = prod(outline.embedding[wire].columns for wire, size in enumerate(dims) if size > 1)
    shared, own, meeting = (len(program.observables) * count for count in (*work, met))
    sample_us = _SAMPLE_US + (_OWN_NS * own + _MEETING_NS * meeting) / 1e3
    return Cost(_OBSERVABLES_US, _SHARED_NS * shared / 1e3, sample_us, 3 * max(sizes) * len(program.observables))


def states_cost(plan: StatesPlan) -> Cost:
    """What pure states cost."""
    rows = plan.row_turns + plan.measurements * 2**plan.bits
    return Cost(_STATES_US, 0.0, _SAMPLE_US + _ROW_NS * rows / 1e3, tile_bytes(plan, 1))

"""Whether observables or states are propagated: what each would cost, and what fits in memory.

Observables cost the same for any number of samples as long as inputs enter once, and 4^wires a sample where they enter
again; states cost 2^wires a sample and rotation. Noise rules states out.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from math import prod
from operator import gt
from typing import Literal, NamedTuple, TypeAlias

import torch

from hqnn.circuits.program import Channel, Program
from hqnn.engine.fusion import Group
from hqnn.engine.memory import MEGABYTE, too_much
from hqnn.engine.plan import Outline
from hqnn.engine.states_kernels import LANES
from hqnn.engine.states_plan import StatesPlan, states_plan_of
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel

log = logging.getLogger(__name__)

Way: TypeAlias = Literal["observables", "states"]


class Rates(NamedTuple):
    """What one thread of a server's CPU takes, in float32: fitted to circuits of 4 to 12 wires and 1 to 8 layers.

    In float64 all but a call itself takes about twice as long.

    Attributes:
        observables_us: a call by observables, whatever it computes.
        observable_sample_us: a sample there, whatever the circuit.
        shared_ns: a multiplication for all samples.
        own_ns: and for one.
        meeting_ns: a component that meets a sample's product state.
        states_us: a call by states.
        state_sample_us: a sample there.
        row_ns: a row that is turned.
    """

    observables_us: float
    observable_sample_us: float
    shared_ns: float
    own_ns: float
    meeting_ns: float
    states_us: float
    state_sample_us: float
    row_ns: float


FORWARD = Rates(140.0, 0.04, 0.045, 0.11, 0.012, 70.0, 0.075, 0.18)
BOTH_WAYS = Rates(310.0, 0.09, 0.13, 0.46, 0.10, 195.0, 0.16, 0.58)


@cache
def rates_of(dtype: torch.dtype, back: bool) -> Rates:
    """Those of a call in float32 or float64, with the way back to the gradients or without."""
    rates, slower = BOTH_WAYS if back else FORWARD, dtype.itemsize / torch.float32.itemsize
    calls = {"observables_us": rates.observables_us, "states_us": rates.states_us}
    return Rates(*(slower * value for value in rates))._replace(**calls)


@dataclass(frozen=True)
class ObservablesWork:
    """What a call by observables computes for a copy.

    Attributes:
        shared: multiplications for all samples.
        own: and for each.
        meeting: components that meet each sample's product state.
        entries: numbers that must be in memory at a time, at the least.
    """

    shared: int
    own: int
    meeting: int
    entries: int

    def us(self, rates: Rates, copies: int, samples: int) -> float:
        """Microseconds for so many samples of each copy."""
        sample_us = rates.observable_sample_us + (rates.own_ns * self.own + rates.meeting_ns * self.meeting) / 1e3
        return rates.observables_us + copies * (rates.shared_ns * self.shared / 1e3 + samples * sample_us)


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
        self._observables = observables_work(program, outline)
        self._told: set[Way] = set()

    @cached_property
    def states_plan(self) -> StatesPlan:
        """What pure states run."""
        return states_plan_of(self._program)

    def way(self, samples: int, dtype: torch.dtype, device: torch.device, *, back: bool) -> Way:
        """The way of a call, with gradients or without, of so many samples a copy; its first use is logged.

        Raises:
            UserError: the observables need too much memory and there is no other way.
        """
        rates = rates_of(dtype, back)
        way = self._way(samples, dtype, rates)
        if way not in self._told:
            self._told.add(way)
            log.info("%d wires by propagated %s: %s", self._program.wires, way, self._why(samples, device, rates))
        return way

    def _way(self, samples: int, dtype: torch.dtype, rates: Rates) -> Way:
        megabytes = self._copies * dtype.itemsize / MEGABYTE
        fits = self._observables.entries * megabytes <= self._limit_mb
        free = self._ideal and self._given is None
        if free and (not fits or gt(*self._both_us(samples, rates))):
            return "states"
        way = self._given or "observables"
        if way == "observables" and not fits:
            too_much(self._observables.entries * megabytes, self._limit_mb, "the observables' vectors")
        return way

    def _both_us(self, samples: int, rates: Rates) -> tuple[float, float]:
        """Microseconds by observables and by states."""
        return self._observables.us(rates, self._copies, samples), self._states_us(samples, rates)

    def _states_us(self, samples: int, rates: Rates) -> float:
        """Of pure states, which take samples by the tile."""
        filled = -(-samples // LANES) * LANES
        return rates.states_us + self._copies * filled * (rates.state_sample_us + rates.row_ns * self._rows / 1e3)

    @cached_property
    def _rows(self) -> int:
        """That pure states turn and read for a sample."""
        plan = self.states_plan
        return plan.row_turns + plan.measurements * int(2**plan.bits)

    def _why(self, samples: int, device: torch.device, rates: Rates) -> str:
        if self._given is not None:
            return "as asked for"
        if not self._ideal:
            return "states are for ideal circuits"
        theirs, ours = (us / 1e3 for us in self._both_us(samples, rates))
        where = "" if device.type == "cpu" else f" on a CPU, which is taken for what {device} prefers"
        return f"{samples} samples take about {theirs:.2g} ms by observables, {ours:.2g} ms by states{where}"


def observables_work(program: Program, outline: Outline) -> ObservablesWork:
    """What propagating observables takes, gates in the order of time, last first."""
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
    return ObservablesWork(shared, own, meeting, 3 * max(sizes) * len(program.observables))

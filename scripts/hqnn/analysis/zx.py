"""Redundant weights by the ZX calculus: reduce a circuit's diagram and see which weights keep a spider of their own.

Boundaries matter. The diagram is that of the prepared state, inputs |0> and outputs open, so a weight counts as long as
it changes the state; whether an observable sees it is asked of the diagrams of the expectation values. Neither says
that a weight is useful: RX(weight) right behind RY(input) and before <Z> only scales the expectation value, which a
linear layer behind the circuit does as well, although its spider stays (see `hqnn.analysis.fourier.absorbed_weights`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import pi
from typing import Any, Literal

import pyzx
from pyzx.symbolic import Poly
from pyzx.utils import EdgeType, VertexType

from hqnn.analysis.zx_graph import expectation_graph, graph_of
from hqnn.circuits.observables import pauli_sum
from hqnn.circuits.program import Angle, Program


@dataclass(frozen=True)
class Spider:
    """One node of a diagram.

    Attributes:
        kind: a Z or X spider, or an open end.
        phase: in radians, with constants in [0, 2 pi).
        place: (column, wire); phase gadgets stand on wires below 0.
    """

    kind: Literal["Z", "X", "end"]
    phase: Angle
    place: tuple[float, float]


@dataclass(frozen=True)
class Diagram:
    """A ZX diagram up to a scalar.

    Attributes:
        spiders: the nodes.
        edges: (spider, spider, whether it carries a Hadamard), indices into `spiders`.
    """

    spiders: tuple[Spider, ...]
    edges: tuple[tuple[int, int, bool], ...]

    @property
    def inner(self) -> int:
        """Spiders without the open ends."""
        return sum(spider.kind != "end" for spider in self.spiders)

    @property
    def parametrised(self) -> int:
        """Spiders whose phase holds a weight or an input, which makes it no Clifford phase."""
        return sum(not spider.phase.is_constant for spider in self.spiders)


@dataclass(frozen=True)
class Reduction:
    """A circuit's diagram before and after PyZX's ``full_reduce``; weights are flat indices in C order.

    Attributes:
        before: as the circuit stands.
        after: reduced; the same state up to a scalar.
        merged: groups of weights that ended in one spider: the state depends on their sum or difference only.
        with_inputs: weights that ended in one spider with inputs: they shift an input.
        vanished: weights that are in no spider: the state does not depend on them.
        unseen: weights that no Pauli word of an observable depends on; the vanished ones are among them.
    """

    before: Diagram
    after: Diagram
    merged: tuple[tuple[int, ...], ...]
    with_inputs: tuple[int, ...]
    vanished: tuple[int, ...]
    unseen: tuple[int, ...]

    @property
    def all_keep_their_spider(self) -> bool:
        """Whether no two weights merge and none vanishes."""
        return not self.merged and not self.vanished


def reduce_program(program: Program) -> Reduction:
    """Reduce a program's diagram and say what became of its weights.

    What the rules merge or remove is redundant; that they leave a spider is no proof that it is not.

    Source of the rewriting: Duncan et al., Quantum 4, 279 (2020); Kissinger and van de Wetering, Phys. Rev. A 102,
    022406 (2020).
    """
    graph = graph_of(program)
    reduced = graph.copy()
    pyzx.full_reduce(reduced)
    before, after = diagram_of(graph), diagram_of(reduced)
    groups = [tuple(j for j, _ in spider.phase.weights) for spider in after.spiders]
    kept = {j for group in groups for j in group}
    words = {word for observable in program.observables for word in pauli_sum(observable)}
    seen = {j for word in words for j in _seen(expectation_graph(graph, word))}
    shifts = {j for s in after.spiders if s.phase.inputs for j, _ in s.phase.weights}
    return Reduction(
        before=before,
        after=after,
        merged=tuple(sorted({group for group in groups if len(group) > 1})),
        with_inputs=tuple(sorted(shifts)),
        vanished=_missing(kept, program.weights),
        unseen=_missing(kept & seen, program.weights),
    )


def diagram_of(graph: Any) -> Diagram:
    """Read a PyZX graph of Z and X spiders."""
    index = {vertex: n for n, vertex in enumerate(graph.vertices())}
    kinds: dict[Any, Literal["Z", "X"]] = {VertexType.Z: "Z", VertexType.X: "X"}
    return Diagram(
        spiders=tuple(
            Spider(kinds.get(graph.type(v), "end"), angle_of(graph.phase(v)), (graph.row(v), graph.qubit(v)))
            for v in index
        ),
        edges=tuple(
            (index[graph.edge_s(e)], index[graph.edge_t(e)], graph.edge_type(e) == EdgeType.HADAMARD)
            for e in graph.edge_set()
        ),
    )


def angle_of(phase: Any) -> Angle:
    """A phase of PyZX in radians, its symbols ``w<j>`` and ``x<i>`` as weights and inputs."""
    terms = phase.terms if isinstance(phase, Poly) else [(phase, None)]
    total = Angle()
    for coefficient, term in terms:
        name = str(term) if term is not None else ""
        found = re.fullmatch(r"([wx])(\d+)", name)
        if not found:
            total += Angle(constant=float(coefficient) * pi)
        elif found[1] == "w":
            total += Angle(weights=((int(found[2]), float(coefficient)),))
        else:
            total += Angle(inputs=((int(found[2]), float(coefficient)),))
    return Angle(total.constant % (2 * pi), total.inputs, total.weights)


def _seen(graph: Any) -> set[int]:
    """Weights that are left in the reduced diagram of an expectation value, or in the factors split off from it."""
    pyzx.full_reduce(graph)
    scalar = graph.scalar
    if scalar.is_zero:
        return set()
    phases = [*(graph.phase(v) for v in graph.vertices()), *scalar.phasenodes, *scalar.sum_of_phases]
    return {j for phase in phases for j, _ in angle_of(phase).weights}


def _missing(found: Iterable[int], count: int) -> tuple[int, ...]:
    return tuple(sorted(set(range(count)) - set(found)))

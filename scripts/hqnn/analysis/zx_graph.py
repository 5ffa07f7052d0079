"""A program as a ZX diagram of PyZX, with weights and inputs as symbols.

Phases are in units of pi, as PyZX counts them: an angle ``c * weights[j]`` is the phase ``c * w<j>``, where the symbol
stands for ``weights[j] / pi``; inputs are ``x<i>``. Scalars that no weight enters are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import pi
from typing import Any

import numpy as np
import pyzx
from pyzx.symbolic import Poly, new_var
from pyzx.utils import EdgeType, VertexType

from hqnn.circuits.program import Angle, ComplexMatrix, Constant, Factor, Program

_TOLERANCE = 1e-9
_DENOMINATOR = 1_000_000
_HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
_CNOT = np.eye(4)[[0, 1, 3, 2]]
_CNOT_UP = np.eye(4)[[0, 3, 2, 1]]
_CZ = np.diag([1.0, 1, 1, -1])
_SWAP = np.eye(4)[[0, 2, 1, 3]]


def graph_of(program: Program) -> Any:
    """The diagram of the state that a program prepares.

    Args:
        program: any; gates are read from their factors. A constant on two wires that is no CNOT, CZ or SWAP is written
            with CNOTs.

    Returns:
        A PyZX graph. On the left |0> on every wire (an X spider without a phase), or open ends where the program embeds
        amplitudes; on the right open ends. Rows are columns of gates, from 0.
    """
    drawing = _Drawing(program)
    for gate in program.gates:
        for factor in gate.unitary_factors:
            drawing.add(factor, gate.wires)
    return drawing.closed()


def expectation_graph(graph: Any, word: str) -> Any:
    """The diagram of an expectation value: a state's diagram, a Pauli word, and the diagram's adjoint.

    Args:
        graph: from `graph_of`.
        word: one letter a wire.
    """
    middle = pyzx.Graph()
    ends = [_pauli(middle, wire, letter) for wire, letter in enumerate(word)]
    middle.set_inputs(tuple(first for first, _ in ends))
    middle.set_outputs(tuple(last for _, last in ends))
    return graph + middle + graph.adjoint()


def _pauli(graph: Any, wire: int, letter: str) -> tuple[int, int]:
    """A letter between two open ends; a Y is a Z and an X, up to a factor."""
    path = [graph.add_vertex(VertexType.BOUNDARY, wire, 0)]
    path += [graph.add_vertex(VertexType.Z, wire, 1, 1)] if letter in "YZ" else []
    path += [graph.add_vertex(VertexType.X, wire, 2, 1)] if letter in "XY" else []
    path.append(graph.add_vertex(VertexType.BOUNDARY, wire, 3))
    graph.add_edges(list(pairwise(path)))
    return path[0], path[-1]


class _Drawing:
    """A diagram under construction: the last spider, the next free column and the pending edge of each wire."""

    def __init__(self, program: Program) -> None:
        self._graph = pyzx.Graph()
        start = VertexType.BOUNDARY if program.initial_state == "amplitudes" else VertexType.X
        self._last = [self._graph.add_vertex(start, wire, 0) for wire in range(program.wires)]
        if start == VertexType.BOUNDARY:
            self._graph.set_inputs(tuple(self._last))
        self._column = [1] * program.wires
        self._edge = [EdgeType.SIMPLE] * program.wires

    def add(self, factor: Factor, wires: Sequence[int]) -> None:
        """Append a factor."""
        if not isinstance(factor, Constant):
            acting = [(w, letter) for w, letter in zip(wires, factor.word, strict=True) if letter != "I"]
            self._rotation(acting, self._phase(factor.angle))
        elif len(wires) == 1:
            self._one_wire(factor.matrix, wires[0])
        else:
            self._two_wires(factor.matrix, wires)

    def closed(self) -> Any:
        """The graph, with open ends behind the last column."""
        column = max(self._column)
        ends = []
        for wire in range(len(self._last)):
            self._column[wire] = column
            ends.append(self._spider(wire, VertexType.BOUNDARY))
        self._graph.set_outputs(tuple(ends))
        return self._graph

    def _phase(self, angle: Angle) -> Any:
        constant = Fraction(angle.constant / pi).limit_denominator(_DENOMINATOR)
        symbols = [("w", j, c) for j, c in angle.weights] + [("x", i, c) for i, c in angle.inputs]
        if not symbols:
            return constant
        named = [new_var(f"{kind}{index}", False, self._graph.var_registry) * c for kind, index, c in symbols]
        return sum(named, Poly([])) + constant

    def _spider(self, wire: int, kind: Any, phase: Any = 0) -> int:
        vertex = self._graph.add_vertex(kind, wire, self._column[wire], phase)
        self._graph.add_edge((self._last[wire], vertex), self._edge[wire])
        self._last[wire], self._edge[wire] = vertex, EdgeType.SIMPLE
        self._column[wire] += 1
        return int(vertex)

    def _align(self, wires: Iterable[int]) -> None:
        """Leave a column free on all wires between some."""
        wires = sorted(wires)
        between = range(wires[0], wires[-1] + 1)
        column = max(self._column[wire] for wire in between)
        for wire in between:
            self._column[wire] = column + (wire not in wires)

    def _rotation(self, acting: Sequence[tuple[int, str]], phase: Any) -> None:
        """``exp(-i phase pi/2 word)``: one spider, or for a longer word a phase gadget (arXiv:1903.10477)."""
        if not acting:
            return
        for wire, letter in acting:
            self._turn(wire, letter, len(acting) > 1, back=False)
        if len(acting) == 1:
            ((wire, letter),) = acting
            self._spider(wire, VertexType.Z if letter == "Z" else VertexType.X, phase)
        else:
            self._gadget([wire for wire, _ in acting], phase)
        for wire, letter in acting:
            self._turn(wire, letter, len(acting) > 1, back=True)

    def _turn(self, wire: int, letter: str, gadget: bool, back: bool) -> None:
        """Change a wire's basis: Y to X for a spider, X or Y to Z for a gadget, and back."""
        if gadget and letter == "X":
            self._hadamard(wire)
        elif letter == "Y":
            quarter = Fraction(1, 2) if back != gadget else Fraction(-1, 2)
            self._spider(wire, VertexType.X if gadget else VertexType.Z, quarter)

    def _gadget(self, wires: Sequence[int], phase: Any) -> None:
        self._align(wires)
        column = self._column[wires[0]]
        legs = [self._spider(wire, VertexType.Z) for wire in wires]
        hub = self._graph.add_vertex(VertexType.X, -1, column)
        leaf = self._graph.add_vertex(VertexType.Z, -2, column, phase)
        self._graph.add_edges([(leg, hub) for leg in [*legs, leaf]])

    def _hadamard(self, wire: int) -> None:
        plain = self._edge[wire] == EdgeType.SIMPLE
        self._edge[wire] = EdgeType.HADAMARD if plain else EdgeType.SIMPLE

    def _one_wire(self, matrix: ComplexMatrix, wire: int) -> None:
        if _equal(matrix, _HADAMARD):
            self._hadamard(wire)
            return
        for kind, angle in zip((VertexType.Z, VertexType.X, VertexType.Z), _zxz(matrix), strict=True):
            phase = Fraction(angle / pi).limit_denominator(_DENOMINATOR) % 2
            if phase:
                self._spider(wire, kind, phase)

    def _two_wires(self, matrix: ComplexMatrix, wires: Sequence[int]) -> None:
        a, b = wires
        if _equal(matrix, _CNOT):
            self._joined(a, b, VertexType.X)
        elif _equal(matrix, _CNOT_UP):
            self._joined(b, a, VertexType.X)
        elif _equal(matrix, _CZ):
            self._joined(a, b, VertexType.Z)
        elif _equal(matrix, _SWAP):
            for control, target in ((a, b), (b, a), (a, b)):
                self._joined(control, target, VertexType.X)
        else:
            self._with_cnots(matrix, wires)

    def _joined(self, control: int, target: int, kind: Any) -> None:
        self._align((control, target))
        ends = self._spider(control, VertexType.Z), self._spider(target, kind)
        self._graph.add_edge(ends, EdgeType.SIMPLE if kind == VertexType.X else EdgeType.HADAMARD)

    def _with_cnots(self, matrix: ComplexMatrix, wires: Sequence[int]) -> None:
        from qiskit.circuit.library import CXGate
        from qiskit.synthesis import TwoQubitBasisDecomposer

        circuit = TwoQubitBasisDecomposer(CXGate())(matrix)
        for instruction in circuit.data:  # Qiskit's first qubit is the least significant
            places = [wires[1 - circuit.find_bit(qubit).index] for qubit in instruction.qubits]
            if len(places) == 2:
                self._joined(places[0], places[1], VertexType.X)
            else:
                self._one_wire(instruction.operation.to_matrix(), places[0])


def _equal(matrix: ComplexMatrix, other: Any) -> bool:
    """Whether two unitaries are equal up to a phase."""
    return bool(abs(abs(np.vdot(matrix, other)) - len(matrix)) < _TOLERANCE)


def _zxz(matrix: ComplexMatrix) -> tuple[float, float, float]:
    """Angles (a, b, c) of ``RZ(c) RX(b) RZ(a)``, the first one acting first, equal to a unitary up to a phase."""
    (p, q), (r, s) = matrix
    if abs(r) < _TOLERANCE:
        return float(np.angle(s / p)), 0.0, 0.0
    if abs(p) < _TOLERANCE:
        return 0.0, pi, float(np.angle(r / q))
    return float(np.angle(q / p) + pi / 2), float(2 * np.arctan2(abs(r), abs(p))), float(np.angle(r / p) + pi / 2)

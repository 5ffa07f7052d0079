"""Circuits drawn as diagrams."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from hqnn.circuits.functions import written
from hqnn.circuits.observables import PROJECTORS, terms_of
from hqnn.circuits.program import Angle, Gate, Program, Terms
from hqnn.report.panels import Image
from hqnn.report.style import FAINT, INK, inline_svg, svg_panel

COLUMNS = 14  # gates beside each other, before a circuit goes on below
FORMULAS = 6  # that a caption spells out
UNIT = 0.62  # inches between wires, and between columns
HALF = 0.36  # of a box, in units
SHORT = {
    "Hadamard": "H",
    "PauliX": "X",
    "PauliY": "Y",
    "PauliZ": "Z",
    "PhaseShift": "P",
    "Identity": "I",
    "measure": "M",
    "reset": "|0⟩",
}
CONTROLLED = {"CNOT": "+", "CX": "+", "CZ": "", "CY": "Y", "CRX": "RX", "CRY": "RY", "CRZ": "RZ"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
FRACTIONS = {1.0: "π", 0.5: "π/2", 0.25: "π/4", 2.0: "2π"}


def circuit_image(program: Program, name: str, caption: str = "") -> Image:
    """A circuit as it stands in the page, see `circuit_drawing`."""
    width, _ = _size(_columns(program.gates), program.wires)
    drawn = Markup(inline_svg(circuit_drawing(program, name), f"circuit of {name}"))  # noqa: S704 - escaped there
    count = len(program.functions)
    formulas = [f"f{k} = {written(program, program.inputs + k)}" for k in range(min(count, FORMULAS))]
    caption = " ".join([caption, *([f"{'; '.join(formulas)}{', ...' * (count > FORMULAS)}."] if formulas else [])])
    return Image(Markup('<div style="max-width: {:.1f}rem">{}</div>').format(6 * width, drawn), caption)


def circuit_drawing(program: Program, name: str) -> bytes:
    """Draw a circuit, time from left to right, wire 0 on top; long ones go on below.

    Args:
        program: what to draw; x are its inputs, θ its weights, f its functions, all counted from 0. A gate that depends
            on an outcome has a question mark.
        name: of the circuit.

    Returns:
        SVG.
    """
    columns = _columns(program.gates)
    rows = [columns[start : start + COLUMNS] for start in range(0, max(len(columns), 1), COLUMNS)]
    height = program.wires + 0.6

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            top, last = place * height, place == len(rows) - 1
            _wires(axes, program, top, len(row), last)
            for x, column in enumerate(row):
                for gate in column:
                    _gate(axes, gate, x + 1, top, program.inputs)
        axes.set(xlim=(-0.4, _width(columns)), ylim=(len(rows) * height - 0.9, -0.6), aspect="equal")
        axes.set_axis_off()

    return svg_panel(f"circuit-{name}", draw, _size(columns, program.wires))


def angle_words(angle: Angle, inputs: int | None = None) -> str:
    """An angle as it is written in a gate, such as ``x₀``, ``2·θ₁₂``, ``f₀`` or ``π/2``.

    Args:
        angle: of a gate.
        inputs: how many numbers a sample has; those behind them are functions f.
    """
    own = [(i, c) for i, c in angle.inputs if inputs is None or i < inputs]
    functions = [(i - inputs, c) for i, c in angle.inputs if inputs is not None and i >= inputs]
    terms = [*_terms(tuple(own), "x"), *_terms(tuple(functions), "f"), *_terms(angle.weights, "θ")]
    if angle.constant or not terms:
        terms.append(_constant(angle.constant))
    return "+".join(terms).replace("+-", "−").replace("-", "−")


def _terms(terms: Terms, letter: str) -> list[str]:
    def factor(value: float) -> str:
        return {1.0: "", -1.0: "-"}.get(value, f"{value:.3g}·")

    return [f"{factor(value)}{letter}{str(index).translate(SUBSCRIPTS)}" for index, value in terms]


def _constant(value: float) -> str:
    for share, words in FRACTIONS.items():
        if math.isclose(abs(value), share * math.pi, rel_tol=1e-9):
            return f"{'-' if value < 0 else ''}{words}"
    return f"{value:.3g}"


def _columns(gates: Sequence[Gate]) -> list[list[Gate]]:
    """Gates that stand above each other; each as far left as its wires, and those between them, let it."""
    free: dict[int, int] = {}
    columns: list[list[Gate]] = []
    for gate in gates:
        span = range(min(gate.wires), max(gate.wires) + 1)
        place = max(free.get(wire, 0) for wire in span)
        columns += [[] for _ in range(place + 1 - len(columns))]
        columns[place].append(gate)
        free.update(dict.fromkeys(span, place + 1))
    return columns


def _width(columns: Sequence[Sequence[Gate]]) -> float:
    return min(len(columns), COLUMNS) + 1.7


def _size(columns: Sequence[Sequence[Gate]], wires: int) -> tuple[float, float]:
    rows = max(1, math.ceil(len(columns) / COLUMNS))
    return UNIT * (_width(columns) + 0.4), UNIT * (rows * (wires + 0.6) - 0.3)


def _wires(axes: Axes, program: Program, top: float, columns: int, last: bool) -> None:
    for wire in range(program.wires):
        y = top + wire
        axes.plot([0.1, columns + 0.7], [y, y], color=INK, linewidth=0.8, zorder=1)
        axes.text(0, y, str(wire), ha="right", va="center", size=8)
        if last and wire in program.wires_read:
            axes.text(columns + 0.8, y, _read(program, wire), ha="left", va="center", size=8.5)


def _read(program: Program, wire: int) -> str:
    """The Pauli letters that are measured on a wire, and p where its bit is."""
    letters = {term.word[wire] for observable in program.observables for term in terms_of(observable)}
    paulis = ",".join(sorted(letters & set("XYZ")))
    return ", ".join([f"⟨{paulis}⟩"] * bool(paulis) + ["p"] * (not letters.isdisjoint(PROJECTORS.values())))


def _gate(axes: Axes, gate: Gate, x: float, top: float, inputs: int) -> None:
    ys = [top + wire for wire in gate.wires]
    if len(ys) > 1:
        axes.plot([x, x], [min(ys), max(ys)], color=INK, linewidth=0.9, zorder=2)
    angles = ", ".join(angle_words(angle, inputs) for angle in gate.angles)
    if gate.name not in CONTROLLED or len(ys) != 2 or gate.condition:
        name = SHORT.get(gate.name, gate.name) + "?" * (gate.condition is not None)
        for y in ys:
            _box(axes, x, y, name, angles if y == ys[-1] else "")
        return
    target = CONTROLLED[gate.name]
    dots = ys if target == "" else ys[:1]
    for y in dots:
        axes.add_patch(Circle((x, y), 0.09, facecolor=INK, edgecolor="none", zorder=3))
    if target == "+":
        axes.add_patch(Circle((x, ys[1]), 0.2, fill=False, edgecolor=INK, linewidth=0.9, zorder=3))
        axes.plot([x, x], [ys[1] - 0.2, ys[1] + 0.2], color=INK, linewidth=0.9, zorder=3)
    elif target:
        _box(axes, x, ys[1], target, angles)


def _box(axes: Axes, x: float, y: float, name: str, angles: str) -> None:
    corner, side = (x - HALF, y - HALF), 2 * HALF
    axes.add_patch(
        FancyBboxPatch(corner, side, side, boxstyle="round,pad=0,rounding_size=0.06", facecolor=FAINT, edgecolor=INK,
                       linewidth=0.7, zorder=4)
    )  # fmt: skip
    axes.text(x, y - (0.13 if angles else 0), name, ha="center", va="center", size=8 if len(name) < 4 else 6, zorder=5)
    if angles:
        axes.text(x, y + 0.16, angles, ha="center", va="center", size=7.5 if len(angles) < 6 else 5, zorder=5)

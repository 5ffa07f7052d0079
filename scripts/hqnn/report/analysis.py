"""Figures of a circuit's analysis: ZX diagrams, Fourier coefficients, variance of the gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import pi
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator
from numpy.typing import NDArray

from hqnn.analysis.trainability import LOCALITIES, NOISES, unitary_design_variance
from hqnn.analysis.zx import Diagram, Spider
from hqnn.circuits.program import Angle
from hqnn.circuits.words import written
from hqnn.report.points import Points, points_of_line
from hqnn.report.style import INK, PALETTE, svg_panel

ROUNDING = 1e-12
ACROSS = {"qubits": "qubits", "depth": "layers"}
UNIT = 0.46  # inches between two wires
FILLS = {"Z": "#bfe6d8", "X": "#f6c9ad"}
LETTERING = "#111111"  # on a light fill, whatever the page's colours
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NINE = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]

Point = tuple[float, float]


def diagram_figure(diagram: Diagram, when: str, circuit: str) -> bytes:
    """A ZX diagram: green Z and red X spiders, Hadamard edges dashed and blue, parameters in their spiders.

    θ is a weight, x an input; what is constant in a phase stands below. A thick orange rim marks a spider with several
    weights.

    Args:
        diagram: what to draw.
        when: before or after reduction.
        circuit: its name.

    Returns:
        SVG.
    """
    places = _places(diagram)
    xs, ys = zip(*places, strict=True)
    width, height = max(xs) - min(xs) + 1.2, max(ys) - min(ys) + 1.6

    def draw(axes: Axes) -> None:
        for first, second, hadamard in diagram.edges:
            _edge(axes, places[first], places[second], hadamard, places)
        for spider, place in zip(diagram.spiders, places, strict=True):
            _spider(axes, spider, place)
        axes.set_xlim(min(xs) - 0.6, max(xs) + 0.6)
        axes.set_ylim(max(ys) + 1.0, min(ys) - 0.6)
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_title(
            f"{when.capitalize()} reduction: {diagram.inner} spiders, {diagram.parametrised} with parameters"
        )

    return svg_panel(f"zx-{when}-{circuit}", draw, (max(UNIT * width, 4.3), UNIT * height + 0.3))


def fourier_violins(coefficients: NDArray[np.complex128], observable: str, circuit: str) -> bytes:
    """Real and imaginary parts of the nine coefficients in the first two inputs over draws of weights.

    Args:
        coefficients: shape (draws, 3, 3), i and j from -1 to 1.
        observable: whose coefficients they are.
        circuit: its name.

    Returns:
        SVG.
    """
    flat = coefficients.reshape(len(coefficients), 9)

    def draw(axes: Axes) -> None:
        for part, colour, side in (("real", PALETTE[0], -0.19), ("imag", PALETTE[1], 0.19)):
            values = np.round(getattr(flat, part), 12)  # lest zeros get a density
            violins = axes.violinplot(values, np.arange(9) + side, widths=0.34, showextrema=False)
            bodies: Any = violins["bodies"]
            for body in bodies:
                body.set(facecolor=colour, edgecolor=colour, alpha=0.45, linewidth=0.5)
            axes.plot(np.arange(9) + side, np.median(values, axis=0), "_", color=colour, markersize=5)
            label = {"real": "real part", "imag": "imaginary part"}[part]
            axes.plot([], [], color=colour, linewidth=5, alpha=0.45, label=label)
        axes.set_xticks(range(9), [f"{i}, {j}".replace("-", "−") for i, j in NINE])
        axes.grid(visible=False, axis="x")
        axes.set(
            xlabel="frequencies i, j of the first two inputs",
            title=f"Fourier coefficients of ⟨{observable_label(observable)}⟩",
        )
        axes.legend(frameon=False, fontsize=7.5, loc="upper left", ncols=2, bbox_to_anchor=(0, 1.02))
        axes.margins(y=0.14)

    return svg_panel(f"fourier-{circuit}", draw, (5.2, 2.75))


def variance_figure(sweep: pd.DataFrame, by: str, circuit: str) -> bytes:
    """Variance of the gradient by qubits (at the largest depth) or by depth (at the largest number of qubits).

    Args:
        sweep: from `hqnn.analysis.trainability.sweep`.
        by: ``qubits`` or ``depth``.
        circuit: its name.

    Returns:
        SVG with a logarithmic axis; what is zero but for rounding is left out. The dotted line: 2-designs.
    """
    other = {"qubits": "depth", "depth": "qubits"}[by]
    rows = sweep[(sweep[other] == sweep[other].max()) & (sweep["variance"] > ROUNDING)]
    ticks = sorted(sweep[by].unique())

    def draw(axes: Axes) -> Iterator[Points]:
        if by == "qubits":
            line = [unitary_design_variance(n) for n in ticks]
            axes.plot(ticks, line, color=INK, linewidth=0.8, linestyle="dotted", label="2-designs", zorder=3)
        for locality, colour in zip(LOCALITIES, PALETTE, strict=False):
            for noise, dashes in zip(NOISES, ("solid", "dashed"), strict=True):
                own = rows[(rows["observable"] == locality) & (rows["noise"] == noise)].sort_values(by)
                label = f"{locality}, {noise}"
                axes.plot(own[by], own["variance"], "o", ls=dashes, color=colour, markersize=3.4, label=label)
                yield points_of_line(label, own[by], own["variance"], (ACROSS[by], "variance"))
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
        if by == "depth":
            axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        counted = f"{sweep[other].max()} {'layers' if by == 'qubits' else 'qubits'}"
        axes.set(xlabel=ACROSS[by], title=f"Variance of the gradient, {counted}")
        axes.legend(frameon=False, fontsize=7.5)

    return svg_panel(f"variance-{by}-{circuit}", draw)


def phase_label(angle: Angle) -> str:
    """The parameters in a phase, such as ``θ₃`` or ``x₀+θ₀``."""
    terms = [("x", i, c) for i, c in angle.inputs] + [("θ", j, c) for j, c in angle.weights]
    said = "".join(f"{_factor(c)}{kind}{str(index).translate(SUBSCRIPTS)}" for kind, index, c in terms)
    return said.removeprefix("+")


def constant_label(radians: float) -> str:
    """A constant phase as a fraction of pi in (-1, 1]; empty for none."""
    centred = pi - (pi - radians) % (2 * pi)
    fraction = Fraction(centred / pi).limit_denominator(64)
    if abs(float(fraction) * pi - centred) > 1e-6:
        return f"{centred:.2f}".replace("-", "−")
    if not fraction:
        return ""
    above = ("−" if fraction < 0 else "") + ("π" if abs(fraction.numerator) == 1 else f"{abs(fraction.numerator)}π")
    return above if fraction.denominator == 1 else f"{above}/{fraction.denominator}"


def observable_label(observable: str) -> str:
    """An observable in formulas: a Pauli word as a product, such as ``Y₁`` for IYI, others as they are written."""
    text = written(observable)
    return text.translate(SUBSCRIPTS) if set(observable) <= set("IXYZ") else text


def _factor(coefficient: float) -> str:
    sign = "−" if coefficient < 0 else "+"
    return sign if abs(coefficient) == 1 else f"{sign}{abs(coefficient):g}·"


def _places(diagram: Diagram) -> list[Point]:
    """Columns without gaps, and the wires."""
    columns = {column: float(n) for n, column in enumerate(sorted({s.place[0] for s in diagram.spiders}))}
    return [(columns[spider.place[0]], spider.place[1]) for spider in diagram.spiders]


def _edge(axes: Axes, first: Point, second: Point, hadamard: bool, places: Sequence[Point]) -> None:
    """A line, or an arc where it would run through other spiders of its wire."""
    left, right = sorted((first[0], second[0]))
    crosses = first[1] == second[1] and any(y == first[1] and left < x < right for x, y in places)
    axes.add_patch(
        FancyArrowPatch(
            first,
            second,
            arrowstyle="-",
            connectionstyle=f"arc3,rad={min(0.3, 1.4 / (right - left))}" if crosses else "arc3",
            shrinkA=0,
            shrinkB=0,
            color=PALETTE[0] if hadamard else INK,
            linestyle="dashed" if hadamard else "solid",
            linewidth=0.7,
            zorder=1,
        )
    )


def _spider(axes: Axes, spider: Spider, place: Point) -> None:
    if spider.kind == "end":
        axes.add_patch(Circle(place, 0.07, color=INK, zorder=2))
        return
    name, constant = phase_label(spider.phase), constant_label(spider.phase.constant)
    several = len(spider.phase.weights) > 1
    axes.add_patch(
        Circle(
            place,
            0.36 if name else 0.29 if constant else 0.13,
            facecolor=FILLS[spider.kind],
            edgecolor=PALETTE[4] if several else INK,
            linewidth=2.2 if several else 0.7,
            zorder=2,
        )
    )
    inside = name or constant
    if inside:
        _text(axes, place, inside, min(8.0, 31.0 / len(inside)) if name else 6.0, LETTERING)
    if name and constant:
        _text(axes, (place[0], place[1] + 0.5), constant if constant[0] == "−" else f"+{constant}", 5.6, INK)


def _text(axes: Axes, place: Point, words: str, size: float, colour: str) -> None:
    axes.text(place[0], place[1], words, size=size, color=colour, ha="center", va="center", zorder=3)

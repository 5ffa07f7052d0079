"""How figures look: one palette, one type, and SVG that takes the colours of the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hqnn.report.points import Points, points_element

# Okabe and Ito, "Color Universal Design" (2008), without its yellow, which is lost on white.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
DASHES = ("solid", "dashed", "dotted")
INK, FAINT = "#1c1d20", "#c9cbd1"
PANEL = (3.7, 2.75)  # inches
STYLE: dict[Any, Any] = {
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # names of classes and scenes are the user's; a $ in them is a $
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.color": INK,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
}


@dataclass(frozen=True)
class Mark:
    """How one series is drawn everywhere.

    Attributes:
        colour: hexadecimal.
        dashes: solid, dashed or dotted; both matplotlib and CSS know these words.
    """

    colour: str
    dashes: str


def marks(names: Iterable[str]) -> dict[str, Mark]:
    """Give each series its mark, in the order of the names."""
    return {
        name: Mark(PALETTE[i % len(PALETTE)], DASHES[i // len(PALETTE) % len(DASHES)]) for i, name in enumerate(names)
    }


def svg_panel(name: str, draw: Callable[[Axes], Iterable[Points] | None], size: tuple[float, float] = PANEL) -> bytes:
    """Draw one panel as SVG with live text, equal bytes for equal content.

    Args:
        name: of the figure; keeps its identifiers apart from those of other figures on a page.
        draw: what fills the axes, and gives what its points say, where they say something.
        size: in inches.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        layout = ConstrainedLayoutEngine()
        figure = Figure(figsize=size, layout=layout)
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        points = list(draw(axes) or ())
        layout.execute(figure)
        told = points_element(axes, points)
        figure.set_layout_engine(None)  # with one, saving draws the figure twice
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue().replace(b"</svg>", f"{told}</svg>".encode())


def png(figure: Figure, dpi: int) -> bytes:
    """Save a figure as PNG on white, equal bytes for equal content."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", transparent=False, metadata={"Software": None})
    return buffer.getvalue()


def inline_svg(image: bytes, label: str) -> str:
    """SVG as it stands inside a page: in the page's type and colours, of any width, with a name for screen readers.

    Args:
        image: as `svg_panel` made it.
        label: what it shows; plain text.
    """
    text = image.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="(?![pm][0-9a-f]{10}")[^"]*"', "", text)  # only clips and markers are referred to
    text = re.sub(r"font-family: [^;\"]*; ?", "", text)
    text = text.replace(INK, "currentColor").replace(FAINT, "var(--line)")
    named = f'<svg role="img" aria-label="{escape(label)}" '
    return re.sub(r'<svg (.*?)width="\S+" height="\S+"', lambda found: named + found[1], text, count=1)

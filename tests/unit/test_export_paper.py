"""Figures of a page as files: the same picture; tables: the same words."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hqnn.export.drawings import figure_of, pdf, standalone
from hqnn.export.latex import LETTERS, escaped
from hqnn.export.page_parts import Drawing, Series
from hqnn.report import style
from hqnn.report.style import inline_svg, svg_panel

AWKWARD = r"a < b & $\foo$ \"c\" {d} ü"


def draw(axes: Axes) -> None:
    x = np.linspace(0, 6, 40)
    axes.plot(x, np.sin(x), "--", color="#0072b2")
    axes.plot(x, np.cos(2 * x), "o:", color="#d55e00", alpha=0.4, mfc="none", clip_on=True)
    axes.fill_between(x, -0.4, 0.3 * np.cos(x), color="#009e73", alpha=0.3, linewidth=0)
    axes.imshow(np.arange(12.0).reshape(3, 4), extent=(1, 3, -1.2, -0.6), aspect="auto", origin="upper")
    axes.imshow(np.arange(12.0).reshape(3, 4) ** 2, extent=(4, 5, -1.2, -0.6), aspect="auto", origin="lower")
    axes.barh([0.8], [2.5], height=0.2, color="#cc79a7", edgecolor="white")
    axes.text(3, 0, "turned", rotation=35, rotation_mode="anchor", alpha=0.7)
    axes.set(xlim=(0.5, 5.5), ylim=(-1.3, 1.1), xlabel=AWKWARD, title="Title", ylabel="up")


def picture(figure: Figure) -> np.ndarray:
    """Grey of every pixel, on white, at twice the size."""
    FigureCanvasAgg(figure)
    figure.patch.set(visible=True, facecolor="white")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144, facecolor="white", transparent=False)
    return np.asarray(PIL.Image.open(buffer).convert("L"), dtype=float)


def test_a_figure_that_is_drawn_from_its_svg_is_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(style, "Figure", lambda **options: drawn.append(Figure(**options)) or drawn[0])
    svg = inline_svg(svg_panel("figure", draw), AWKWARD)
    with mpl.rc_context({**style.STYLE, "lines.scale_dashes": False}):
        expected = picture(drawn[0])
        again = picture(figure_of(standalone(Drawing("figure", svg), "command")))
        longer = picture(figure_of(standalone(Drawing("figure", svg, (Series(AWKWARD, "#0072b2", "dashed"),)), "")))
    assert again.shape == expected.shape
    assert np.abs(expected - 255).mean() > 10
    assert np.abs(again - expected).mean() < 1.2  # edges fall on other parts of pixels
    below = longer[again.shape[0] :]
    np.testing.assert_allclose(longer[: again.shape[0]], again)
    assert below.shape[0] == 24 and (below < 200).sum() > 50


def test_a_pdf_has_equal_bytes_for_an_equal_figure() -> None:
    svg = standalone(Drawing("figure", inline_svg(svg_panel("figure", lambda axes: None), "x")), "command")
    drawn = pdf(svg, "command")
    assert drawn == pdf(svg, "command")
    assert drawn.startswith(b"%PDF") and b"/FontFile2" in drawn and b"/Subject (command)" in drawn


@settings(max_examples=60)
@given(st.text(st.sampled_from("".join(LETTERS) + "ab c"), max_size=30))
def test_escaped_words_say_the_same_and_break_no_table(text: str) -> None:
    said = escaped(text)
    words = sorted(LETTERS.items(), key=lambda pair: -len(pair[1]))
    back, rest = "", said
    while rest:
        letter, word = next(((a, b) for a, b in words if rest.startswith(b)), (rest[0], rest[0]))
        back, rest = back + letter, rest[len(word) :]
    assert back == text
    bare = re.sub(r"\\[{}$&#%_]", "", said)
    assert not re.search(r"[&#%_^]|\\\\", re.sub(r"\$[^$]*\$", "", bare))
    assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0

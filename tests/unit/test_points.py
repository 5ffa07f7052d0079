"""Points of figures lie where matplotlib draws them, and say what was drawn."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.axes import Axes

from hqnn.report.points import MOST, Points, points_of_line
from hqnn.report.style import inline_svg, svg_panel

HOSTILE = "</metadata><script>alert(1)</script>"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_points_lie_on_the_line_that_is_drawn(scale: str) -> None:
    x, y = np.arange(1, 8), np.random.default_rng(0).uniform(0.1, 50, 7)

    def draw(axes: Axes) -> Iterator[Points]:
        axes.plot(x, y, color="#123456", solid_joinstyle="miter")
        axes.set_yscale(scale)
        axes.set_title("a title that takes room")
        yield points_of_line(HOSTILE, x, y, ("epoch", "loss"))

    page = inline_svg(svg_panel("any", draw), "a line")
    found = re.search(r'<metadata class="points">(.*?)</metadata>', page)
    assert found
    assert "<" not in found[1]
    (told,) = json.loads(html.unescape(found[1]))
    (path,) = re.findall(r'<path d="([^"]+)"[^>]*stroke: #123456', page)
    drawn = np.array(re.findall(r"[ML] (\S+) (\S+)", path), dtype=float)
    np.testing.assert_allclose(np.stack([told["x"], told["y"]], axis=1), drawn, atol=0.051)
    assert told["name"] == HOSTILE
    assert told["says"] == [f"epoch {k}, loss {value:.4g}" for k, value in zip(x, y, strict=True)]


def test_of_a_long_line_some_points_speak_and_of_gaps_none() -> None:
    y = np.linspace(0, 1, 1000)
    y[0] = np.nan
    kept = points_of_line("roc", np.linspace(0, 1, 1000), y, ("false-alarm rate", "recall"))
    assert len(kept.says) == MOST
    page = svg_panel("any", lambda axes: iter([kept])).decode()
    (told,) = json.loads(html.unescape(page.partition('"points">')[2].partition("<")[0]))
    assert len(told["says"]) == len(told["x"]) == MOST - 1
    assert told["says"][-1] == "false-alarm rate 1, recall 1"
    assert b"metadata class" not in svg_panel("any", lambda axes: None)

"""A made-up chapter of the page with a gallery and curves, and names that would be HTML if they could."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from hqnn.report.chapter import Chapter, Figures, Pictures, Section, Thumbnails
from hqnn.report.data_block import data_block
from hqnn.report.gallery import Gallery, Picture, address_of
from hqnn.report.page import StudyChapter, template
from hqnn.report.panels import Image, Panels
from hqnn.report.pixels.scene_viewer import scene_viewer
from report_sources import made_layers

HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "</script><script>alert(2)</script>",
    "\"'><b onclick=alert(3)>&amp;{{ 7 * 7 }}",
)
CURVE = {
    "axis": "noise",
    "unit": "times the calibration's noise",
    "series": [
        {"name": HOSTILE[0], "at": [0.0, 0.5, 2.0], "mean": [0.8, 0.75, 0.5], "deviation": [0.1, 0.0, 0.2],
         "seeds": {"0": [0.7, 0.75, 0.3], "1": [0.9, 0.75, 0.7]}},
        {"name": "twin", "at": [0.0, 2.0], "mean": [0.7, None], "deviation": [None, None], "seeds": {"0": [0.7, None]}},
    ],
}  # fmt: skip
OF_THREE = made_layers(np.random.default_rng(3), (*HOSTILE[:2], "plain"))


def pictures_chapter() -> StudyChapter:
    """A chapter of nine pictures in three classes, a figure of curves, and a scene of three classes."""
    classes = (*HOSTILE[:2], "plain")
    pictures = tuple(
        Picture(address_of(np.full((9, 9, 1), 20 * k, np.uint8)), classes[k // 3], classes[k % 3], 0.5 + k / 100)
        for k in range(9)
    )
    figure = Image(Markup('<svg viewBox="0 0 300 200"><path d="M 0 0 L 9 9"/></svg>') + data_block("curve", CURVE))
    image = Markup('<img src="{}" alt="a map">').format(pictures[0].address)
    scene = Pictures((Image(image + scene_viewer(OF_THREE), "A scene."),))
    blocks = (Thumbnails(Gallery(pictures, "Nine pictures.")), Figures(Panels((figure,), "Curves.")), scene)
    chapter = Chapter("pictures", "nine", (), (), True, "", (Section("all", "All", blocks),))
    about: dict[str, Any] = {
        name: [] for name in ("notes", "ran_where", "settings", "versions", "digests", "published")
    }
    rendered = template("study.html.j2").render(
        study="pictures",
        title="Pictures",
        lead="",
        notice="",
        chapters=[chapter],
        jobs=None,
        files=0,
        metric_name=str,
        **about,
    )
    return StudyChapter(
        study="pictures",
        kind="images",
        title="Pictures",
        synthetic=True,
        ran_at="",
        anchor="pictures-nine",
        tuning="",
        overview=[],
        html=rendered,
    )

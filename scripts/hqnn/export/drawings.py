"""The figures of a page as files of their own: SVG, and PDF drawn from it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any, Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
import PIL.Image
from matplotlib.artist import Artist
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.image import BboxImage
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, Transform, TransformedBbox

from hqnn.export.page_parts import Drawing, Series
from hqnn.report.style import FAINT, INK

XML, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
LINK = f"{{{XLINK}}}href"
LINE = 12.0  # points from one line of a legend to the next
DASHES = {"dashed": "stroke-dasharray: 5,2", "dotted": "stroke-dasharray: 1.4,2"}
FONT = "<style>* {stroke-linejoin: round; stroke-linecap: butt; font-family: 'DejaVu Sans', sans-serif}</style>"
POINTS_AN_INCH = 72
CODES = {  # of matplotlib's SVG, and how many points each has
    "M": [Outline.MOVETO],
    "L": [Outline.LINETO],
    "Q": [Outline.CURVE3] * 2,
    "C": [Outline.CURVE4] * 3,
    "z": [Outline.CLOSEPOLY],
}
SIDES = ("x", "y", "width", "height")
ANCHORS: Mapping[str, Literal["left", "center", "right"]] = {"start": "left", "middle": "center", "end": "right"}
STYLE: dict[Any, Any] = {"pdf.fonttype": 42, "text.parse_math": False, "lines.scale_dashes": False}
Style = Mapping[str, str]


def standalone(drawing: Drawing, command: str) -> str:
    """A figure as a file that any program shows: with its own colours, font and size, and its legend below.

    Args:
        drawing: of a page.
        command: that writes it again; its description says it, behind the caption.
    """
    text = re.sub(r"<metadata\b.*?</metadata>", "", drawing.svg, flags=re.DOTALL)
    text = text.replace("currentColor", INK).replace("var(--line)", FAINT)
    width, height = _size(ElementTree.fromstring(text))  # noqa: S314 - our own page
    below = height + LINE * len(drawing.legend)
    head = (
        f'<svg xmlns="{XML}" xmlns:xlink="{XLINK}" viewBox="0 0 {width} {below}" width="{width}pt" height="{below}pt">'
    )
    about = f"<desc>{escape(f'{drawing.caption} {command}'.strip())}</desc>{FONT}"
    lines = "".join(_legend(entry, height + LINE * (place + 0.5)) for place, entry in enumerate(drawing.legend))
    return f"{head}{about}{text[text.index('>') + 1 : text.rindex('</svg>')]}{lines}</svg>\n"


def pdf(svg: str, command: str) -> bytes:
    """The same figure as PDF, with its fonts embedded; equal bytes for equal content.

    Args:
        svg: as `standalone` gives it.
        command: that writes it again; the file's subject says it.
    """
    with mpl.rc_context(STYLE):
        figure = figure_of(svg)
        FigureCanvasPdf(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Subject": command})
    return buffer.getvalue()


def figure_of(svg: str) -> Figure:
    """Draw again what matplotlib wrote as SVG: paths, markers, texts and pictures, in their order.

    Args:
        svg: as `standalone` gives it.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own page
    width, height = _size(root)
    figure = Figure(figsize=(width / POINTS_AN_INCH, height / POINTS_AN_INCH), dpi=POINTS_AN_INCH)
    figure.patch.set_visible(False)
    _Drawer(figure, root, height).draw(root, {}, None)
    return figure


class _Drawer:
    """Adds the elements of an SVG to a figure."""

    def __init__(self, figure: Figure, root: Element, height: float) -> None:
        self.figure, self.order = figure, 0
        self.named = {element.get("id"): element for element in root.iter() if element.get("id")}
        self.page = Affine2D().scale(1, -1).translate(0, height).scale(1 / POINTS_AN_INCH) + figure.dpi_scale_trans

    def draw(self, element: Element, style: Style, clip: str | None, offset: Transform | None = None) -> None:
        """Add an element and what stands in it; definitions are drawn where they are used."""
        own = {**style, **_style(element)}
        clip = element.get("clip-path") or clip
        match element.tag.removeprefix(f"{{{XML}}}"):
            case "svg" | "g":
                for inner in element:
                    self.draw(inner, own, clip, offset)
            case "path":
                self._path(element, own, clip, offset or Affine2D())
            case "use":
                place = Affine2D().translate(float(element.get("x", 0)), float(element.get("y", 0)))
                self.draw(self.named[element.get(LINK, "")[1:]], own, clip, place)
            case "text":
                self._text(element, own)
            case "image":
                self._image(element, clip)

    def _path(self, element: Element, style: Style, clip: str | None, offset: Transform) -> None:
        alpha, width = float(style.get("opacity", 1)), float(style.get("stroke-width", 1))
        patch = PathPatch(
            _outline(element.get("d", "")),
            facecolor=_paint(style, "fill", "#000000", alpha),
            edgecolor=_paint(style, "stroke", "none", alpha),
            linewidth=width,
            linestyle=_dashes(style),
            capstyle={"square": "projecting"}.get(style.get("stroke-linecap", ""), style.get("stroke-linecap", "butt")),
            joinstyle=style.get("stroke-linejoin", "round"),
            transform=offset + self.page,
        )
        self._add(patch, clip)

    def _text(self, element: Element, style: Style) -> None:
        turned = _transform(element.get("transform", ""))
        x, y = turned.transform((float(element.get("x", 0)), float(element.get("y", 0))))
        (across, up), _ = turned.get_matrix()[:2, :2].T
        text = Text(
            x,
            y,
            "".join(element.itertext()),
            color=_paint(style, "fill", "#000000", float(style.get("opacity", 1))),
            fontsize=float(style["font-size"].removesuffix("px")),
            fontweight=style.get("font-weight", "normal"),
            horizontalalignment=ANCHORS[style.get("text-anchor", "start")],
            verticalalignment="baseline",
            rotation=-float(np.degrees(np.arctan2(up, across))),
            rotation_mode="anchor",
            transform=self.page,
        )
        self._add(text, None)

    def _image(self, element: Element, clip: str | None) -> None:
        x, y, width, height = (float(element.get(name, 0)) for name in SIDES)
        placed = _transform(element.get("transform", "")) + self.page
        pixels = np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(element.get(LINK, "").partition(",")[2]))))
        upright = placed.transform((x, y))[1] > placed.transform((x, y + height))[1]
        box = TransformedBbox(Bbox.from_bounds(x, y, width, height), placed)
        image = BboxImage(box, interpolation="nearest", origin="upper")
        image.set_data(pixels if upright else pixels[::-1])
        self._add(image, clip)

    def _add(self, artist: Artist, clip: str | None) -> None:
        self.order += 1
        artist.set_zorder(self.order)
        self.figure.add_artist(artist)
        if clip:
            shape = self.named[clip.removeprefix("url(#").removesuffix(")")][0]
            x, y, width, height = (float(shape.get(name, 0)) for name in SIDES)
            artist.set_clip_path(Rectangle((x, y), width, height, transform=self.page))


def _legend(entry: Series, y: float) -> str:
    """A line of a legend: how a series is drawn, and its name."""
    style = f"fill: none; stroke: {entry.colour}; stroke-width: 1.6; {DASHES.get(entry.dashes, '')}"
    words = f'<text x="34" y="{y + 3}" style="font-size: 8px; fill: {INK}">{escape(entry.name)}</text>'
    return f'<path d="M 8 {y} L 28 {y}" style="{style}"/>{words}'


def _size(root: Element) -> tuple[float, float]:
    """Width and height in points."""
    _, _, width, height = map(float, root.get("viewBox", "").split())
    return width, height


def _style(element: Element) -> dict[str, str]:
    pairs = (said.partition(":") for said in element.get("style", "").split(";") if said.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _outline(path: str) -> Outline:
    """A path of absolute commands."""
    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", path):
        values = [float(number) for number in numbers.split()] or [0.0, 0.0]
        points += list(zip(values[::2], values[1::2], strict=True))
        codes += CODES[command]
    return Outline(np.array(points).reshape(-1, 2), codes)


def _transform(said: str) -> Affine2D:
    """An SVG transform; the function that stands last is applied first."""
    whole = Affine2D()
    for name, numbers in reversed(re.findall(r"(\w+)\(([^)]*)\)", said)):
        values = [float(number) for number in re.split(r"[ ,]+", numbers.strip())]
        match name:
            case "translate":
                whole = whole.translate(*values, *[0.0] * (2 - len(values)))
            case "scale":
                whole = whole.scale(*values)
            case "rotate":
                x, y = values[1:] or (0.0, 0.0)
                whole = whole.rotate_deg_around(x, y, values[0])
    return whole


def _paint(style: Style, which: str, otherwise: str, alpha: float) -> tuple[str, float] | str:
    colour = style.get(which, otherwise)
    return colour if colour == "none" else (colour, alpha * float(style.get(f"{which}-opacity", 1)))


def _dashes(style: Style) -> Any:
    said = style.get("stroke-dasharray", "none")
    if said == "none":
        return "solid"
    return (float(style.get("stroke-dashoffset", 0)), [float(length) for length in re.split(r"[ ,]+", said)])

"""The figures and tables of a page, with what stands around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

DRAWN = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
MARK = re.compile(r"border-top-style: (?P<dashes>\w+); border-top-color: (?P<colour>#\w+)")
Attributes = list[tuple[str, str | None]]


@dataclass(frozen=True)
class Series:
    """A line of a legend: its name, its colour, and whether it is solid, dashed or dotted."""

    name: str
    colour: str
    dashes: str


@dataclass(frozen=True)
class Drawing:
    """A figure of a page.

    Attributes:
        name: of the section and of what it shows, in letters that suit a file; no other figure of the page has it.
        svg: as it stands in the page.
        legend: of the figures that it stands among.
        caption: likewise.
    """

    name: str
    svg: str
    legend: tuple[Series, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry of a table: its text, whether it is printed bold, and whether it is words, not a number."""

    text: str
    bold: bool = False
    word: bool = False


@dataclass(frozen=True)
class Listed:
    """A table of a page.

    Attributes:
        name: of the section, with a number; no other table of the page has it.
        head: names of the columns; lines of a name are separated as in the page.
        rows: entries.
        caption: below it.
    """

    name: str
    head: tuple[Entry, ...]
    rows: tuple[tuple[Entry, ...], ...] = ()
    caption: str = ""


def page_parts(page: str) -> tuple[list[Drawing], list[Listed]]:
    """All figures that are drawn as SVG, and all tables that have a head, in the order of the page.

    Args:
        page: HTML, as `hqnn.report.page.write_report` writes it.
    """
    drawings = DRAWN.findall(page)
    reader = _Reader(drawings)
    reader.feed(DRAWN.sub("<svg></svg>", page))
    reader.close()
    return reader.drawings, reader.tables


class _Reader(HTMLParser):
    """Reads a page from start to end; of each figure only its place, since its names know capitals."""

    def __init__(self, drawings: Sequence[str]) -> None:
        super().__init__()
        self.drawings: list[Drawing] = []
        self.tables: list[Listed] = []
        self._svgs = iter(drawings)
        self._named: Counter[str] = Counter()
        self._section = "overview"
        self._legend: list[Series] = []
        self._waiting: list[int] = []  # figures that a caption will stand below
        self._rows: list[list[Entry]] = []
        self._headed = False
        self._text: list[str] | None = None  # of what is being read: an entry or a caption
        self._entry = Entry("")

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Open a section, table, row, entry or caption, or take a figure."""
        said = dict(attrs)
        classes = (said.get("class") or "").split()
        if tag == "section":
            self._section = said.get("id") or "overview"
        elif tag == "svg":
            self._draw(next(self._svgs))
        elif tag == "table":
            self._rows, self._headed = [], False
        elif tag == "thead":
            self._headed = True
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._entry, self._text = Entry("", bold="best" in classes, word="word" in classes), []
        elif tag == "ul" and "legend" in classes:
            self._legend = []
        elif tag == "i" and (mark := MARK.search(said.get("style") or "")):
            self._legend.append(Series("", mark["colour"], mark["dashes"]))
            self._text = []
        elif tag == "p" and "caption" in classes:
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        if self._text is not None and tag in ("th", "td", "p"):
            text, self._text = "".join(self._text).strip(), None
            if tag == "p":
                self._caption(text)
            elif self._rows:
                self._rows[-1].append(replace(self._entry, text=text))
        elif tag == "li" and self._text is not None:
            self._legend[-1] = replace(self._legend[-1], name="".join(self._text).strip())
            self._text = None
        elif tag == "table" and self._headed:
            head, *rows = map(tuple, self._rows)
            self.tables.append(Listed(self._name(self._section), head, tuple(rows)))
            self._waiting = []

    def handle_data(self, data: str) -> None:
        """Keep text of entries and captions."""
        if self._text is not None:
            self._text.append(data)

    def _draw(self, svg: str) -> None:
        label = re.search(r'aria-label="([^"]*)"', svg)
        self._waiting.append(len(self.drawings))
        name = self._name(f"{self._section}-{label[1] if label else 'figure'}")
        self.drawings.append(Drawing(name, svg, tuple(self._legend)))

    def _caption(self, text: str) -> None:
        """A caption belongs to the figures before it, or else to the table."""
        said = " ".join(text.split())
        for place in self._waiting:
            self.drawings[place] = replace(self.drawings[place], caption=said)
        if not self._waiting and self.tables:
            self.tables[-1] = replace(self.tables[-1], caption=said)
        self._waiting, self._legend = [], []

    def _name(self, words: str) -> str:
        """Words as the name of a file that nothing of the page has yet."""
        name = re.sub(r"[^A-Za-z0-9_]+", "-", words).strip("-")[:120]
        self._named[name] += 1
        return name if self._named[name] == 1 else f"{name}-{self._named[name]}"

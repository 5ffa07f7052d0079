"""One self-contained page of studies: an overview, and a chapter for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import TypeAdapter

from hqnn.errors import UserError
from hqnn.report.overview import BESIDE
from hqnn.report.scripts import policy, scripts
from hqnn.store import write_text

TEMPLATES = Path(__file__).parent
ROW = ("dataset", "anchor", "model", "value", "interval", "note")


@dataclass(frozen=True)
class StudyChapter:
    """What the page shows of one study.

    Attributes:
        study: its name.
        kind: of the study.
        title: what the page calls it.
        synthetic: whether its data are.
        ran_at: when its newest predictions were made.
        anchor: of its first heading.
        tuning: how its models were tuned, see `hqnn.report.tuning.tuned_words`.
        overview: its rows of the overview, see `hqnn.report.overview`.
        html: its sections.
    """

    study: str
    kind: str
    title: str
    synthetic: bool
    ran_at: str
    anchor: str
    tuning: str
    overview: list[dict[str, Any]]
    html: str


def write_report(output: Path, chapters: Sequence[Path]) -> None:
    """Write the report: one HTML file that opens offline and asks nothing of any network.

    Args:
        output: of the page.
        chapters: JSON files of `StudyChapter`, in any order.

    Raises:
        UserError: a file is missing or damaged.
    """
    read = sorted((_read(path) for path in chapters), key=lambda chapter: chapter.study)
    page = template("page.html.j2").render(
        policy=policy(scripts()),
        scripts=[Markup(text) for text in scripts()],  # noqa: S704 - our own files
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        chapters=[{**vars(one), "html": Markup(one.html)} for one in read],  # noqa: S704 - rendered by us, escaped there
    )
    write_text(output, page)


def template(name: str) -> Template:
    """A template of this room; what is put into it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _read(path: Path) -> StudyChapter:
    try:
        chapter = TypeAdapter(StudyChapter).validate_json(path.read_bytes(), strict=True)
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    if not all(map(_is_row, chapter.overview)):
        raise _unreadable(path)
    return chapter


def _is_row(row: Mapping[str, Any]) -> bool:
    """Whether a row of the overview has all its texts."""
    return _has_texts(row, ROW) and all(_has_texts(row.get(other), BESIDE) for other in ("twin", "reference"))


def _has_texts(plain: Any, names: Sequence[str]) -> bool:
    return isinstance(plain, Mapping) and all(isinstance(plain.get(name), str) for name in names)


def _unreadable(path: Path) -> UserError:
    return UserError(f"{path} cannot be read as a chapter of the page; delete it and run its study again")

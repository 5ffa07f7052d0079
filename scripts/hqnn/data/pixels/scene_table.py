"""A user's table of scenes: which rasters and which label belong to each."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.data.csv_rows import Row, read_rows
from hqnn.data.part_words import part_of
from hqnn.data.parts import PARTS, UNUSED
from hqnn.errors import UserError, nearest, plain

NEEDED = ("scene", "date", "file")
COLUMNS = (*NEEDED, "label", "split")
BAND = "band"
ISO_DATE = r"\d{4}(-?\d{2}(-?\d{2}([T ].*)?)?)?"  # whose order as text is that of time

log = logging.getLogger(__name__)
SPLITS = PARTS[:UNUSED]


@dataclass(frozen=True)
class SceneRows:
    """What the table says of one scene.

    Attributes:
        name: of the scene.
        part: train, validation or test; empty where its samples are to be dealt.
        dates: of each date, in the order of time, its name and its rasters with the name of their band, which is
            empty where the table says none.
        label: raster of class numbers, None where the scene has none.
    """

    name: str
    part: str
    dates: tuple[tuple[str, tuple[tuple[Path, str], ...]], ...]
    label: Path | None


def read_scene_table(path: Path) -> tuple[SceneRows, ...]:
    """Read a table with a row a raster; paths are relative to its folder.

    Args:
        path: a CSV file with the columns `NEEDED`, and perhaps `label`, `split` and `band`.

    Returns:
        Scenes in the order of the table.

    Raises:
        UserError: see `read_rows`; a cell is empty that must not be, a word or a file does not exist, rows contradict
            each other, or scenes have different numbers of dates.
    """
    scenes: dict[str, list[Row]] = {}
    rows = read_rows(path, NEEDED)
    _say_what_is_not_looked_at(path, rows)
    for row in rows:
        _check(path, row)
        scenes.setdefault(row["scene"], []).append(row)
    if not scenes:
        raise UserError(f"{path} has no row; write a row for each raster")
    found = tuple(_scene(path, name, rows) for name, rows in scenes.items())
    for scene in found:
        if len(scene.dates) != len(found[0].dates):
            raise UserError(
                f"{path} gives scene {scene.name!r} {len(scene.dates)} dates but {found[0].name!r} "
                f"{len(found[0].dates)}; give every scene as many"
            )
    return found


def _check(path: Path, row: Row) -> None:
    for column in ("scene", "file"):
        if not row[column]:
            raise UserError(f"{path} has no {column} in line {row.line}; write it there")
    if {"/", "\\"} & set(row["scene"]) or row["scene"].startswith("."):
        raise UserError(
            f"{path} names a scene {row['scene']!r} in line {row.line}; files are named after scenes, so use a name "
            "without slashes that does not begin with a dot"
        )
    if row["split"] and part_of(row["split"]) in (None, UNUSED):
        raise UserError(f"{path} has the split {row['split']!r} in line {row.line}{nearest(row['split'], SPLITS)}")
    for column in ("file", "label"):
        fault = _fault(path.parent / row[column]) if row[column] else ""
        if fault:
            raise UserError(f"{path} names the {column} {row[column]} in line {row.line}, which {fault}")


def _fault(named: Path) -> str:
    """What is wrong with a path that is no file, and what to do; empty of a file."""
    try:
        if named.is_file():
            return ""
    except OSError as error:  # such as a name that is too long
        return f"is no path ({plain(error)}); correct it"
    if named.is_dir():
        return "is a folder; name a file in it"
    if named.is_symlink():
        return f"is a link to {named.readlink()}, which is missing; restore that"
    return f"does not exist; paths are relative to {named.parent}"


def _scene(path: Path, name: str, rows: Sequence[Row]) -> SceneRows:
    dates: dict[str, list[tuple[Path, str]]] = {}
    for row in rows:
        dates.setdefault(row["date"], []).append((path.parent / row["file"], row[BAND]))
    for date, rasters in dates.items():
        twice = [file for file, band in rasters if rasters.count((file, band)) > 1]
        if twice:
            raise UserError(
                f"{path} names {twice[0]} twice for date {date!r} of scene {name!r}; leave one of the rows out"
            )
    label, part = _one(path, name, rows, "label"), _part(_one(path, name, rows, "split"))
    if part and not label:
        raise UserError(
            f"{path} gives scene {name!r} the split {part!r} but no label; name its label, or leave its split empty if "
            "it is only to be predicted"
        )
    ordered = tuple((date, tuple(dates[date])) for date in _in_time(path, name, list(dates)))
    return SceneRows(name, part, ordered, path.parent / label if label else None)


def _in_time(path: Path, name: str, dates: Sequence[str]) -> list[str]:
    """Dates of a scene in the order of time: calendar dates, or numbers."""
    if all(date.isdecimal() for date in dates):
        return sorted(dates, key=int)
    unordered = sorted((date for date in dates if not re.fullmatch(ISO_DATE, date)), key=str.isdecimal)
    if unordered and len(dates) > 1:
        raise UserError(
            f"{path} gives scene {name!r} the date {unordered[0]!r} among others, so their order cannot be told; write "
            "dates as YYYY-MM-DD, or number them"
        )
    return sorted(dates)


def _part(word: str) -> str:
    """The name of a part, however it is spelt; empty where none is said."""
    code = part_of(word)
    return "" if code is None else PARTS[code]


def _say_what_is_not_looked_at(path: Path, rows: Sequence[Row]) -> None:
    there = [name for name in (rows[0].cells if rows else ()) if name]
    others = [name for name in there if name not in (*COLUMNS, BAND)]
    for name in others:
        meant = difflib.get_close_matches(name, [column for column in COLUMNS if column not in there], n=1, cutoff=0.8)
        if meant:
            raise UserError(f"{path} has a column {name!r}, which is not looked at; did you mean {meant[0]!r}?")
    if others:
        log.warning(
            "%s: columns %s are not looked at; a table of scenes may have %s",
            path,
            ", ".join(map(repr, others)),
            ", ".join((*COLUMNS, BAND)),
        )


def _one(path: Path, name: str, rows: Sequence[Row], column: str) -> str:
    """What some rows of a scene say in a column, and the others leave empty."""
    said = list(dict.fromkeys(row[column] for row in rows if row[column]))
    if len(said) > 1:
        raise UserError(f"{path} gives scene {name!r} two {column}s, {said[0]} and {said[1]}; keep one")
    return said[0] if said else ""

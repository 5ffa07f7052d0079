"""A user's table of scenes: which rasters and which label belong to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hqnn.data.parts import PARTS, UNUSED
from hqnn.data.pixels.csv_rows import Row, read_rows
from hqnn.errors import UserError, nearest

COLUMNS = ("scene", "date", "file", "label", "split")
SPLITS = PARTS[:UNUSED]


@dataclass(frozen=True)
class SceneRows:
    """What the table says of one scene.

    Attributes:
        name: of the scene.
        part: train, validation or test; empty where its samples are to be dealt.
        dates: of each date, in the order of their text, its name and its rasters with the name of their band, which is
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
        path: a CSV file with the columns `COLUMNS`, and perhaps `band`.

    Returns:
        Scenes in the order of the table.

    Raises:
        UserError: see `read_rows`; a cell is empty that must not be, a word or a file does not exist, rows contradict
            each other, or scenes have different numbers of dates.
    """
    scenes: dict[str, list[Row]] = {}
    for row in read_rows(path, COLUMNS):
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
    if row["split"] and row["split"] not in SPLITS:
        raise UserError(f"{path} has the split {row['split']!r} in line {row.line}{nearest(row['split'], SPLITS)}")
    for column in ("file", "label"):
        if row[column] and not (path.parent / row[column]).is_file():
            raise UserError(
                f"{path} names the {column} {row[column]} in line {row.line}, which does not exist; paths are relative "
                f"to {path.parent}"
            )


def _scene(path: Path, name: str, rows: Sequence[Row]) -> SceneRows:
    dates: dict[str, list[tuple[Path, str]]] = {}
    for row in rows:
        dates.setdefault(row["date"], []).append((path.parent / row["file"], row["band"]))
    label, part = _one(path, name, rows, "label"), _one(path, name, rows, "split")
    if part and not label:
        raise UserError(
            f"{path} gives scene {name!r} the split {part!r} but no label; name its label, or leave its split empty if "
            "it is only to be predicted"
        )
    ordered = tuple((date, tuple(dates[date])) for date in sorted(dates))
    return SceneRows(name, part, ordered, path.parent / label if label else None)


def _one(path: Path, name: str, rows: Sequence[Row], column: str) -> str:
    """What some rows of a scene say in a column, and the others leave empty."""
    said = list(dict.fromkeys(row[column] for row in rows if row[column]))
    if len(said) > 1:
        raise UserError(f"{path} gives scene {name!r} two {column}s, {said[0]} and {said[1]}; keep one")
    return said[0] if said else ""

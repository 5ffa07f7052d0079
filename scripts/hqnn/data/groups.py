"""Which images belong together, so that no split parts them: a table beside the images."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.csv_rows import read_rows
from hqnn.errors import UserError

PHOTO = "source_image"  # group of the patches that are cut from one image


@dataclass(frozen=True)
class Grouping:
    """Which columns of a table say what belongs together.

    Attributes:
        table: CSV file in the folder of the images.
        columns: that name a group.
        key: column that names the image, with or without its suffix.
    """

    table: str
    columns: tuple[str, ...]
    key: str = "file"


@dataclass(frozen=True)
class Groups:
    """Groups of photos.

    Attributes:
        names: of the groups.
        of: gives the group of each name that a photo is in, by its path below the folder.
    """

    names: tuple[str, ...]
    of: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class GroupTable:
    """Groups of images, by column.

    Attributes:
        path: of the file they were read from.
        columns: names of the columns.
        rows: image to its group in each column.
    """

    path: Path
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    def of(self, name: str) -> tuple[str, ...]:
        """The groups of an image.

        Args:
            name: path below the folder of images; the table may leave out how it ends.

        Raises:
            UserError: the table has no row for it, or an empty cell.
        """
        found = self.rows.get(name) or self.rows.get(Path(name).with_suffix("").as_posix())
        if found is None:
            raise UserError(f"{self.path} has no row for {name}; add one, or take the image out")
        if "" in found:
            raise UserError(f"{self.path} says no {self.columns[found.index('')]} for {name}; fill in every cell")
        return found


def read_groups(path: str | os.PathLike[str], columns: Sequence[str], *, key: str = "file") -> GroupTable:
    """Read groups from a CSV file.

    Args:
        path: of a table with a header.
        columns: its columns that name a group.
        key: its column that names the image, as path below the folder of images.

    Raises:
        UserError: the file cannot be read, has no such column, or names an image twice.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for row in read_rows(Path(path), (key, *columns)):
        if row[key] in rows:
            raise UserError(f"{path} names {row[key]} twice; keep one of the rows")
        rows[row[key]] = tuple(row[column] for column in columns)
    return GroupTable(Path(path), tuple(columns), rows)


def group_photos(root: Path, grouping: Grouping | None, *, cut: bool) -> Groups:
    """The groups of the photos in a folder.

    Args:
        root: the folder.
        grouping: a table there; None where nothing more is known.
        cut: whether each photo is cut into patches, and so a group by itself.

    Raises:
        UserError: see `read_groups`; the table has a column `source_image` though photos are cut.
    """
    table = read_groups(root / grouping.table, grouping.columns, key=grouping.key) if grouping else None
    columns, groups_of = (table.columns, table.of) if table else ((), _none)
    if not cut:
        return Groups(columns, groups_of)
    if PHOTO in columns:
        raise UserError(
            f"the group {PHOTO!r} is the image that a patch is cut from; take it out of the groups' columns"
        )
    return Groups((PHOTO, *columns), lambda photo: (photo, *groups_of(photo)))


def group_codes(names: Sequence[str]) -> tuple[NDArray[np.int32], list[str]]:
    """Number the groups in the order of their names: a code an image, and the name of each code."""
    known = sorted(set(names))
    code = {name: index for index, name in enumerate(known)}
    return np.array([code[name] for name in names], dtype=np.int32), known


def _none(photo: str) -> tuple[str, ...]:
    return ()

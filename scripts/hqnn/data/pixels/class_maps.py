"""Rasters of class numbers: which there are, what they are called, and the class of each pixel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.csv_rows import read_rows
from hqnn.data.pixels.grids import Grid, place
from hqnn.data.pixels.raster_bands import Band, Floats, class_band, has_georeference
from hqnn.data.pixels.scene import UNLABELLED, windows
from hqnn.data.pixels.tiffs import open_raster
from hqnn.errors import UserError

log = logging.getLogger(__name__)

TOLERANCE = 0.01  # pixels; how far a label's corner may be from the grid's


class ClassMap:
    """The label of a scene, opened when it is first read.

    Attributes:
        path: of the raster.
        values: class numbers, ascending; a pixel's class is its number's place among them.
        unlabelled: numbers that mean that there is no label.
        grid: of the scene.
        warn: takes a sentence on what is assumed.
    """

    def __init__(
        self,
        path: Path,
        values: tuple[int, ...],
        unlabelled: tuple[int, ...],
        grid: Grid,
        stack: ExitStack,
        warn: Callable[[str], None],
    ) -> None:
        self.path, self.values, self.unlabelled, self.grid = path, np.array(values), unlabelled, grid
        self.stack, self.warn = stack, warn
        self.band: Band | None = None

    def __call__(self, rows: range, columns: range) -> NDArray[np.uint8]:
        """Class of each pixel, `UNLABELLED` where none is known, shape (rows, columns); ranges of step 1 on the grid.

        Raises:
            UserError: the label is damaged, lies on another grid, or a number is no class.
        """
        if self.band is None:
            source = self.stack.enter_context(open_raster(self.path))
            check_label(source, self.grid, "the first date's finest raster", self.warn)
            self.band = class_band(source)
        numbers = _numbers(self.path, self.band.read(rows, columns), self.unlabelled)
        known = np.isfinite(numbers)
        classes = np.full(numbers.shape, UNLABELLED, dtype=np.uint8)
        found = np.searchsorted(self.values, numbers[known])
        odd = np.array(self.values)[found.clip(0, len(self.values) - 1)] != numbers[known]
        if odd.any():
            raise UserError(f"{self.path} holds the number {numbers[known][odd][0]:g}, which is no class; open it anew")
        classes[known] = found
        return classes


def class_values(paths: Iterable[Path], unlabelled: tuple[int, ...]) -> tuple[int, ...]:
    """All class numbers in labels, ascending.

    Raises:
        UserError: a label is damaged or has several bands, a number is not whole, or there are too many.
    """
    values: set[int] = set()
    for path in dict.fromkeys(paths):
        with open_raster(path) as source:
            band = class_band(source)
            for window in windows(source.shape):
                numbers = _numbers(path, band.read(*window), unlabelled)
                values |= {int(number) for number in np.unique(numbers[np.isfinite(numbers)])}
                if len(values) > UNLABELLED:
                    raise UserError(
                        f"the labels hold more than {UNLABELLED} different numbers ({path} among them); a label is a "
                        "raster of class numbers, so name such a one"
                    )
    return tuple(sorted(values))


def class_names(path: Path, values: tuple[int, ...], unlabelled: tuple[int, ...]) -> tuple[str, ...]:
    """What the classes of some numbers are called: as a CSV file with the columns value and name says, else the number.

    Raises:
        UserError: the file cannot be read, a value in it is no whole number or means that there is no label, or a value
            or a name stands in it twice.
    """
    said = _said(path, unlabelled) if path.is_file() else {}
    for value in values:
        if said and value not in said:
            log.warning("%s does not name the value %d; the class is called by it", path, value)
    names = tuple(said.get(value, str(value)) for value in values)
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise UserError(f"{path} names two classes {twice[0]!r}; name them apart, or give their pixels one value")
    return names


def _said(path: Path, unlabelled: tuple[int, ...]) -> Mapping[int, str]:
    said: dict[int, str] = {}
    for row in read_rows(path, ("value", "name")):
        try:
            value = int(row["value"])
        except ValueError as error:
            raise UserError(
                f"{path} has the value {row['value']!r} in line {row.line}; write a whole number"
            ) from error
        if value in said:
            raise UserError(f"{path} names the value {value} twice, in line {row.line} again; keep one")
        if value in unlabelled:
            raise UserError(
                f"{path} names the value {value}, which unlabelled says means that there is no label; take it out of "
                "one of them"
            )
        said[value] = row["name"] or str(value)
    return said


def _numbers(path: Path, values: Floats, unlabelled: tuple[int, ...]) -> Floats:
    """Class numbers, NaN where there is no label."""
    numbers = np.where(np.isin(values, unlabelled), np.nan, values)
    odd = numbers[np.isfinite(numbers) & (numbers != np.rint(numbers))]
    if odd.size:
        raise UserError(f"{path} holds {odd[0]:g}; the classes of a label are whole numbers")
    return numbers


def check_label(source: Any, grid: Grid, giver: str, warn: Callable[[str], None]) -> None:
    """Check that a label lies on the grid of its scene; one without georeference is laid on it pixel by pixel.

    Args:
        source: the open label.
        grid: of the scene.
        giver: what has that grid.
        warn: takes a sentence on what is assumed.

    Raises:
        UserError: it does not.
    """
    if source.shape != grid.shape:
        raise UserError(
            f"{source.name} has {source.height} x {source.width} pixels but its scene has {grid.shape[0]} x "
            f"{grid.shape[1]}; give the label on the grid of {giver}"
        )
    placed = has_georeference(source)
    if not placed or grid.transform.is_identity:
        if placed != (not grid.transform.is_identity):
            lacks = "its scene" if placed else "it"
            warn(f"{source.name} is laid on its scene pixel by pixel, since {lacks} has no georeference")
        return
    if source.crs is not None and grid.crs is not None and source.crs != grid.crs:
        raise UserError(
            f"{source.name} has another coordinate reference system than its scene; give the label on its grid"
        )
    if (source.crs is None) != (grid.crs is None):
        lacks = "it" if source.crs is None else "its scene"
        warn(f"{source.name}: {lacks} has no coordinate reference system, and that of the other is taken for both")
    columns, rows = np.array([0.0, source.width, 0.0]), np.array([0.0, 0.0, source.height])
    on_grid = place(~grid.transform, *place(source.transform, columns, rows))
    if np.abs(np.subtract(on_grid, (columns, rows))).max() > TOLERANCE:
        raise UserError(
            f"{source.name} lies on another grid than its scene; give the label on that of {giver}, such as with "
            "'gdalwarp -r near'"
        )

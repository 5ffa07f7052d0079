"""How much of each map is of which class."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.rasters import CLASS_BAND, map_legend
from hqnn.data.pixels.scene import windows
from hqnn.data.pixels.tiffs import open_raster, read_window

COLUMNS = ("scene", "class", "number", "pixels", "share", "area_ha")
MERCATOR = "merc"  # whose metres are so at the equator alone
SQUARE_METRES = 10_000  # of a hectare


def write_map_summary(output: Path, maps: Mapping[str, Path], classes: Sequence[str]) -> None:
    """Write the pixels of each class in each map.

    The table has a row a scene and class, and one with an empty class for pixels that have no features, where there are
    any: scene, class, its number in the map, pixels, share of those that were predicted, and the area in hectares,
    which is empty where the map's coordinates are no lengths, or are stretched as in a Mercator projection.

    Args:
        output: CSV file, UTF-8.
        maps: scene to its map, see `map_scene`.
        classes: names.

    Raises:
        UserError: a map is damaged.
    """
    with output.open("w", encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for scene, path in maps.items():
            counts, numbers, hectares = _counted(path, len(classes))
            predicted = int(counts[:-1].sum())
            for number, name, count in zip((*numbers, ""), (*classes, ""), counts.tolist(), strict=True):
                share = f"{count / predicted:.6f}" if name and predicted else ""
                area = "" if hectares is None else f"{count * hectares:.4f}"
                if name or count:
                    table.writerow([scene, name, number, count, share, area])


def _counted(path: Path, classes: int) -> tuple[NDArray[np.int64], list[int], float | None]:
    """Pixels of each class and of none, shape (classes + 1,), the classes' numbers, and a pixel's area in hectares."""
    counts = np.zeros(classes + 1, dtype=np.int64)
    with open_raster(path) as file:
        band, numbers = file.descriptions.index(CLASS_BAND) + 1, list(map_legend(file))
        for window in windows(file.shape):
            found = read_window(file, *window, index=band)
            counts[:-1] += [np.count_nonzero(found == number) for number in numbers]
            counts[-1] += np.count_nonzero(np.isnan(found))
        return counts, numbers, pixel_hectares(file.crs, file.transform)


def pixel_hectares(crs: Any, transform: Any) -> float | None:
    """Area of a pixel; None where the coordinate reference system does not measure in lengths that mean it."""
    if crs is None or not crs.is_projected or crs.to_dict().get("proj") == MERCATOR:
        return None
    _, metres = crs.linear_units_factor
    area = abs(transform.determinant) * metres**2 / SQUARE_METRES
    return area if math.isfinite(area) else None

"""How much of each map, and of all together, is of which class."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from hqnn.data.pixels.rasters import CLASS_BAND, MAP_CACHE_BYTES, map_legend
from hqnn.data.pixels.scene import windows
from hqnn.data.pixels.tiffs import open_raster, read_window

SUMMARY = "summary.csv"
COLUMNS = ("scene", "class", "number", "pixels", "share", "area_ha")
MERCATOR = "merc"  # whose metres are so at the equator alone
SQUARE_METRES = 10_000  # of a hectare


def write_map_summary(output: Path, scene: str, path: Path, classes: Sequence[str]) -> None:
    """Write the pixels of each class in a map.

    The table has a row a class, and one with an empty class for pixels that have no features, where there are any:
    scene, class, its number in the map, pixels, share of those that were predicted, and the area in hectares, which is
    empty where the map's coordinates are no lengths, or are stretched as in a Mercator projection.

    Args:
        output: CSV file, UTF-8.
        scene: its name.
        path: its map, see `map_scene`.
        classes: names.

    Raises:
        UserError: the map is damaged.
    """
    counts, numbers, hectares = _counted(path, len(classes))
    predicted = int(counts[:-1].sum())
    rows = []
    for number, name, count in zip((*numbers, ""), (*classes, ""), counts.tolist(), strict=True):
        area = "" if hectares is None else f"{count * hectares:.4f}"
        if name or count:
            rows.append((scene, name, number, count, _share(name, count, predicted), area))
    _write(output, rows)


def gather_map_summaries(output: Path, tables: Sequence[Path]) -> None:
    """Put tables of scenes one behind the other; of several, rows with an empty scene say how much it is over all.

    The area over all is empty where that of any scene is; a place that several scenes show counts in each.

    Args:
        output: CSV file, UTF-8.
        tables: what `write_map_summary` wrote, with the same classes.
    """
    rows = [row for table in tables for row in _read(table)]
    totals: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows if len(tables) > 1 else ():
        totals.setdefault((row["class"], row["number"]), []).append(row)
    counts = {key: sum(int(row["pixels"]) for row in found) for key, found in totals.items()}
    predicted = sum(count for (name, _), count in counts.items() if name)
    over_all: list[Sequence[Any]] = [
        ("", name, number, counts[name, number], _share(name, counts[name, number], predicted), _area(found))
        for (name, number), found in sorted(totals.items(), key=lambda total: not total[0][0])
    ]
    _write(output, [*(tuple(row.values()) for row in rows), *over_all])


def _share(name: str, count: int, predicted: int) -> str:
    return f"{count / predicted:.6f}" if name and predicted else ""


def _area(rows: Sequence[Mapping[str, str]]) -> str:
    areas = [row["area_ha"] for row in rows]
    return f"{sum(map(float, areas)):.4f}" if all(areas) else ""


def _write(output: Path, rows: Iterable[Sequence[Any]]) -> None:
    with output.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])


def _read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _counted(path: Path, classes: int) -> tuple[NDArray[np.int64], list[int], float | None]:
    """Pixels of each class and of none, shape (classes + 1,), the classes' numbers, and a pixel's area in hectares."""
    counts = np.zeros(classes + 1, dtype=np.int64)
    with rasterio.Env(GDAL_CACHEMAX=MAP_CACHE_BYTES), open_raster(path) as file:
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

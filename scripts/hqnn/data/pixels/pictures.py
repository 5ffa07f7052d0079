"""Pictures of scenes and of their labels, thinned to any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.scene import UNLABELLED, Scene, windows, windows_of

FALSE_COLOUR = ("B08", "B04", "B03")  # Sentinel-2: near infrared, red, green
TRUE_COLOUR = ("B04", "B03", "B02")
STRETCH_PERCENTILES = (2, 98)


def false_colour(scene: Scene, date: int = 0, *, step: int = 1) -> NDArray[np.uint8]:
    """Three bands as red, green and blue, stretched between the 2nd and 98th percentile of each.

    Near infrared, red and green, or else red, green and blue, where bands have Sentinel-2's names; of three bands all,
    in their order; of others the last, the middle and the first, which is all in grey where there is one.

    Args:
        scene: open.
        date: which, counted from 0.
        step: every how many-th row and column of the grid.

    Returns:
        Shape (rows, columns, 3); 0 where nothing is known.

    Raises:
        UserError: a file is damaged.
    """
    chosen = bands_shown(scene.bands)
    image = np.empty((*thinned_shape(scene.shape, step), 3), dtype=np.float32)
    for rows, columns in thinned_windows(windows_of(scene), step):
        raw, _ = scene.read(rows, columns)
        image[place_in_thinned(rows, columns, step)] = np.moveaxis(raw[date, chosen], 0, 2)
    if np.isnan(image).all():
        return np.zeros(image.shape, dtype=np.uint8)
    low, high = np.nanpercentile(image, STRETCH_PERCENTILES, axis=(0, 1))
    stretched = np.clip((image - low) / np.where(high > low, high - low, 1), 0, 1) * 255
    return np.asarray(np.nan_to_num(stretched).round(), dtype=np.uint8)


def truth(scene: Scene, *, step: int = 1) -> NDArray[np.uint8]:
    """Classes on every `step`-th row and column of a scene's grid, `UNLABELLED` where none is known.

    Raises:
        UserError: the scene has no labels, or a value means nothing.
    """
    image = np.full(thinned_shape(scene.shape, step), UNLABELLED, dtype=np.uint8)
    for rows, columns in thinned_windows(windows(scene.shape), step):
        whole = scene.labels(range(rows.start, rows[-1] + 1), range(columns.start, columns[-1] + 1))
        image[place_in_thinned(rows, columns, step)] = whole[::step, ::step]
    return image


def bands_shown(bands: Sequence[str]) -> list[int]:
    """Places of the bands that are shown as red, green and blue, see `false_colour`."""
    for names in (FALSE_COLOUR, TRUE_COLOUR):
        if set(names) <= set(bands):
            return [bands.index(name) for name in names]
    last = len(bands) - 1
    return [0, 1, 2] if last == 2 else [last, last // 2, 0]


def thinned_windows(given: Iterator[tuple[range, range]], step: int) -> Iterator[tuple[range, range]]:
    """Of windows every `step`-th row and column, counted from the grid's first."""
    for rows, columns in given:
        thin_rows, thin_columns = (range(r.start + -r.start % step, r.stop, step) for r in (rows, columns))
        if thin_rows and thin_columns:
            yield thin_rows, thin_columns


def thinned_shape(shape: tuple[int, int], step: int) -> tuple[int, int]:
    """Rows and columns of every `step`-th row and column of a grid."""
    return -(-shape[0] // step), -(-shape[1] // step)


def place_in_thinned(rows: range, columns: range, step: int) -> tuple[slice, slice]:
    """Where thinned rows and columns lie in the thinned image."""
    first_row, first_column = rows.start // step, columns.start // step
    return slice(first_row, first_row + len(rows)), slice(first_column, first_column + len(columns))

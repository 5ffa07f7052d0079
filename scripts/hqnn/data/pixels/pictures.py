"""Pictures of scenes and of their labels, thinned to any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.sampling import Pixels
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
    return stretched(image)


def stretched(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values of three bands, NaN where not known, as `false_colour` shows them, shape (rows, columns, 3)."""
    if np.isnan(image).all():
        return np.zeros(image.shape, dtype=np.uint8)
    low, high = np.nanpercentile(image, STRETCH_PERCENTILES, axis=(0, 1))
    shown = np.clip((image - low) / np.where(high > low, high - low, 1), 0, 1) * 255
    return np.asarray(np.nan_to_num(shown).round(), dtype=np.uint8)


class ThinnedColours:
    """Every so manieth pixel of a scene in the bands of `false_colour`, which fills window by window.

    Args:
        scene: open.
        step: every how many-th row and column of the grid.

    Attributes:
        values: NaN where not known, shape (dates, rows, columns, 3).
    """

    def __init__(self, scene: Scene, step: int) -> None:
        self._bands, self._step = bands_shown(scene.bands), step
        self.values = np.full((scene.dates, *thinned_shape(scene.shape, step), 3), np.nan, dtype=np.float32)

    def of(self, pixels: Pixels) -> NDArray[np.float32]:
        """What `take` takes of a window, shape (pixels on the step, 2 + 3 dates): places in `values`, then bands."""
        on = (pixels.rows % self._step == 0) & (pixels.columns % self._step == 0)
        places = np.stack([pixels.rows[on], pixels.columns[on]], axis=1) // self._step
        colours = pixels.dates[on][:, :, self._bands]
        flat = colours.reshape(len(places), len(self.values) * 3)
        return np.hstack([places.astype(np.float32), flat])

    def take(self, found: NDArray[np.float32]) -> None:
        """Take in what `of` gave."""
        row, column = found[:, :2].astype(np.int64).T
        self.values[:, row, column] = found[:, 2:].reshape(len(found), len(self.values), 3).swapaxes(0, 1)


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
    named = colours_of(bands)
    if named:
        return [bands.index(name) for name in named]
    last = len(bands) - 1
    return [0, 1, 2] if last == 2 else [last, last // 2, 0]


def colours_of(bands: Sequence[str]) -> tuple[str, ...]:
    """Names of the bands that are shown as red, green and blue where bands have Sentinel-2's names; else none."""
    return next((names for names in (FALSE_COLOUR, TRUE_COLOUR) if set(names) <= set(bands)), ())


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

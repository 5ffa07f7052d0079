"""Means, textures and differences in windows around a pixel, under per-image normalisation: candidates to choose from.

As in `hqnn.data.pixels.residual` an image is its own reference: bands are standardised by all of its valid pixels, test
images' too, of which no label is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from hqnn.data.moments import Floats, Moments

Planes = NDArray[np.float32]

FLOOR = 0.05  # of deviations, before their logarithm; in units of a band's deviation over the image
CLIP = 4.0


@dataclass(frozen=True)
class NeighbourhoodFeatures:
    """The candidates of one image.

    Attributes:
        mean: of each band of each date over the image, shape (dates, bands).
        scale: their standard deviations, shape (dates, bands).
        windows: sides of the windows, odd.
    """

    mean: Floats
    scale: Floats
    windows: tuple[int, ...]

    @classmethod
    def of_image(cls, image: Iterable[NDArray[np.float32]], windows: Sequence[int]) -> NeighbourhoodFeatures:
        """Normalise an image by its own pixels.

        Args:
            image: its valid pixels, in pieces of shape (dates, bands, pixels).
            windows: sides of the windows, odd.
        """
        moments, shape = Moments(), (1, 1)
        for pixels in image:
            moments.add(pixels.reshape(-1, pixels.shape[2]).T)
            shape = pixels.shape[:2]
        return cls(np.reshape(moments.mean, shape), np.reshape(moments.scale, shape), tuple(windows))

    def __call__(self, dates: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Compute candidates, in the order of `candidate_names`; shapes as of `hqnn.data.pixels.layouts.RawFeatures`.

        Bands are asinh((band - mean) / scale), z; g is the mean over the valid pixels of a window. Of each date: g(z)
        and, in windows of more than a pixel, ln(sqrt(g(z^2) - g(z)^2) + 0.05); of each later date against the first:
        |g(z') - g(z)| and ln(sqrt(g((z' - z)^2)) + 0.05).
        """
        margin = max(self.windows) // 2
        inner = slice(margin, dates.shape[2] - margin), slice(margin, dates.shape[3] - margin)
        standard = np.arcsinh((dates - self.mean[:, :, None, None]) / self.scale[:, :, None, None])
        values = np.where(valid, standard, 0.0).astype(np.float32)  # the filter sums in float64
        found = [planes for side in self.windows for planes in _in_window(values, valid, side, inner)]
        return np.concatenate([planes.reshape(-1, *planes.shape[2:]) for planes in found])


def candidate_names(bands: Sequence[str], dates: int, windows: Sequence[int]) -> list[str]:
    """What each candidate is, such as ``texture of B04 at date 2 in 9 x 9``.

    Args:
        bands: names of the bands of every date.
        dates: how many.
        windows: sides of the windows.
    """
    own, later = range(1, dates + 1), range(2, dates + 1)
    names = []
    for side in windows:
        kinds = [("mean of {} at date {}", own), ("change of the mean of {} to date {}", later)]
        if side > 1:
            kinds += [("texture of {} at date {}", own), ("change of {} to date {}", later)]
        names += [
            f"{words.format(band, date)} in {side} x {side}"
            for words, numbers in kinds
            for date in numbers
            for band in bands
        ]
    return names


def _in_window(values: Planes, valid: NDArray[np.bool_], side: int, inner: tuple[slice, slice]) -> Iterator[Planes]:
    """The candidates of one side of the window, kind by kind, each of shape (dates or later dates, bands, ...)."""
    weight = np.where(valid, _box(valid.astype(np.float32), side), np.float32(np.nan))[inner]

    def mean(planes: Planes) -> Planes:
        return np.asarray(_box(planes, side)[..., inner[0], inner[1]] / weight)

    own, change = mean(values), values[1:] - values[:1]
    yield own
    yield np.abs(own[1:] - own[:1])
    if side > 1:
        yield np.log(np.sqrt((mean(values**2) - own**2).clip(0)) + np.float32(FLOOR))
        yield np.log(np.sqrt(mean(change**2).clip(0)) + np.float32(FLOOR))


def _box(planes: Planes, side: int) -> Planes:
    return np.asarray(uniform_filter(planes, side, axes=(-2, -1)))

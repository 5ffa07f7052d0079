"""Whether the numbers of a scene are in one unit over its dates, and in that of other scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels.sampling import Pixels

Floats = NDArray[np.float64]

KEPT = 200  # pixels of a window
FEW = 20  # pixels, of which no unit is told
LOW_PERCENTILE = 5  # of a band: haze, shadow and land cover move it less than the median
TIMES = 10.0  # numbers that many times larger are in another unit
TIMES_OF_ONE_BAND = 100.0  # as much as thin clouds and snow make of a dark band is less
BASELINE_SHIFT = 1000.0  # Sentinel-2, processing baseline 04.00: added to all digital numbers
SHIFT_TOLERANCE = 250.0
DARK = 950.0  # some band of a scene has lower numbers, where nothing was added
BANDS_TO_TELL = 3
CURE = (
    "if they are in another unit, give the rasters a scale and an offset, such as Sentinel-2's since 2022 with "
    "'gdal_edit.py -scale 0.0001 -offset -0.1 FILE'"
)


@dataclass(frozen=True)
class Levels:
    """How large the numbers of some pixels are.

    Attributes:
        median: of each band, shape (bands,).
        low: its 5th percentile, likewise.
    """

    median: Floats
    low: Floats

    def of(self, chosen: Sequence[int]) -> Levels:
        """Of some bands."""
        return Levels(self.median[list(chosen)], self.low[list(chosen)])


@dataclass
class Sizes:
    """A thinned sample of the pixels of a scene.

    Attributes:
        kept: pieces of shape (pixels, dates, bands).
    """

    kept: list[NDArray[np.float32]] = field(default_factory=list)

    def take(self, thinned: NDArray[np.float32]) -> None:
        """Take in some pixels of a window, see `thinned_dates`."""
        if len(thinned):
            self.kept.append(thinned)

    def levels(self) -> list[Levels]:
        """Of each date; none where there are too few pixels."""
        if sum(map(len, self.kept)) < FEW:
            return []
        low, median = np.percentile(np.concatenate(self.kept), (LOW_PERCENTILE, 50), axis=0)
        return [Levels(*date) for date in zip(median, low, strict=True)]


def thinned_dates(pixels: Pixels) -> NDArray[np.float32]:
    """Some pixels of a window with all bands of all dates, without the memory of the others."""
    return pixels.dates[:: max(1, -(-len(pixels.dates) // KEPT))].copy()


def doubts_of_dates(scene: str, dates: Sequence[Levels], bands: Sequence[str]) -> list[str]:
    """Sentences on dates of one scene that do not seem to be in the unit of its first date."""
    found = [(number, difference(dates[0], other, bands)) for number, other in enumerate(dates[1:], start=2)]
    return [
        f"{scene}: the numbers of date {number} are {said} those of date 1; {CURE}" for number, said in found if said
    ]


def doubts_of_scene(
    scene: str, own: Sequence[Levels], other: str, theirs: Sequence[Levels], bands: Sequence[str]
) -> list[str]:
    """A sentence on a scene of which the first date does not seem to be in the unit of that of another."""
    said = difference(theirs[0], own[0], bands) if own and theirs else ""
    return [f"{scene}: its numbers are {said} those of {other}; {CURE}"] if said else []


def difference(first: Levels, second: Levels, bands: Sequence[str]) -> str:
    """What the numbers of the second are against those of the first, in words; empty where they seem to be alike."""
    ratios = _ratios(first.median, second.median)
    typical = float(np.median(ratios))
    near = 1 / TIMES_OF_ONE_BAND < typical < TIMES_OF_ONE_BAND
    if near and len(bands) >= BANDS_TO_TELL and _is_shifted(first.low, second.low):
        return f"about {BASELINE_SHIFT:.0f} {'above' if np.median(second.low) > np.median(first.low) else 'below'}"
    if not 1 / TIMES < typical < TIMES:
        return f"about {typical:.3g} times"
    extreme = np.abs(np.log(ratios)) > np.log(TIMES_OF_ONE_BAND)
    odd = [f"about {ratio:.3g} times" for ratio in ratios[extreme]]
    return f"in band {bands[int(np.argmax(extreme))]} {odd[0]}" if odd else ""


def _is_shifted(first: Floats, second: Floats) -> bool:
    """Whether low numbers of one differ from the other's by `BASELINE_SHIFT`: in all bands alike, or in the darkest.

    Of OSCD's pairs, every tenth pixel, no one is found so, and with the shift added to one date between 91 % (the bands
    of 20 m and finer) and all of them (13 bands, or red, green and blue).
    """
    shift = second - first
    middle = float(np.median(shift))
    alike = abs(abs(middle) - BASELINE_SHIFT) < SHIFT_TOLERANCE and (np.sign(shift) == np.sign(middle)).all()
    darkest, other = sorted((first.min(), second.min()))
    return bool(
        (alike and np.median(np.abs(shift - middle)) < SHIFT_TOLERANCE)
        or (other > DARK and abs(other - darkest - BASELINE_SHIFT) < SHIFT_TOLERANCE)
    )


def _ratios(first: Floats, second: Floats) -> Floats:
    """Sizes of the second over those of the first, 1 where either is 0."""
    known = (first != 0) & (second != 0)
    return np.where(known, np.abs(second) / np.where(known, np.abs(first), 1.0), 1.0)

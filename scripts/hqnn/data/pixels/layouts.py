"""What is computed of a pixel: layouts of raw features by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from hqnn.data.pixels import neighbourhood
from hqnn.data.pixels.bands import BANDS
from hqnn.data.pixels.residual import CLIP, FEATURES, MARGIN, ResidualFeatures
from hqnn.errors import UserError, nearest

NEIGHBOURHOOD = "neighbourhood"

Reduction = Literal["pca", "none", "selection"]


class RawFeatures(Protocol):
    """Raw features of the pixels of one scene."""

    def __call__(self, dates: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Compute raw features, shape (raw features, rows, columns), NaN where there are none.

        Args:
            dates: chosen bands of all dates, shape (dates, bands, rows + 2 margin, columns + 2 margin), NaN where
                invalid; beyond the image's border it is mirrored (d c b a | a b c d).
            valid: where all bands of all dates are valid, shape (rows + 2 margin, columns + 2 margin).
        """


class OfImage(Protocol):
    """Raw features that may depend on statistics of their scene."""

    def __call__(self, image: Iterable[NDArray[np.float32]]) -> RawFeatures:
        """Take a scene's statistics.

        Args:
            image: its valid pixels, in pieces of shape (dates, bands, pixels); it is read only if these are asked for.
        """


@dataclass(frozen=True)
class Layout:
    """What is computed of a pixel before features are fitted.

    Attributes:
        of_image: from a scene to the function that gives the raw features of its pixels.
        margin: how many pixels around a pixel it looks at.
        groups: into how many equal parts the raw features are cut; each has its own PCA and as many components. A part
            a date where None.
        reduction: ``pca`` of each group; ``none`` where every raw feature is a group, so that each remains and is only
            standardised; ``selection`` of raw features that part the classes of train pixels.
        clip: features are cut off at this value and its negative.
        bands: those that it needs, of two dates; any of any dates where None.
    """

    of_image: OfImage
    margin: int = 0
    groups: int | None = 1
    reduction: Reduction = "pca"
    clip: float = np.inf
    bands: tuple[str, ...] | None = None

    def parts(self, dates: int) -> int:
        """Into how many parts the raw features of so many dates are cut."""
        return dates if self.groups is None else self.groups


def spectra(image: Iterable[NDArray[np.float32]]) -> RawFeatures:
    """All bands of date 1, then those of each later date; whatever the scene."""
    return lambda dates, valid: dates.reshape(-1, *valid.shape)


LAYOUTS: Mapping[str, Layout] = {
    "per_date": Layout(spectra, groups=None),
    "joint": Layout(spectra),
    "residual": Layout(ResidualFeatures.of_image, MARGIN, groups=FEATURES, reduction="none", clip=CLIP, bands=BANDS),
}


def layout_named(name: str, windows: Sequence[int] = ()) -> Layout:
    """Look up a layout.

    Args:
        name: of the layout.
        windows: sides of the windows that the layout `NEIGHBOURHOOD` looks at, odd.

    Raises:
        UserError: there is none of this name, or it needs windows and there are none.
    """
    if name == NEIGHBOURHOOD:
        if not windows:
            raise UserError(f"feature layout {name!r} looks at windows; name their sides in features.windows")
        of_image = partial(neighbourhood.NeighbourhoodFeatures.of_image, windows=windows)
        return Layout(of_image, max(windows) // 2, reduction="selection", clip=neighbourhood.CLIP)
    if name not in LAYOUTS:
        raise UserError(f"feature layout {name!r} is unknown{nearest(name, (*LAYOUTS, NEIGHBOURHOOD))}")
    return LAYOUTS[name]

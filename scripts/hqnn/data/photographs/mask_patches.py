"""Patches of large images, labelled by a mask of what is to be found in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.class_folders import is_visible
from hqnn.data.image_files import SUFFIXES
from hqnn.errors import UserError

MASK = "_mask"
ABSENT, PRESENT = 0, 1  # labels


@dataclass(frozen=True)
class PatchRule:
    """How large images are cut and labelled.

    A cell of the grid shows the thing where the mask has at least `minimum` pixels in its centre, and does not where
    the mask is empty there and around. Other cells, which the thing only touches, are left out, and so is what of the
    image is no whole cell.

    Attributes:
        size: side of a cell, in pixels.
        centre: side of its central square, which the backbone's crop shows.
        minimum: mask pixels that make a patch of class 1.
        clearance: pixels around a patch of class 0 without mask, too.
    """

    size: int = 64
    centre: int = 56
    minimum: int = 8
    clearance: int = 8

    def __post_init__(self) -> None:
        """Check what no limit on one number can."""
        if not 1 <= self.centre <= self.size:
            raise UserError(
                f"the patch's centre of {self.centre} pixels must lie within its size of {self.size} pixels"
            )
        if not 1 <= self.minimum <= self.centre**2:
            raise UserError(f"{self.minimum} mask pixels cannot be asked of a centre of {self.centre} x {self.centre}")


def masked_images(folder: str | os.PathLike[str]) -> list[tuple[Path, Path]]:
    """The large images of a folder, by name, each with its mask: `bridge.jpg` has `bridge_mask.png`.

    Raises:
        UserError: an image has no mask or a mask no image, two images share one, or there are none.
    """
    root = Path(folder)
    files = sorted(root.iterdir()) if root.is_dir() else []
    images = [path for path in files if path.suffix.lower() in SUFFIXES and is_visible(path.name)]
    masks = {path.stem.removesuffix(MASK): path for path in images if path.stem.endswith(MASK)}
    pairs: dict[str, tuple[Path, Path]] = {}
    for path in images:
        if path.stem.endswith(MASK):
            continue
        if path.stem not in masks:
            raise UserError(f"{path} has no mask; put {path.stem}{MASK}.png beside it, 255 where something is, else 0")
        if path.stem in pairs:
            raise UserError(f"{path} and {pairs[path.stem][0].name} share one mask; rename one of them")
        pairs[path.stem] = (path, masks[path.stem])
    for stem, mask in masks.items():
        if stem not in pairs:
            raise UserError(f"{mask} has no image; put {stem}.png beside it or take the mask out")
    if not pairs:
        raise UserError(
            f"{root} holds no images with masks; put NAME.png and NAME{MASK}.png there, or name their "
            "folder within it as images.folder"
        )
    return list(pairs.values())


def label_cells(mask: NDArray[np.bool_], rule: PatchRule) -> Iterator[tuple[int, int, int | None]]:
    """Row and column of every whole cell's first pixel, and its label: 1, 0, or None where it is left out.

    Args:
        mask: shape (rows, columns).
        rule: of the grid and the labels.
    """
    margin = (rule.size - rule.centre) // 2
    for row in range(0, mask.shape[0] - rule.size + 1, rule.size):
        for column in range(0, mask.shape[1] - rule.size + 1, rule.size):
            centre = mask[row + margin :, column + margin :][: rule.centre, : rule.centre]
            around = _around(mask, row, column, rule)
            if centre.sum() >= rule.minimum:
                yield row, column, PRESENT
            else:
                yield row, column, None if around.any() else ABSENT


def _around(mask: NDArray[np.bool_], row: int, column: int, rule: PatchRule) -> NDArray[np.bool_]:
    rows, columns = (slice(max(0, at - rule.clearance), at + rule.size + rule.clearance) for at in (row, column))
    return mask[rows, columns]

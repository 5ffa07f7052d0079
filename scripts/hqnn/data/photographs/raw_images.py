"""Where labelled images come from: files in class folders, or cells of large images with masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hqnn.data.image_files import UnreadableImageError, read_image, read_mask
from hqnn.data.photographs.mask_patches import PatchRule, label_cells
from hqnn.errors import UserError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class RawImage:
    """An image that is not read yet.

    Attributes:
        name: path below the folder, with the place in a large image where it is cut from one.
        label: of its class.
        photo: path below the folder of the file it is in.
        read: gives its pixels, shape (height, width, 3).
    """

    name: str
    label: int
    photo: str
    read: Callable[[], Pixels]


def whole_images(files: Iterable[tuple[Path, int]], root: Path, max_pixels: int, bits: int = 16) -> Iterator[RawImage]:
    """One image a file; nothing is opened yet. `max_pixels` and `bits` are those of `read_image`."""
    for path, label in files:
        name = path.relative_to(root).as_posix()
        yield RawImage(name, label, name, partial(read_image, path, max_pixels=max_pixels, bits=bits))


def cut_images(
    pairs: Iterable[tuple[Path, Path]],
    root: Path,
    max_pixels: int,
    rule: PatchRule,
    unreadable: Callable[[str, UnreadableImageError], None],
    bits: int = 16,
) -> Iterator[RawImage]:
    """Patches of one large image after the other, each read when the one before is used up.

    Args:
        pairs: image and mask.
        root: folder that names start from.
        max_pixels: see `read_image`.
        rule: how they are cut and labelled.
        unreadable: is told of an image that cannot be read, or whose mask cannot.
        bits: see `read_image`.

    Raises:
        UserError: a mask is not of its image's size, or holds other values than 0 and 255.
    """
    for path, mask_path in pairs:
        name = path.relative_to(root).as_posix()
        try:
            image = read_image(path, max_pixels=max_pixels, bits=bits, any_shape=True)
            mask = read_mask(mask_path, max_pixels=max_pixels)
        except UnreadableImageError as error:
            unreadable(name, error)
            continue
        if mask.shape != image.shape[:2]:
            sizes = [" x ".join(map(str, array.shape[1::-1])) for array in (mask, image)]
            raise UserError(
                f"{mask_path} has {sizes[0]} pixels but its image has {sizes[1]}; draw it on the image itself"
            )
        for row, column, label in label_cells(mask, rule):
            if label is not None:
                cell = image[row : row + rule.size, column : column + rule.size]
                yield RawImage(f"{name}@y{row}_x{column}", label, name, partial(_same, cell))


def _same(pixels: Pixels) -> Pixels:
    return pixels

"""Where labelled images come from: files in class folders, or cells of large images with masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hqnn.data.folder_parts import FolderParts
from hqnn.data.image_files import Picture, read_mask, read_picture
from hqnn.data.opening import UnreadableImageError
from hqnn.data.photographs.mask_patches import PatchRule, label_cells
from hqnn.errors import UserError


@dataclass(frozen=True)
class RawImage:
    """An image that is not read yet.

    Attributes:
        name: path below the folder, with the place in a large image where it is cut from one.
        label: of its class.
        photo: path below the folder of the file it is in.
        read: gives its pixels, and remarks on what was assumed.
        part: code of the part that its file comes in, where files come in parts.
    """

    name: str
    label: int
    photo: str
    read: Callable[[], Picture]
    part: int | None = None


def whole_images(found: FolderParts, root: Path, max_pixels: int, bits: int = 16) -> Iterator[RawImage]:
    """One image a file, a large one shrunk; nothing is opened yet. `max_pixels` and `bits` are `read_picture`'s."""
    for code, files in found.parts.items():
        part = None if found.own_split == "none" else code
        for path, label in files:
            name = path.relative_to(root).as_posix()
            read = partial(read_picture, path, max_pixels=max_pixels, bits=bits, shrunk=True)
            yield RawImage(name, label, name, read, part)


def cut_images(
    pairs: Iterable[tuple[Path, Path]],
    root: Path,
    max_pixels: int,
    rule: PatchRule,
    unreadable: Callable[[str, None, UnreadableImageError], None],
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
            picture = read_picture(path, max_pixels=max_pixels, bits=bits, any_shape=True)
            mask = read_mask(mask_path, max_pixels=max_pixels)
        except UnreadableImageError as error:
            unreadable(name, None, error)
            continue
        image = picture.pixels
        if mask.shape != image.shape[:2]:
            sizes = [" x ".join(map(str, array.shape[1::-1])) for array in (mask, image)]
            raise UserError(
                f"{mask_path} has {sizes[0]} pixels but its image has {sizes[1]}; draw it on the image itself"
            )
        for row, column, label in label_cells(mask, rule):
            if label is not None:
                cell = image[row : row + rule.size, column : column + rule.size]
                yield RawImage(f"{name}@y{row}_x{column}", label, name, partial(Picture, cell, picture.remarks))

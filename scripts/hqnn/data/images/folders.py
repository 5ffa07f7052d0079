"""Folders of small images of one size, a folder a class, and how they are split."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from hqnn.data.class_folders import class_images, find_classes
from hqnn.data.image_files import DAMAGE, SUFFIXES, UnreadableImageError
from hqnn.data.images.source import Batch, ImageSource, batch_rows
from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.errors import UserError

MODES = {1: "L", 3: "RGB"}
LONGEST_SIDE = 4096

Listed = list[tuple[Path, int]]


def open_class_folders(root: Path, *, channels: int | None = None, threads: int = 1) -> ImageSource:
    """Open class folders, below `train` and `test` or beside `train.txt` and `test.txt`, or with no split of their own.

    Args:
        root: holds the class folders, or `train` and `test` that hold them.
        channels: 1 grey, 3 colour; that of the first image where None.
        threads: that decode.

    Raises:
        UserError: classes of train and test differ, a list names a file that is missing, lies elsewhere or is listed
            twice, or the first image cannot be read. Whether the others can, and are of its size and colour, is found
            out only with the batches.
    """
    if channels not in (None, *MODES):
        raise UserError(f"channels is {channels}; set it to 1 for grey or 3 for colour")
    classes, parts, own_split, skipped = _split(root)
    first = _decode(parts[0][0][0], None if channels is None else MODES[channels])
    return ImageSource(
        root,
        classes,
        (first.shape[0], first.shape[1], first.shape[2]),
        sum(len(part) for part in parts),
        _batches(root, parts, first, own_split, channels, threads),
        tuple(path for part in parts for path, _ in part),
        own_split,
        skipped,
    )


def has_parts(root: Path) -> bool:
    """Whether there are class folders below `train` or below `test`."""
    return any((root / part).is_dir() and has_classes(root / part) for part in PUBLISHED_PARTS)


def has_classes(root: Path) -> bool:
    """Whether two folders or more hold images, others than `train` and `test`."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name not in PUBLISHED_PARTS]
    return sum(any(file.suffix.lower() in SUFFIXES for file in folder.iterdir()) for folder in folders) > 1


def _split(root: Path) -> tuple[tuple[str, ...], list[Listed], str, dict[str, int]]:
    """Classes, images of each part (of all in one where there is no split), where the split is from, what is left."""
    if has_parts(root):
        classes = _common_classes(root)
        return classes, [_mixed(class_images(root / part, classes)) for part in PUBLISHED_PARTS], "published", {}
    classes = find_classes(root)
    images = class_images(root, classes)
    lists = [root / f"{part}.txt" for part in PUBLISHED_PARTS]
    if not any(path.is_file() for path in lists):
        return classes, [_mixed(images)], "none", {}
    labels = dict(images)
    listed = [_read_list(path, root, labels) for path in lists]
    twice = {path for path, _ in listed[0]} & {path for path, _ in listed[1]}
    if twice:
        raise UserError(f"{min(twice).relative_to(root)} is in both train.txt and test.txt; take it out of one")
    left = len(images) - sum(len(part) for part in listed)
    return classes, [_mixed(part) for part in listed], "listed", {"not listed": left} if left else {}


def _common_classes(root: Path) -> tuple[str, ...]:
    for part in PUBLISHED_PARTS:
        if not (root / part).is_dir():
            raise UserError(f"{root} has no folder {part!r} beside the other one; put the {part} images there")
    train, test = (find_classes(root / part) for part in PUBLISHED_PARTS)
    if train != test:
        only = {"train": sorted(set(train) - set(test)), "test": sorted(set(test) - set(train))}
        said = "; ".join(f"only {part} has {', '.join(names)}" for part, names in only.items() if names)
        raise UserError(f"{root} has different classes in train and test ({said}); make the folders the same")
    return train


def _read_list(path: Path, root: Path, labels: dict[Path, int]) -> Listed:
    if not path.is_file():
        raise UserError(f"{path} is missing beside the other list; write it, or remove both for a random split")
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not names:
        raise UserError(f"{path} is empty; list its images, or remove both lists for a random split")
    if len(set(names)) < len(names):
        raise UserError(f"{path} lists {next(n for n in names if names.count(n) > 1)} twice; remove one of the lines")
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"{path} lists {name!r}, which would lie outside of the folder; name files below it")
        if root / name not in labels:
            raise UserError(f"{path} lists {name!r}, which is no image in a class folder; correct the list")
    return [(root / name, labels[root / name]) for name in names]


def _mixed(images: Listed) -> Listed:
    """One image of each class in turn, so that the first ones of a part are not all of one class."""
    seen: dict[int, int] = {}
    places = []
    for _, label in images:
        places.append((seen.get(label, 0), label))
        seen[label] = places[-1][0] + 1
    return [image for _, image in sorted(zip(places, images, strict=True))]


def _batches(
    root: Path, parts: Sequence[Listed], first: NDArray[np.uint8], own_split: str, channels: int | None, threads: int
) -> Iterator[Batch]:
    mode, step = MODES[first.shape[2]], batch_rows(first.shape)

    def read(path: Path) -> NDArray[np.uint8]:
        image = _decode(path, None if channels is None else mode)
        if image.shape != first.shape:
            said = " and ".join(_described(shape) for shape in (image.shape, first.shape))
            raise UserError(f"{path} and the first image are {said}; make all of one kind, or set channels to 1 or 3")
        return image

    with ThreadPoolExecutor(threads) as pool:
        for split, part in enumerate(parts):
            for start in range(0, len(part), step):
                some = part[start : start + step]
                yield Batch(
                    np.stack(list(pool.map(read, [path for path, _ in some]))),
                    np.array([label for _, label in some], dtype=np.uint8),
                    np.full(0 if own_split == "none" else len(some), split, dtype=np.uint8),
                    [path.relative_to(root).as_posix() for path, _ in some],
                )


def _decode(path: Path, mode: str | None) -> NDArray[np.uint8]:
    """Read an image, shape (height, width, channels): grey stays grey where no mode is asked for."""
    try:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            if max(image.size) > LONGEST_SIDE:
                raise UnreadableImageError(path, f"{image.width} x {image.height} pixels are too many")
            if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"):
                raise UnreadableImageError(path, f"its pixels, of mode {image.mode}, do not have 8 bits")
            upright = ImageOps.exif_transpose(image) if "exif" in image.info else image
            pixels = np.asarray(upright.convert(mode or ("L" if image.mode in ("1", "L", "LA") else "RGB")))
    except (Image.DecompressionBombError, *DAMAGE) as error:
        raise UnreadableImageError(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _described(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]} {'grey' if shape[2] == 1 else 'colour'}"

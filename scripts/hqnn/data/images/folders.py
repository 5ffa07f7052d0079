"""Folders of small images, a folder a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from hqnn.data.class_folders import label_type
from hqnn.data.deep_images import DeepImage, described
from hqnn.data.folder_parts import FolderParts, Listed, find_parts
from hqnn.data.images.decode import MODES, Form, decode
from hqnn.data.images.source import Batch, ImageSource, batch_rows
from hqnn.data.losses import Unreadable, stops
from hqnn.data.opening import UnreadableImageError
from hqnn.errors import UserError


def open_class_folders(
    root: Path, form: Form | None = None, *, unreadable: Unreadable = "stop", threads: int = 1
) -> ImageSource:
    """Open class folders, below `train`, `test` and `val`, beside `train.txt` and `test.txt`, or with no split.

    Args:
        root: holds the class folders, or folders of parts that hold them.
        form: how images are read.
        unreadable: whether an image that cannot be read is left out or stops the run.
        threads: that decode.

    Raises:
        UserError: see `find_parts`; or no image can be read. Whether all can, and are of the first one's size, depth
            and bands, is found out only with the batches.
    """
    how = form or Form()
    if how.channels not in (None, *MODES):
        raise UserError(f"channels is {how.channels}; set it to 1 for grey or 3 for colour")
    found = find_parts(root)
    found = replace(found, parts={code: in_turn(part) for code, part in found.parts.items()})
    path, first = _first(root, found.files, how, stop=stops(unreadable))
    height, width, channels = first.pixels.shape
    return ImageSource(
        root,
        found.classes,
        (height, width, channels),
        len(found.files),
        _batches(root, found, (path, first), how, threads),
        found.files,
        found.own_split,
        found.skipped,
        first.pixels.dtype,
        first.bands,
    )


def in_turn(images: Listed) -> Listed:
    """One image of each class in turn, so that the first ones of a part are not all of one class."""
    seen: dict[int, int] = {}
    places = []
    for _, label in images:
        places.append((seen.get(label, 0), label))
        seen[label] = places[-1][0] + 1
    return [image for _, image in sorted(zip(places, images, strict=True))]


def _first(root: Path, files: Sequence[Path], form: Form, *, stop: bool) -> tuple[Path, DeepImage]:
    """The first image that can be read, to which all others must be alike."""
    for path in files:
        try:
            return path, decode(path, form)
        except UnreadableImageError:
            if stop:
                raise
    raise UserError(f"{root} holds no image that can be read; replace them")


def _batches(
    root: Path, found: FolderParts, first: tuple[Path, DeepImage], form: Form, threads: int
) -> Iterator[Batch]:
    step = batch_rows(first[1].pixels.shape, first[1].pixels.itemsize)

    def read(path: Path) -> DeepImage | UnreadableImageError:
        try:
            image = decode(path, form)
        except UnreadableImageError as error:
            return error
        _check_alike(path, image, *first)
        return image

    for code, part in found.parts.items():
        for start in range(0, len(part), step):
            some = part[start : start + step]
            with ThreadPoolExecutor(threads) as pool:  # which must not wait open until a caller goes on, if ever
                read_ones = list(pool.map(read, [path for path, _ in some]))
            yield _batch(root, found, code, list(zip(some, read_ones, strict=True)), first[1])


def _batch(
    root: Path,
    found: FolderParts,
    code: int,
    read: Sequence[tuple[tuple[Path, int], DeepImage | UnreadableImageError]],
    like: DeepImage,
) -> Batch:
    kept = [(path, label, image) for (path, label), image in read if isinstance(image, DeepImage)]
    return Batch(
        np.array([image.pixels for *_, image in kept], dtype=like.pixels.dtype).reshape(-1, *like.pixels.shape),
        np.array([label for _, label, _ in kept], dtype=label_type(len(found.classes))),
        np.full(0 if found.own_split == "none" else len(kept), code, dtype=np.uint8),
        [path.relative_to(root).as_posix() for path, *_ in kept],
        sum(image.empty for *_, image in kept),
        tuple(
            (path.relative_to(root).as_posix(), label, error)
            for (path, label), error in read
            if isinstance(error, UnreadableImageError)
        ),
        tuple(remark for *_, image in kept for remark in image.remarks),
    )


def _check_alike(path: Path, image: DeepImage, other: Path, first: DeepImage) -> None:
    """Say what differs.

    Raises:
        UserError: size, depth, number or names of bands do.
    """
    sizes = [" x ".join(map(str, one.pixels.shape[:2])) for one in (image, first)]
    if sizes[0] != sizes[1]:
        raise UserError(
            f"{path} has {sizes[0]} pixels but {other} has {sizes[1]}; set size to bring all images to one size"
        )
    said = [_bands(one) for one in (image, first)]
    if said[0] != said[1]:
        raise UserError(
            f"{path} is {said[0]} but {other} is {said[1]}; make all of one kind, or set channels to 1 or 3, or bands"
        )


def _bands(image: DeepImage) -> str:
    bands, dtype = image.pixels.shape[2], image.pixels.dtype
    if not image.bands and dtype == np.uint8:
        return "grey" if bands == 1 else "coloured"
    names = "" if image.bands == tuple(map(str, range(1, bands + 1))) else f" ({', '.join(image.bands)})"
    return described(bands, dtype) + (names if image.bands else "")

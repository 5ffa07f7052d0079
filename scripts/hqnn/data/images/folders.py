"""Folders of small images, a folder a class."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hqnn.data.deep_images import DeepImage, described, is_transparent_tiff
from hqnn.data.images.decode import MODES, Form, decode
from hqnn.data.images.folder_parts import FolderParts, find_parts
from hqnn.data.images.source import Batch, ImageSource, batch_rows
from hqnn.errors import UserError

log = logging.getLogger(__name__)


def open_class_folders(root: Path, form: Form | None = None, *, threads: int = 1) -> ImageSource:
    """Open class folders, below `train`, `test` and `val`, beside `train.txt` and `test.txt`, or with no split.

    Args:
        root: holds the class folders, or folders of parts that hold them.
        form: how images are read.
        threads: that decode.

    Raises:
        UserError: see `find_parts`; or the first image cannot be read. Whether the others can, and are of its size,
            depth and bands, is found out only with the batches.
    """
    how = form or Form()
    if how.channels not in (None, *MODES):
        raise UserError(f"channels is {how.channels}; set it to 1 for grey or 3 for colour")
    found = find_parts(root)
    path = found.files[0]
    first = decode(path, how)
    if not how.bands and is_transparent_tiff(path):
        log.warning(
            "%s: a fourth band is taken as transparency and left out; set bands to [1, 2, 3, 4] to read it", path
        )
    height, width, channels = first.pixels.shape
    return ImageSource(
        root,
        found.classes,
        (height, width, channels),
        len(found.files),
        _batches(root, found, first, how, threads),
        found.files,
        found.own_split,
        found.skipped,
        first.pixels.dtype,
        first.bands,
    )


def _batches(root: Path, found: FolderParts, first: DeepImage, form: Form, threads: int) -> Iterator[Batch]:
    step = batch_rows(first.pixels.shape, first.pixels.itemsize)

    def read(path: Path) -> DeepImage:
        image = decode(path, form)
        _check_alike(path, image, found.files[0], first)
        return image

    with ThreadPoolExecutor(threads) as pool:
        for code, part in found.parts.items():
            for start in range(0, len(part), step):
                some = part[start : start + step]
                images = list(pool.map(read, [path for path, _ in some]))
                yield Batch(
                    np.stack([image.pixels for image in images]),
                    np.array([label for _, label in some], dtype=np.uint8),
                    np.full(0 if found.own_split == "none" else len(some), code, dtype=np.uint8),
                    [path.relative_to(root).as_posix() for path, _ in some],
                    sum(image.empty for image in images),
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

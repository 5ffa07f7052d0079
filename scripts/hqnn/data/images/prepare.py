"""From sets of small images, whatever their files, to one table of samples."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.class_folders import warn_of_single_samples
from hqnn.data.deep_images import Band, described
from hqnn.data.images.layouts import Reading, opened_images
from hqnn.data.images.ranges import channel_ranges, evenly
from hqnn.data.images.source import Batch, ImageSource
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.rows import read_rows
from hqnn.errors import UserError
from hqnn.store import add_column, file_digest, new_table, write_attributes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Summary:
    """What was prepared.

    Attributes:
        kind: of the files.
        train: number of images.
        test: likewise.
        classes: names.
        dropped: reason to number of images that are not in the table.
        kept_copies: images of a published set that are equal to another one of it; they stay.
        validation: number of images.
        empty_pixels: pixels without data, which are 0.
    """

    kind: str
    train: int
    test: int
    classes: tuple[str, ...]
    dropped: dict[str, int]
    kept_copies: int
    validation: int = 0
    empty_pixels: int = 0


def prepare_small_images(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    kind: str = "auto",
    subset: str = "",
    classes: Sequence[str] = (),
    channels: int | None = None,
    bands: Sequence[Band] = (),
    size: int | None = None,
    train_share: float = 0.8,
    seed: int = 0,
    threads: int = 1,
    about: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the samples of a set of small images of one size.

    Images are read once, in batches. The table has a row an image: `images` (samples, height, width, channels), uint8
    where they have 8 bits, else uint16 or float32 as in their files, chunked and checksummed but not compressed, since
    inflating is five times slower than reading; `labels` uint8; `split` (0 train, 1 test, 2 validation) and `source`
    (file, or file and position in it). Group `dropped` names the images that are equal, number by number, to an earlier
    one and left out; a set that is published in parts keeps them. Of images that are not uint8 the attributes `offset`
    and `scale` say, a channel, how train images become numbers of about 0 to 1, see `channel_ranges`; `bands` names.

    Args:
        path: a folder or an archive, see `opened_images`.
        output: the table.
        kind: see `Reading`, as of all up to `size`.
        subset: which of several sets.
        classes: names.
        channels: grey or colour.
        bands: of images that have some.
        size: of every image.
        train_share: of each class, for train where the set has no split of its own.
        seed: of that split.
        threads: that decode.
        about: more attributes.

    Raises:
        UserError: see `opened_images`; or a part of the split has no image.
    """
    reading = Reading(kind, subset, tuple(classes), channels, tuple(bands), size, threads)
    settings = {**asdict(reading), "train_share": train_share, "seed": seed}
    del settings["threads"]
    said = {**(about or {}), "settings": settings}
    scratch = Path(output).parent
    scratch.mkdir(parents=True, exist_ok=True)
    with opened_images(Path(path), reading, scratch) as (found, source), new_table(output, said) as file:
        table = _Table(file, source)
        for batch in source.batches:
            table.append(batch)
        split = draw_split(table.labels, train_share, seed) if source.own_split == "none" else table.split
        train, test, validation = (int((split == part).sum()) for part in (TRAIN, TEST, VALIDATION))
        if not (train and test):
            raise UserError(f"{path} gives {train} train and {test} test images; add images, or change train_share")
        table.finish(split)
        write_attributes(file, {"kind": found, "inputs": _inputs(source)})
    _say(Path(path), table)
    log.info("%s: %s, %d train and %d test images; dropped: %s", path, found, train, test, table.dropped or "none")
    return Summary(found, train, test, source.classes, table.dropped, table.kept_copies, validation, table.empty_pixels)


def draw_split(labels: NDArray[np.uint8], train_share: float, seed: int) -> NDArray[np.uint8]:
    """Draw train (0) and test (1) so that every class keeps its share, to the nearest image."""
    generator = np.random.default_rng(seed)
    split = np.full(len(labels), TEST, dtype=np.uint8)
    for label in np.unique(labels):
        own = generator.permutation(np.flatnonzero(labels == label))
        split[own[: round(train_share * len(own))]] = TRAIN
    return split


def _say(path: Path, table: _Table) -> None:
    """Say what a reader of results should know."""
    form = described(table.source.shape[2], table.source.dtype)
    if table.source.dtype != np.uint8:
        log.info("%s: images of %s are kept at full depth; nets scale them by what the train images use", path, form)
    if table.empty_pixels:
        log.warning("%s: %d pixels have no data and are taken as 0", path, table.empty_pixels)
    counts = np.bincount(table.labels, minlength=len(table.source.classes))
    warn_of_single_samples(path, dict(zip(table.source.classes, counts.tolist(), strict=True)))


class _Table:
    """The columns of an open file, filled batch by batch."""

    def __init__(self, file: h5py.File, source: ImageSource) -> None:
        self.file = file
        self.source = source
        empty = np.empty((0, *source.shape), dtype=source.dtype)
        self.images = add_column(file, "images", empty, rows=source.rows, compression=None)
        self.empty_pixels = 0
        self.names: list[str] = []
        self.copies: list[tuple[str, str]] = []  # name of a copy, and of what it is a copy of
        self._labels: list[NDArray[np.uint8]] = []
        self._split: list[NDArray[np.uint8]] = []
        self._first: dict[bytes, str] = {}

    @property
    def labels(self) -> NDArray[np.uint8]:
        return np.concatenate(self._labels)

    @property
    def split(self) -> NDArray[np.uint8]:
        return np.concatenate(self._split)

    @property
    def keeps_copies(self) -> bool:
        return self.source.own_split == "published"

    @property
    def kept_copies(self) -> int:
        return len(self.copies) if self.keeps_copies else 0

    @property
    def dropped(self) -> dict[str, int]:
        copies = len(self.copies) - self.kept_copies
        return self.source.skipped | ({"copies": copies} if copies else {})

    def append(self, batch: Batch) -> None:
        images = np.ascontiguousarray(batch.images)
        new = np.array([self._is_new(*pair) for pair in zip(images, batch.names, strict=True)])
        kept = np.flatnonzero(new | self.keeps_copies)
        start = len(self.names)
        self.images[start : start + len(kept)] = images if len(kept) == len(images) else images[kept]
        self.names += [batch.names[row] for row in kept]
        self._labels.append(batch.labels[kept])
        self.empty_pixels += batch.empty
        self._split.append(batch.split[kept] if len(batch.split) else batch.split)

    def _is_new(self, image: NDArray[Any], name: str) -> bool:
        first = self._first.setdefault(hashlib.sha256(image.data).digest(), name)
        if first != name:
            self.copies.append((name, first))
        return first == name

    def finish(self, split: NDArray[np.uint8]) -> None:
        self.images.resize(len(self.names), axis=0)
        add_column(self.file, "labels", self.labels)
        add_column(self.file, "split", split)
        add_column(self.file, "source", _text(self.names))
        self._describe(np.flatnonzero(split == TRAIN))
        if self.copies:
            group = self.file.create_group("kept_copies" if self.keeps_copies else "dropped")
            for column, values in zip(("source", "copy_of"), zip(*self.copies, strict=True), strict=True):
                add_column(group, column, _text(values))

    def _describe(self, train: NDArray[np.int64]) -> None:
        """Write what images and channels are, and how the train images' numbers become those of a net."""
        about: dict[str, Any] = {"classes": list(self.source.classes), "empty_pixels": self.empty_pixels}
        about |= {"dropped": self.dropped, "kept_copies": self.kept_copies}
        if self.source.bands:
            about["bands"] = list(self.source.bands)
        if self.source.dtype != np.uint8:
            looked_at = read_rows(self.images, train[evenly(len(train), self.source.shape)])
            offset, scale = channel_ranges(looked_at)
            about |= {"offset": offset.tolist(), "scale": scale.tolist()}
        write_attributes(self.file, about)


def _text(names: Iterable[str]) -> NDArray[np.bytes_]:
    """Names as UTF-8 of one length, which HDF5 can compress and checksum."""
    raw = [name.encode() for name in names]
    longest = max(map(len, raw))
    return np.array(raw, dtype=h5py.string_dtype("utf-8", longest))


def _inputs(source: ImageSource) -> dict[str, int | str]:
    """How many files were read, and the sha256 over the sorted lines `path sha256` of them."""
    lines = sorted(f"{path.relative_to(source.root).as_posix()} {file_digest(path)}\n" for path in source.files)
    return {"files": len(lines), "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}

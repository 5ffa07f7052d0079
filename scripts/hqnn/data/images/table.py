"""The columns of a table of small images, filled batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.images.ranges import channel_ranges, evenly
from hqnn.data.images.source import Batch, ImageSource
from hqnn.data.losses import Losses
from hqnn.data.parts import TEST, TRAIN
from hqnn.data.rows import read_rows
from hqnn.store import add_column, write_attributes


class ImageRows:
    """The columns of an open file; only the images leave memory at once.

    They are `images`, `split`, `source` and `labels`, uint8, or uint16 of more than 255 classes. Group `dropped` names
    the images that are equal, number by number, to an earlier one of their class and left out; a set that comes in
    parts keeps them, as `kept_copies`. Group `unreadable` names those that cannot be read. Equal images of two classes
    stay, in one part where it is drawn, and are the group `conflicts`. Of images that are not uint8 the attributes
    `offset` and `scale` say, a channel, how train images become numbers of about 0 to 1, see `channel_ranges`; `bands`
    names the channels.

    Attributes:
        source: the set.
        losses: keeps what is left out.
        names: `source` of each row.
        copies: name of each image that is equal to an earlier one, and of that one; where copies are left out, of one
            class.
        leaked: number of test images that are equal to a train image.
        range: least and greatest number of all images.
        empty_pixels: pixels without data, which are 0.

    Args:
        file: that is written to.
        source: of the images.
        losses: likewise.
    """

    def __init__(self, file: h5py.File, source: ImageSource, losses: Losses) -> None:
        self.file = file
        self.source = source
        self.losses = losses
        empty = np.empty((0, *source.shape), dtype=source.dtype)
        self.images = add_column(file, "images", empty, rows=source.rows, compression=None)
        self.names: list[str] = []
        self.copies: list[tuple[str, str]] = []
        self.leaked = 0
        self.range = (np.inf, -np.inf)
        self.empty_pixels = 0
        self._labels: list[NDArray[Any]] = []
        self._split: list[NDArray[np.uint8]] = []
        self._first: dict[bytes, tuple[int, int, int]] = {}  # digest to row, label and part of the first such image
        self._alike: list[tuple[int, int]] = []  # rows of equal images of two classes

    @property
    def labels(self) -> NDArray[Any]:
        """Of all rows."""
        return np.concatenate(self._labels)

    @property
    def counts(self) -> dict[str, int]:
        """Class to number of its rows."""
        counts = np.bincount(self.labels, minlength=len(self.source.classes)).tolist()
        return dict(zip(self.source.classes, counts, strict=True))

    @property
    def split(self) -> NDArray[np.uint8]:
        """Of all rows, where the set says it."""
        return np.concatenate(self._split)

    @property
    def keeps_copies(self) -> bool:
        """Whether equal images stay, since the set comes in parts."""
        return self.source.own_split == "published"

    @property
    def kept_copies(self) -> int:
        """How many of them there are."""
        return len(self.copies) if self.keeps_copies else 0

    @property
    def dropped(self) -> dict[str, int]:
        """Reason to number of images that are not in the table."""
        found = {"copies": self.losses.lost("exact"), "unreadable": self.losses.lost("unreadable")}
        return self.source.skipped | {reason: count for reason, count in found.items() if count}

    def append(self, batch: Batch) -> None:
        """Write the images of a batch, and keep the rest of it.

        Raises:
            UnreadableImageError: one cannot be read, and the run is to stop.
        """
        for name, label, error in batch.lost:
            self.losses.unreadable(name, label, error)
        self.losses.remarks.update(batch.remarks)
        images = np.ascontiguousarray(batch.images)
        parts = batch.split.tolist() or [TRAIN] * len(images)
        kept = [row for row, part in enumerate(parts) if self._stays(images[row], batch, row, part)]
        self.images[len(self.names) - len(kept) : len(self.names)] = (
            images if len(kept) == len(images) else images[kept]
        )
        self._labels.append(batch.labels[kept])
        self._split.append(batch.split[kept] if len(batch.split) else batch.split)
        self.empty_pixels += batch.empty
        if images.size:
            self.range = (min(self.range[0], images.min()), max(self.range[1], images.max()))

    def together(self, split: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A split in which equal images of two classes lie in one part, that of the first."""
        for first, second in self._alike:
            split[second] = split[first]
        return split

    def finish(self, split: NDArray[np.uint8]) -> None:
        """Write the other columns, and what was left out."""
        self.images.resize(len(self.names), axis=0)
        add_column(self.file, "labels", self.labels)
        add_column(self.file, "split", split)
        add_column(self.file, "source", _text(self.names))
        self._describe(np.flatnonzero(split == TRAIN))
        lost = [
            (loss["source"], loss["reason"].partition(": ")[2])
            for loss in self.losses.dropped
            if loss["reason"].startswith("unreadable")
        ]
        conflicts = [(conflict["source"], conflict["like"]) for conflict in self.losses.conflicts]
        self._write_names("kept_copies" if self.keeps_copies else "dropped", ("source", "copy_of"), self.copies)
        self._write_names("unreadable", ("source", "reason"), lost)
        self._write_names("conflicts", ("source", "like"), conflicts)

    def _stays(self, image: NDArray[Any], batch: Batch, row: int, part: int) -> bool:
        """Take in an image, and say whether it gets a row."""
        name, label, own = batch.names[row], int(batch.labels[row]), len(self.names)
        first, known, where = self._first.setdefault(hashlib.sha256(image.data).digest(), (own, label, part))
        if first != own:
            if known == label and not self.keeps_copies:
                self.copies.append((name, self.names[first]))
                self.losses.duplicate(name, label, self.names[first], exact=True)
                return False
            if self.keeps_copies:
                self.copies.append((name, self.names[first]))
            if known != label:
                self.losses.conflict(name, self.names[first])
                self._alike.append((first, own))
            self.leaked += {part, where} == {TRAIN, TEST}
        self.names.append(name)
        return True

    def _write_names(self, name: str, columns: Sequence[str], rows: Sequence[tuple[str, str]]) -> None:
        if rows:
            group = self.file.create_group(name)
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                add_column(group, column, _text(values))

    def _describe(self, train: NDArray[np.int64]) -> None:
        """Write what images and channels are, and how the train images' numbers become those of a net."""
        about: dict[str, Any] = {"classes": list(self.source.classes), "empty_pixels": self.empty_pixels}
        about |= {"dropped": self.dropped, "kept_copies": self.kept_copies, "remarks": dict(self.losses.remarks)}
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

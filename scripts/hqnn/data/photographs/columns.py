"""The columns of a table of images, grown batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.class_folders import label_type
from hqnn.data.groups import Groups, group_codes
from hqnn.data.image_files import Fit, square
from hqnn.data.photographs.duplicates import Print, take_print
from hqnn.data.photographs.raw_images import RawImage
from hqnn.store import add_column, write_attributes

FIRST_ROWS = 64  # which chunks are cut for


@dataclass(frozen=True)
class Sample:
    """An image that was read.

    Attributes:
        photo: see `RawImage`.
        print: of the whole image, with its name and label.
        image: its square, shape (size, size, 3).
        part: see `RawImage`.
        remarks: what was assumed.
    """

    photo: str
    print: Print
    image: NDArray[np.uint8]
    part: int | None
    remarks: tuple[str, ...]


def read_sample(raw: RawImage, size: int, fit: Fit) -> Sample:
    """Read an image, and make it a square of a size, see `square`.

    Raises:
        UnreadableImageError: it cannot be read.
    """
    picture = raw.read()
    taken = take_print(raw.name, raw.label, picture.pixels)
    return Sample(raw.photo, taken, square(picture.pixels, size, fit), raw.part, picture.remarks)


class ImageColumns:
    """The columns of an open file; only the images leave memory at once.

    `images` and `source`; `labels` uint8, or uint16 of more than 255 classes; `group_<name>` int32 for every group,
    whose attribute `names` says what the codes mean; and `part` uint8, where images come in parts, see `find_parts`.

    Attributes:
        brightest: number of all images.

    Args:
        file: that is written to.
        size: of the images.
        classes: how many there are.
    """

    def __init__(self, file: h5py.File, size: int, classes: int) -> None:
        self.file = file
        self.classes = classes
        self.brightest = 0
        self.images = add_column(
            file, "images", np.empty((0, size, size, 3), dtype=np.uint8), rows=FIRST_ROWS, compression=None
        )
        self.names: list[str] = []
        self.photos: list[str] = []
        self.labels: list[int] = []
        self.parts: list[int | None] = []

    def append(self, samples: Sequence[Sample]) -> None:
        """Write the images of some rows, and keep the rest of them."""
        if not samples:
            return
        filled = len(self.names)
        self.images.resize(filled + len(samples), axis=0)
        self.images[filled:] = np.stack([sample.image for sample in samples])
        self.names += [sample.print.name for sample in samples]
        self.photos += [sample.photo for sample in samples]
        self.labels += [sample.print.label for sample in samples]
        self.parts += [sample.part for sample in samples]
        self.brightest = max(self.brightest, *(int(sample.image.max()) for sample in samples))

    def finish(self, groups: Groups) -> None:
        """Write the other columns.

        Raises:
            UserError: a photo has no groups.
        """
        add_column(self.file, "labels", np.array(self.labels, dtype=label_type(self.classes)))
        if None not in self.parts:
            add_column(self.file, "part", np.array(self.parts, dtype=np.uint8))
        self.file["source"] = self.names
        found = [groups.of(photo) for photo in self.photos]
        for position, group in enumerate(groups.names):
            codes, known = group_codes([own[position] for own in found])
            write_attributes(add_column(self.file, f"group_{group}", codes), {"names": known})

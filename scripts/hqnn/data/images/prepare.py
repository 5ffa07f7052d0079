"""From sets of small images, whatever their files, to one table of samples."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.class_folders import warn_of_single_samples
from hqnn.data.deep_images import Band, described
from hqnn.data.images.layouts import Reading, opened_images
from hqnn.data.images.source import ImageSource
from hqnn.data.images.table import ImageRows
from hqnn.data.losses import Losses, Unreadable, warn_of_darkness, warn_of_untested
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.data.smaller import smaller_split
from hqnn.errors import UserError
from hqnn.store import file_digest, new_table, write_attributes
from hqnn.wording import plural

log = logging.getLogger(__name__)

CLASSES = "class_folders"
SPLIT = 32  # the purpose of the draw, beside its seed


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
    unreadable: Unreadable = "stop",
    train_share: float = 0.8,
    train_images: int | None = None,
    seed: int = 0,
    threads: int = 1,
    about: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the samples of a set of small images of one size.

    Images are read once, in batches. The table has a row an image: `images` (samples, height, width, channels), uint8
    where they have 8 bits, else uint16 or float32 as in their files, chunked and checksummed but not compressed, since
    inflating is five times slower than reading; `split` (0 train, 1 test, 2 validation), `source` (file, or file and
    position in it), and what else `ImageRows` writes.

    Args:
        path: a folder or an archive, see `opened_images`.
        output: the table.
        kind: see `Reading`, as of all up to `size`.
        subset: which of several sets.
        classes: names.
        channels: grey or colour.
        bands: of images that have some.
        size: of every image.
        unreadable: `skip` leaves out images of class folders that cannot be read, and says so; `stop` raises.
        train_share: of each class, for train where the set has no split of its own.
        train_images: how many of the train images are trained on, each class by its share; the others are unused.
        seed: of that split, and of which images these are.
        threads: that decode.
        about: more attributes.

    Raises:
        UserError: see `opened_images`; or a class or a part of the split has no image, or too few for `train_images`.
    """
    reading = Reading(kind, subset, tuple(classes), channels, tuple(bands), size, unreadable, threads)
    settings = {**asdict(reading), "train_share": train_share, "train_images": train_images, "seed": seed}
    del settings["threads"]
    said = {**(about or {}), "settings": settings}
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    with opened_images(Path(path), reading, Path(output).parent) as (found, source), new_table(output, said) as file:
        table = ImageRows(file, source, Losses(source.classes, unreadable))
        for batch in source.batches:
            table.append(batch)
        if found == CLASSES:
            table.losses.check(Path(path), table.counts)
        split = _split(Path(path), table, train_share, train_images, seed)
        table.finish(split)
        write_attributes(file, {"kind": found, "inputs": _inputs(source)})
    _say(Path(path), table, split)
    train, test, validation = (int((split == part).sum()) for part in (TRAIN, TEST, VALIDATION))
    return Summary(found, train, test, source.classes, table.dropped, table.kept_copies, validation, table.empty_pixels)


def _split(path: Path, table: ImageRows, train_share: float, train_images: int | None, seed: int) -> NDArray[np.uint8]:
    """The split that the set comes in, or one that is drawn; with so many train images where that is said.

    Raises:
        UserError: a part has no image, or there are fewer train images.
    """
    drawn = table.source.own_split == "none"
    split = table.together(draw_split(table.labels, train_share, seed)) if drawn else table.split
    train, test = (int((split == part).sum()) for part in (TRAIN, TEST))
    if not (train and test):
        raise UserError(f"{path} gives {train} train and {test} test images; add images, or change train_share")
    if train_images is None:
        return split
    return smaller_split(split, table.labels, train_images, seed=seed, key="images.train_images", where=path)


def draw_split(labels: NDArray[Any], train_share: float, seed: int) -> NDArray[np.uint8]:
    """Draw train (0) and test (1) so that every class keeps its share, to the nearest image.

    A class of two images or more has one at least in either part.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, SPLIT]))
    split = np.full(len(labels), TEST, dtype=np.uint8)
    for label in np.unique(labels):
        own = generator.permutation(np.flatnonzero(labels == label))
        wanted = round(train_share * len(own))
        split[own[: np.clip(wanted, 1, len(own) - 1) if 0 < train_share < 1 < len(own) else wanted]] = TRAIN
    return split


def _say(path: Path, table: ImageRows, split: NDArray[np.uint8]) -> None:
    """Say what a reader of results should know."""
    train, test = (int((split == part).sum()) for part in (TRAIN, TEST))
    log.info("%s: %d train and %d test images; dropped: %s", path, train, test, table.dropped or "none")
    table.losses.say(path, table.counts)
    source, (low, high) = table.source, table.range
    if source.dtype == np.uint8:
        warn_of_darkness(path, int(high))
    else:
        log.warning(
            "%s: images of %s, whose numbers run from %g to %g: kept as they are; nets take the 2nd to the 98th "
            "percentile of each band's train pixels as about 0 to 1",
            path, described(source.shape[2], source.dtype), low, high,
        )  # fmt: skip
    if table.empty_pixels:
        log.warning("%s: %s without data, taken as 0", path, plural(table.empty_pixels, "pixel"))
    if table.leaked:
        log.warning(
            "%s: %s equal to a train image, kept since the set comes in parts; scores are too good by them",
            path, plural(table.leaked, "test image"),
        )  # fmt: skip
    warn_of_single_samples(path, table.counts)
    warn_of_untested(path, source.classes, np.unique(table.labels[split == TEST]).tolist())


def _inputs(source: ImageSource) -> dict[str, int | str]:
    """How many files were read, and the sha256 over the sorted lines `path sha256` of them."""
    lines = sorted(f"{path.relative_to(source.root).as_posix()} {file_digest(path)}\n" for path in source.files)
    return {"files": len(lines), "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}

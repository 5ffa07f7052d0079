"""From folders of images to a table of equal squares with labels, image by image."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hqnn.data.class_folders import class_images, deepest, find_classes, warn_of_single_samples
from hqnn.data.groups import Grouping, group_photos
from hqnn.data.image_files import MAX_PIXELS, STORED_SIZE, Fit, UnreadableImageError, bits_used
from hqnn.data.inputs import write_inputs
from hqnn.data.photographs.columns import ImageColumns, Sample, read_sample
from hqnn.data.photographs.duplicates import Criterion, DuplicateFinder
from hqnn.data.photographs.losses import Losses, Unreadable
from hqnn.data.photographs.mask_patches import PatchRule, masked_images
from hqnn.data.photographs.raw_images import RawImage, cut_images, whole_images
from hqnn.errors import UserError
from hqnn.store import new_table, write_attributes

log = logging.getLogger(__name__)

BATCH = 32  # images that are compared and written at once
AHEAD = 4  # images that are being read or wait to be used, for each thread
PATCH_CLASSES = ("clear", "marked")


@dataclass(frozen=True)
class Summary:
    """What was prepared.

    Attributes:
        counts: class to number of its images in the table.
        dropped: `source` of images that are not in it, and `reason`.
        conflicts: `source` of images that are like one of another class, and `like`, that one; both are in the table.
    """

    counts: Mapping[str, int]
    dropped: tuple[Mapping[str, str], ...]
    conflicts: tuple[Mapping[str, str], ...]


def prepare_photographs(
    output: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    classes: Sequence[str] = (),
    size: int = STORED_SIZE,
    fit: Fit = "crop",
    patches: PatchRule | None = None,
    unreadable: Unreadable = "stop",
    duplicates: Criterion = "near",
    similarity: float = 0.99,
    grouping: Grouping | None = None,
    max_pixels: int = MAX_PIXELS,
    threads: int = 1,
    about: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the images of a folder with their labels.

    The table has a row an image, by class (patches by large image) and name: `images` uint8 (samples, size, size, 3),
    `labels` uint8, `source` (path below the folder; of a patch followed by `@y<row>_x<column>`), and `group_<name>`
    int32 for every group, whose attribute `names` says what the codes mean. Attributes: `classes` (label = index),
    `bits`, see `bits_used`, `dropped` and `conflicts` as in `Summary`, settings. Group `inputs`: path, sha256 of files.

    Of images that are alike the first is kept; alike with different labels, all are, which is said loudly. Memory is
    that of a few images, whatever their number; of large ones with masks, that of one or two.

    Args:
        output: the table.
        folder: holds a folder a class, maybe below folders that are alone; or, with `patches`, large images with masks.
        classes: names in the order of the labels; where empty the folders found, of patches `PATCH_CLASSES`.
        size: side of the squares.
        fit: how an image becomes a square, see `square`.
        patches: how large images are cut; None where images lie in class folders.
        unreadable: `skip` leaves out images that cannot be read, says and stores which; `stop` raises.
        duplicates: `near`, `exact` or `keep`, see `DuplicateFinder`.
        similarity: least correlation of near duplicates.
        grouping: what belongs together; patches of one image always do, as group `source_image`.
        max_pixels: larger images are unreadable.
        threads: images read at the same time.
        about: more attributes.

    Raises:
        UserError: a folder, mask or row of a table is missing or wrong, an image unreadable, or a class left empty.
    """
    root = _root(Path(folder), classes, patches)
    names = tuple(classes) or (PATCH_CLASSES if patches else find_classes(root))
    losses, finder = Losses(names, unreadable), DuplicateFinder(duplicates, similarity)
    files, bits, raw = _listed(root, names, patches, max_pixels, losses, threads)
    groups = group_photos(root, grouping, cut=patches is not None)
    settings: dict[str, Any] = {"size": size, "fit": fit, "patches": asdict(patches) if patches else None}
    settings |= {"unreadable": unreadable, "duplicates": duplicates, "similarity": similarity, "max_pixels": max_pixels}
    with new_table(output, {**settings, "bits": bits, "classes": list(names), **(about or {})}) as file:
        table = ImageColumns(file, size)
        _fill(table, _samples(raw, size, fit, threads, losses), finder, losses)
        counts = _counts(table, names, root)
        table.finish(groups)
        write_inputs(file.create_group("inputs"), files, root)
        write_attributes(file, {"dropped": losses.dropped, "conflicts": losses.conflicts})
    log.info("%s: %s", root, ", ".join(f"{count} {name}" for name, count in counts.items()))
    return Summary(counts, tuple(losses.dropped), tuple(losses.conflicts))


def _root(folder: Path, classes: Sequence[str], patches: PatchRule | None) -> Path:
    """The folder that holds the class folders, or the large images."""
    named = classes and any((folder / name).is_dir() for name in classes)
    return folder if patches or named or not folder.is_dir() else deepest(folder)


def _listed(
    root: Path, names: Sequence[str], patches: PatchRule | None, max_pixels: int, losses: Losses, threads: int
) -> tuple[list[Path], int, Iterator[RawImage]]:
    """All files that count, how many of 16 bits are in use, and the images in the files."""
    if patches is None:
        labelled = class_images(root, names)
        files = [path for path, _ in labelled]
        bits = _bits(files, threads)
        return files, bits, whole_images(labelled, root, max_pixels, bits)
    if len(names) != 2:
        raise UserError(f"patches cut by a mask have 2 classes but {len(names)} are named; name two")
    pairs = masked_images(root)
    bits = _bits([image for image, _ in pairs], threads)
    raw = cut_images(pairs, root, max_pixels, patches, losses.unreadable, bits)
    return [path for pair in pairs for path in pair], bits, raw


def _bits(files: Sequence[Path], threads: int) -> int:
    with ThreadPoolExecutor(threads) as pool:
        return bits_used(files, pool)


def _samples(raw: Iterable[RawImage], size: int, fit: Fit, threads: int, losses: Losses) -> Iterator[Sample]:
    """Read images in a pool of threads, in their order, never far ahead of what is used."""
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[tuple[str, Future[Sample]]] = deque()

        def finished(allowed: int) -> Iterator[Sample]:
            while len(pending) > allowed:
                name, reading = pending.popleft()
                try:
                    yield reading.result()
                except UnreadableImageError as error:
                    losses.unreadable(name, error)

        for image in raw:
            pending.append((image.name, pool.submit(read_sample, image, size, fit)))
            yield from finished(AHEAD * threads)
        yield from finished(0)


def _fill(table: ImageColumns, samples: Iterator[Sample], finder: DuplicateFinder, losses: Losses) -> None:
    """Write the samples that are no duplicates, a batch at a time."""
    while batch := list(islice(samples, BATCH)):
        matches = finder.add([sample.print for sample in batch])
        table.append([s for s, found in zip(batch, matches, strict=True) if losses.keep(s.print, found)])
    losses.say()


def _counts(table: ImageColumns, names: Sequence[str], root: Path) -> dict[str, int]:
    counts = {name: table.labels.count(label) for label, name in enumerate(names)}
    for name, count in counts.items():
        if not count:
            raise UserError(f"{root} gives no image of class {name!r}; add some, or leave that class out")
    warn_of_single_samples(root, counts)
    return counts

"""From folders of images to a table of equal squares with labels, image by image."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hqnn.data.class_folders import deepest, warn_of_single_samples
from hqnn.data.folder_parts import FolderParts, find_parts
from hqnn.data.groups import Grouping, group_photos
from hqnn.data.image_files import STORED_SIZE, Fit, bits_used
from hqnn.data.inputs import write_inputs
from hqnn.data.limits import MAX_PIXELS
from hqnn.data.losses import Losses, Unreadable, warn_of_darkness, warn_of_untested
from hqnn.data.opening import UnreadableImageError
from hqnn.data.parts import TEST
from hqnn.data.photographs.columns import ImageColumns, Sample, read_sample
from hqnn.data.photographs.duplicates import Criterion, DuplicateFinder, Match, Print
from hqnn.data.photographs.mask_patches import PatchRule, masked_images
from hqnn.data.photographs.raw_images import RawImage, cut_images, whole_images
from hqnn.errors import UserError
from hqnn.store import new_table, write_attributes
from hqnn.wording import some

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
    `source` (path below the folder; of a patch followed by `@y<row>_x<column>`) and the other columns of
    `ImageColumns`. Attributes: `classes` (label = index), `bits`, see `bits_used`, `Losses.attributes`, settings. Group
    `inputs`: path, sha256 of files. Of images that are alike the first is kept; of different labels, all are, which is
    said loudly. Memory is that of a few images, whatever their number; of large ones with masks, of one or two.

    Args:
        output: the table.
        folder: holds a folder a class, maybe below folders that are alone; or, with `patches`, large images with masks.
        classes: names in the order of the labels; where empty the folders found, of patches `PATCH_CLASSES`.
        size: side of the squares.
        fit: how an image becomes a square, see `square`.
        patches: how large images are cut; None where images lie in class folders.
        unreadable: `skip` leaves out and names images that cannot be read; `stop` raises.
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
    found = None if patches else find_parts(root, classes)
    names = found.classes if found else tuple(classes) or PATCH_CLASSES
    losses, finder = Losses(names, unreadable), DuplicateFinder(duplicates, similarity)
    files, bits, raw = _listed(root, found, names, patches, max_pixels, losses, threads)
    groups = group_photos(root, grouping, cut=patches is not None)
    settings: dict[str, Any] = {"size": size, "fit": fit, "patches": asdict(patches) if patches else None, "bits": bits}
    settings |= {"unreadable": unreadable, "duplicates": duplicates, "similarity": similarity, "max_pixels": max_pixels}
    with new_table(output, {**settings, "classes": list(names), **(about or {})}) as file:
        table = ImageColumns(file, size, len(names))
        _fill(table, _samples(raw, size, fit, threads, losses), finder, losses)
        counts = {name: table.labels.count(label) for label, name in enumerate(names)}
        losses.check(root, counts)
        table.finish(groups)
        write_inputs(file.create_group("inputs"), files, root)
        write_attributes(file, losses.attributes)
    _say(root, table, losses, counts)
    return Summary(counts, tuple(losses.dropped), tuple(losses.conflicts))


def _say(root: Path, table: ImageColumns, losses: Losses, counts: Mapping[str, int]) -> None:
    """Say what a reader of results should know."""
    losses.say(root, counts)
    log.info("%s: %s", root, some([f"{count} {name}" for name, count in counts.items()]))
    warn_of_darkness(root, table.brightest)
    warn_of_single_samples(root, counts)
    if None not in table.parts:
        tested = [label for label, part in zip(table.labels, table.parts, strict=True) if part == TEST]
        warn_of_untested(root, list(counts), tested)
        log.warning(
            "%s: train and test images are those of the folders or lists they come in; the shares and seeds of splits "
            "change nothing", root,
        )  # fmt: skip


def _root(folder: Path, classes: Sequence[str], patches: PatchRule | None) -> Path:
    """The folder that holds the class folders, or the large images."""
    named = classes and any((folder / name).is_dir() for name in classes)
    return folder if patches or named or not folder.is_dir() else deepest(folder)


def _listed(
    root: Path,
    found: FolderParts | None,
    names: Sequence[str],
    patches: PatchRule | None,
    max_pixels: int,
    losses: Losses,
    threads: int,
) -> tuple[Sequence[Path], int, Iterator[RawImage]]:
    """All files that count, how many of 16 bits are in use, and the images in class folders, or cut by masks."""
    if found:
        bits = _bits(found.files, threads)
        return found.files, bits, whole_images(found, root, max_pixels, bits)
    if len(names) != 2:
        raise UserError(f"patches cut by a mask have 2 classes but {len(names)} are named; name two")
    pairs = masked_images(root)
    bits = _bits([image for image, _ in pairs], threads)
    raw = cut_images(pairs, root, max_pixels, patches or PatchRule(), losses.unreadable, bits)
    return [path for pair in pairs for path in pair], bits, raw


def _bits(files: Sequence[Path], threads: int) -> int:
    with ThreadPoolExecutor(threads) as pool:
        return bits_used(files, pool)


def _samples(
    raw: Iterable[RawImage], size: int, fit: Fit, threads: int, losses: Losses
) -> Generator[Sample, None, None]:
    """Read images in a pool of threads, in their order, never far ahead of what is used."""
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[tuple[RawImage, Future[Sample]]] = deque()

        def finished(allowed: int) -> Iterator[Sample]:
            while len(pending) > allowed:
                image, reading = pending.popleft()
                try:
                    yield reading.result()
                except UnreadableImageError as error:
                    losses.unreadable(image.name, image.label, error)

        for image in raw:
            pending.append((image, pool.submit(read_sample, image, size, fit)))
            yield from finished(AHEAD * threads)
        yield from finished(0)


def _fill(table: ImageColumns, samples: Generator[Sample, None, None], finder: DuplicateFinder, losses: Losses) -> None:
    """Write the samples that are no duplicates, a batch at a time; at the end or an error their readers stop."""
    with closing(samples):
        while batch := list(islice(samples, BATCH)):
            matches = finder.add([sample.print for sample in batch])
            kept = [sample for sample, like in zip(batch, matches, strict=True) if _stays(sample.print, like, losses)]
            losses.remarks.update(remark for sample in kept for remark in sample.remarks)
            table.append(kept)


def _stays(image: Print, matches: Sequence[Match], losses: Losses) -> bool:
    """Whether an image stays: it does where none of its likes has the same label."""
    for match in matches:
        if match.label == image.label:
            losses.duplicate(image.name, image.label, match.name, exact=match.exact)
            return False
    for match in matches:
        losses.conflict(image.name, match.name)
    return True

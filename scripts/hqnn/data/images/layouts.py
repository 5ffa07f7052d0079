"""Which kind of files a set of small images comes in."""

from __future__ import annotations

import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hqnn.data.archives import unpack
from hqnn.data.class_folders import folders_in
from hqnn.data.deep_images import Band
from hqnn.data.folder_parts import has_classes, has_parts
from hqnn.data.images.cifar import find_batches, open_cifar_binary, open_cifar_python
from hqnn.data.images.decode import Form
from hqnn.data.images.folders import open_class_folders
from hqnn.data.images.idx import find_idx, open_idx
from hqnn.data.images.npz import find_npz, open_npz
from hqnn.data.images.resize import with_size
from hqnn.data.images.source import ImageSource
from hqnn.data.losses import Unreadable, stops
from hqnn.errors import UserError, nearest
from hqnn.wording import some

DEEPEST = 3  # folders below the one that is named, not counting those that are alone
CLASSES = "class_folders"
ARCHIVES = (".zip", ".tar", ".tgz", ".txz", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Reading:
    """How a set is read.

    Attributes:
        kind: `idx`, `cifar_python`, `cifar_binary`, `class_folders` or `npz`; `auto` takes the first that is there.
        subset: see `open_idx` and `open_npz`.
        classes: names of the classes of IDX and NPZ files; the other kinds have their own.
        channels: of class folders; see `Form`.
        bands: likewise.
        size: rows and columns that every image is brought to; as stored where None.
        unreadable: whether an image of class folders that cannot be read is left out (`skip`) or stops the run.
        threads: that decode the images of class folders.
    """

    kind: str = "auto"
    subset: str = ""
    classes: Sequence[str] = ()
    channels: int | None = None
    bands: Sequence[Band] = ()
    size: int | None = None
    unreadable: Unreadable = "stop"
    threads: int = 1

    def __post_init__(self) -> None:
        """Check limits and words."""
        stops(self.unreadable)
        if self.size is not None and self.size < 1:
            raise UserError(f"size is {self.size}; give the rows and columns of an image, or leave it empty")


KINDS: dict[str, Callable[[Path], bool]] = {
    "idx": lambda folder: bool(find_idx(folder)),
    "cifar_python": lambda folder: any(find_batches(folder, "").values()),
    "cifar_binary": lambda folder: any(find_batches(folder, ".bin").values()),
    "class_folders": lambda folder: has_parts(folder) or has_classes(folder),
    "npz": lambda folder: bool(find_npz(folder)),
}
OPEN: dict[str, Callable[[Path, Reading], ImageSource]] = {
    "idx": lambda folder, how: open_idx(folder, subset=how.subset, classes=how.classes),
    "cifar_python": lambda folder, _: open_cifar_python(folder),
    "cifar_binary": lambda folder, _: open_cifar_binary(folder),
    "class_folders": lambda folder, how: open_class_folders(
        folder, Form(how.channels, how.bands, how.size), unreadable=how.unreadable, threads=how.threads
    ),
    "npz": lambda folder, how: open_npz(folder, subset=how.subset, classes=how.classes),
}


@contextmanager
def opened_images(path: Path, reading: Reading, scratch: Path) -> Iterator[tuple[str, ImageSource]]:
    """Find and open a set of images.

    Args:
        path: a folder that holds the set, at most three folders down (those that are alone in theirs do not count), or
            zip or tar archives of it; or one archive or NPZ file.
        reading: how.
        scratch: where archives are unpacked, in a folder that is removed at the end.

    Yields:
        The kind, and the set.

    Raises:
        UserError: the kind is unknown, nothing is there that can be read, or see `unpack`, `open_idx`,
            `open_cifar_python`, `open_cifar_binary`, `open_class_folders`, `open_npz`.
    """
    if reading.kind not in ("auto", *KINDS):
        raise UserError(f"kind {reading.kind!r} is unknown{nearest(reading.kind, ('auto', *KINDS))}")
    if not path.exists():
        raise UserError(f"{path} is missing; name the folder that holds the images")
    kinds = list(KINDS) if reading.kind == "auto" else [reading.kind]
    if path.is_file() and path.suffix.lower() == ".npz" and "npz" in kinds:
        yield "npz", with_size(open_npz(path.parent, subset=path.stem, classes=reading.classes), reading.size)
        return
    found, seen = _find(path, kinds) if path.is_dir() else (None, path)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".unpacked.") as folder:
        archives = [] if found else _archives(path)
        for archive in archives:
            unpack(archive, Path(folder))
        if archives:
            found, _ = _find(Path(folder), kinds)
        if found is None:
            wanted = "IDX files, CIFAR-10 batches, class folders or NPZ file" if len(kinds) > 1 else kinds[0]
            deeper = "" if seen == path else f", down to {seen},"
            raise UserError(
                f"{path} holds no {wanted.replace('_', ' ')}{deeper} and no archive of such; name the folder that "
                "holds the images"
            )
        kind, root = found
        if reading.bands and kind != "class_folders":
            raise UserError(
                f"bands are chosen of images in class folders, but {root} has the kind {kind}; leave bands empty"
            )
        yield kind, with_size(OPEN[kind](root, reading), reading.size)


def _find(root: Path, kinds: Sequence[str]) -> tuple[tuple[str, Path] | None, Path]:
    """The uppermost folder that holds one of the kinds, and the deepest folder looked at.

    Raises:
        UserError: several folders, equally deep, do.
    """
    level, lowest = [root], root
    for _ in range(DEEPEST + 1):
        below: list[Path] = []
        found: list[tuple[str, Path]] = []
        for start in level:
            folder, inside = start, folders_in(start)
            while not (kind := next((kind for kind in kinds if KINDS[kind](folder)), None)) and len(inside) == 1:
                folder, inside = inside[0], folders_in(inside[0])
            found += [(kind, folder)] if kind else []
            lowest = max(lowest, folder, key=lambda path: len(path.parts))
            below += [path for path in inside if not path.name.startswith("_")]
        if found:
            return _only(root, found, level), found[0][1]
        level = below
    return None, lowest


def _only(root: Path, found: Sequence[tuple[str, Path]], level: Sequence[Path]) -> tuple[str, Path]:
    """The one that was found; of class folders within each of all folders of one, that one: these are the classes."""
    if len(found) == 1:
        return found[0]
    parents = {path.parent for path in level}
    if (
        len(parents) == 1
        and [folder for _, folder in found] == list(level)
        and {kind for kind, _ in found} == {CLASSES}
    ):
        return CLASSES, parents.pop()
    places = some([folder.relative_to(root).as_posix() for _, folder in found])
    raise UserError(f"{root} holds several sets, in {places}; name the folder of one of them")


def _archives(path: Path) -> list[Path]:
    files = (
        [path]
        if path.is_file()
        else sorted(file for file in path.iterdir() if file.suffix in ARCHIVES and file.is_file())
    )
    return [file for file in files if zipfile.is_zipfile(file) or tarfile.is_tarfile(file)]

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
from hqnn.data.images.cifar import find_batches, open_cifar_binary, open_cifar_python
from hqnn.data.images.folders import has_classes, has_parts, open_class_folders
from hqnn.data.images.idx import find_idx, open_idx
from hqnn.data.images.source import ImageSource
from hqnn.errors import UserError, nearest

DEEPEST = 3  # folders below the one that is named
ARCHIVES = (".zip", ".tar", ".tgz", ".txz", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Reading:
    """How a set is read.

    Attributes:
        kind: `idx`, `cifar_python`, `cifar_binary` or `class_folders`; `auto` takes the first that is there.
        subset: see `open_idx`.
        classes: names of the classes of IDX files; the other kinds have their own.
        channels: of class folders; see `open_class_folders`.
        threads: that decode the images of class folders.
    """

    kind: str = "auto"
    subset: str = ""
    classes: Sequence[str] = ()
    channels: int | None = None
    threads: int = 1


KINDS: dict[str, Callable[[Path], bool]] = {
    "idx": lambda folder: bool(find_idx(folder)),
    "cifar_python": lambda folder: any(find_batches(folder, "").values()),
    "cifar_binary": lambda folder: any(find_batches(folder, ".bin").values()),
    "class_folders": lambda folder: has_parts(folder) or has_classes(folder),
}
OPEN: dict[str, Callable[[Path, Reading], ImageSource]] = {
    "idx": lambda folder, how: open_idx(folder, subset=how.subset, classes=how.classes),
    "cifar_python": lambda folder, _: open_cifar_python(folder),
    "cifar_binary": lambda folder, _: open_cifar_binary(folder),
    "class_folders": lambda folder, how: open_class_folders(folder, channels=how.channels, threads=how.threads),
}


@contextmanager
def opened_images(path: Path, reading: Reading, scratch: Path) -> Iterator[tuple[str, ImageSource]]:
    """Find and open a set of images.

    Args:
        path: a folder that holds the set, at most three folders down, or zip or tar archives of it; or one archive.
        reading: how.
        scratch: where archives are unpacked, in a folder that is removed at the end.

    Yields:
        The kind, and the set.

    Raises:
        UserError: the kind is unknown, nothing is there that can be read, or see `unpack`, `open_idx`,
            `open_cifar_python`, `open_cifar_binary`, `open_class_folders`.
    """
    if reading.kind not in ("auto", *KINDS):
        raise UserError(f"kind {reading.kind!r} is unknown{nearest(reading.kind, ('auto', *KINDS))}")
    if not path.exists():
        raise UserError(f"{path} is missing; name the folder that holds the images")
    kinds = list(KINDS) if reading.kind == "auto" else [reading.kind]
    found = _find(path, kinds) if path.is_dir() else None
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".unpacked.") as folder:
        if found is None:
            for archive in _archives(path):
                unpack(archive, Path(folder))
            found = _find(Path(folder), kinds)
        if found is None:
            wanted = "IDX files, CIFAR-10 batches or class folders" if len(kinds) > 1 else kinds[0].replace("_", " ")
            raise UserError(f"{path} holds no {wanted} and no archive of such; name the folder that holds the images")
        kind, root = found
        yield kind, OPEN[kind](root, reading)


def _find(root: Path, kinds: Sequence[str]) -> tuple[str, Path] | None:
    """The uppermost folder that holds one of the kinds."""
    level = [root]
    for _ in range(DEEPEST + 1):
        for folder in level:
            for kind in kinds:
                if KINDS[kind](folder):
                    return kind, folder
        level = [
            path for folder in level for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] not in "._"
        ]
    return None


def _archives(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix in ARCHIVES)
    return [file for file in files if zipfile.is_zipfile(file) or tarfile.is_tarfile(file)]

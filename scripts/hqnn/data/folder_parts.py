"""How class folders are split: folders of parts above them, lists beside them, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hqnn.data.class_folders import PART_FOLDERS, class_images, find_classes, folders_in, is_visible
from hqnn.data.image_files import SUFFIXES
from hqnn.data.parts import PARTS, PUBLISHED_PARTS, TEST, TRAIN, VALIDATION
from hqnn.errors import UserError
from hqnn.wording import plural

log = logging.getLogger(__name__)

Listed = list[tuple[Path, int]]


@dataclass(frozen=True)
class FolderParts:
    """The images of class folders.

    Attributes:
        classes: names, in the order of labels.
        parts: code of a part to its images and labels, by class and path or as listed; one part of all where there
            is no split.
        own_split: `published`, folders of parts; `listed`, lists beside the class folders; or `none`.
        skipped: reason to number of files that are left out.
    """

    classes: tuple[str, ...]
    parts: dict[int, Listed]
    own_split: str
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every image, part by part."""
        return tuple(path for part in self.parts.values() for path, _ in part)


def has_parts(root: Path) -> bool:
    """Whether there are class folders below a folder of a part."""
    return any(has_classes(folder) for folder in part_folders(root).values())


def has_classes(root: Path) -> bool:
    """Whether two folders or more hold images, others than those of parts."""
    folders = [path for path in folders_in(root) if path.name.lower() not in PART_FOLDERS]
    return sum(any(_is_image(file) for file in folder.iterdir()) for folder in folders) > 1


def part_folders(root: Path) -> dict[int, Path]:
    """Code of a part to its folder; see `PART_FOLDERS`.

    Raises:
        UserError: a part has two.
    """
    found: dict[int, Path] = {}
    for path in folders_in(root):
        code = PART_FOLDERS.get(path.name.lower())
        if code in found:
            raise UserError(f"{root} has two folders of one part, {found[code].name} and {path.name}; join them")
        if code is not None:
            found[code] = path
    return dict(sorted(found.items()))


def find_parts(root: Path, classes: Sequence[str] = ()) -> FolderParts:
    """Find the images of class folders, and the parts they come in, which is said.

    Where there is no test folder, that of validation is the test part.

    Args:
        root: holds the class folders, or folders of parts that hold them.
        classes: names of folders in the order of labels; all that are found, sorted, where empty.

    Raises:
        UserError: classes of the parts differ, train or test is missing, or a list names a file that is missing, lies
            elsewhere or is listed twice; or see `class_images`.
    """
    if root.is_dir() and has_parts(root):
        folders = _with_test(root, part_folders(root))
        names = tuple(classes) or _common_classes(root, folders)
        parts = {code: class_images(folder, names) for code, folder in folders.items()}
        _say(root, parts)
        return FolderParts(names, parts, "published")
    names = tuple(classes) or find_classes(root)
    images = class_images(root, names)
    lists = [root / f"{part}.txt" for part in PUBLISHED_PARTS]
    if not any(path.is_file() for path in lists):
        return FolderParts(names, {TRAIN: images}, "none")
    labels = dict(images)
    listed = [_read_list(path, root, labels) for path in lists]
    twice = {path for path, _ in listed[0]} & {path for path, _ in listed[1]}
    if twice:
        raise UserError(f"{min(twice).relative_to(root)} is in both train.txt and test.txt; take it out of one")
    left = len(images) - sum(len(part) for part in listed)
    parts = dict(zip((TRAIN, TEST), listed, strict=True))
    _say(root, parts)
    if left:
        log.warning("%s: left out %s that neither train.txt nor test.txt lists", root, plural(left, "image"))
    return FolderParts(names, parts, "listed", {"not listed": left} if left else {})


def _is_image(path: Path) -> bool:
    return is_visible(path.name) and path.suffix.lower() in SUFFIXES


def _with_test(root: Path, folders: dict[int, Path]) -> dict[int, Path]:
    """The folders with one of train and one of test images."""
    if TEST not in folders and VALIDATION in folders:
        name = folders[VALIDATION].name
        log.warning("%s: has no folder 'test', so that %s is the test part; none is left to validate on", root, name)
        folders = {code: folders[kept] for code, kept in ((TRAIN, TRAIN), (TEST, VALIDATION)) if kept in folders}
    for code in (TRAIN, TEST):
        if code not in folders:
            raise UserError(
                f"{root} has no folder {PARTS[code]!r} beside the other one; put the images of {PARTS[code]} there"
            )
    return folders


def _say(root: Path, parts: dict[int, Listed]) -> None:
    said = ", ".join(f"{PARTS[code]} {len(part):,}" for code, part in parts.items())
    log.info("%s: the split is the one that the images come in: %s", root, said)


def _common_classes(root: Path, folders: dict[int, Path]) -> tuple[str, ...]:
    classes = {folder.name: find_classes(folder) for folder in folders.values()}
    everywhere = set.intersection(*map(set, classes.values()))
    only = {part: sorted(set(names) - everywhere) for part, names in classes.items()}
    if any(only.values()):
        said = "; ".join(f"only {part} has {', '.join(names)}" for part, names in only.items() if names)
        raise UserError(f"{root} has different classes in {' and '.join(classes)} ({said}); make the folders the same")
    return next(iter(classes.values()))


def _read_list(path: Path, root: Path, labels: dict[Path, int]) -> Listed:
    if not path.is_file():
        raise UserError(f"{path} is missing beside the other list; write it, or remove both for a random split")
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not names:
        raise UserError(f"{path} is empty; list its images, or remove both lists for a random split")
    if len(set(names)) < len(names):
        raise UserError(f"{path} lists {next(n for n in names if names.count(n) > 1)} twice; remove one of the lines")
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"{path} lists {name!r}, which would lie outside of the folder; name files below it")
        if root / name not in labels:
            raise UserError(f"{path} lists {name!r}, which is no image in a class folder; correct the list")
    return [(root / name, labels[root / name]) for name in names]

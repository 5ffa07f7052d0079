"""Images in one folder a class."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hqnn.data.image_files import SUFFIXES
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.errors import UserError, nearest

log = logging.getLogger(__name__)

MOST_CLASSES = 255  # labels are stored in 8 bits, of which one code is kept for no label
LOUD = 1 / 20  # of a class's files; where more are not looked at, it is said loudly
NAMED = 5  # in a line of the log
PART_FOLDERS = {"train": TRAIN, "test": TEST, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION}


def is_visible(name: str) -> bool:
    """Whether a file or folder counts: hidden ones, and what a Macintosh packs beside its files, do not."""
    return not name.startswith(".") and name != "__MACOSX"


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder that count, by name."""
    return sorted(path for path in folder.iterdir() if is_visible(path.name) and path.is_dir())


def deepest(root: Path) -> Path:
    """The first folder, from one downwards, that does not hold a single folder, or whose single folder holds none."""
    inside = folders_in(root)
    while len(inside) == 1 and folders_in(inside[0]):
        root, inside = inside[0], folders_in(inside[0])
    return root


def find_classes(root: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of all folders in a folder, sorted; see `is_visible`.

    Raises:
        UserError: there are fewer than two or more than `MOST_CLASSES`, or they are parts of a set.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name the folder that holds one folder of images a class")
    names = tuple(path.name for path in folders_in(folder))
    if len(names) < 2:
        raise UserError(f"{folder} holds {len(names)} folders; two classes or more, one folder each, are needed")
    if all(name.lower() in PART_FOLDERS and folders_in(folder / name) for name in names):
        raise UserError(
            f"{folder} holds the folders {', '.join(names)}, which are parts of a set, not classes; name one of them"
        )
    _check_number(folder, names)
    return names


def class_images(root: str | os.PathLike[str], classes: Sequence[str]) -> list[tuple[Path, int]]:
    """All images with their labels, class by class in the order given, by path within each.

    An image is a file that ends as one does, at any depth below its class's folder. Files that end otherwise are
    counted, and said; loudly where they are more than one in twenty of a class.

    Args:
        root: holds a folder a class; what else it holds is not looked at.
        classes: names of the folders, the first one's label is 0.

    Returns:
        Path and label of each image.

    Raises:
        UserError: a folder is missing, holds no image, or is named twice; there are more than `MOST_CLASSES`; or a name
            is no UTF-8.
    """
    folder, found = Path(root), []
    _check_number(folder, classes)
    others: dict[str, Counter[str]] = {}
    for label, name in enumerate(classes):
        if name in classes[:label]:
            raise UserError(f"class {name!r} is named twice; name every class once")
        images, others[name] = _listed(folder, name)
        found += [(path, label) for path in images]
    _say_others(folder, others, Counter(classes[label] for _, label in found))
    return found


def warn_of_single_samples(root: Path, counts: Mapping[str, int]) -> None:
    """Say loudly which classes have one sample, which can be trained on or tested, not both."""
    single = [name for name, count in counts.items() if count == 1]
    if single:
        log.warning("%s: %d classes have one image only: %s; add some", root, len(single), _some(single))


def _check_number(folder: Path, classes: Sequence[str]) -> None:
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"{folder} has {len(classes)} classes but at most {MOST_CLASSES} can be told apart; join some, or take "
            "some out"
        )


def _listed(root: Path, name: str) -> tuple[list[Path], Counter[str]]:
    """Images of a class, and the number of its other files by suffix."""
    folder = root / name
    if not folder.is_dir():
        known = [path.name for path in folders_in(root)] if root.is_dir() else []
        raise UserError(f"{root} has no folder {name!r} for that class{nearest(name, known)}")
    images, others = [], Counter[str]()
    for path in _files(folder):
        if path.suffix.lower() in SUFFIXES:
            images.append(path)
        else:
            others[path.suffix.lower() or "no suffix"] += 1
    if not images:
        held = f" but {_counted(others)}" if others else ""
        raise UserError(
            f"{folder} holds no image{held}; put the images of class {name!r} there ({', '.join(SUFFIXES)})"
        )
    return sorted(images, key=lambda path: path.as_posix()), others


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if is_visible(name)]
        for name in filter(is_visible, names):
            path = Path(place, name)
            try:
                path.as_posix().encode()
            except UnicodeEncodeError as error:
                raise UserError(f"{os.fsencode(path)!r} is no name in UTF-8; rename it") from error
            yield path


def _say_others(root: Path, others: Mapping[str, Counter[str]], images: Mapping[str, int]) -> None:
    """Say how many files of each suffix are not looked at, and of which classes they are many."""
    total: Counter[str] = sum(others.values(), Counter())
    if not total:
        return
    many = [name for name, own in others.items() if own.total() > LOUD * (own.total() + images[name])]
    most = [f"{others[name].total()} of {others[name].total() + images[name]} of {name}" for name in many]
    level, where = (logging.WARNING, f"; {_some(most)}") if many else (logging.INFO, "")
    said = f"{total.total()} files do not end as images do and are left out: {_counted(total)}{where}"
    log.log(level, "%s: %s", root, said)


def _counted(suffixes: Counter[str]) -> str:
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")

"""Images in one folder a class."""

from __future__ import annotations

import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hqnn.data.image_files import SUFFIXES
from hqnn.data.losses import named_where_many
from hqnn.data.parts import TEST, TRAIN, VALIDATION
from hqnn.errors import UserError, nearest
from hqnn.wording import plural, some

log = logging.getLogger(__name__)

MOST_CLASSES = 65_535  # labels are stored in 16 bits at most, of which one code is kept for no label
JUNK = ("__macosx", "thumbs.db", "desktop.ini", "@eadir")  # what systems leave among images
PART_FOLDERS = {"train": TRAIN, "test": TEST, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION}


def is_visible(name: str) -> bool:
    """Whether a file or folder counts: hidden ones, and what systems leave beside images, do not."""
    return not name.startswith(".") and name.lower() not in JUNK


def label_type(classes: int) -> np.dtype[Any]:
    """The type that labels of so many classes are stored in: 8 bits where one code is left for no label, else 16."""
    return np.dtype(np.uint8 if classes <= np.iinfo(np.uint8).max else np.uint16)


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
        UserError: there are fewer than two or more than `MOST_CLASSES`, two look alike, or they are parts of a set.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name the folder that holds one folder of images a class")
    names = tuple(path.name for path in folders_in(folder))
    if len(names) < 2:
        raise UserError(
            f"{folder} holds {plural(len(names), 'folder')}; two classes or more, one folder each, are needed"
        )
    if all(name.lower() in PART_FOLDERS and folders_in(folder / name) for name in names):
        raise UserError(
            f"{folder} holds the folders {', '.join(names)}, which are parts of a set, not classes; name one of them"
        )
    _check_number(folder, names)
    spelt = Counter(map(_spelling, names))
    twice = [name for name in names if spelt[_spelling(name)] > 1]
    if twice:
        raise UserError(
            f"{folder} has two folders that both read {_spelling(twice[0])!r}, in two spellings of Unicode; join them"
        )
    return names


def class_images(root: str | os.PathLike[str], classes: Sequence[str]) -> list[tuple[Path, int]]:
    """All images with their labels, class by class in the order given, by path within each.

    An image is a file that ends as one does, at any depth below its class's folder; links are followed. Other files are
    counted, and said; loudly where they are more than one in twenty of a class.

    Args:
        root: holds a folder a class; what else it holds is not looked at.
        classes: names of the folders, the first one's label is 0; however Unicode writes them.

    Returns:
        Path and label of each image.

    Raises:
        UserError: a folder is missing, holds no image, or is named twice; there are more than `MOST_CLASSES`; or a name
            is no UTF-8.
    """
    folder = Path(root)
    _check_number(folder, classes)
    known = {_spelling(path.name): path for path in folders_in(folder)} if folder.is_dir() else {}
    held: dict[str, _Held] = {}
    for name in classes:
        if name in held:
            raise UserError(f"class {name!r} is named twice; name every class once")
        if _spelling(name) not in known:
            names = [path.name for path in known.values()]
            raise UserError(f"{folder} has no folder {name!r} for that class{nearest(name, names)}")
        held[name] = _listed(known[_spelling(name)], name)
    _say_others(folder, held)
    _say_depth(folder, held)
    return [(path, label) for label, name in enumerate(classes) for path in held[name].images]


def warn_of_single_samples(root: Path, counts: Mapping[str, int]) -> None:
    """Say loudly which classes have one sample, which can be trained on or tested, not both."""
    single = [name for name, count in counts.items() if count == 1]
    if single:
        log.warning("%s: %s with one image only: %s; add some", root, plural(len(single), "class"), some(single))


@dataclass
class _Held:
    """What the folder of a class holds.

    Attributes:
        images: by path.
        others: what other files are called, to their number.
        below: names of the folders in it that images lie in.
    """

    images: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    below: set[str] = field(default_factory=set)


def _spelling(name: str) -> str:
    """A name with composed letters: file systems differ in whether ä is one sign or two."""
    return unicodedata.normalize("NFC", name)


def _check_number(folder: Path, classes: Sequence[str]) -> None:
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"{folder} has {len(classes)} classes but at most {MOST_CLASSES} can be told apart; join some, or take "
            "some out"
        )


def _listed(folder: Path, name: str) -> _Held:
    """The files of a class.

    Raises:
        UserError: none is an image.
    """
    held = _Held()
    for path in _files(folder):
        if path.suffix.lower() not in SUFFIXES:
            held.others[path.suffix.lower() or "without a suffix"] += 1
        elif not path.is_file():
            held.others["dead link" if path.is_symlink() else "no regular file"] += 1
        else:
            held.images.append(path)
            held.below.update(path.relative_to(folder).parts[:-1][:1])
    if not held.images:
        others = f" but {_counted(held.others)}" if held.others else ""
        raise UserError(
            f"{folder} holds no image{others}; put the images of class {name!r} there ({', '.join(SUFFIXES)})"
        )
    held.images.sort(key=lambda path: path.as_posix())
    return held


def _files(folder: Path) -> Iterator[Path]:
    """All visible files below a folder; a link that leads back into it is not followed again."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place).resolve()
        folders[:] = [] if here in seen else [name for name in folders if is_visible(name)]
        for name in [] if here in seen else filter(is_visible, names):
            path = Path(place, name)
            try:
                path.as_posix().encode()
            except UnicodeEncodeError as error:
                raise UserError(f"{os.fsencode(path)!r} is no name in UTF-8; rename it") from error
            yield path
        seen.add(here)


def _say_others(root: Path, held: Mapping[str, _Held]) -> None:
    """Say how many files of each suffix are not read, and of which classes they are many."""
    total: Counter[str] = sum((own.others for own in held.values()), Counter())
    if not total:
        return
    before = {name: own.others.total() + len(own.images) for name, own in held.items()}
    many = named_where_many({name: own.others.total() for name, own in held.items()}, before)
    level, where = (logging.WARNING, f"; {some(many)}; save images among them as .png") if many else (logging.INFO, "")
    log.log(level, "%s: left out %s unread: %s%s", root, plural(total.total(), "file"), _counted(total), where)


def _say_depth(root: Path, held: Mapping[str, _Held]) -> None:
    """Say loudly of which classes the images lie in several folders, which might be classes themselves."""
    deep = {name: sorted(own.below) for name, own in held.items() if len(own.below) > 1}
    for name, below in list(deep.items())[:1]:
        log.warning(
            "%s: folders within a class are not told apart, in %s such as %s (%s); name a deeper folder where they are "
            "the classes",
            root, plural(len(deep), "class"), name, some(below),
        )  # fmt: skip


def _counted(suffixes: Counter[str]) -> str:
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))

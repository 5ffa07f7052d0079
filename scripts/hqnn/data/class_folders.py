"""Images in one folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hqnn.data.image_files import SUFFIXES
from hqnn.errors import UserError, nearest


def find_classes(root: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of all folders in a folder, sorted; hidden ones do not count.

    Raises:
        UserError: there are fewer than two.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name the folder that holds one folder of images a class")
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        raise UserError(f"{folder} holds {len(names)} folders; two classes or more, one folder each, are needed")
    return tuple(names)


def class_images(root: str | os.PathLike[str], classes: Sequence[str]) -> list[tuple[Path, int]]:
    """All images with their labels, class by class in the order given, by path within each.

    An image is a file that ends as one does, at any depth below its class's folder, and is not hidden.

    Args:
        root: holds a folder a class; what else it holds is not looked at.
        classes: names of the folders, the first one's label is 0.

    Returns:
        Path and label of each image.

    Raises:
        UserError: a folder is missing, holds no image, or is named twice.
    """
    found = []
    for label, name in enumerate(classes):
        if name in classes[:label]:
            raise UserError(f"class {name!r} is named twice; name every class once")
        found += [(path, label) for path in _images(Path(root), name)]
    return found


def _images(root: Path, name: str) -> list[Path]:
    folder = root / name
    if not folder.is_dir():
        raise UserError(f"{root} has no folder {name!r} for that class{nearest(name, _folders(root))}")
    files = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    images = sorted((path for path in files if not path.name.startswith(".")), key=lambda path: path.as_posix())
    if not images:
        raise UserError(f"{folder} holds no image; put the images of class {name!r} there ({', '.join(SUFFIXES)})")
    return images


def _folders(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if path.is_dir()] if root.is_dir() else []

"""Fetch a public data set, and lay it out as its reader takes it."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from hqnn.data.archives import unpack
from hqnn.data.catalogue import Dataset, Masked
from hqnn.data.download import fetch_file
from hqnn.data.folders import whole_folder
from hqnn.data.image_files import read_image
from hqnn.data.photographs.mask_patches import MASK
from hqnn.errors import UserError

log = logging.getLogger(__name__)


def fetch(dataset: Dataset, folder: str | os.PathLike[str], archives: str | os.PathLike[str]) -> None:
    """Download a data set, unpack it, and lay it out as its reader takes it.

    With `classes` a folder a class comes out, with `masked` images that each have a mask beside, 255 where something
    is and else 0; without either all that was packed. What was downloaded stays among the archives, so that a second
    call downloads nothing twice.

    Args:
        dataset: its entry in the catalogue.
        folder: gets the content, whole or not at all.
        archives: folder of what is downloaded, of no other data set, since names of files recur; a file that was put
            there by hand is used if its checksum is right.

    Raises:
        UserError: see `fetch_file`; or an archive is damaged, climbs out of its folder, or holds other folders or files
            than its entry says.
    """
    log.info("%s; licence: %s; cite: %s", dataset.title, dataset.licence, dataset.citation)
    paths = [(file, fetch_file(file, archives)) for file in dataset.files]
    with whole_folder(folder) as partial, tempfile.TemporaryDirectory(dir=partial) as scratch:
        unpacked = Path(scratch)
        for file, path in paths:
            if file.unpack:
                unpack(path, unpacked)
            else:
                shutil.copyfile(path, unpacked / file.name)
        _arrange(dataset, unpacked, partial)


def _arrange(dataset: Dataset, unpacked: Path, folder: Path) -> None:
    """Move a data set into a folder, as its entry in the catalogue says; what it does not name stays behind."""
    for name, pattern in dataset.classes.items():
        first, *others = _found(dataset, unpacked, pattern)
        if others:
            raise _unlike(dataset, f"with more than one {pattern}")
        first.replace(folder / name)
    if dataset.masked:
        _arrange_masked(dataset, dataset.masked, unpacked, folder)
    elif not dataset.classes:
        for path in list(unpacked.iterdir()):
            path.replace(folder / path.name)


def _arrange_masked(dataset: Dataset, masked: Masked, unpacked: Path, folder: Path) -> None:
    images = _found(dataset, unpacked, masked.images)
    masks = _found(dataset, unpacked, masked.masks)
    for files in (images, masks):
        if len({path.stem for path in files}) < len(files):
            raise _unlike(dataset, "with two images or masks of one name")
    for path in images:
        path.replace(folder / path.name)
    for path in masks:
        shown = (read_image(path) == masked.value).all(axis=2)
        Image.fromarray(np.uint8(255) * shown).save(folder / f"{path.stem}{MASK}.png")


def _found(dataset: Dataset, unpacked: Path, pattern: str) -> list[Path]:
    found = sorted(unpacked.glob(pattern))
    if not found:
        raise _unlike(dataset, f"without {pattern}")
    return found


def _unlike(dataset: Dataset, how: str) -> UserError:
    return UserError(
        f"{dataset.title}: it came {how}, unlike its entry in the catalogue; get it from {dataset.page}, lay it out "
        "and name its folder with data: {source: path, path: FOLDER}"
    )

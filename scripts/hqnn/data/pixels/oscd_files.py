"""The Onera Satellite Change Detection data set as it is published: where the files of a city lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.data.pixels.bands import BANDS
from hqnn.errors import UserError, nearest

FileGrid = Literal["native", "rect"]

IMAGE_SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True)
class City:
    """Files of one city.

    Attributes:
        name: of its folder.
        dates: for either date, band to file, all of `BANDS`.
        label: the change map, None where the data set has none for this city.
        grid: `native` files have their own 10, 20 and 60 m grids, `rect` files are resampled to one grid.
    """

    name: str
    dates: tuple[Mapping[str, Path], Mapping[str, Path]]
    label: Path | None
    grid: FileGrid

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        bands = tuple(date[band] for date in self.dates for band in BANDS)
        return bands if self.label is None else (*bands, self.label)


def split_of(root: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Read the data set's own lists of cities.

    Args:
        root: its folder; `train.txt` and `test.txt` lie in it or among the images, names separated by commas.

    Returns:
        City names of `train` and of `test`, in the order of the file.

    Raises:
        UserError: a list is missing.
    """
    return {split: _listed(Path(root), split) for split in PUBLISHED_PARTS}


def cities_in(root: str | os.PathLike[str]) -> tuple[str, ...]:
    """Names of all cities that have images, whatever the lists say; arguments as of `open_city`.

    Raises:
        UserError: there is no folder of images, or none of a city in it.
    """
    images = _images(Path(root))
    names = tuple(sorted(f.name for f in images.iterdir() if f.is_dir() and not f.name.startswith(".")))
    if not names:
        raise UserError(f"{images} has no folder of a city; put a folder with imgs_1 and imgs_2 for each there")
    return names


def open_city(root: str | os.PathLike[str], name: str, grid: FileGrid = "native") -> City:
    """Find the files of a city; everything else in its folders is ignored.

    Args:
        root: folder of the data set, with `images`, `train_labels` and `test_labels` or the folders that its
            archives unpack to.
        name: of the city.
        grid: `native` for `imgs_1` and `imgs_2`, `rect` for `imgs_1_rect` and `imgs_2_rect`.

    Raises:
        UserError: the city, one of its folders or a band is missing, or two files claim one band.
    """
    images = _images(Path(root))
    folder = images / name
    if not folder.is_dir():
        known = [f.name for f in images.iterdir() if f.is_dir()]
        raise UserError(f"{images} has no city {name!r}{nearest(name, known)}")
    suffix = "_rect" if grid == "rect" else ""
    first, second = (_bands(folder / f"imgs_{date}{suffix}") for date in (1, 2))
    return City(name, (first, second), _label(Path(root), name), grid)


def _listed(root: Path, split: str) -> tuple[str, ...]:
    for folder in (root, _images(root)):
        file = folder / f"{split}.txt"
        if file.is_file():
            names = file.read_text(encoding="utf-8").replace("\n", ",").split(",")
            return tuple(name.strip() for name in names if name.strip())
    raise UserError(f"{root} has no {split}.txt; put the data set's list of {split} cities there or name them yourself")


def _images(root: Path) -> Path:
    folder = _part(root, "images")
    if folder is None:
        raise UserError(f"{root} has no folder of images; name the folder that holds OSCD's images and labels")
    return folder


def _part(root: Path, part: str) -> Path | None:
    """The folder of a part: its plain name, or what the published archive unpacks to."""
    if (root / part).is_dir():
        return root / part
    ending = f"- {part.replace('_', ' ')}"
    folders = [f for f in sorted(root.glob("*")) if f.is_dir() and f.name.lower().endswith(ending)]
    return next((f / f.name if (f / f.name).is_dir() else f for f in folders), None)


def _bands(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"{folder} is missing; add the folder of the bands or take the city out of the lists")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        band = path.stem.rpartition("_")[2].upper()
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith(".") or band not in BANDS:
            continue
        if band in found:
            raise UserError(f"{folder} has two files of band {band}, {found[band].name} and {path.name}; remove one")
        found[band] = path
    missing = [band for band in BANDS if band not in found]
    if missing:
        raise UserError(f"{folder} has no file of band {missing[0]} (*_{missing[0]}.tif); add it")
    return found


def _label(root: Path, name: str) -> Path | None:
    parts = [_part(root, f"{split}_labels") for split in PUBLISHED_PARTS]
    folders = [part / name / "cm" for part in parts if part is not None]
    candidates = [*(f / f"{name}-cm.tif" for f in folders), *(f / "cm.png" for f in folders)]
    return next((path for path in candidates if path.is_file()), None)

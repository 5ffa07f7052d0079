"""The Onera Satellite Change Detection data set as it is published: where the files of a city lie."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.data.pixels.bands import BANDS
from hqnn.errors import UserError, nearest

FileGrid = Literal["native", "rect"]

OFFICIAL: Mapping[str, tuple[str, ...]] = {  # as published, whatever part of it a folder holds
    "train": (
        "aguasclaras", "bercy", "bordeaux", "nantes", "paris", "rennes", "saclay_e", "abudhabi", "cupertino", "pisa",
        "beihai", "hongkong", "beirut", "mumbai",
    ),
    "test": (
        "brasilia", "montpellier", "norcia", "rio", "saclay_w", "valencia", "dubai", "lasvegas", "milano", "chongqing",
    ),
}  # fmt: skip
IMAGE_SUFFIXES = (".tif", ".tiff", ".jp2")
# The name ends in the band and, as files of level L2A do, in the side of a pixel: T30UYV_20230520T104629_B03_10m.
BAND_NAME = re.compile(r"(?:^|_)(B(?:0\d|1[0-2]|8A))(?:_(10|20|60)m)?$", re.IGNORECASE)
LEVEL_2A = re.compile(r"L2A|_B(?:0\d|1[0-2]|8A)_(?:10|20|60)m$", re.IGNORECASE)
COARSEST_M = 60


@dataclass(frozen=True)
class City:
    """Files of one city.

    Attributes:
        name: of its folder.
        dates: for either date, band to file, in the order of `BANDS`.
        label: the change map, None where the data set has none for this city.
        grid: `native` files have their own 10, 20 and 60 m grids, `rect` files are resampled to one grid.
    """

    name: str
    dates: tuple[Mapping[str, Path], Mapping[str, Path]]
    label: Path | None
    grid: FileGrid

    @property
    def files(self) -> tuple[Path, ...]:
        """Bands of date 1, those of date 2, and the label."""
        bands = tuple(file for date in self.dates for file in date.values())
        return bands if self.label is None else (*bands, self.label)


def split_of(root: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Read the data set's own lists of cities.

    Args:
        root: its folder; `train.txt` and `test.txt` lie in it or among the images, names separated by commas.

    Returns:
        City names of `train` and of `test`, in the order of the file.

    Raises:
        UserError: a list is missing or no text.
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
        UserError: the city or one of its folders is missing, a folder has no band, or two files claim one band.
    """
    images = _images(Path(root))
    folder = images / name
    if not os.path.isdir(folder):  # noqa: PTH112 - which takes names that are too long
        known = [f.name for f in images.iterdir() if f.is_dir()]
        raise UserError(f"{images} has no city {name!r}{nearest(name, known)}")
    suffix = "_rect" if grid == "rect" else ""
    first, second = (_bands(folder / f"imgs_{date}{suffix}") for date in (1, 2))
    return City(name, (first, second), _label(Path(root), name), grid)


def is_level_2a(files: Mapping[str, Path]) -> bool:
    """Whether the names of a date's files are those of level L2A, reflectance at the surface."""
    return any(LEVEL_2A.search(path.stem) for path in files.values())


def _listed(root: Path, split: str) -> tuple[str, ...]:
    for folder in (root, _images(root)):
        file = folder / f"{split}.txt"
        if file.is_file():
            try:
                names = file.read_text(encoding="utf-8").replace("\n", ",").split(",")
            except UnicodeDecodeError as error:
                raise UserError(f"{file} is no text; write the names of the {split} cities there") from error
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


def shared_bands(cities: Sequence[City]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Bands that both dates of all cities have, and of each other one the first folder that lacks it.

    Raises:
        UserError: there are none.
    """
    lacks: dict[str, str] = {}
    for date in (date for city in cities for date in city.dates):
        folder = next(iter(date.values())).parent
        lacks |= {band: str(folder) for band in BANDS if band not in date and band not in lacks}
    shared = tuple(band for band in BANDS if band not in lacks)
    if not shared:
        raise UserError(f"no band is in all folders ({lacks[BANDS[0]]} has no {BANDS[0]}, for one); add bands to them")
    return shared, lacks


def _bands(folder: Path) -> dict[str, Path]:
    """Band to file; of several resolutions the finest."""
    if not folder.is_dir():
        raise UserError(f"{folder} is missing; add the folder of the bands or take the city out of the lists")
    found: dict[str, tuple[int, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = BAND_NAME.search(path.stem)
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith(".") or match is None:
            continue
        band, pixel_m = match[1].upper(), int(match[2] or 0)
        other_m, other = found.get(band, (COARSEST_M + 1, path))
        if pixel_m == other_m:
            raise UserError(f"{folder} has two files of band {band}, {other.name} and {path.name}; remove one")
        found[band] = min((other_m, other), (pixel_m, path))
    if not found:
        raise UserError(f"{folder} has no file of a band (such as *_B02.tif){_seen(folder)}; add them")
    return {band: found[band][1] for band in BANDS if band in found}


def _seen(folder: Path) -> str:
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    return f" but {len(files)} others, such as {files[0]}" if files else ""


def _label(root: Path, name: str) -> Path | None:
    """The change map of a city; its TIFF before its PNG, whatever the case of their suffixes."""
    parts = [_part(root, f"{split}_labels") for split in PUBLISHED_PARTS]
    folders = [folder for part in parts if part is not None for folder in [part / name / "cm"] if folder.is_dir()]
    files = [path for folder in folders for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    wanted = (f"{name}-cm.tif", f"{name}-cm.tiff", "cm.png")
    named = {path.name.lower(): path for path in reversed(files)}
    return next((named[known.lower()] for known in wanted if known.lower() in named), None)

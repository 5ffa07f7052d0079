"""Sentinel-2 products as they are delivered: which files a product has, and what its digital numbers mean."""

from __future__ import annotations

import logging
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hqnn.errors import UserError, plain

log = logging.getLogger(__name__)

# In the order of the metadata's band_id. B10 is in no L2A product.
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
RESOLUTIONS_M = (10, 20, 60)
NATIVE_M = dict.fromkeys(BANDS, 20) | dict.fromkeys(("B02", "B03", "B04", "B08"), 10)
NATIVE_M |= dict.fromkeys(("B01", "B09", "B10"), 60)
SCENE_CLASSIFICATION = "SCL"
METADATA = {"L1C": "MTD_MSIL1C.xml", "L2A": "MTD_MSIL2A.xml"}
OFFSETS = {"L1C": "RADIO_ADD_OFFSET", "L2A": "BOA_ADD_OFFSET"}
QUANTIFICATIONS = ("QUANTIFICATION_VALUE", "BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE")
OFFSET_SINCE, USUAL_OFFSET = (4, 0), -1000  # processing baseline 04.00, of January 2022
IMAGE = re.compile(r"_(B[01]\d|B8A|SCL)(?:_(10|20|60)m)?\.(?:jp2|tiff?)$", re.IGNORECASE)
TILE = re.compile(r"_T(\d\d[A-Z]{3})(?:_|$)")


@dataclass(frozen=True)
class Product:
    """One tile on one date.

    Attributes:
        name: of its folder, without `.SAFE`.
        level: L1C (top of atmosphere) or L2A (surface).
        baseline: of the processing, such as 04.00.
        tile: of the grid, such as 29UNU.
        orbit: relative orbit, 1 to 143.
        time: when the datatake began, such as 20221005T115411.
        images: band or `SCL` and resolution in metres to file.
        offsets: of every band, to be added to its digital numbers.
        quantification: digital numbers for a reflectance of 1.
        quality: the folder of masks, which need not exist.
        metadata: the file that says so.
    """

    name: str
    level: str
    baseline: str
    tile: str
    orbit: int
    time: str
    images: Mapping[tuple[str, int], Path]
    offsets: Mapping[str, int]
    quantification: float
    quality: Path
    metadata: Path

    @property
    def bands(self) -> tuple[str, ...]:
        """Those it has a file of."""
        return tuple(band for band in BANDS if self.resolutions(band))

    def resolutions(self, band: str) -> list[int]:
        """Of the files of a band, the finest first, in metres."""
        return sorted(resolution for name, resolution in self.images if name == band)

    def image(self, band: str, resolution_m: int) -> Path:
        """The file of a band (or `SCL`) at a resolution, the finest where there is none."""
        return self.images.get((band, resolution_m)) or self.images[band, self.resolutions(band)[0]]


def find_products(root: Path) -> list[Path]:
    """Folders of products: the folder itself, or those named `*.SAFE` below it.

    Raises:
        UserError: there is none, or only archives that are not unpacked.
    """
    named = root.suffix.upper() == ".SAFE" and root.is_dir()
    if named or any((root / name).is_file() for name in METADATA.values()):
        return [root]
    folders = sorted(path for path in root.rglob("*.SAFE") if path.is_dir()) if root.is_dir() else []
    archives = [root] if root.suffix.lower() == ".zip" else sorted(root.glob("*.zip"))
    if not folders and archives:
        raise UserError(f"{archives[0]} is an archive; unpack it and name the folder that holds the .SAFE folder")
    if not folders:
        raise UserError(f"{root} has no Sentinel-2 product; name a folder *.SAFE or one above such folders")
    if archives:
        log.warning("%d archives in %s are left out, such as %s: unpack them", len(archives), root, archives[0].name)
    return folders


def read_product(folder: Path) -> Product:
    """Read a product's metadata and find its files.

    Raises:
        UserError: the metadata is missing or damaged, there is not one granule, or two files claim one band.
    """
    level = next((level for level, name in METADATA.items() if (folder / name).is_file()), None)
    if level is None:
        raise UserError(
            f"{folder} has neither {METADATA['L1C']} nor {METADATA['L2A']}, so what its numbers mean is not known; "
            "unpack or download the product whole"
        )
    file = folder / METADATA[level]
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314 (a local file, which expat's own limits guard)
    except (ElementTree.ParseError, OSError, UnicodeError) as error:
        raise UserError(f"{file} cannot be read ({plain(error)}); unpack or download the product again") from error
    granule, tile = _granule(folder)
    baseline = _text(file, root, "PROCESSING_BASELINE")
    return Product(
        name=folder.resolve().name.removesuffix(".SAFE"),
        level=level,
        baseline=baseline,
        tile=tile,
        orbit=int(_number(file, root, "SENSING_ORBIT_NUMBER")),
        time=re.sub(r"[-:]", "", _text(file, root, "DATATAKE_SENSING_START", "PRODUCT_START_TIME"))[:15],
        images=_images(granule / "IMG_DATA"),
        offsets=_offsets(file, root, OFFSETS[level], baseline),
        quantification=_number(file, root, *QUANTIFICATIONS),
        quality=granule / "QI_DATA",
        metadata=file,
    )


def _granule(folder: Path) -> tuple[Path, str]:
    granules = [path for path in folder.glob("GRANULE/*") if path.is_dir() and TILE.search(path.name)]
    if len(granules) != 1:
        raise UserError(
            f"{folder} has {len(granules)} granules (GRANULE/*_T<tile>_*) where a product has one; download it again "
            "in today's format, of one tile"
        )
    tile = TILE.search(granules[0].name)
    return granules[0], tile[1] if tile else ""


def _images(folder: Path) -> dict[tuple[str, int], Path]:
    found: dict[tuple[str, int], Path] = {}
    for path in sorted(folder.rglob("*")):
        match = IMAGE.search(path.name)
        if match is None or path.name.startswith("."):
            continue
        band = match[1].upper()
        key = (band, int(match[2] or NATIVE_M.get(band, 20)))
        if key in found:
            raise UserError(f"{found[key]} and {path} are both band {band} at {key[1]} m; remove one")
        found[key] = path
    return found


def _offsets(file: Path, root: ElementTree.Element, tag: str, baseline: str) -> dict[str, int]:
    """What the metadata says, else nothing before baseline 04.00 and -1000 since."""
    try:
        usual = USUAL_OFFSET if tuple(int(part) for part in baseline.split(".")) >= OFFSET_SINCE else 0
        stated = {BANDS[int(item.attrib["band_id"])]: int(float(item.text or "")) for item in root.iter(tag)}
    except (ValueError, KeyError, IndexError) as error:
        raise UserError(f"{file} has a damaged {tag} or PROCESSING_BASELINE; download the product again") from error
    if usual and not stated:
        log.warning("%s is of baseline %s but has no %s; %d is taken", file, baseline, tag, usual)
    return {band: stated.get(band, usual) for band in BANDS}


def _text(file: Path, root: ElementTree.Element, *tags: str) -> str:
    for tag in tags:
        text = next((item.text for item in root.iter(tag) if item.text), None)
        if text is not None:
            return text.strip()
    raise UserError(f"{file} has no {tags[0]}; unpack or download the product again")


def _number(file: Path, root: ElementTree.Element, *tags: str) -> float:
    text = _text(file, root, *tags)
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"{file} has {text!r} as {tags[0]}; unpack or download the product again") from error
    if not number > 0:
        raise UserError(f"{file} has {text} as {tags[0]}, which is above 0; unpack or download the product again")
    return number

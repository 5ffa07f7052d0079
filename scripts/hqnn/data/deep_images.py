"""Images of more than 8 bits, or of bands that are no colours, at full depth."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError, nearest

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PNG = b"\x89PNG\r\n\x1a\n"
PNG_DEPTH = 24  # where a PNG says the bits of a channel
EXACT = ("uint8", "uint16")  # other types become float32

Band = str | int


@dataclass(frozen=True)
class DeepImage:
    """An image as it is in its file.

    Attributes:
        pixels: uint8, uint16 or float32, shape (height, width, bands); 0 where there are no data.
        bands: their names, or their numbers from 1.
        empty: number of pixels without data: those of the file's nodata value, outside its mask, or not finite.
    """

    pixels: NDArray[Any]
    bands: tuple[str, ...]
    empty: int


def read_deep(path: Path, bands: Sequence[Band] = ()) -> DeepImage | None:
    """Read an image that 8 bits of grey or colour cannot hold; scale and offset of the file are applied.

    Args:
        path: of a file that rasterio reads.
        bands: names or numbers from 1; all but transparency where empty.

    Returns:
        The image; None where it is one of 8 bits, grey, of colours or of a palette, and no band is named.

    Raises:
        UserError: it has no such band, or its numbers are complex.
        OSError: it is damaged.
    """
    if not bands and not _may_be_deep(path):
        return None
    from rasterio.errors import RasterioError

    with ExitStack() as opened:
        try:
            source = opened.enter_context(_opened(path))
        except RasterioError as error:
            if bands:
                raise UserError(f"{path} is no file that has bands; take it out, or leave bands empty") from error
            return None  # of a kind, or so damaged, that only Pillow may know it
        try:
            return None if not bands and _is_ordinary(source) else _read(source, path, bands)
        except RasterioError as error:
            raise OSError("its bands are cut off or damaged") from error


def form_of(path: Path) -> str | None:
    """Bands and bits of a TIFF, such as ``13 bands of 16 bits``; None of any other file."""
    from rasterio.errors import RasterioError

    if not _begins(path).startswith(TIFF):
        return None
    try:
        with _opened(path) as source:
            return described(source.count, np.dtype(source.dtypes[0]))
    except (RasterioError, OSError):
        return None


def described(bands: int, dtype: np.dtype[Any]) -> str:
    """Bands and depth in words: ``1 band of 16 bits``."""
    return f"{bands} band{'s' if bands > 1 else ''} of {8 * dtype.itemsize} bits"


def is_transparent_tiff(path: Path) -> bool:
    """Whether a file is a TIFF of colours whose fourth band says that it is transparency, as GDAL writes any fourth."""
    if not _begins(path).startswith(TIFF):
        return False
    with _opened(path) as source:
        return source.count == 4 and source.photometric is None and _visible(source) == [1, 2, 3]


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(PNG_DEPTH + 1)


def _may_be_deep(path: Path) -> bool:
    head = _begins(path)
    return head.startswith(TIFF) or (head.startswith(PNG) and head[PNG_DEPTH:] == b"\x10")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open what the bytes of a file are: GDAL takes some names for addresses or for places in an archive."""
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    warnings.simplefilter("ignore", NotGeoreferencedWarning)  # for good: threads cannot each restore what was before
    with MemoryFile(path.read_bytes()) as memory, memory.open() as source:
        yield source


def _visible(source: Any) -> list[int]:
    return [band for band, colour in enumerate(source.colorinterp, 1) if colour.name != "alpha"]


def _is_ordinary(source: Any) -> bool:
    return set(source.dtypes) == {"uint8"} and len(_visible(source)) in (1, 3)


def _read(source: Any, path: Path, bands: Sequence[Band]) -> DeepImage:
    names = tuple(name or str(number) for number, name in enumerate(source.descriptions, 1))
    chosen = [_number(band, names, path) for band in bands] or _visible(source)
    if np.dtype(source.dtypes[0]).kind == "c":
        raise UserError(f"{path} has complex numbers; save amplitudes or other real ones")
    values = source.read(chosen)
    invalid = ~np.isfinite(values).all(axis=0) if values.dtype.kind == "f" else np.zeros(values.shape[1:], dtype=bool)
    invalid |= _masked(source, chosen)
    scale, offset = (np.array(own)[np.array(chosen) - 1, None, None] for own in (source.scales, source.offsets))
    if (scale != 1).any() or (offset != 0).any():
        values = values * scale + offset
    if values.dtype.name not in EXACT:
        values = values.astype(np.float32)
    values[:, invalid] = 0
    pixels = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    return DeepImage(pixels, tuple(names[band - 1] for band in chosen), int(invalid.sum()))


def _masked(source: Any, chosen: Sequence[int]) -> NDArray[np.bool_]:
    """Where the file says that one of the bands is not valid; transparency does not count."""
    flags = source.mask_flag_enums
    said = [band for band in chosen if not {flag.name for flag in flags[band - 1]} & {"all_valid", "alpha"}]
    if not said:
        return np.zeros(source.shape, dtype=bool)
    return np.asarray((source.read_masks(said) == 0).any(axis=0))


def _number(band: Band, names: tuple[str, ...], path: Path) -> int:
    """The number, from 1, of a band that is named or numbered."""
    if band in names:
        return names.index(str(band)) + 1
    if str(band).isdecimal():
        if 1 <= int(band) <= len(names):
            return int(band)
        raise UserError(f"{path} has no band {band}; it has {len(names)}, numbered from 1")
    raise UserError(f"{path} has no band {band!r}{nearest(str(band), names)}")

"""Images of more than 8 bits, or of bands that are no colours, at full depth."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.limits import Limits, shrinking
from hqnn.data.orientation import orientation_of, upright
from hqnn.errors import UserError, nearest
from hqnn.wording import plural

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
JPEG_2000 = (b"\0\0\0\x0cjP  ", b"\xffO\xffQ")
PNG = b"\x89PNG\r\n\x1a\n"
PNG_DEPTH = 24  # where a PNG says the bits of a channel
EXACT = ("uint8", "uint16")  # other types become float32
CACHE_MB = 32  # of GDAL, which else takes a twentieth of the machine
MOST_BYTES = 144 << 20  # of an image, or of a piece of its file, once decoded; two of them are held for a moment
ANY = Limits()
SEVERAL = "with several images in one file: the first is taken; save each as a file of its own to have all"

Band = str | int


@dataclass(frozen=True)
class DeepImage:
    """An image as it is in its file.

    Attributes:
        pixels: uint8, uint16 or float32, shape (height, width, bands); 0 where there are no data.
        bands: their names, or their numbers from 1.
        empty: number of pixels without data: those of the file's nodata value, outside its mask, or not finite.
        remarks: what was assumed, as `hqnn.data.losses.Losses` takes it.
    """

    pixels: NDArray[Any]
    bands: tuple[str, ...]
    empty: int
    remarks: tuple[str, ...] = ()


def read_deep(
    path: Path,
    bands: Sequence[Band] = (),
    *,
    limits: Limits = ANY,
    shrunk: bool = False,
    wanted: Callable[[int, np.dtype[Any]], None] = lambda bands, dtype: None,
) -> DeepImage | None:
    """Read an image that 8 bits of grey or colour cannot hold, upright; scale and offset of the file are applied.

    Args:
        path: of a file that rasterio reads.
        bands: names or numbers from 1; all but transparency where empty.
        limits: an image beyond is refused before it is decoded, and one of more than `MOST_BYTES`.
        shrunk: whether a large image may be read smaller, see `shrinking`.
        wanted: raises where the number of bands, or the type of the file, is not what is wanted.

    Returns:
        The image; None where it is one of 8 bits, grey, of colours or of a palette, and no band is named.

    Raises:
        UserError: it has no such band, or its numbers are complex.
        OSError: it is damaged, or too large.
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
            if not bands and _is_ordinary(source):
                return None
            limits.check(source.width, source.height)
            wanted(len(bands) or len(_visible(source)), np.dtype(source.dtypes[0]))
            image = _read(source, path, bands, shrinking(source.width, source.height) if shrunk else 1)
        except RasterioError as error:
            raise OSError("its bands are cut off or damaged") from error
    return replace(image, pixels=upright(image.pixels, orientation_of(path)))


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
    return f"{plural(bands, 'band')} of {8 * dtype.itemsize} bits"


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(PNG_DEPTH + 1)


def _may_be_deep(path: Path) -> bool:
    head = _begins(path)
    return head.startswith((*TIFF, *JPEG_2000)) or (head.startswith(PNG) and head[PNG_DEPTH:] == b"\x10")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open what the bytes of a file are: GDAL takes some names for addresses or for places in an archive."""
    from rasterio.env import Env
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    warnings.simplefilter("ignore", NotGeoreferencedWarning)  # for good: threads cannot each restore what was before
    with Env(GDAL_CACHEMAX=CACHE_MB), MemoryFile(path.read_bytes()) as memory, memory.open() as source:
        yield source


def _visible(source: Any) -> list[int]:
    return [band for band, colour in enumerate(source.colorinterp, 1) if colour.name != "alpha"]


def _is_ordinary(source: Any) -> bool:
    return set(source.dtypes) == {"uint8"} and len(_visible(source)) in (1, 3)


def _read(source: Any, path: Path, bands: Sequence[Band], factor: int) -> DeepImage:
    names = tuple(name or str(number) for number, name in enumerate(source.descriptions, 1))
    chosen = [_number(band, names, path) for band in bands] or _visible(source)
    if np.dtype(source.dtypes[0]).kind == "c":
        raise UserError(f"{path} has complex numbers; save amplitudes or other real ones")
    values = _values(source, chosen, factor)
    invalid = ~np.isfinite(values).all(axis=0) if values.dtype.kind == "f" else np.zeros(values.shape[1:], dtype=bool)
    invalid |= _masked(source, chosen, values.shape[1:])
    scale, offset = (np.array(own)[np.array(chosen) - 1, None, None] for own in (source.scales, source.offsets))
    if (scale != 1).any() or (offset != 0).any():
        values = values * scale + offset
    if values.dtype.name not in EXACT:
        values = values.astype(np.float32)
    values[:, invalid] = 0
    pixels = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    remarks = (SEVERAL,) if source.subdatasets else ()
    return DeepImage(pixels, tuple(names[band - 1] for band in chosen), int(invalid.sum()), remarks)


def _values(source: Any, chosen: Sequence[int], factor: int) -> NDArray[Any]:
    """The bands, each `factor` rows and columns as their mean; shape (bands, height, width)."""
    rows, columns = math.ceil(source.height / factor), math.ceil(source.width / factor)
    itemsize = max(np.dtype(name).itemsize for name in source.dtypes)
    piece = max(height * width for height, width in source.block_shapes) * source.count
    held = itemsize * max(len(chosen) * rows * columns, piece)
    if held > MOST_BYTES:
        raise OSError(f"{held >> 20:,} MB once decoded, more than {MOST_BYTES >> 20}")
    if factor == 1:
        return np.asarray(source.read(chosen))
    return np.stack([_mean_row(source, chosen, factor, row) for row in range(rows)], axis=1)


def _mean_row(source: Any, chosen: Sequence[int], factor: int, row: int) -> NDArray[Any]:
    """One row of what is shrunk, shape (bands, columns); at the border the mean is of fewer rows and columns."""
    from rasterio.windows import Window

    window = Window(0, row * factor, source.width, min(factor, source.height - row * factor))
    lines = source.read(chosen, window=window)
    starts = np.arange(0, source.width, factor)
    sums = np.add.reduceat(lines.mean(axis=1, dtype=np.float64), starts, axis=1)
    means = sums / np.diff([*starts, source.width])
    return np.asarray((means if lines.dtype.kind == "f" else np.rint(means)).astype(lines.dtype))


def _masked(source: Any, chosen: Sequence[int], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the file says that one of the bands is not valid; transparency does not count."""
    flags = source.mask_flag_enums
    said = [band for band in chosen if not {flag.name for flag in flags[band - 1]} & {"all_valid", "alpha"}]
    if not said:
        return np.zeros(shape, dtype=bool)
    return np.asarray((source.read_masks(said, out_shape=(len(said), *shape)) == 0).any(axis=0))


def _number(band: Band, names: tuple[str, ...], path: Path) -> int:
    """The number, from 1, of a band that is named or numbered."""
    if band in names:
        return names.index(str(band)) + 1
    if str(band).isdecimal():
        if 1 <= int(band) <= len(names):
            return int(band)
        raise UserError(f"{path} has no band {band}; it has {len(names)}, numbered from 1")
    raise UserError(f"{path} has no band {band!r}{nearest(str(band), names)}")

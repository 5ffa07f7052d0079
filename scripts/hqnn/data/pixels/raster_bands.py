"""Bands of open rasters: which of them measure, what their stored numbers mean, and which pixels are valid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags

from hqnn.data.pixels.decoded_blocks import DecodedBlocks, decodes_slowly
from hqnn.data.pixels.tiffs import read_mask, read_window
from hqnn.errors import UserError

Floats = NDArray[np.float64]

BLACK_AND_WHITE = {0: (0, 0, 0, 255), 1: (255, 255, 255, 255)}  # what GDAL calls a palette in a raster of one bit


@dataclass(frozen=True)
class Band:
    """One band of an open raster.

    Attributes:
        source: the raster.
        index: of the band, counted from 1.
        scale: by which stored numbers are multiplied.
        offset: added to that.
        masked: whether the raster says in a mask or in an alpha band which pixels are valid.
        alpha: index of an alpha band that GDAL leaves aside, since the raster has a nodata value too; 0 where none.
        blocks: that are shared by all threads that read this band; None where each reads for itself.
    """

    source: Any
    index: int = 1
    scale: float = 1.0
    offset: float = 0.0
    masked: bool = False
    alpha: int = 0
    blocks: DecodedBlocks | None = None

    def fetch(self, rows: range, columns: range) -> None:
        """Decode what `stored` would and no other thread has begun, where blocks are shared."""
        if self.blocks is not None:
            self.blocks.fetch(self.source, rows, columns, self.index)

    def stored(self, rows: range, columns: range) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read a rectangle inside the raster as it is stored, and which of it is valid; it raises as `read_window`."""
        read = read_window if self.blocks is None else self.blocks.read
        stored = read(self.source, rows, columns, self.index)
        valid = np.ones(stored.shape, dtype=np.bool_)
        nodata = self.source.nodatavals[self.index - 1]
        if nodata is not None:
            floating = np.issubdtype(stored.dtype, np.floating)  # whose nodata tag may be a rounded decimal
            valid &= stored != (stored.dtype.type(nodata) if floating else nodata)
        if self.masked:
            valid &= read_mask(self.source, rows, columns, self.index) != 0
        if self.alpha:
            valid &= read_window(self.source, rows, columns, self.alpha) != 0
        return stored, valid

    def read(self, rows: range, columns: range) -> Floats:
        """Read a rectangle inside the raster, NaN where not valid; it raises as `read_window`."""
        stored, valid = self.stored(rows, columns)
        values = stored.astype(np.float64)
        if not valid.all():
            values[~valid] = np.nan
        if self.scaled:
            values = values * self.scale + self.offset
        return values

    @property
    def scaled(self) -> bool:
        """Whether stored numbers are not what was measured."""
        return (self.scale, self.offset) != (1.0, 0.0)

    @property
    def unit(self) -> str:
        """What the raster says of the unit, empty where it says nothing."""
        return (self.source.units[self.index - 1] or "").strip()


def open_band(source: Any, index: int) -> Band:
    """A band of measurements with all that its raster says of it.

    Args:
        source: an open raster.
        index: of the band, counted from 1.

    Raises:
        UserError: its numbers measure nothing: they are places in a palette, complex, or scaled by nothing.
    """
    if source.colorinterp[index - 1] == ColorInterp.palette and _palette(source, index) != BLACK_AND_WHITE:
        raise UserError(
            f"{source.name} has a palette, so its numbers are places in a list of colours; write it as red, green and "
            "blue"
        )
    _check_real(source, index)
    scale, offset = source.scales[index - 1], source.offsets[index - 1]
    if scale == 0 or not math.isfinite(scale) or not math.isfinite(offset):
        raise UserError(
            f"{source.name} says that the numbers of band {index} are scaled by {scale:g} and moved by {offset:g}, "
            "which leaves nothing of them; correct or remove its scale and offset"
        )
    return Band(source, index, scale, offset, *_validity(source, index))


def single_band(source: Any, what: str) -> Band:
    """The one band of measurements of a raster.

    Args:
        source: an open raster; an alpha band is no measurement.
        what: the raster should hold, such as ``band B04``.

    Raises:
        UserError: there is not one, or see `open_band`.
    """
    return open_band(source, _only(source, f"only {what} is expected in it, so write that alone"))


def class_band(source: Any) -> Band:
    """The one band of a raster of class numbers, as stored: a palette only colours them, a scale has no meaning.

    Raises:
        UserError: there is not one band, or its numbers are complex.
    """
    index = _only(source, "a label is a raster of one band of class numbers")
    _check_real(source, index)
    return Band(source, index, 1.0, 0.0, *_validity(source, index))


def in_unit(band: Band, factor: float) -> Band:
    """A band whose values are multiplied."""
    return replace(band, scale=band.scale * factor, offset=band.offset * factor)


def sharing(band: Band, blocks: DecodedBlocks) -> Band:
    """A band that shares blocks with all that read the same raster, where these take long to decode."""
    return replace(band, blocks=blocks) if decodes_slowly(band.source, band.index) else band


def measured_bands(source: Any) -> list[int]:
    """Indices of the bands that are no alpha band, counted from 1."""
    return [index for index, colour in enumerate(source.colorinterp, start=1) if colour != ColorInterp.alpha]


def has_georeference(source: Any) -> bool:
    """Whether a raster says where it lies.

    Raises:
        UserError: it says so by control points or a sensor's model, which make no grid.
    """
    if not source.transform.is_identity:
        return True
    points, model = source.gcps[0], source.rpcs
    if points or model:
        said = f"{len(points)} ground control points" if points else "a sensor's model (RPC)"
        raise UserError(
            f"{source.name} is placed by {said}, not by a grid; warp it onto one first, such as with 'gdalwarp -t_srs "
            "EPSG:<code> IN OUT'"
        )
    return False


def _only(source: Any, cure: str) -> int:
    indices = measured_bands(source)
    if len(indices) != 1:
        raise UserError(f"{source.name} has {len(indices)} bands; {cure}")
    return indices[0]


def _check_real(source: Any, index: int) -> None:
    if "complex" in source.dtypes[index - 1]:
        raise UserError(
            f"{source.name} holds complex numbers; write their amplitude, or real and imaginary part as bands"
        )


def _validity(source: Any, index: int) -> tuple[bool, int]:
    """Whether GDAL has a mask besides any nodata value, and an alpha band that it leaves aside."""
    flags = source.mask_flag_enums[index - 1]
    masked = MaskFlags.per_dataset in flags or not flags
    alphas = [number for number, colour in enumerate(source.colorinterp, start=1) if colour == ColorInterp.alpha]
    return masked, 0 if masked or not alphas else alphas[0]


def _palette(source: Any, index: int) -> dict[int, tuple[int, ...]]:
    colours: dict[int, tuple[int, ...]] = source.colormap(index)
    return colours

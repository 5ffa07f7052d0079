"""Arrays in MATLAB, NumPy, ENVI and GeoTIFF files: listed without being read, then read at chosen rows and columns."""

from __future__ import annotations

import functools
import math
import struct
import tokenize
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
import rasterio
import scipy.io
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from hqnn.data.inflation import check_dataset, check_inflation
from hqnn.data.pixels.raster_bands import Band, class_band, has_georeference, measured_bands, open_band
from hqnn.data.pixels.tiffs import GDAL_OPTIONS, open_raster
from hqnn.errors import UserError

SUFFIXES = (".mat", ".npy", ".hdr", ".tif", ".tiff", ".jp2")
ENVI_SUFFIXES = ("", ".img", ".dat", ".raw", ".bsq", ".bil", ".bip")  # of the image beside a header
GDAL_CACHE_BYTES = 128 * 2**20
KINDS = {"c": "complex numbers", "f": "floats", "O": "objects", "S": "text", "U": "text", "V": "records"}
MATLAB_KINDS = {"double": "f", "single": "f", "logical": "b", "char": "U"}  # all others but integers are objects
DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    AttributeError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
    scipy.io.matlab.MatReadError,
    RasterioError,
)

Select: TypeAlias = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[Any]]


@dataclass(frozen=True)
class StoredArray:
    """An array in a file.

    Attributes:
        file: that holds it; of ENVI the image.
        variable: its name in a MATLAB file, else empty.
        shape: rows, columns and, of a cube, bands.
        kind: NumPy's letter for the kind of its values; of a MATLAB 5 file what MATLAB says, so complex numbers are
            only seen when it is read.
        files: all that reading it opens.
        bands: their names, where the file has one for each.
        crs: of a raster, None where it has none.
        transform: column and row to coordinates.
        open: opens it and gives a function of rows and columns, both inside the array, that reads their values, shape
            (rows, columns) or (rows, columns, bands); of rasters a masked array, scaled where it has several bands. It
            raises `UserError` for a damaged file.
        scaling: of a raster the scale and the offset of each band, which are applied where it has several.
    """

    file: Path
    variable: str
    shape: tuple[int, ...]
    kind: str
    files: tuple[Path, ...]
    bands: tuple[str, ...]
    crs: Any
    transform: Affine
    open: Callable[[], AbstractContextManager[Select]]
    scaling: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.variable}" if self.variable else str(self.file)


def list_arrays(file: Path) -> list[StoredArray]:
    """All arrays of a file; a file of another suffix than `SUFFIXES` is read as a raster, such as ENVI's image.

    Raises:
        UserError: it is damaged, cut off, or holds pickled objects.
    """
    suffix = file.suffix.lower()
    if suffix == ".mat":
        return _matlab(file)
    if suffix == ".npy":
        return [_numpy(file)]
    return [_raster(_envi_image(file) if suffix == ".hdr" else file)]


def array_files(folder: Path) -> list[Path]:
    """Files of a folder that may hold arrays, by name; headers that are not ENVI's are none."""
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    return [f for f in files if f.suffix.lower() in SUFFIXES and (f.suffix.lower() != ".hdr" or _is_envi(f))]


def _matlab(file: Path) -> list[StoredArray]:
    with _explained(file):
        if h5py.is_hdf5(file):  # MATLAB 7.3
            with h5py.File(file) as opened:
                data = [(name, item) for name, item in opened.items() if isinstance(item, h5py.Dataset)]
                for _, item in data:
                    check_dataset(file, item)
                listed = [(name, item.shape[::-1], _hdf5_kind(item)) for name, item in data]
            load: Callable[[Path, str], NDArray[Any]] = _load_hdf5
        else:
            listed = [(name, shape, _matlab_kind(kind)) for name, shape, kind in scipy.io.whosmat(file)]
            check_inflation(file, sum(math.prod(shape) for _, shape, _ in listed))  # a byte a value at least
            load = _load_matlab
    return [_in_memory(file, name, shape, kind, functools.partial(load, file, name)) for name, shape, kind in listed]


def _matlab_kind(name: str) -> str:
    return MATLAB_KINDS.get(name, name[0] if "int" in name else "O")


def _hdf5_kind(data: Any) -> str:
    return "U" if data.attrs.get("MATLAB_class") == b"char" else str(data.dtype.kind)


def _load_matlab(file: Path, name: str) -> NDArray[Any]:
    return np.asarray(scipy.io.loadmat(file, variable_names=[name])[name])


def _load_hdf5(file: Path, name: str) -> NDArray[Any]:
    """MATLAB stores columns first, so HDF5 has the axes the other way round."""
    with h5py.File(file) as opened:
        return np.asarray(opened[name][()]).T


def _numpy(file: Path) -> StoredArray:
    try:
        values = np.lib.format.open_memmap(file, mode="r")
    except DAMAGE as error:
        raise UserError(
            f"{file} is damaged, or holds Python objects, which are not read; save it with numpy.save as integers or "
            "floats"
        ) from error
    return _in_memory(file, "", values.shape, values.dtype.kind, lambda: values)


def _in_memory(
    file: Path, name: str, shape: tuple[int, ...], kind: str, load: Callable[[], NDArray[Any]]
) -> StoredArray:
    """An array that is loaded whole, once, when it is first opened."""
    loaded = functools.cache(load)

    @contextmanager
    def opened() -> Iterator[Select]:
        with _explained(file):
            values = loaded()
        yield lambda rows, columns: np.asarray(values[np.ix_(rows, columns)])

    return StoredArray(file, name, tuple(shape), kind, (file,), (), None, Affine.identity(), opened)


def _raster(file: Path) -> StoredArray:
    with open_raster(file) as source:
        _check_envi_size(file, source)
        has_georeference(source)
        indices = measured_bands(source)
        shape = source.shape if len(indices) == 1 else (*source.shape, len(indices))
        types = [source.dtypes[index - 1] for index in indices]
        kind = next((letter for letter in KINDS if any(_letter(name) == letter for name in types)), _letter(types[0]))
        names = tuple((source.descriptions[index - 1] or "").strip() for index in indices)
        bands = names if all(names) and len(set(names)) == len(names) else ()
        files = tuple(Path(name) for name in source.files)
        crs, transform = source.crs, source.transform
        scaling = tuple((source.scales[index - 1], source.offsets[index - 1]) for index in indices)

    @contextmanager
    def opened() -> Iterator[Select]:
        with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES, **GDAL_OPTIONS), open_raster(file) as source:
            # Of one band these may be class numbers, which are taken as stored.
            bands = [open_band(source, index) for index in indices] if len(indices) > 1 else [class_band(source)]
            yield functools.partial(_select, bands)

    return StoredArray(file, "", shape, kind, files, bands, crs, transform, opened, scaling)


def _letter(name: str) -> str:
    """NumPy's letter for a type that GDAL may have and NumPy not."""
    return "c" if "complex" in name else np.dtype(name).kind


def _select(bands: list[Band], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[Any]:
    """Values at rows and columns as a masked array; of one band as stored."""
    row, column = int(rows.min()), int(columns.min())
    area = range(row, int(rows.max()) + 1), range(column, int(columns.max()) + 1)
    if len(bands) == 1:
        stored, valid = bands[0].stored(*area)
        return np.ma.array(stored, mask=~valid)[np.ix_(rows - row, columns - column)]
    values = np.ma.masked_invalid(np.stack([band.read(*area) for band in bands], axis=2), copy=False)
    return values[np.ix_(rows - row, columns - column)]


def _is_envi(header: Path) -> bool:
    with header.open("rb") as file:
        return file.read(4) == b"ENVI"


def _envi_image(header: Path) -> Path:
    images = [header.with_suffix(suffix) for suffix in ENVI_SUFFIXES]
    found = next((image for image in images if image.is_file()), None)
    if found is None:
        raise UserError(f"{header} has no image beside it (such as {images[1].name}); add it")
    return found


def _check_envi_size(file: Path, source: Any) -> None:
    """GDAL reads what a raw image lacks as 0."""
    header = source.tags(ns="ENVI")
    if source.driver != "ENVI" or header.get("file_compression", "0") != "0":
        return
    pixels = source.height * source.width * source.count
    expected = int(header.get("header_offset", 0)) + pixels * np.dtype(source.dtypes[0]).itemsize
    if file.stat().st_size < expected:
        raise UserError(
            f"{file} has {file.stat().st_size} bytes but its header asks for {expected}; it is cut off, so copy or "
            "download it again"
        )


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say of which file what a parser raises over damaged bytes."""
    try:
        yield
    except DAMAGE as error:
        said = (str(error.__cause__ or error) or "damaged").splitlines()[0]
        raise UserError(f"{file} cannot be read ({said}); copy or download it again") from error

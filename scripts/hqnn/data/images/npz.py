"""Sets of images in one NPZ file, such as MedMNIST's."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from hqnn.data.class_folders import MOST_CLASSES, label_type
from hqnn.data.images.source import Batch, ImageSource, batch_rows
from hqnn.data.inflation import check_inflation
from hqnn.data.parts import PARTS, TEST, TRAIN, VALIDATION
from hqnn.errors import UserError, nearest, plain

LAYOUTS: tuple[dict[int, tuple[str, str]], ...] = (  # code of a part to the names of its images and labels
    {
        TRAIN: ("train_images", "train_labels"),
        TEST: ("test_images", "test_labels"),
        VALIDATION: ("val_images", "val_labels"),
    },
    {TRAIN: ("x_train", "y_train"), TEST: ("x_test", "y_test"), VALIDATION: ("x_val", "y_val")},
    {TRAIN: ("images", "labels")},
)
DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, SyntaxError, NotImplementedError)
WANTED = "train_images, train_labels, test_images and test_labels, or images and labels"

Shape = tuple[int, ...]
Header = tuple[Shape, bool, np.dtype[Any]]


def find_npz(folder: Path) -> dict[str, Path]:
    """The NPZ files of a folder, by their names without suffix."""
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".npz" and path.is_file()}


def open_npz(folder: Path, *, subset: str = "", classes: Sequence[str] = ()) -> ImageSource:
    """Open a file of images, shape (images, height, width) or with channels last, and one label each; no pickles.

    Images of 8 and 16 bits stay what they are, other numbers become float32; they are read batch by batch.

    Args:
        folder: that holds it.
        subset: its name without suffix, where there are several.
        classes: names of the labels 0, 1, ...; where empty the labels themselves, sorted.

    Raises:
        UserError: the file or an array is missing, damaged or not what it should be, or a label has no class.
    """
    path = _chosen(folder, subset)
    parts = _layout(path)
    headers = {code: _image_header(path, images) for code, (images, _) in parts.items()}
    shapes = {_channelled(shape[1:]) for shape, _, _ in headers.values()}
    if len(shapes) > 1 or len({dtype for *_, dtype in headers.values()}) > 1:
        raise UserError(f"{path} has parts whose images differ in size or type; make them the same")
    labels = {code: _labels(path, name, headers[code][0][0]) for code, (_, name) in parts.items()}
    names, codes = _coded(path, labels, classes)
    (shape,), dtype = shapes, _stored(headers[TRAIN][2])
    return ImageSource(
        folder,
        names,
        shape,
        sum(map(len, codes.values())),
        _batches(path, parts, headers, codes, shape),
        (path,),
        "none" if len(parts) == 1 else "published",
        {},
        dtype,
    )


def _chosen(folder: Path, subset: str) -> Path:
    found = find_npz(folder)
    if not subset and len(found) > 1:
        raise UserError(f"{folder} holds several NPZ files ({', '.join(found)}); name one as subset")
    name = subset or next(iter(found), "")
    if name not in found:
        raise UserError(f"{folder} has no NPZ file {name!r}{nearest(name, found)}")
    return found[name]


def _layout(path: Path) -> dict[int, tuple[str, str]]:
    with _explained(path), zipfile.ZipFile(path) as archive:
        held = {name.removesuffix(".npy") for name in archive.namelist()}
        check_inflation(path, sum(member.file_size for member in archive.infolist()))
    for layout in LAYOUTS:
        parts = {code: names for code, names in layout.items() if set(names) <= held}
        if TRAIN in parts and (len(layout) == 1 or TEST in parts):
            return parts
    raise UserError(f"{path} holds the arrays {', '.join(sorted(held)) or 'none'}; {WANTED} are needed")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise UserError(f"{path} is cut off or damaged ({plain(error)}); get it again") from error


@contextmanager
def _array(path: Path, name: str) -> Iterator[tuple[IO[bytes], Header]]:
    """An array's bytes behind its header, and what the header says.

    Raises:
        UserError: it is damaged, or holds Python objects.
    """
    with _explained(path), zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
        if header[2].hasobject:
            raise UserError(f"{path} holds Python objects as {name}, which are never loaded; save numbers")
        yield file, header


def _image_header(path: Path, name: str) -> Header:
    with _array(path, name) as (_, header):
        shape, in_columns, dtype = header
    if dtype.kind not in "buif" or len(shape) not in (3, 4) or 0 in shape:
        raise UserError(
            f"{path} holds {name} of shape {shape} and type {dtype}; numbers of shape (images, height, width) or "
            "(images, height, width, channels) are needed"
        )
    if in_columns:
        raise UserError(f"{path} holds {name} in the order of Fortran; save numpy.ascontiguousarray of it")
    if len(shape) == 4 and shape[1] <= 4 < min(shape[2:]):
        raise UserError(f"{path} holds {name} of shape {shape}, with channels first; move them to the last axis")
    return header


def _labels(path: Path, name: str, images: int) -> NDArray[Any]:
    with _array(path, name) as (file, (shape, _, dtype)):
        if dtype.kind not in "buifU":
            raise UserError(f"{path} holds {name} of type {dtype}; whole numbers or text are needed")
        values = np.frombuffer(_exactly(file, int(np.prod(shape)) * dtype.itemsize, path), dtype=dtype)
    if len(shape) == 2 and shape[1] > 1:
        raise UserError(f"{path} has {shape[1]} labels an image in {name}; one label is needed")
    if shape[0] != images or len(values) != images:
        raise UserError(f"{path} has {images} images but {name} has shape {shape}; one label an image is needed")
    if dtype.kind == "f" and (values != np.floor(values)).any():
        raise UserError(f"{path} holds {name} that are no whole numbers; save classes as 0, 1, ...")
    return values if dtype.kind == "U" else values.astype(np.int64)


def _coded(
    path: Path, labels: dict[int, NDArray[Any]], classes: Sequence[str]
) -> tuple[tuple[str, ...], dict[int, NDArray[Any]]]:
    """Names of the classes, and of each part the labels as their indices."""
    known = np.unique(np.concatenate(list(labels.values())))
    if len(known) > MOST_CLASSES:
        raise UserError(
            f"{path} has {len(known)} different labels but at most {MOST_CLASSES} can be told apart; join some"
        )
    names = tuple(classes) or tuple(map(str, known.tolist()))
    order = known if not classes else np.array(classes) if known.dtype.kind == "U" else np.arange(len(classes))
    strange = [label for label in known.tolist() if label not in order]
    if strange:
        raise UserError(f"{path} holds the label {strange[0]!r} but {len(names)} classes are named; name all of them")
    index = {label: code for code, label in enumerate(order.tolist())}
    dtype = label_type(len(names))
    coded = {part: np.array([index[label] for label in own.tolist()], dtype=dtype) for part, own in labels.items()}
    return names, coded


def _batches(
    path: Path,
    parts: dict[int, tuple[str, str]],
    headers: dict[int, Header],
    codes: dict[int, NDArray[Any]],
    shape: tuple[int, int, int],
) -> Iterator[Batch]:
    for part, (name, _) in parts.items():
        dtype, labels = headers[part][2], codes[part]
        step = batch_rows(shape, max(dtype.itemsize, 4))
        with _array(path, name) as (file, _):
            for start in range(0, len(labels), step):
                own = labels[start : start + step]
                raw = _exactly(file, len(own) * int(np.prod(shape)) * dtype.itemsize, path)
                images = np.frombuffer(raw, dtype=dtype).reshape(-1, *shape).astype(_stored(dtype))
                empty = ~np.isfinite(images) if images.dtype.kind == "f" else None
                if empty is not None:
                    images[empty] = 0
                yield Batch(
                    images,
                    own,
                    np.full(0 if len(parts) == 1 else len(own), part, dtype=np.uint8),
                    [f"{path.name}:{PARTS[part]}:{row}" for row in range(start, start + len(own))],
                    0 if empty is None else int(empty.any(axis=-1).sum()),
                )


def _exactly(file: IO[bytes], size: int, path: Path) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise UserError(f"{path} ends before what its headers promise; get it again")
    return content


def _channelled(shape: Shape) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2] if len(shape) == 3 else 1)


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which images of another are stored; truth values are 0 and 1."""
    return np.dtype(dtype.newbyteorder("=") if dtype.kind == "u" and dtype.itemsize <= 2 else np.float32)

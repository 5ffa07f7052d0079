"""MNIST's IDX files, and those of its kin: Fashion-MNIST, KMNIST, EMNIST."""

from __future__ import annotations

import gzip
import os
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from hqnn.data.images.source import Batch, ImageSource, batch_rows
from hqnn.data.inflation import check_inflation
from hqnn.data.parts import PUBLISHED_PARTS
from hqnn.errors import UserError, nearest, plain

IMAGES, LABELS = 0x803, 0x801  # two zero bytes, the type (8: unsigned byte), the number of axes
LONGEST_SIDE = 4096
NAME = re.compile(r"(?P<subset>.*?)-?(?P<part>train|t10k|test)[-_.](?P<what>images|labels)[-.]idx[13][-.]ubyte(\.gz)?")
DIGITS = tuple("0123456789")

Quartet = Mapping[tuple[str, str], Path]


def find_idx(folder: Path) -> dict[str, dict[tuple[str, str], Path]]:
    """Find IDX files by name: `train-images-idx3-ubyte` and the like, with dots or hyphens, compressed or not.

    Returns:
        What stands before `train`, `test` or `t10k` (nothing in MNIST, `emnist-digits` in EMNIST), to part and content
        (such as `test`, `labels`) to file; a plain file is preferred to a compressed one.
    """
    found: dict[str, dict[tuple[str, str], Path]] = {}
    for path in sorted(folder.iterdir(), reverse=True):
        match = NAME.fullmatch(path.name.lower())
        if match and path.is_file():
            part = "train" if match["part"] == "train" else "test"
            found.setdefault(match["subset"], {})[part, match["what"]] = path
    return found


def open_idx(
    folder: Path, *, subset: str = "", classes: Sequence[str] = (), transposed: bool | None = None
) -> ImageSource:
    """Open the four files of a set.

    Args:
        folder: that holds them.
        subset: which set, where the folder holds several, as EMNIST's does: what the names of its files begin with.
        classes: names of the labels 0, 1, ...; where empty they are those of EMNIST's mapping file, or ten digits.
        transposed: whether rows and columns are exchanged; EMNIST's are, and are known by their names where None.

    Raises:
        UserError: one of the four is missing, damaged or not what it should be, images and labels differ in number,
            train and test images in size, or a label lies beyond the classes. What lies behind the headers is read,
            and found wrong, only with the batches.
    """
    name, files = _chosen(folder, subset)
    known = dict(enumerate(classes)) or _mapping(folder, name) or dict(enumerate(DIGITS))
    sizes = {part: _image_sizes(files[part, "images"]) for part in PUBLISHED_PARTS}
    if sizes["train"][1:] != sizes["test"][1:]:
        said = " and ".join(f"{rows} x {columns}" for _, rows, columns in sizes.values())
        raise UserError(f"{folder} has train and test images of {said} pixels; they must be of one size")
    turned = name.startswith("emnist") if transposed is None else transposed
    height, width = sizes["train"][1:][:: -1 if turned else 1]
    labels = {
        part: _labels(files[part, "labels"], files[part, "images"], sizes[part][0], known) for part in PUBLISHED_PARTS
    }
    shape = (height, width, 1)
    return ImageSource(
        folder,
        tuple(known.values()),
        shape,
        sum(len(values) for values in labels.values()),
        _batches(files, labels, shape, turned),
        tuple(files.values()),
        "published",
        {},
    )


def write_idx(path: str | os.PathLike[str], values: NDArray[np.uint8]) -> None:
    """Write images, shape (images, rows, columns), or labels, shape (labels,), gzipped where the name says so."""
    header = struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape)
    content = header + values.tobytes()
    Path(path).write_bytes(gzip.compress(content, 6, mtime=0) if Path(path).suffix == ".gz" else content)


def _chosen(folder: Path, subset: str) -> tuple[str, Quartet]:
    found = find_idx(folder)
    if not subset and len(found) > 1:
        raise UserError(f"{folder} holds several sets of IDX files ({', '.join(sorted(found))}); name one as subset")
    name = subset or next(iter(found), "")
    if name not in found:
        raise UserError(f"{folder} has no IDX files of subset {name!r}{nearest(name, found)}")
    for part in PUBLISHED_PARTS:
        for what, axes in (("images", 3), ("labels", 1)):
            if (part, what) not in found[name]:
                raise UserError(f"{folder} has no file like {part}-{what}-idx{axes}-ubyte; put it there, .gz or not")
    return name, found[name]


def _mapping(folder: Path, subset: str) -> dict[int, str]:
    """EMNIST's table of labels: in each line a label and the codes of the characters it stands for."""
    path = folder / f"{subset}-mapping.txt"
    if not path.is_file():
        return {}
    try:
        rows = [[int(value) for value in line.split()] for line in path.read_text(encoding="ascii").splitlines()]
        return {row[0]: "".join(chr(code) for code in row[1:]) for row in rows if row}
    except ValueError as error:
        raise UserError(f"{path} is no table of labels and character codes ({plain(error)}); get it again") from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path} is cut off or damaged ({plain(error)}); get it again") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check it") from error


def _sizes(file: BinaryIO, path: Path, magic: int) -> list[int]:
    axes = magic & 0xFF
    header = file.read(4 + 4 * axes)
    if len(header) < 4 + 4 * axes:
        raise UserError(f"{path} ends within its header; get it again")
    found, *sizes = struct.unpack(f">{1 + axes}I", header)
    if found != magic:
        raise UserError(
            f"{path} begins with 0x{found:08x} instead of 0x{magic:08x}, the mark of IDX "
            f"{'images' if magic == IMAGES else 'labels'} of 8 bits; get it again, or give it its right name"
        )
    return sizes


def _image_sizes(path: Path) -> tuple[int, int, int]:
    with _opened(path) as file:
        count, rows, columns = _sizes(file, path, IMAGES)
    if not count:
        raise UserError(f"{path} holds no image; get it again")
    if not (0 < rows <= LONGEST_SIDE and 0 < columns <= LONGEST_SIDE):
        raise UserError(f"{path} claims images of {rows} x {columns} pixels; get it again")
    check_inflation(path, count * rows * columns)
    return count, rows, columns


def _labels(path: Path, images: Path, count: int, known: Mapping[int, str]) -> NDArray[np.uint8]:
    """Labels as indices into the known ones."""
    with _opened(path) as file:
        (claimed,) = _sizes(file, path, LABELS)
        if claimed != count:
            raise UserError(f"{path} has {claimed} labels but {images.name} has {count} images; get both again")
        values = np.frombuffer(_exactly(file, path, claimed, last=True), dtype=np.uint8)
    index = np.full(256, 255, dtype=np.uint8)
    index[list(known)] = np.arange(len(known))
    strange = values[index[values] == 255]
    if strange.size:
        raise UserError(
            f"{path} holds the label {strange[0]} but the {len(known)} classes have {min(known)} to {max(known)}; "
            "name all classes, or get it again"
        )
    return index[values]


def _exactly(file: BinaryIO, path: Path, size: int, *, last: bool) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise UserError(f"{path} ends before what its header promises; get it again")
    if last and file.read(1):
        raise UserError(f"{path} goes on behind what its header promises; get it again")
    return content


def _batches(
    files: Quartet, labels: Mapping[str, NDArray[np.uint8]], shape: tuple[int, int, int], turned: bool
) -> Iterator[Batch]:
    step, size = batch_rows(shape), int(np.prod(shape))
    for split, part in enumerate(PUBLISHED_PARTS):
        path, count = files[part, "images"], len(labels[part])
        with _opened(path) as file:
            _sizes(file, path, IMAGES)
            for start in range(0, count, step):
                rows = min(step, count - start)
                raw = np.frombuffer(_exactly(file, path, rows * size, last=start + rows == count), dtype=np.uint8)
                images = raw.reshape(rows, *(shape[1::-1] if turned else shape[:2]))
                yield Batch(
                    (images.swapaxes(1, 2) if turned else images)[..., None],
                    labels[part][start : start + rows],
                    np.full(rows, split, dtype=np.uint8),
                    [f"{path.name}:{row}" for row in range(start, start + rows)],
                )

"""CIFAR-10's official batches, in Python's and in the binary layout."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.images.source import Batch, ImageSource
from hqnn.data.parts import PARTS
from hqnn.errors import UserError, plain

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (32, 32, 3)
PIXEL_BYTES = 3072
RECORD_BYTES = 1 + PIXEL_BYTES
PICKLED = {  # what a pickled dictionary of arrays needs
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}

Read = Callable[[Path], tuple[NDArray[np.uint8], NDArray[Any]]]


def find_batches(folder: Path, suffix: str) -> dict[str, list[Path]]:
    """The files of both parts, `data_batch_1`, ... and `test_batch`, with a suffix, `.bin` or none."""
    plain = [path for path in folder.iterdir() if path.suffix == suffix and path.is_file()]
    train = sorted(path for path in plain if path.stem.startswith("data_batch_"))
    return {"train": train, "test": [path for path in plain if path.stem == "test_batch"]}


def open_cifar_python(folder: Path) -> ImageSource:
    """Open pickled batches; nothing but numbers, text and arrays is loaded from them.

    Raises:
        UserError: a part is missing. A file that is no batch, and one that holds anything else, is found out only with
            the batches.
    """
    files = _both_parts(folder, "")
    meta = folder / "batches.meta"
    names = _unpickled(meta).get(b"label_names", CLASSES) if meta.is_file() else CLASSES
    classes = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)
    rows = sum(len(_read_python(path)[1]) for path in chain(*files.values()))
    return _source(folder, files, classes, rows, _read_python)


def open_cifar_binary(folder: Path) -> ImageSource:
    """Open binary batches of any length: records of a label and 3 x 32 x 32 bytes.

    Raises:
        UserError: a part is missing, or a file's size is no multiple of a record's.
    """
    files = _both_parts(folder, ".bin")
    for path in chain(*files.values()):
        if path.stat().st_size % RECORD_BYTES or not path.stat().st_size:
            raise UserError(
                f"{path} has {path.stat().st_size} bytes, which is no multiple of {RECORD_BYTES}, the size of a record "
                "of CIFAR-10; get it again"
            )
    meta = folder / "batches.meta.txt"
    classes = tuple(meta.read_text(encoding="utf-8").split()) if meta.is_file() else CLASSES
    rows = sum(path.stat().st_size // RECORD_BYTES for path in chain(*files.values()))
    return _source(folder, files, classes, rows, _read_binary)


def _both_parts(folder: Path, suffix: str) -> dict[str, list[Path]]:
    files = find_batches(folder, suffix)
    for part, name in (("train", f"data_batch_1{suffix}"), ("test", f"test_batch{suffix}")):
        if not files[part]:
            raise UserError(f"{folder} has no {part} batch such as {name}; put it there")
    return files


def _source(folder: Path, files: dict[str, list[Path]], classes: Sequence[str], rows: int, read: Read) -> ImageSource:
    paths = tuple(chain(*files.values()))
    return ImageSource(folder, tuple(classes), SHAPE, rows, _batches(files, len(classes), read), paths, "published", {})


def _batches(files: dict[str, list[Path]], classes: int, read: Read) -> Iterator[Batch]:
    for part, paths in files.items():
        for path in paths:
            pixels, labels = read(path)
            if labels.min() < 0 or labels.max() >= classes:
                strange = labels[(labels < 0) | (labels >= classes)][0]
                raise UserError(f"{path} holds the label {strange} but there are {classes} classes; get it again")
            yield Batch(
                pixels.reshape(-1, SHAPE[2], *SHAPE[:2]).transpose(0, 2, 3, 1),
                labels.astype(np.uint8),
                np.full(len(labels), PARTS.index(part), dtype=np.uint8),
                [f"{path.name}:{row}" for row in range(len(labels))],
            )


def _read_binary(path: Path) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    records = np.fromfile(path, dtype=np.uint8).reshape(-1, RECORD_BYTES)
    return records[:, 1:], records[:, 0]


def _read_python(path: Path) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    content = _unpickled(path)
    pixels, labels = content.get(b"data"), np.asarray(content.get(b"labels", ()))
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != (len(labels), PIXEL_BYTES):
        raise UserError(
            f"{path} does not hold `data` of {PIXEL_BYTES} bytes for each of its `labels`; get CIFAR-10 again"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not labels.size:
        raise UserError(f"{path} does not hold `labels` that are whole numbers; get CIFAR-10 again")
    return pixels, labels


class _ArraysOnly(pickle.Unpickler):
    """Loads numbers, text, lists, dictionaries and arrays; refuses every other name before anything runs."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")  # its name before NumPy 2
        if (module, name) not in PICKLED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}")
        return super().find_class(module, name)


def _unpickled(path: Path) -> dict[bytes, Any]:
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise UserError(f"{path} is no pickled batch of arrays ({plain(error)}); get CIFAR-10 again") from error
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise UserError(f"{path} is no pickled batch of arrays, it is damaged; get CIFAR-10 again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__} instead of a dictionary; get CIFAR-10 again")
    return {key.encode() if isinstance(key, str) else key: value for key, value in content.items()}

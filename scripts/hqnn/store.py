"""Files that are whole or absent: HDF5 tables, models, and their fingerprints."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # Lustre and NFS refuse HDF5's locks (h5py #1082)

import h5py
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from hqnn.errors import UserError, plain
from hqnn.notes import notes

CHUNK_BYTES = 1 << 20
CHECKSUMMED = "v110"  # the oldest format in which HDF5 checksums its own structures, too
ATTRIBUTES_DIGEST = "attributes_sha256"  # HDF5 keeps texts where it has no checksum
RECORDED_PACKAGES = (
    "h5py",
    "numpy",
    "pennylane",
    "pillow",
    "qiskit",
    "qiskit-aer",
    "qiskit-ibm-runtime",
    "rasterio",
    "scikit-learn",
    "snakemake",
    "torch",
    "torchvision",
)

Arrays = Mapping[str, NDArray[Any]]


@contextmanager
def explained_writes(target: str | os.PathLike[str]) -> Iterator[None]:
    """Say in a sentence what a user can do about a failed write.

    Args:
        target: what is being written.

    Raises:
        UserError: the folder cannot be written, the disk is full, or its file system cannot rename.
    """
    try:
        yield
    except OSError as error:
        explained = _explained(error, Path(target))
        if explained is None:
            raise
        raise explained from error


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside the target; on success it becomes the target, on failure it disappears.

    The bytes are on disk before the rename, so a killed process leaves the old file or none.

    Raises:
        UserError: the folder cannot be written, the disk is full, or its file system cannot rename.
    """
    target = Path(path)
    with explained_writes(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        partial = Path(name)
        try:
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            with suppress(PermissionError):  # it is ours: its file system knows no permissions
                partial.chmod(0o666 & ~_umask())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def new_table(path: str | os.PathLike[str], attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """Open a new HDF5 table for writing; it appears under its name when the block ends well.

    Args:
        path: where it will lie.
        attributes: what a reader should know; values that HDF5 has no type for are stored as JSON. The versions of the
            packages that numbers depend on are added, and, as `notes`, what the job has warned of.
    """
    with whole_file(path) as partial, h5py.File(partial, "w", libver=(CHECKSUMMED, CHECKSUMMED)) as file:
        write_attributes(file, {**attributes, "versions": versions()})
        yield file
        if notes():
            write_attributes(file, {"notes": notes()})


def add_column(
    file: h5py.File | h5py.Group,
    name: str,
    values: NDArray[Any],
    *,
    rows: int | None = None,
    compression: Literal["gzip"] | None = "gzip",
) -> h5py.Dataset:
    """Create a chunked, compressed and checksummed dataset.

    Args:
        file: where.
        name: of the dataset.
        values: its content, first axis the samples; with `rows`, only its type and trailing shape are used.
        rows: create an empty dataset of that many rows, to be filled piece by piece and resized to what was filled.
        compression: None where it is read again and again, as images are in training: inflating takes about five times
            as long as reading and checking.

    Returns:
        The dataset.
    """
    shape = values.shape if rows is None else (rows, *values.shape[1:])
    if 0 in shape:  # which cannot be cut into chunks
        return file.create_dataset(name, shape=shape, dtype=values.dtype)
    row_bytes = max(1, int(np.prod(shape[1:], dtype=int)) * values.dtype.itemsize)
    chunk = (max(1, min(shape[0], CHUNK_BYTES // row_bytes)), *shape[1:])
    return file.create_dataset(
        name,
        shape=shape,
        dtype=values.dtype,
        data=values if rows is None else None,
        maxshape=None if rows is None else (None, *shape[1:]),
        chunks=chunk,
        compression=compression,
        compression_opts=1 if compression else None,
        shuffle=compression is not None,
        fletcher32=True,
    )


def write_table(path: str | os.PathLike[str], columns: Arrays, attributes: Mapping[str, Any]) -> None:
    """Write arrays as one HDF5 table.

    Args:
        path: where.
        columns: name to array, all with the samples as first axis.
        attributes: see `new_table`.
    """
    with new_table(path, attributes) as file:
        for name, values in columns.items():
            add_column(file, name, values)


@contextmanager
def open_table(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open a table for reading.

    Raises:
        UserError: the file is missing or is no HDF5 file; or what is read of it inside the block is damaged.
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read as HDF5 ({plain(error)}); delete it and run again") from error
    with file:
        try:
            for name in file.id:
                h5py.h5o.open(file.id, name)  # a damaged one would else seem absent
            yield file
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            if _is_whole(file):
                raise
            raise UserError(f"{path} is damaged ({plain(error)}); delete it and run again") from error


def read_table(path: str | os.PathLike[str], *names: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read columns and attributes.

    Args:
        path: of the table.
        names: which columns; all datasets at the top where none is named.

    Returns:
        Name to array, and name to attribute (JSON attributes decoded).
    """
    with open_table(path) as file:
        wanted = names or tuple(name for name in file if isinstance(file[name], h5py.Dataset))
        missing = [name for name in wanted if name not in file]
        if missing:
            raise UserError(f"{path} has no column {missing[0]!r}; delete it and run again")
        return {name: _column(file, name) for name in wanted}, read_attributes(file)


def write_attributes(file: h5py.File | h5py.Group, attributes: Mapping[str, Any]) -> None:
    """Write attributes; values that HDF5 has no type for are stored as JSON."""
    for key, value in attributes.items():
        file.attrs[key] = _plain(value)
    known = {key: _decoded(value) for key, value in file.attrs.items() if key != ATTRIBUTES_DIGEST}
    file.attrs[ATTRIBUTES_DIGEST] = _attributes_digest(known)


def read_attributes(file: h5py.File | h5py.Group) -> dict[str, Any]:
    """All attributes of an open table, JSON decoded.

    Raises:
        UserError: they are not those that were written.
    """
    known = {key: _decoded(value) for key, value in file.attrs.items()}
    written = known.pop(ATTRIBUTES_DIGEST, None)  # tables of others have none
    if written is not None and written != _attributes_digest(known):
        raise UserError(f"{file.file.filename} is damaged (attributes of {file.name}); delete it and run again")
    return known


def write_model(path: str | os.PathLike[str], tensors: Arrays, about: Mapping[str, Any]) -> str:
    """Write a model's tensors with their fingerprint and what is known about them.

    Args:
        path: of the safetensors file.
        tensors: name to array.
        about: anything JSON can say.

    Returns:
        The fingerprint of the tensors; the file has one of all that is known about them, too.
    """
    mark = fingerprint(tensors)
    known = {**about, "fingerprint": mark, "versions": versions()}
    text = {key: json.dumps(value, sort_keys=True) for key, value in known.items()}
    text["header_sha256"] = json.dumps(_header_digest(text))
    with whole_file(path) as partial:
        partial.write_bytes(_in_order(save({k: np.ascontiguousarray(v) for k, v in tensors.items()}, metadata=text)))
    return mark


def read_model(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a model's tensors and what was said about them.

    Raises:
        UserError: the file is missing or damaged, or its tensors, or what is said about them, are not those it was
            written with.
    """
    try:
        tensors = load_file(path)
        with safe_open(path, framework="numpy") as file:
            text = file.metadata() or {}
            about = {key: json.loads(value) for key, value in text.items()}
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} cannot be read as a model ({plain(error)}); train it again") from error
    if about.get("fingerprint") != fingerprint(tensors):
        raise UserError(f"{path} holds other weights than were written there; train the model again")
    if about.pop("header_sha256", None) != _header_digest(text):
        raise UserError(
            f"{path} says other things of its weights, such as their circuit, than were written there; train the model "
            "again"
        )
    return tensors, about


def fingerprint(tensors: Arrays) -> str:
    """Sha256 over names, types, shapes and bytes, in the order of the names.

    Args:
        tensors: name to array.

    Returns:
        64 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{name}|{array.dtype.name}|{array.shape}|".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """Sha256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def versions() -> dict[str, str]:
    """The installed versions of the packages that numbers depend on."""
    found = {}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def code_and_packages(code: str) -> str:
    """What computes numbers that are kept half done.

    Args:
        code: digest of the code; where it is empty the answer is, as on a real machine, where neither an edit nor an
            upgrade of a package may cost a step that is paid for.
    """
    return code and json.dumps([code, versions()], sort_keys=True)


def _column(file: h5py.File, name: str) -> NDArray[Any]:
    """All of a dataset, by HDF5's own calls: h5py's objects take three quarters of the time where it is small."""
    dataset = h5py.h5d.open(file.id, name.encode())
    values = np.zeros(dataset.shape, dataset.dtype)
    if values.size:
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
    return values[()]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _explained(error: OSError, target: Path) -> UserError | None:
    """What a user can do about a failed write; None where neither the disk, nor the folder, nor its kind is why."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return UserError(f"{target} could not be written because the disk is full; free some space and run again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return UserError(f"{target} could not be written ({plain(error)}); make its folder writable and run again")
    if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV):
        return UserError(
            f"{target} could not be written ({plain(error)}): its file system renames no files, without which none is "
            "whole or absent; keep results on another one (--directory)"
        )
    return None


def _is_whole(file: h5py.File) -> bool:
    """Whether all of an open table can be read."""

    def read(_: str, item: h5py.Group | h5py.Dataset) -> None:
        read_attributes(item)
        if isinstance(item, h5py.Dataset) and item.shape:
            step = item.chunks[0] if item.chunks else len(item)
            for start in range(0, len(item), max(1, step)):
                item[start : start + step]

    try:
        read("", file)
        file.visititems(read)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False
    return True


def _attributes_digest(attributes: Mapping[str, Any]) -> str:
    """Sha256 over attributes as they are read, in the order of their names."""
    return hashlib.sha256(json.dumps(attributes, sort_keys=True, default=repr).encode()).hexdigest()


def _header_digest(text: Mapping[str, str]) -> str:
    """Sha256 over what a model's file says besides tensors, without this digest itself."""
    said = {key: value for key, value in text.items() if key != "header_sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _in_order(model: bytes) -> bytes:
    """A safetensors file with the keys of its header sorted, which the writer shuffles anew in every process."""
    end = 8 + int.from_bytes(model[:8], "little")
    header = json.dumps(json.loads(model[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + model[end:]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else "json:" + json.dumps(value)


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("json:"):
        return json.loads(value[5:])
    return value.item() if isinstance(value, np.generic) else value

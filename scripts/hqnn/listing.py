"""A digest of what lies in a folder, so that changed, moved and replaced files are noticed."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeAlias

READ_FILES, READ_BYTES = 2_000, 32_000_000  # up to so many files and bytes contents are read: a tenth of a second

Files: TypeAlias = list[tuple[str, os.stat_result]]


@cache
def listing_digest(path: str) -> str:
    """Digest of all files below a folder, or of one file.

    Where it is cheap, names and contents decide, and times do not. Of many or large files names, sizes, times and
    places on the disk do: two files that swap their names, or a file that is replaced by an older one, give another
    digest, and tens of thousands of files take a tenth of a second.

    Args:
        path: a folder or a file.

    Returns:
        16 hexadecimal digits; the same for a path that does not exist as for an empty folder.
    """
    files = sorted(_files(path))
    cheap = len(files) <= READ_FILES and sum(state.st_size for _, state in files) <= READ_BYTES
    sha = hashlib.sha256()
    for file, state in files:
        place = os.path.relpath(file, path).encode("utf-8", "surrogateescape")
        sha.update(place + b"\0" + _digest(file, state, cheap) + b"\n")
    return sha.hexdigest()[:16]


def _digest(file: str, state: os.stat_result, cheap: bool) -> bytes:
    """Of the content of one file, or of all else that is known of it."""
    if cheap and stat.S_ISREG(state.st_mode):
        with suppress(OSError):  # one that may not be read is said by the job that reads it
            return hashlib.sha256(Path(file).read_bytes()).digest()
    return f"{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}".encode()


def _files(path: str) -> Files:
    if os.path.isfile(path):  # noqa: PTH113 - here and below three times as fast as pathlib
        return [(path, os.stat(path))]  # noqa: PTH116
    walked = os.walk(path, followlinks=True)
    found = (os.path.join(folder, name) for folder, _, names in walked for name in names)  # noqa: PTH118
    return [(file, os.stat(file)) for file in found]  # noqa: PTH116

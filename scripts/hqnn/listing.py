"""A digest of what lies in a folder, so that changed, moved and replaced files are noticed."""

from __future__ import annotations

import hashlib
import os
from functools import cache


@cache
def listing_digest(path: str) -> str:
    """Digest of the names, sizes and times of all files below a folder, or of one file.

    Names and times decide, not times alone: two files that swap their names, or a file that is replaced by an older
    one, give another digest. Contents are not read, so that tens of thousands of files take a tenth of a second.

    Args:
        path: a folder or a file.

    Returns:
        16 hexadecimal digits; the same for a path that does not exist as for an empty folder.
    """
    sha = hashlib.sha256()
    for folder, name in sorted(_files(path)):
        state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - three times as fast as pathlib
        place = os.path.relpath(os.path.join(folder, name), path)  # noqa: PTH118
        sha.update(f"{place}\0{state.st_size}\0{state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()[:16]


def _files(path: str) -> list[tuple[str, str]]:
    if os.path.isfile(path):  # noqa: PTH113
        return [os.path.split(path)]
    return [(folder, name) for folder, _, names in os.walk(path, followlinks=True) for name in names]

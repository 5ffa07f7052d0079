"""What a table was made of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import h5py

from hqnn.store import file_digest


def write_inputs(group: h5py.Group, paths: Sequence[Path], root: Path) -> None:
    """Write path below the root and sha256 of every file."""
    group["path"] = [Path(os.path.relpath(path, root)).as_posix() for path in paths]
    group["sha256"] = [file_digest(path) for path in paths]

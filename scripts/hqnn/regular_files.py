"""Files that end, unlike pipes and devices."""

from __future__ import annotations

import os
from pathlib import Path

from hqnn.errors import UserError


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse a pipe, a device or a socket, of which reading may never end; what is not there is left to its reader.

    Raises:
        UserError: it is one.
    """
    target = Path(path)
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise UserError(f"{path} is a pipe, a device or a socket; name a file")

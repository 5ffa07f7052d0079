"""What a kill leaves half-written beside a file or folder."""

from __future__ import annotations

import os
import shutil
from glob import escape
from pathlib import Path

RANDOM = "?" * 8  # what `tempfile` puts between prefix and suffix


def remove_partials(target: str | os.PathLike[str]) -> None:
    """Remove what was begun by `whole_file` or `whole_folder` and never came to be the target, nor went by itself.

    To be called by the one job that writes the target, before or after it writes.

    Args:
        target: the file or folder; it stays.
    """
    target = Path(target)
    for found in target.parent.glob(f".{escape(target.stem)}.{RANDOM}{escape(target.suffix)}"):
        found.unlink(missing_ok=True) if not found.is_dir() else shutil.rmtree(found)
    for found in target.parent.glob(f".{escape(target.name)}.{RANDOM}/"):
        shutil.rmtree(found)

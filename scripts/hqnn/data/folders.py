"""Folders that are whole or absent."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hqnn.store import explained_write_error


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder beside the target; on success it replaces the target, on failure it disappears.

    Raises:
        UserError: it cannot be written, or the disk is full.
    """
    target = Path(path)
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        partial.chmod(0o755)
        yield partial
        if target.exists():
            shutil.rmtree(target)
        partial.replace(target)
    except OSError as error:
        explained = explained_write_error(error, target)
        if explained is None:
            raise
        raise explained from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)

"""The folder that checkouts share results in, looked at before anything runs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hqnn.errors import UserError

VARIABLE = "SNAKEMAKE_OUTPUT_CACHE"
LEAST_GB = 1.0  # more than what one job of the demo leaves there


def check_cache_folder(folder: str) -> None:
    """Find out that results can be written there.

    Args:
        folder: as the environment variable names it; an address of a storage is left to Snakemake.

    Raises:
        UserError: it is not named, is no folder, cannot be written or is full.
    """
    if "://" in folder:
        return
    if not folder:
        raise UserError(f"--cache shares results through a folder: name one by {VARIABLE}, or leave --cache out")
    named = f"{VARIABLE} is {folder}"
    if not Path(folder).is_dir():
        raise UserError(f"{named}, which is no folder; make it, or name another one")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(f"{named}, which cannot be written ({error.strerror}); name one of your own") from error
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < LEAST_GB:
        raise UserError(
            f"{named}, where {free_gb:.1f} GB are free and {LEAST_GB:g} is the least; delete what is old there, name "
            "another one, or leave --cache out"
        )

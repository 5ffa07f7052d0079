"""Synthetic sets by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from hqnn.data.synthetic import handwritten, pairs, photographs, scenes, table
from hqnn.errors import UserError, nearest

SETS: Mapping[str, Callable[[str | os.PathLike[str], int], None]] = {
    "pairs": lambda folder, seed: pairs.write_sample(folder, seed=seed),
    "scenes": lambda folder, seed: scenes.write_scenes(folder, seed),
    "faces": lambda folder, seed: photographs.write_sample("faces", folder, seed=seed),
    "concrete": lambda folder, seed: photographs.write_sample("concrete", folder, seed=seed),
    "handwritten": lambda folder, seed: handwritten.write_digits(folder),  # digits that people wrote: no seed
    "table": lambda folder, seed: table.write_table_sample(folder, seed),
}


def write_set(name: str, folder: str | os.PathLike[str], seed: int) -> None:
    """Write a synthetic set.

    Args:
        name: of the set.
        folder: where; replaced if it exists.
        seed: of everything that is random; the same one gives the same files.

    Raises:
        UserError: there is no such set, or the folder cannot be written.
    """
    if name not in SETS:
        raise UserError(f"no synthetic set is called {name!r}{nearest(name, SETS)}")
    SETS[name](folder, seed)

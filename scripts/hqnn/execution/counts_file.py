"""Raw counts of a machine as a file: what was paid for, of which anything may be made later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.execution.machines.provider import Counts, Task
from hqnn.store import read_table, write_table

PLAIN = "copy"  # how names begin of pubs that samples run in as they are; see `hqnn.execution.sampled.task_of`
FOLDED = "-factor"  # what stands before the noise factor of one whose gates are repeated

Bits = NDArray[np.uint8]


def is_plain(name: str) -> bool:
    """Whether a pub runs samples as they are: neither a calibration nor folded."""
    return name.startswith(PLAIN) and FOLDED not in name


def plain_bits(task: Task, counts: Counts) -> list[Bits]:
    """The bits of the pubs that run samples as they are, in their order."""
    return [bits for pub, bits in zip(task.pubs, counts.bits, strict=True) if is_plain(pub.name)]


def write_counts(
    output: str | os.PathLike[str], ids: NDArray[np.int64], task: Task, counts: Counts, about: Mapping[str, Any]
) -> None:
    """Write the bits of every pub.

    Args:
        output: rows of a pub are samples, or samples times the places that each circuit visits.
        ids: of the samples.
        task: what ran.
        counts: what it gave.
        about: ``weights_fingerprint``, ``machine`` and ``calibration``, and whatever else is known.
    """
    columns: dict[str, NDArray[Any]] = {"sample": ids}
    columns |= {pub.name: bits for pub, bits in zip(task.pubs, counts.bits, strict=True)}
    write_table(output, columns, {**about, "pubs": [pub.name for pub in task.pubs]})


def read_counts(
    file: str | os.PathLike[str], ids: NDArray[np.int64], trained: str
) -> tuple[dict[str, Bits], dict[str, Any]]:
    """Bits by the names of their pubs, and what the file says about itself.

    Args:
        file: as `write_counts` wrote it.
        ids: of the samples that these must be of.
        trained: fingerprint of the weights that these must be of.

    Raises:
        UserError: the file is damaged, or of other samples or weights.
    """
    columns, about = read_table(file, "sample")
    if about.get("weights_fingerprint") != trained or not np.array_equal(columns["sample"], ids):
        raise UserError(f"{file} holds the counts of other samples or weights; run hardware again")
    found, _ = read_table(file, *about["pubs"])
    return {name: found[name] for name in about["pubs"]}, about

"""Which rows a model is trained, validated and tested on: as the table says, or dealt."""

from __future__ import annotations

import logging
import os

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import PARTS, TEST, TRAIN
from hqnn.data.splits import write_split
from hqnn.data.table.cells import shown
from hqnn.errors import UserError
from hqnn.settings.splits import Split
from hqnn.store import file_digest, open_table, read_attributes, write_table

log = logging.getLogger(__name__)

Parts = NDArray[np.uint8]


def write_table_split(
    samples: str | os.PathLike[str],
    output: str | os.PathLike[str],
    split: Split,
    *,
    seed: int,
    own: bool = True,
) -> None:
    """Write the column `split` of a table of rows: the one the table came with, or else one that is dealt.

    Attributes are those of `write_split`; `own` says whether the table came with it. A warning says when rows of one
    group are in two parts.

    Args:
        samples: what `prepare_table` wrote.
        output: the table of the split.
        split: how it is dealt.
        seed: of what is dealt.
        own: whether the table's own split is taken where it has one.

    Raises:
        UserError: see `write_split`; the table's own split has no test row, or no train row of a class.
    """
    with open_table(samples) as file:
        given: Parts | None = file["given_split"][()] if own and "given_split" in file else None
    if given is None:
        write_split(samples, output, split, seed=seed)
    else:
        _write_given(samples, output, given, split)
    with open_table(samples) as file, open_table(output) as dealt:
        _say_what_is_parted(file, dealt["split"][()])


def _write_given(samples: str | os.PathLike[str], output: str | os.PathLike[str], given: Parts, split: Split) -> None:
    with open_table(samples) as file:
        classes, labels = read_attributes(file)["classes"], file["labels"][()]
    absent = sorted(set(labels.tolist()) - set(labels[given == TRAIN].tolist()))
    if absent:
        raise UserError(
            f"{samples}: the table's own split has no train row of class {classes[absent[0]]!r}; mend its column, "
            "or deal rows anew"
        )
    if TEST not in given:
        raise UserError(f"{samples}: the table's own split has no test row; mend its column, or deal rows anew")
    log.warning("%s: parted by its own column, so the sizes of split %s count for nothing", samples, split.name)
    counts = {
        part: np.bincount(labels[given == code], minlength=len(classes)).tolist() for code, part in enumerate(PARTS)
    }
    about = {"name": split.name, "parts": list(PARTS), "classes": classes, "samples": file_digest(samples)}
    write_table(output, {"split": given}, {**about, "counts": counts, "own": True})


def _say_what_is_parted(file: h5py.File, parts: Parts) -> None:
    for name in [name for name in file if name.startswith("group_")]:
        groups = file[name][()]
        train = np.intersect1d(groups[parts == TRAIN], groups[parts == TEST])
        if len(train):
            known = read_attributes(file[name])["names"]
            log.warning(
                "%s: rows of %d groups are in train and in test, so the score is too good for new ones: %s; set the "
                "split's group: %s",
                file.filename,
                len(train),
                shown([known[code] for code in train]),
                name.removeprefix("group_"),
            )

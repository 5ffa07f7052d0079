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

    Attributes are those of `write_split`; `own` says whether the table came with it, and `group` is then the table's
    only column of groups where the split names none. A warning says when rows of one group, or equal rows, are in train
    and in test.

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
        parts = dealt["split"][()]
        _say_what_is_parted(file, parts, own=given is not None)
        _say_what_is_repeated(file, parts)


def _write_given(samples: str | os.PathLike[str], output: str | os.PathLike[str], given: Parts, split: Split) -> None:
    with open_table(samples) as file:
        classes, labels = read_attributes(file)["classes"], file["labels"][()]
        groups = [name.removeprefix("group_") for name in file if name.startswith("group_")]
    absent = sorted(set(labels.tolist()) - set(labels[given == TRAIN].tolist()))
    if absent:
        raise UserError(
            f"{samples}: the table's own split has no train row of class {classes[absent[0]]!r}; mend its column, or "
            "take it out, and rows are dealt"
        )
    if TEST not in given:
        raise UserError(
            f"{samples}: the table's own split has no test row; mend its column, or take it out, and rows are dealt"
        )
    log.warning("%s: parted by its own column, so the sizes of split %s count for nothing", samples, split.name)
    counts = {
        part: np.bincount(labels[given == code], minlength=len(classes)).tolist() for code, part in enumerate(PARTS)
    }
    group = split.group or (groups[0] if len(groups) == 1 else "")
    about = {"name": split.name, "parts": list(PARTS), "classes": classes, "samples": file_digest(samples)}
    write_table(output, {"split": given}, {**about, "counts": counts, "own": True, "group": group})


def _say_what_is_parted(file: h5py.File, parts: Parts, *, own: bool) -> None:
    for name in [name for name in file if name.startswith("group_")]:
        groups = file[name][()]
        train = np.intersect1d(groups[parts == TRAIN], groups[parts == TEST])
        if len(train):
            known, group = read_attributes(file[name])["names"], name.removeprefix("group_")
            log.warning(
                "%s: rows of %d group%s are in train and in test, so the score is too good for new ones: %s; %s",
                file.filename,
                len(train),
                "" if len(train) == 1 else "s",
                shown([known[code] for code in train]),
                "mend the table's column of the split" if own else f"set the split's group: {group}",
            )


def _say_what_is_repeated(file: h5py.File, parts: Parts) -> None:
    """Warn of test rows whose numbers a train row has."""
    if not read_attributes(file)["repeated"][0]:
        return
    raw = file["raw"][()] + np.float32(0)  # so that -0 is 0
    train = {row.tobytes() for row in raw[parts == TRAIN]}
    known = sum(row.tobytes() in train for row in raw[parts == TEST])
    if known:
        log.warning(
            "%s: %d of %d test rows have the numbers of a train row, so the score is too good for new ones; take the "
            "repeats out, or give them one group and set the split's group",
            file.filename,
            known,
            int((parts == TEST).sum()),
        )

"""Which samples a model is trained, validated and tested on."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from hqnn.data.deals import apportion, deal_groups, deal_samples
from hqnn.data.parts import PARTS, TEST, TRAIN, UNUSED, VALIDATION
from hqnn.errors import UserError, nearest
from hqnn.settings.splits import Split
from hqnn.store import file_digest, open_table, read_attributes, write_table

ORDER = (TRAIN, VALIDATION, TEST, UNUSED)  # in which sizes are named
SPLIT = 30  # the purpose of the deal, beside its seed


def split_samples(
    labels: NDArray[np.uint8], split: Split, seed: int, groups: NDArray[np.integer] | None = None
) -> NDArray[np.uint8]:
    """Deal samples to the parts at random, each part with the classes' shares of the whole.

    Without groups the sizes are exact, and the number of a class in a part is its share of that part, rounded up or
    down. With groups, the deal of whole groups is the best of a hundred by chi-square of its classes' numbers,
    and numbers of samples are then drawn from each part, exact, with the classes' shares there.

    Args:
        labels: shape (samples,).
        split: how.
        seed: of everything that is random.
        groups: of each sample, shape (samples,); asked for where the split names a group.

    Returns:
        Shape (samples,): 0 train, 1 test, 2 validation, 3 unused.

    Raises:
        UserError: there are fewer samples or groups than the split needs, or a class has no train sample.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, SPLIT]))
    classes = np.unique(labels, return_inverse=True)[1]
    wanted = _numbers(split, len(labels))
    if groups is None:
        dealt = deal_samples(classes, wanted, generator)
    else:
        dealt = _grouped(classes, np.unique(groups, return_inverse=True)[1], split, wanted, generator)
    parts = np.array(ORDER, dtype=np.uint8)[dealt]
    missing = set(np.unique(labels).tolist()) - set(labels[parts == TRAIN].tolist())
    if missing:
        raise UserError(f"split {split.name} has no train sample of class {min(missing)}; make train larger")
    if TEST not in parts:
        raise UserError(f"split {split.name} has no test sample, since there are only {len(labels)}; make test larger")
    return parts


def write_split(samples: str | os.PathLike[str], output: str | os.PathLike[str], split: Split, *, seed: int) -> None:
    """Write a table with the column `split` for the rows of a table of samples.

    Attributes: the split's settings, `name`, `seed`, `parts` (code = index), `counts` of each part by class, and the
    sha256 of the `samples`. Samples that come in parts, which their column `part` says, stay in these.

    Raises:
        UserError: see `split_samples`; the samples have no such group.
    """
    with open_table(samples) as file:
        about, labels = read_attributes(file), file["labels"][()]
        if split.group and f"group_{split.group}" not in file:
            known = [name.removeprefix("group_") for name in file if name.startswith("group_")]
            raise UserError(f"{samples} has no group {split.group!r}{nearest(split.group, known)}")
        groups = file[f"group_{split.group}"][()] if split.group else None
        given = file["part"][()] if "part" in file else None
    about = {**split.model_dump(), "name": split.name, "parts": list(PARTS), "classes": about["classes"]}
    parts = split_samples(labels, split, seed, groups) if given is None else given
    counts = {part: np.bincount(labels[parts == code]).tolist() for code, part in enumerate(PARTS)}
    write_table(output, {"split": parts}, {**about, "samples": file_digest(samples), "seed": seed, "counts": counts})


def _numbers(split: Split, total: int) -> NDArray[np.int64]:
    """How many samples each part gets, those left over last."""
    given = [size for size in split.sizes if size is not None]
    all_of_them = 1.0 if split.by_share else total
    left = all_of_them - sum(given)
    if left < 0 and not split.by_share:
        raise UserError(f"split {split.name} needs {sum(given):,} samples but there are {total:,}; lower its sizes")
    sizes = [left if size is None else size for size in split.sizes]
    sizes.append(0 if None in split.sizes else left)
    if split.by_share:
        return apportion(np.maximum(np.array(sizes), 0) * total)
    return np.array(sizes, dtype=np.int64)


def _grouped(
    classes: NDArray[np.int64],
    groups: NDArray[np.int64],
    split: Split,
    wanted: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    if split.by_share:
        return deal_groups(classes, groups, wanted / wanted.sum(), generator)
    shares = np.array(split.deal) if split.deal else wanted[:3] / wanted[:3].sum()
    least = np.array([0 if size is None else size for size in split.sizes])
    dealt = deal_groups(classes, groups, shares, generator, least)
    for part, size in enumerate(split.sizes):
        rows = np.flatnonzero(dealt == part)
        if size is not None:
            drawn = deal_samples(classes[rows], np.array([size, len(rows) - size]), generator)
            dealt[rows[drawn == 1]] = ORDER.index(UNUSED)
    return dealt

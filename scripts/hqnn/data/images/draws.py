"""Small subsets of a set's own split, drawn anew for every seed or always the same."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import PARTS, TEST, TRAIN, UNUSED
from hqnn.errors import UserError
from hqnn.store import file_digest, read_table, write_table

DRAW = 33  # the purpose of a draw, beside its seed


def draw(
    split: NDArray[np.uint8], *, train: int | None = 500, test: int | None = 100, seed: int | None
) -> NDArray[np.uint8]:
    """Choose some train images among the train images, and some test images among the test images.

    Args:
        split: 0 train, 1 test, shape (samples,).
        train: how many; all where None.
        test: likewise.
        seed: of the draw, in which every image is as likely; the first ones where None.

    Returns:
        0 train, 1 test, 3 unused, shape (samples,).

    Raises:
        UserError: there are fewer.
    """
    generator = None if seed is None else np.random.default_rng(np.random.SeedSequence([seed, DRAW]))
    drawn = np.full(len(split), UNUSED, dtype=np.uint8)
    for part, wanted in ((TRAIN, train), (TEST, test)):
        rows = np.flatnonzero(split == part)
        size = len(rows) if wanted is None else wanted
        if not 0 < size <= len(rows):
            raise UserError(
                f"a draw of {size} {PARTS[part]} images is asked for but there are {len(rows)}; change its size"
            )
        drawn[rows[:size] if generator is None else generator.choice(rows, size, replace=False)] = part
    return drawn


def write_draw(
    samples: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    train: int | None = 500,
    test: int | None = 100,
    fixed: bool = False,
    seed: int,
) -> None:
    """Write a draw from a table of samples as one column `split` of the same rows; see `draw`.

    Args:
        samples: the table.
        output: of the draw.
        train: how many train images.
        test: how many test images.
        fixed: whether it is of the first images, whatever the seed.
        seed: of the draw.
    """
    columns, _ = read_table(samples, "split")
    drawn = draw(columns["split"], train=train, test=test, seed=None if fixed else seed)
    settings = {"train": train, "test": test, "fixed": fixed, "seed": seed}
    write_table(output, {"split": drawn}, {"settings": settings, "samples": file_digest(samples)})

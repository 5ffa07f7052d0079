"""Square blocks of a scene, dealt whole to parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hqnn.data.parts import TEST, TRAIN, VALIDATION

Integers = NDArray[np.int64]
FIRST = (TRAIN, TEST, VALIDATION)  # which of parts in equal need gets a block


@dataclass(frozen=True)
class Blocks:
    """How a grid is cut.

    Attributes:
        shape: rows and columns of the grid.
        side: rows and columns of a block; fewer at the far edges.
    """

    shape: tuple[int, int]
    side: int

    @property
    def count(self) -> int:
        """How many there are."""
        return -(-self.shape[0] // self.side) * self._across

    def numbers(self, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> Integers:
        """The block of each pixel, counted row by row, shape (pixels,)."""
        return rows.astype(np.int64) // self.side * self._across + columns // self.side

    @property
    def _across(self) -> int:
        return -(-self.shape[1] // self.side)


def deal_blocks(counts: Integers, shares: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.uint8]:
    """The part of each block, so that every part has its share of every class as nearly as blocks allow.

    Iterative stratification (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data",
    2011): class by class, that in the fewest blocks first, its blocks go, the largest first, to the part that lacks
    most of its share. A block that is the last to hold some class without a train sample goes to train.

    Args:
        counts: samples of each class in each block, shape (blocks, classes).
        shares: of each part, by its code.
        generator: of the order of equal blocks.

    Returns:
        Codes of parts, shape (blocks,); blocks without samples go to train. O(blocks x classes).
    """
    parts = np.full(len(counts), TRAIN, dtype=np.uint8)
    wanted = np.outer(shares, counts.sum(axis=0))
    got = np.zeros_like(wanted)
    order = np.array([*FIRST, *(set(range(len(shares))) - set(FIRST))])
    order = order[shares[order] > 0]
    present = counts > 0
    waiting = np.asarray(present.any(axis=1))
    holders = present.sum(axis=0)
    for label in np.argsort(holders.copy(), kind="stable"):
        own = generator.permutation(np.flatnonzero(waiting & present[:, label]))
        for block in own[np.argsort(-counts[own, label], kind="stable")]:
            last = present[block] & (holders == 1) & (got[TRAIN] == 0)
            lack = 1 - got[order, label] / wanted[order, label]
            part = TRAIN if last.any() else order[lack.argmax()]
            parts[block] = part
            got[part] += counts[block]
            holders = holders - present[block]
            waiting[block] = False
    return parts

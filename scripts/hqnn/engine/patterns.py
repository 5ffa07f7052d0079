"""Where a block's matrix can be other than zero, whatever its angles: kernels do only that work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hqnn.engine.elements import Element, Fixed
from hqnn.engine.pauli import rotation_parts
from hqnn.engine.plan import Block
from hqnn.noise.channels import embed
from hqnn.noise.model import TransferMatrix

GROUP = 4
NOWHERE = 16
_NEGLIGIBLE = 1e-14

Mask = NDArray[np.bool_]


def pattern_of(block: Block) -> Mask:
    """Which entries of a block's matrix some angles make other than zero, shape (rows, columns)."""
    mask = np.abs(block.start) > _NEGLIGIBLE
    for factor in block.factors:
        mask = (_factor_mask(factor, block.wires).astype(int) @ mask.astype(int)) > 0
    kept = [4 * a + b if len(block.rows) == 2 else a for a in range(block.rows[0]) for b in range((*block.rows, 1)[1])]
    return np.asarray(mask[kept])


def places_of(mask: Mask) -> list[list[int]]:
    """For each row the columns of its entries, filled up with `NOWHERE` to groups of `GROUP`."""
    rows = [np.flatnonzero(row).tolist() for row in mask]
    return [places + [NOWHERE] * (-len(places) % GROUP) for places in rows]


def on_wires(matrix: TransferMatrix, own: tuple[int, ...], wires: tuple[int, ...]) -> TransferMatrix:
    """A matrix on some of a block's wires as one on all of them."""
    return embed(matrix, [wires.index(w) for w in own], len(wires))


def _factor_mask(factor: Element, wires: tuple[int, ...]) -> Mask:
    parts = (factor.matrix,) if isinstance(factor, Fixed) else rotation_parts(factor.word)
    total = np.sum([np.abs(part) for part in parts], axis=0)
    return np.asarray(on_wires(total, factor.wires, wires) > _NEGLIGIBLE)

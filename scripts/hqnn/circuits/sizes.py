"""How many wires a circuit has and what is measured on them, where that follows the number of classes."""

from __future__ import annotations

import logging
import math
from itertools import accumulate

log = logging.getLogger(__name__)

WIRES = {"pixel": 8, "dressed": 4}  # of nets for few classes, by the kind of their architecture
FEW, MOST = 4, 8  # classes that are few; wires of nets for more, of which a step's cost grows as 4^wires


def observables_for(classes: int, wires: int) -> tuple[str, ...]:
    """As many Pauli words as there are classes, or more, so that a linear layer can read a logit of each.

    Whole families are taken, one after the other: Z of every wire (n words), X of every wire (2n in all, by a second
    measurement), Z Z of neighbours (3n - 1 in all). X comes before Z Z, since it told ten classes of photographs apart
    better on 4 and on 8 wires.

    Args:
        classes: how many.
        wires: how many.

    Returns:
        The words, as `hqnn.circuits.words.parse_observables` reads them; all three families where even they are fewer
        than the classes, with a warning.
    """
    families = (
        tuple(f"Z{wire}" for wire in range(wires)),
        tuple(f"X{wire}" for wire in range(wires)),
        tuple(f"Z{wire}Z{wire + 1}" for wire in range(wires - 1)),
    )
    taken = list(accumulate(families))
    enough = [words for words in taken if len(words) >= classes]
    if not enough:
        log.warning(
            "%d wires give %d expectation values for %d classes; take more wires", wires, 3 * wires - 1, classes
        )
    return (enough or taken)[0 if enough else -1]


def wires_for(classes: int, default: int) -> int:
    """Wires of a circuit whose reading is no bottleneck.

    Args:
        classes: how many.
        default: wires that few classes need.
    """
    return default if classes <= FEW else max(default, min(classes, MOST))


def wires_of(embedding: str, numbers: int) -> int:
    """Wires that an embedding needs for so many numbers: one a number as angles, as few as hold them as amplitudes."""
    return math.ceil(math.log2(numbers)) if embedding == "amplitude" else numbers

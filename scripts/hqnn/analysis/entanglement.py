"""How entangled the states are that a circuit prepares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hqnn.analysis.states import States


def meyer_wallach(states: States) -> NDArray[np.float64]:
    """Meyer and Wallach's Q, ``2 (1 - mean_k tr(rho_k^2))``: 0 for product states, 1 where every wire is mixed fully.

    Sources: D. A. Meyer, N. R. Wallach, J. Math. Phys. 43, 4273 (2002); G. K. Brennen, Quantum Inf. Comput. 3, 619
    (2003), for this form.

    Args:
        states: pure, normalised, shape (states, 2^wires).

    Returns:
        Shape (states,).
    """
    wires = states.shape[1].bit_length() - 1
    tensor = states.reshape(-1, *(2,) * wires)
    purities = []
    for wire in range(wires):
        own = np.moveaxis(tensor, 1 + wire, 1).reshape(len(states), 2, -1)
        reduced = own @ own.conj().transpose(0, 2, 1)
        purities.append((np.abs(reduced) ** 2).sum(axis=(1, 2)))
    return np.asarray(2 * (1 - np.mean(purities, axis=0)))

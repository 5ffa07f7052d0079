"""Gates that turn too far, a coherent error."""

from __future__ import annotations

from functools import cache

import numpy as np

from hqnn.errors import UserError
from hqnn.noise.channels import from_kraus, reverse_wires
from hqnn.noise.model import TransferMatrix

_MINUS_ONE = 1e-9  # an eigenvalue so near to -1 is turned by +pi, whatever its rounding says


@cache
def over_rotated(name: str, fraction: float) -> TransferMatrix:
    """What follows an ideal gate ``U`` that turns ``1 + fraction`` times as far: ``U^fraction``.

    Args:
        name: Qiskit's, of a gate without parameters; such as ``sx``, whose angle is pi/2, or ``cz``, whose is pi.
        fraction: of the gate's own angle; negative where it turns too little.

    Returns:
        Shape (4^k, 4^k), the gate's first qubit first.

    Raises:
        UserError: the gate's angle is a parameter, or Qiskit does not know it.
    """
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from scipy.linalg import schur

    gate = get_standard_gate_name_mapping().get(name)
    if gate is None or gate.params:
        raise UserError(
            f"gate {name!r} has no fixed angle that an over-rotation could be a part of; set over_rotation to 0 for "
            "this backend"
        )
    triangle, vectors = schur(gate.to_matrix().astype(complex), output="complex")
    angles = np.angle(np.diag(triangle))
    angles[angles < _MINUS_ONE - np.pi] += 2 * np.pi
    power = vectors * np.exp(1j * fraction * angles) @ vectors.conj().T
    return reverse_wires(from_kraus([power]))

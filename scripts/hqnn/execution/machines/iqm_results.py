"""Measurements as IQM gives them, as bits of a register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from hqnn.errors import UserError


def bits_of(measurements: Mapping[str, Any], circuit: QuantumCircuit, shots: int, job: str) -> NDArray[np.uint8]:
    """The shots of one circuit.

    Args:
        measurements: for each measured bit, called ``<register>_<length>_<number>_<bit>``, a list of ``[0]`` and
            ``[1]``, one a shot.
        circuit: with one register.
        shots: how many there must be.
        job: for messages.

    Returns:
        Shape (shots, bytes), see `hqnn.execution.machines.provider.Counts`.

    Raises:
        UserError: a measured bit is missing, one is there that was not measured, or the shots are not so many.
    """
    wanted = {circuit.find_bit(bit).index for step in circuit.data for bit in step.clbits}
    found = {int(key.rpartition("_")[2]): np.asarray(values) for key, values in measurements.items()}
    if found.keys() != wanted:
        raise UserError(
            f"job {job} gave the bits {sorted(found)} of a circuit that measures {sorted(wanted)}; ask the operator"
        )
    width = circuit.num_clbits
    bits = np.zeros((shots, 8 * -(-width // 8)), dtype=np.uint8)
    for place, values in found.items():
        if values.shape != (shots, 1) or not np.isin(values, (0, 1)).all():
            raise UserError(
                f"job {job} gave an array of shape {values.shape} for bit {place}, or other numbers than 0 and 1, "
                f"where {shots} shots were asked for; ask the operator"
            )
        bits[:, bits.shape[1] - 1 - place] = values[:, 0]
    return np.packbits(bits, axis=1)

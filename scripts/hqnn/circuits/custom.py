"""Your own circuits: add a plain PennyLane function here and use its name in a model's name.

An embedding takes ``(inputs, wires)``, an ansatz ``(weights, wires, layer)`` with the weights of one layer. Angles must
be sums of inputs and weights, and the gates the same for all values; everything else that PennyLane can decompose into
unitary gates is free. For example::

    @ansatz(weight_shape=lambda wires: (wires, 2))
    def brick(weights, wires, layer):
        for wire, (a, b) in zip(wires, weights):
            qml.RX(a, wire)
            qml.RZ(b, wire)
        for wire in range(layer % 2, len(wires) - 1, 2):
            qml.ISWAP([wires[wire], wires[wire + 1]])

makes ``angle_y-brick-3`` a model, on every simulator and device.
"""

from __future__ import annotations

import pennylane as qml  # noqa: F401  for your functions

from hqnn.circuits.registry import ansatz, embedding  # noqa: F401

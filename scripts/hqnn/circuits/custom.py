"""Your own circuits: add a plain PennyLane function here and use its name in a model's name.

An embedding takes ``(inputs, wires)``, an ansatz ``(weights, wires, layer)`` with the weights of one layer. Angles may
be any function of inputs and weights that is written with ``+ - * / **`` and functions of NumPy or ``qml.math`` such as
``np.arctan``; the gates must be the same for all values. Everything that PennyLane can decompose into unitary gates is
free, and so are ``qml.measure``, ``qml.cond`` and channels with fixed numbers. For example::

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

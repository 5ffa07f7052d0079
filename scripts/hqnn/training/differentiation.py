"""Ways to differentiate a circuit: the engine's, or one of PennyLane's on any of its devices, executions counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pennylane as qml
import torch
from torch import Tensor, nn

from hqnn.circuits.functions import entering
from hqnn.circuits.light_cone import observed_gates
from hqnn.circuits.program import Angle, Program, Rotation
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError, nearest, plain
from hqnn.interpreters.pennylane import to_qnode
from hqnn.noise.deferral import deferred

ENGINE = "engine"
PASSES = ("backprop", "adjoint")
CIRCUITS = ("parameter-shift", "finite-diff", "spsa")
METHODS = (*PASSES, *CIRCUITS)


@dataclass(frozen=True)
class Executions:
    """How many circuits were run, or would be.

    Attributes:
        forward: for expectation values.
        backward: for gradients; a pass over a simulated state, as backprop and adjoint make it, counts as one circuit.
    """

    forward: int
    backward: int


class PennyLaneLayer(nn.Module):
    """A program on a PennyLane device; takes the place of a `QuantumLayer`.

    Attributes:
        weights: as the `QuantumLayer`'s: same name, shape and order.
        program: what is run.
        method: one of `METHODS`.
    """

    def __init__(
        self,
        layer: QuantumLayer,
        method: str,
        *,
        device: str = "default.qubit",
        shots: int | None = None,
        **options: Any,
    ) -> None:
        """Take over the program, the noise, the copies and the very weights of an engine's layer.

        Args:
            layer: to be replaced.
            method: one of `METHODS`.
            device: PennyLane's name.
            shots: None for exact expectation values.
            options: of the method, such as ``h`` for finite differences or ``num_directions`` for SPSA.

        Raises:
            UserError: the method or device is unknown, or they do not go together.
        """
        super().__init__()
        if method not in METHODS:
            raise UserError(f"differentiation method {method!r} is unknown{nearest(method, (ENGINE, *METHODS))}")
        if method in PASSES and shots is not None:
            raise UserError(f"{method} needs exact expectation values; leave the shots out or take parameter-shift")
        self.program, self.method, self.copies = layer.program, method, layer.copies
        self._device = _device(device, deferred(layer.program, layer.noise).wires, method)
        self._evaluate = to_qnode(
            layer.program, self._device, diff_method=method, shots=shots, noise=layer.noise, **options
        )
        self.weights = layer.weights
        self._device.tracker.active = True
        self._forward = self._backward_passes = 0

    @property
    def executions(self) -> Executions:
        """Circuits run since the layer was made."""
        if self.method in PASSES:
            return Executions(self._forward, self._backward_passes)
        return Executions(self._forward, self._ran() - self._forward)

    def forward(self, inputs: Tensor) -> Tensor:
        """Run the circuit on every sample; shapes as `QuantumLayer.forward`.

        Raises:
            UserError: a wrong shape.
        """
        width = self.copies * self.program.inputs
        if inputs.dim() < 1 or inputs.shape[-1] != width:
            raise UserError(f"the quantum layer got inputs of shape {tuple(inputs.shape)}; give (..., {width})")
        samples = inputs.to(self.weights.dtype).reshape(-1, self.copies, self.program.inputs)
        weights = self.weights.reshape(self.copies, -1)
        before = self._ran()
        values = torch.cat([self._evaluate(samples[:, c], weights[c]) for c in range(self.copies)], dim=-1)
        circuits = self.copies * len(samples)
        self._forward += circuits if self.method in PASSES else self._ran() - before
        if self.method in PASSES and values.requires_grad:
            values.register_hook(lambda _: self._count_passes(circuits))  # type: ignore[no-untyped-call]
        return values.to(self.weights.dtype).reshape(*inputs.shape[:-1], values.shape[-1])

    def extra_repr(self) -> str:
        """What runs where, as torch prints it."""
        return f"method={self.method!r}, device={self._device.name!r}, wires={self.program.wires}"

    def _ran(self) -> int:
        return int(self._device.tracker.totals.get("executions", 0))

    def _count_passes(self, circuits: int) -> None:
        self._backward_passes += circuits


def differentiate_by(model: Any, method: str, device: str = "default.qubit", **options: Any) -> None:
    """Let a classifier's circuit be run and differentiated another way, with the same weights.

    Args:
        model: a hybrid classifier, changed in place; its `state_dict` stays as it is.
        method: ``"engine"`` leaves the model alone; otherwise one of `METHODS`.
        device: PennyLane's name.
        options: see `PennyLaneLayer`.

    Raises:
        UserError: see `PennyLaneLayer`.
    """
    if method != ENGINE:
        model.register_module("quantum", PennyLaneLayer(model.quantum, method, device=device, **options))


def executions_per_image(
    program: Program,
    method: str,
    *,
    inputs: bool = True,
    weights: bool = True,
    sampled: bool = False,
    directions: int = 1,
) -> Executions:
    """The formula: forward 1; backward 1, p or 2p, with p the trainable parameters of gates.

    A parameter counts where a path of gates leads from it to an observable. Parameter shift runs two circuits for every
    Pauli rotation, so two for a parameter of RY and four for one of CRX, which is two rotations. Finite differences run
    one for every parameter of a gate, starting from the forward value; with shots they measure that value again. SPSA
    runs two for every direction. All observables are taken to be read from one circuit.

    Args:
        program: with its gates.
        method: one of `METHODS`.
        inputs: whether inputs need gradients.
        weights: whether weights do.
        sampled: whether there are shots.
        directions: of SPSA.

    Raises:
        UserError: the method is unknown.
    """
    if method not in METHODS:
        raise UserError(f"differentiation method {method!r} is unknown{nearest(method, METHODS)}")

    program = deferred(program)

    def trainable(angle: Angle) -> bool:
        by_inputs, by_weights = entering(program, angle)
        return (inputs and by_inputs) or (weights and by_weights)

    seen = [gate for gate in observed_gates(program) if any(map(trainable, gate.angles))]
    rotations = [f for gate in seen for f in gate.factors if isinstance(f, Rotation) and trainable(f.angle)]
    backward = {
        "parameter-shift": 2 * len(rotations),
        "finite-diff": sum(trainable(angle) for gate in seen for angle in gate.angles) + sampled,
        "spsa": 2 * directions,
    }
    return Executions(1, backward.get(method, 1) if seen else 0)


def _device(name: str, wires: int, method: str) -> Any:
    options: dict[str, Any] = {}
    if name == "qiskit.aer":
        from hqnn.training.aer import ExactAer  # brings Qiskit

        options = {"backend": ExactAer(), "optimization_level": 0}
    try:
        device = qml.device(name, wires=wires, **options)
    except (qml.exceptions.DeviceError, TypeError) as error:
        raise UserError(
            f"PennyLane has no device {name!r} ({plain(error)}); install its plugin or name another"
        ) from error
    config = qml.devices.ExecutionConfig(gradient_method=method)
    if method in PASSES and not device.supports_derivatives(config):
        raise UserError(f"PennyLane device {name!r} has no {method}; take another method, such as parameter-shift")
    return device

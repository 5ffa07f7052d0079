"""Nets that differ in nothing but their weights, run as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.models.classifier import Classifier
from hqnn.models.hybrid import QUANTUM_WEIGHTS, HybridClassifier


class SeedStack(nn.Module):
    """Several nets in one, each with weights and images of its own; so many seeds train in the time of a few.

    No number of one net enters another, so the gradient of the summed losses has each net's own gradient in its place,
    and an optimiser that treats every weight by itself, such as Adam or SGD, trains each as if it were alone.

    Args:
        nets: of the same architecture; their weights are copied.

    Raises:
        UserError: the nets have batch normalisation, whose statistics would have to be kept apart.
    """

    def __init__(self, nets: Sequence[Classifier]) -> None:
        super().__init__()
        if any(True for _ in nets[0].buffers()):
            raise UserError("nets with batch normalisation cannot be stacked; train one seed after the other")
        self.names = [name for name, _ in nets[0].named_parameters()]
        self.weights = nn.ParameterList(
            torch.stack([net.get_parameter(name).detach() for net in nets]) for name in self.names
        )
        if isinstance(nets[0], HybridClassifier):
            own = nets[0].quantum
            self._circuits = QuantumLayer(own.program, own.noise, own.copies * len(nets), generator=torch.Generator())
            self._circuits.weights = self.weights[self.names.index(QUANTUM_WEIGHTS)]
        self._net = (nets[0],)  # in a tuple, so that its weights are not the stack's

    def forward(self, images: Tensor) -> Tensor:
        """Logits of each net's images.

        Args:
            images: shape (nets, batch, rows, columns, channels), uint8.

        Returns:
            Shape (nets, batch, classes).
        """
        (net,) = self._net
        if not isinstance(net, HybridClassifier):
            return self._each(net, "", images)
        angles = self._each(net.encode, "encode.", images)
        return self._each(net.read, "read.", self._expectations(angles))

    def unstack(self, nets: Sequence[Classifier]) -> None:
        """Give the nets their weights back."""
        with torch.no_grad():
            for name, stacked in zip(self.names, self.weights, strict=True):
                for net, weight in zip(nets, stacked, strict=True):
                    net.get_parameter(name).copy_(weight)

    def _each(self, module: nn.Module, prefix: str, values: Tensor) -> Tensor:
        """A part of every net, on its own values."""

        def one(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
            result: Tensor = functional_call(module, dict(weights), (inputs,))
            return result

        result: Tensor = vmap(one)(self._of(prefix), values)
        return result

    def _expectations(self, angles: Tensor) -> Tensor:
        """What all nets' circuits give, as copies of one layer.

        Args:
            angles: shape (nets, batch, ..., inputs).

        Returns:
            Shape (nets, batch, ..., observables).
        """
        inputs = angles.movedim(0, -2).flatten(-2)
        values: Tensor = self._circuits(inputs)
        return values.reshape(*inputs.shape[:-1], len(angles), -1).movedim(-2, 0)

    def _of(self, prefix: str) -> dict[str, Tensor]:
        named = zip(self.names, self.weights, strict=True)
        return {name.removeprefix(prefix): weight for name, weight in named if name.startswith(prefix)}

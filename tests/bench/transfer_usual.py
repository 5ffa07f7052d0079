"""Transfer learning as its tutorials write it: the backbone sees every batch anew, and PennyLane runs every sample."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pennylane as qml
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import v2

WIRES = 4
PREPARE = v2.Compose(
    [
        v2.CenterCrop(224),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


@qml.qnode(qml.device("default.qubit", wires=WIRES), interface="torch", diff_method="backprop")
def circuit(angles: Tensor, weights: Tensor) -> list[qml.measurements.ExpectationMP]:
    """Mari et al., Quantum 4, 340 (2020), of depth 1."""
    for wire in range(WIRES):
        qml.Hadamard(wire)
        qml.RY(angles[wire], wire)
    for pair in ((0, 1), (2, 3), (1, 2)):
        qml.CNOT(pair)
    for wire in range(WIRES):
        qml.RY(weights[wire], wire)
    return [qml.expval(qml.PauliZ(wire)) for wire in range(WIRES)]


class DressedCircuit(nn.Module):
    """Takes the place of a network's last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(512, WIRES), nn.Linear(WIRES, 2)
        self.weights = nn.Parameter(0.01 * torch.randn(WIRES))

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (batch, 2)."""
        angles = torch.tanh(self.before(features)) * math.pi / 2
        values = [torch.stack(circuit(own, self.weights)) for own in angles]
        return self.after(torch.stack(values).to(features.dtype))


def network(weights: Path) -> nn.Module:
    """A frozen ResNet-18 that ends in a circuit."""
    net = models.resnet18(weights=None).eval()
    net.load_state_dict(load_file(weights))
    net.requires_grad_(False).fc = DressedCircuit()
    return net


def logits(net: nn.Module, images: np.ndarray) -> Tensor:
    """Of a batch of images, uint8, shape (batch, height, width, 3)."""
    return net(PREPARE(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()))


def train(net: nn.Module, images: np.ndarray, labels: np.ndarray, batch: int) -> None:
    """One pass over images that are in memory already."""
    optimizer = torch.optim.Adam(net.fc.parameters(), lr=0.001)
    for start in range(0, len(images), batch):
        rows = slice(start, start + batch)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits(net, images[rows]), torch.from_numpy(labels[rows]).long()).backward()
        optimizer.step()


@torch.no_grad()
def validate(net: nn.Module, images: np.ndarray, batch: int) -> None:
    """One pass without gradients."""
    for start in range(0, len(images), batch):
        logits(net, images[start : start + batch])

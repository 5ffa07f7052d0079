"""HQNN-Parallel: a convolutional net with circuits side by side in place of a dense layer.

The model is that of A. Senokosov, A. Sedykh, A. Sagingalieva, B. Kyriacou and A. Melnikov, "Quantum machine learning
for image classification" (Mach. Learn.: Sci. Technol. 5, 015040, 2024). The paper prints numbers of parameters, not
every layer. MNIST's 45,194 follow from its text with biases everywhere, batch normalisation behind each hidden layer
and behind the circuits, and none behind the last layer. The same rule with LeNet's 120 gives CIFAR-10's 81,578 and
81,698. For Medical MNIST (247,462 and 247,642) several nets fit and the text does not decide; this one keeps the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.models.classifier import Architecture, ClassicalClassifier
from hqnn.models.convolutional import DTYPE, Convolutional, encoder
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.models.layers import seeded_linear


@dataclass(frozen=True)
class Parallel(Convolutional):
    """Convolutions, hidden dense layers, a dense layer of one number a qubit, circuits, and a last dense layer.

    Attributes:
        circuits: how many stand side by side.
        qubits: of each circuit.
        rectified: whether ReLU follows the circuits' batch normalisation.
    """

    circuits: int
    qubits: int
    rectified: bool

    @property
    def width(self) -> int:
        """Numbers that the circuits take, and give."""
        return self.circuits * self.qubits


def parallel_classifier(
    architecture: Architecture,
    program: Program,
    generator: torch.Generator,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> HybridClassifier:
    """The hybrid net, in float32.

    Args:
        architecture: its options are fields of `Parallel`.
        program: one of its circuits; the paper's is RX of each input, strongly entangling layers, and Y of each qubit.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.

    Raises:
        UserError: an image is too small for the kernels and poolings.
    """
    sizes = Parallel.of(architecture)
    encode = encoder(sizes, (*sizes.dense, sizes.width), generator)
    read = _reading(sizes, generator)
    quantum = QuantumLayer(
        program, copies=sizes.circuits, memory_limit_mb=memory_limit_mb, generator=generator, dtype=DTYPE
    )
    return HybridClassifier(encode, quantum, read, architecture, memory_limit_mb)


def parallel_twin_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """The same net with one dense layer in place of all circuits, in float32; all else starts as in the hybrid net.

    Args:
        architecture: its options are fields of `Parallel`.
        generator: of the initial weights.

    Raises:
        UserError: an image is too small for the kernels and poolings.
    """
    sizes = Parallel.of(architecture)
    encode = encoder(sizes, (*sizes.dense, sizes.width), generator)
    read = _reading(sizes, generator)
    middle = seeded_linear(sizes.width, sizes.width, generator, DTYPE)
    return ClassicalClassifier(nn.Sequential(encode, middle, read), architecture)


def _reading(sizes: Parallel, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = [nn.BatchNorm1d(sizes.width)] if "circuits" in sizes.normalised else []
    if sizes.rectified:
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, seeded_linear(sizes.width, sizes.classes, generator, DTYPE))

"""HQNN-Quanv: a circuit as the kernel of a convolution, beside ordinary kernels of the same size.

From A. Senokosov et al., "Quantum machine learning for image classification" (Mach. Learn.: Sci. Technol. 5, 015040,
2024), where the circuit has 4 weights and the ordinary kernels 4 (CNN1) and 16 (CNN4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.models.classifier import Architecture, ClassicalClassifier, Classifier
from hqnn.models.convolutional import DTYPE, ImageSizes, seeded_convolution
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.models.image_scaling import ImageScaling
from hqnn.models.layers import seeded_linear


@dataclass(frozen=True)
class Quanvolution(ImageSizes):
    """A kernel that visits an image in steps, and a dense layer that reads all it gave; nothing between them.

    Attributes:
        shrink: each so many rows and columns become their mean first; for 2 that is bilinear resizing.
        kernel: rows and columns.
        stride: from one position to the next.
        kernels: ordinary ones; a circuit counts as one a wire.
    """

    shrink: int
    kernel: int
    stride: int
    kernels: int

    @property
    def positions(self) -> int:
        """Where the kernel stands."""
        rows, columns = ((side // self.shrink - self.kernel) // self.stride + 1 for side in self.image[:2])
        return rows * columns


class Patches(nn.Module):
    """Angles that a circuit gets at each of its positions.

    Args:
        sizes: of image and kernel.
    """

    def __init__(self, sizes: Quanvolution) -> None:
        super().__init__()
        self.shrink = sizes.shrink
        self.kernel = sizes.kernel
        self.stride = sizes.stride
        self.pixels = ImageScaling()

    def forward(self, images: Tensor) -> Tensor:
        """Shape (batch, rows, columns, channels), as stored, to (batch, positions, pixels), black 0 and white pi."""
        shrunk = functional.avg_pool2d(math.pi * self.pixels(images), self.shrink)
        return functional.unfold(shrunk, self.kernel, stride=self.stride).transpose(-1, -2)


def quanv_classifier(
    architecture: Architecture,
    program: Program,
    generator: torch.Generator,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> HybridClassifier:
    """The hybrid net, in float32.

    Args:
        architecture: its options are fields of `Quanvolution`.
        program: the kernel; the paper's is RY of each pixel, rotations and CNOTs, and Z of each wire.
        generator: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """
    sizes = Quanvolution.of(architecture)
    read = nn.Sequential(nn.Flatten(-2), _dense(sizes, len(program.observables), generator))
    quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, generator=generator, dtype=DTYPE)
    return HybridClassifier(Patches(sizes), quantum, read, architecture, memory_limit_mb)


def quanv_cnn_classifier(architecture: Architecture, generator: torch.Generator) -> ClassicalClassifier:
    """Ordinary kernels, without bias, in the circuit's place, in float32.

    Args:
        architecture: its options are fields of `Quanvolution`; one of the paper's nets has 1 kernel, the other 4.
        generator: of the initial weights.
    """
    sizes = Quanvolution.of(architecture)
    read = _dense(sizes, sizes.kernels, generator)
    kernels = seeded_convolution(
        sizes.image[2], sizes.kernels, sizes.kernel, generator, stride=sizes.stride, bias=False
    )
    body = nn.Sequential(ImageScaling(), nn.AvgPool2d(sizes.shrink), kernels, nn.Flatten(-3), read)
    return ClassicalClassifier(body, architecture)


def kernel_parameters(net: Classifier) -> int:
    """How many numbers a net's kernel has: weights of the circuit, or of the ordinary kernels."""
    return net.trainable() - sum(
        w.numel() for layer in net.modules() if isinstance(layer, nn.Linear) for w in layer.parameters()
    )


def _dense(sizes: Quanvolution, channels: int, generator: torch.Generator) -> nn.Linear:
    return seeded_linear(sizes.positions * channels, sizes.classes, generator, DTYPE)

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
from hqnn.models.convolutional import DTYPE, Convolutional, cnn_classifier, encoder
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.models.layers import seeded_linear


@dataclass(frozen=True)
class Parallel(Convolutional):
    """Convolutions, hidden dense layers, a dense layer of one number a qubit, circuits, and a last dense layer.

    Attributes:
        circuits: how many stand side by side.
        qubits: of each circuit.
        layers: strongly entangling layers of each circuit.
        rectified: whether ReLU follows the circuits' batch normalisation.
    """

    circuits: int = 4
    qubits: int = 5
    layers: int = 3
    rectified: bool = True

    @property
    def width(self) -> int:
        """Numbers that the circuits take, and give."""
        return self.circuits * self.qubits

    @property
    def angles(self) -> int:
        """Weights of all circuits; a strongly entangling layer has three a qubit."""
        return 3 * self.layers * self.width


MNIST = Parallel()
CIFAR10 = Parallel(image=(32, 32, 3), channels=(8, 16, 32), poolings=3, dense=(120,), layers=5)
MEDICAL_MNIST = Parallel(image=(64, 64, 1), channels=(10, 12), kernel=3, padding=1, poolings=1, layers=4, classes=6)
MNIST_CNN = Convolutional(dense=(224, 32), normalised=())
PRESETS = {"mnist": MNIST, "cifar10": CIFAR10, "medical_mnist": MEDICAL_MNIST}
PRINTED_PARAMETERS = {
    "mnist": {"parallel": 45_194, "cnn": 372_234},
    "cifar10": {"parallel": 81_578, "cnn": 81_698},
    "medical_mnist": {"parallel": 247_462, "cnn": 247_642},
}


def parallel_circuit(sizes: Parallel) -> Program:
    """One of the circuits: RX of each input, strongly entangling layers, Y of each qubit."""
    from hqnn.circuits.library import build  # brings PennyLane, which a traced circuit does not need

    observables = [f"Y{wire}" for wire in range(sizes.qubits)]
    return build(f"angle_x-strongly_entangling-{sizes.layers}", sizes.qubits, observables)


def parallel_classifier(
    architecture: Architecture,
    program: Program,
    generator: torch.Generator,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> HybridClassifier:
    """The hybrid net, in float32.

    Args:
        architecture: its options are fields of `Parallel`.
        program: one of its circuits, see `parallel_circuit`.
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


def parameter_counts(data: str) -> list[tuple[str, int, int | None]]:
    """Sizes beside the printed ones.

    Args:
        data: a key of `PRESETS`.

    Returns:
        Rows of model, parameters, and parameters as printed; None where the paper has no such model.
    """
    sizes, printed, generator = PRESETS[data], PRINTED_PARAMETERS[data], torch.Generator()
    twin = parallel_twin_classifier(sizes.architecture("parallel_twin"), generator).trainable()
    replaced = sizes.width * (sizes.width + 1)
    hybrid = ("parallel", twin - replaced + sizes.angles, printed["parallel"])
    if data != "mnist":  # the printed CNN is the twin
        return [hybrid, ("parallel_twin", twin, printed["cnn"])]
    cnn = cnn_classifier(MNIST_CNN.architecture("cnn"), generator).trainable()
    return [hybrid, ("parallel_twin", twin, None), ("cnn", cnn, printed["cnn"])]


def _reading(sizes: Parallel, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = [nn.BatchNorm1d(sizes.width)] if "circuits" in sizes.normalised else []
    if sizes.rectified:
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, seeded_linear(sizes.width, sizes.classes, generator, DTYPE))

"""What every trained classifier offers, quantum or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SAMPLES_AT_ONCE = 1024


@dataclass(frozen=True)
class Architecture:
    """From what a classifier can be built again; its weights apart.

    Attributes:
        kind: a key of `HYBRID` or `CLASSICAL` in `hqnn.models.architectures`.
        shape: of a sample: (features,) or (height, width, channels).
        classes: how many.
        options: of the kind; anything JSON can say.
    """

    kind: str
    shape: tuple[int, ...]
    classes: int = 2
    options: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The same as JSON can say it."""
        return {**asdict(self), "shape": list(self.shape)}


class Classifier(nn.Module):
    """Samples in, logits out.

    Its `forward` takes samples as the store holds them, float features or uint8 images, and gives logits: of shape
    (batch,) for class 1 of two, or (batch, classes).

    Attributes:
        architecture: how it was built.
    """

    architecture: Architecture

    @torch.no_grad()
    def classify(self, samples: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities; see `probabilities_of`."""
        parts = torch.split(self.as_input(samples), SAMPLES_AT_ONCE)
        return probabilities_of(torch.cat([self(part) for part in parts]))

    def as_input(self, samples: NDArray[Any]) -> Tensor:
        """Samples as a tensor on the weights' device: images as they are, features in the type of the weights."""
        weight, tensor = next(self.parameters()), torch.as_tensor(samples)
        return tensor.to(weight.device, weight.dtype if tensor.is_floating_point() else tensor.dtype)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All weights and running statistics by name."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}

    def trainable(self) -> int:
        """How many numbers are trained."""
        return sum(weight.numel() for weight in self.parameters() if weight.requires_grad)


class ClassicalClassifier(Classifier):
    """A network without a circuit.

    Args:
        body: samples to logits.
        architecture: how it was built.
    """

    def __init__(self, body: nn.Module, architecture: Architecture) -> None:
        super().__init__()
        self.body = body
        self.architecture = architecture

    def forward(self, samples: Tensor) -> Tensor:
        """Logits of samples."""
        logits: Tensor = self.body(samples)
        return logits


def probabilities_of(logits: Tensor) -> NDArray[np.float64]:
    """Probabilities from logits of shape (samples,) or (samples, classes).

    Returns:
        Of class 1, shape (samples,), where there are two classes; of every class, shape (samples, classes), where there
        are more.
    """
    logits = logits.cpu().double()
    if logits.dim() == 1:
        return torch.sigmoid(logits).numpy()
    if logits.shape[1] == 2:
        return torch.sigmoid(logits[:, 1] - logits[:, 0]).numpy()
    return torch.softmax(logits, dim=1).numpy()

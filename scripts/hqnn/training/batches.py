"""Samples as a model takes them, from arrays that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

BLOCK_BYTES = 1 << 26  # gathered at once: few calls for small samples, little memory for large ones
EVALUATED_AT_ONCE = 256


class Batches:
    """Samples and labels, given out on the model's device.

    Args:
        inputs: shape (samples, ...): float features, given out in the type of the model's weights, or uint8 images,
            given out as they are.
        labels: shape (samples,).
        model: tells type and device.

    Attributes:
        labels: int64, shape (samples,).
    """

    def __init__(self, inputs: NDArray[Any], labels: NDArray[np.uint8], model: nn.Module) -> None:
        weight = next(parameter for parameter in model.parameters() if parameter.is_floating_point())
        self._inputs = torch.as_tensor(inputs)
        self._dtype = weight.dtype if self._inputs.is_floating_point() else self._inputs.dtype
        self._device = weight.device
        self.labels = torch.as_tensor(labels).to(self._device, torch.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All inputs and labels, by these names."""
        return {"inputs": self._inputs.numpy(), "labels": self.labels.cpu().numpy()}

    def drawn(self, rows: NDArray[np.int64], sizes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and labels of one batch after the other.

        Args:
            rows: which samples, shape (sum of sizes,).
            sizes: of the batches.
        """
        order = torch.from_numpy(rows)
        batch_bytes = sizes[0] * self._inputs[:1].numel() * self._dtype.itemsize
        together = max(1, BLOCK_BYTES // max(1, batch_bytes))
        start = 0
        for first in range(0, len(sizes), together):
            batches = sizes[first : first + together]
            block = order[start : start + sum(batches)]
            start += len(block)
            inputs = self._inputs[block].to(self._device, self._dtype)
            yield from zip(torch.split(inputs, batches), torch.split(self.labels[block], batches), strict=True)

    def in_sequence(self) -> Iterator[Tensor]:
        """All inputs, in pieces small enough for any model."""
        for piece in torch.split(self._inputs, EVALUATED_AT_ONCE):
            yield piece.to(self._device, self._dtype)


def with_versions(
    inputs: NDArray[Any], labels: NDArray[np.uint8], versions: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Samples and their augmented versions as so many samples: of each first itself, then its versions.

    Args:
        inputs: features, shape (samples, features).
        labels: shape (samples,).
        versions: shape (samples, versions, features).

    Returns:
        Features, shape (samples * (1 + versions), features), and labels.
    """
    every = np.concatenate([inputs[:, None], versions], axis=1, dtype=inputs.dtype)
    return every.reshape(-1, *inputs.shape[1:]), np.repeat(labels, every.shape[1])

"""What a circuit's weights do to a model's answers: gradients sample by sample, Fisher information, its dimension."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from hqnn.models.hybrid import HybridClassifier

Floats = NDArray[np.float64]


def logit_jacobians(model: HybridClassifier, inputs: Floats) -> tuple[Floats, Floats]:
    """Logits of samples and their derivatives by the circuits' weights.

    Args:
        model: in evaluation mode.
        inputs: of the circuits, shape (samples, ..., copies * inputs).

    Returns:
        Logits, shape (samples, classes), of class 1 alone where one logit is of two classes; and derivatives, shape
        (samples, logits, weights).
    """
    weights = model.quantum.weights
    logits, jacobians = [], []
    for sample in torch.from_numpy(inputs):
        (own,) = model.read(model.quantum(sample[None])).reshape(1, -1)
        rows = [torch.autograd.grad(logit, weights, retain_graph=True)[0].flatten() for logit in own]
        logits.append(own.detach())
        jacobians.append(torch.stack(rows))
    return torch.stack(logits).double().numpy(), torch.stack(jacobians).double().numpy()


def fisher_information(logits: Floats, jacobians: Floats) -> Floats:
    """Mean Fisher information of the weights over samples, shape (weights, weights).

    Args:
        logits: shape (samples, logits), as `logit_jacobians` gives them.
        jacobians: shape (samples, logits, weights).
    """
    probability = _probability(logits)
    spread = -probability[:, :, None] * probability[:, None, :]
    places = np.arange(logits.shape[1])
    spread[:, places, places] += probability
    return np.asarray(np.einsum("sia,sij,sjb->ab", jacobians, spread, jacobians, optimize=True) / len(logits))


def loss_gradients(logits: Floats, jacobians: Floats, labels: NDArray[np.integer]) -> Floats:
    """Derivatives of each sample's cross-entropy by the weights, shape (samples, weights).

    Args:
        logits: shape (samples, logits), as `logit_jacobians` gives them.
        jacobians: shape (samples, logits, weights).
        labels: shape (samples,).
    """
    wanted = labels[:, None] == (np.array([1]) if logits.shape[1] == 1 else np.arange(logits.shape[1]))
    return np.asarray(np.einsum("si,sia->sa", _probability(logits) - wanted, jacobians))


def effective_dimension(fisher: Floats, samples: int) -> float:
    """Effective dimension at one point: how many directions of the weights this many samples can tell apart.

    ``sum_i log(1 + k f_i) / log k`` with ``k = n / (2 pi log n)`` and f_i the eigenvalues of the Fisher information
    scaled to a trace of as many as there are weights: equation 2 of A. Abbas et al., Nat. Comput. Sci. 1, 403 (2021),
    for a model of these weights alone. It is 0 where no weight changes an answer, and may pass the number of weights a
    little.

    Args:
        fisher: shape (weights, weights).
        samples: n, those trained on.

    Returns:
        NaN where n is so small that k is at most 1.
    """
    resolved = samples / (2 * math.pi * math.log(samples)) if samples > 1 else 0.0
    if resolved <= 1:
        return math.nan
    values = np.linalg.eigvalsh(fisher).clip(0)
    trace = values.sum()
    if trace <= 0:
        return 0.0
    return float(np.log1p(resolved * values * len(fisher) / trace).sum() / math.log(resolved))


def _probability(logits: Floats) -> Floats:
    """Of each logit's class, shape (samples, logits)."""
    if logits.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-logits)))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

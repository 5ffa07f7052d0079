"""A hybrid classifier: a classical part, circuits, and a reading of their expectation values."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.models.classifier import SAMPLES_AT_ONCE, Architecture, Classifier, probabilities_of
from hqnn.noise.model import NoiseModel
from hqnn.store import fingerprint

QUANTUM_WEIGHTS = "quantum.weights"
MEMORY_LIMIT_MB = 2000.0


class HybridClassifier(Classifier):
    """``samples -> encode -> circuits -> read``.

    Args:
        encode: gives what the circuits take, shape (batch, ..., copies * inputs); axes between are places of one image
            that the same circuits visit.
        quantum: the circuits, abstract and without noise.
        read: expectation values, shape (batch, ..., copies * observables), to logits.
        architecture: how it was built.
        memory_limit_mb: of the engine, see `QuantumLayer`.

    Attributes:
        program: the abstract circuit, whatever form of it runs.
    """

    def __init__(
        self,
        encode: nn.Module,
        quantum: QuantumLayer,
        read: nn.Module,
        architecture: Architecture,
        memory_limit_mb: float = MEMORY_LIMIT_MB,
    ) -> None:
        super().__init__()
        self.encode, self.quantum, self.read = encode, quantum, read
        self.architecture = architecture
        self.memory_limit_mb = memory_limit_mb
        self.program: Program = quantum.program

    def forward(self, samples: Tensor) -> Tensor:
        """Logits of samples."""
        logits: Tensor = self.read(self.quantum(self.encode(samples)))
        return logits

    def run_as(self, program: Program, noise: NoiseModel | None = None) -> None:
        """Run another form of the circuit, such as its native one, with the same weights.

        Args:
            program: with the same inputs and weights.
            noise: what the engine puts after its gates.
        """
        old = self.quantum
        weights = old.weights
        self.quantum = QuantumLayer(
            program, noise, old.copies, memory_limit_mb=self.memory_limit_mb, dtype=weights.dtype
        )
        self.quantum.weights = weights

    @torch.no_grad()
    def circuit_inputs(self, samples: NDArray[np.generic]) -> NDArray[np.float64]:
        """What the circuits see of samples, shape (samples, ..., copies * inputs)."""
        parts = torch.split(self.as_input(samples), SAMPLES_AT_ONCE)
        inputs: NDArray[np.float64] = torch.cat([self.encode(part) for part in parts]).cpu().double().numpy()
        return inputs

    @torch.no_grad()
    def expectations(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the engine makes of inputs of the circuits, shape (samples, ..., copies * observables)."""
        values: Tensor = self.quantum(torch.from_numpy(inputs).to(self.quantum.weights.device))
        found: NDArray[np.float64] = values.cpu().double().numpy()
        return found

    @torch.no_grad()
    def probabilities(self, expectations: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities from expectation values, shape (samples, ..., copies * observables)."""
        weights = self.quantum.weights
        values = torch.as_tensor(expectations).to(weights.device, weights.dtype)
        return probabilities_of(self.read(values))

    def quantum_weights(self) -> NDArray[np.float64]:
        """The circuits' weights, flat, in C order, copy after copy."""
        weights: NDArray[np.float64] = self.quantum.weights.detach().cpu().double().numpy().ravel()
        return weights


def require_trained_weights(model: HybridClassifier, bound: NDArray[np.float64], trained: str, where: str) -> None:
    """Prove that the weights bound to a circuit are those that were trained.

    Args:
        model: the classifier whose classical layers surround the circuit.
        bound: the weights about to run, read back from the bound circuits, flat, copy after copy; NaN for one that
            enters no gate.
        trained: fingerprint in the model's file.
        where: what is about to run, for the message.

    Raises:
        UserError: they differ.
    """
    own = model.tensors()
    weights = own[QUANTUM_WEIGHTS]
    about_to_run = np.where(np.isnan(bound), weights.ravel(), bound).astype(weights.dtype).reshape(weights.shape)
    found = fingerprint({**own, QUANTUM_WEIGHTS: about_to_run})
    if found != trained:
        raise UserError(
            f"the weights bound to the circuit of {where} are not the trained ones (fingerprint {found[:12]}, trained "
            f"{trained[:12]}), so nothing was run; train and compile again"
        )

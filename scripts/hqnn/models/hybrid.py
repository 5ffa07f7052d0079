"""A hybrid classifier: features, a classical layer, a circuit, and a reading of its expectation values."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.noise.model import NoiseModel
from hqnn.store import fingerprint, read_model, write_model

QUANTUM_WEIGHTS = "quantum.weights"
MEMORY_LIMIT_MB = 2000.0


class Reading(nn.Module):
    """One expectation value as the logit of a probability.

    Args:
        kind: ``"sigmoid"``: the value itself, so the probability stays within [.269, .731]; ``"scaled"``: a trainable
            factor times the value plus a trainable bias, which start as 1 and 0.
    """

    def __init__(self, kind: Literal["sigmoid", "scaled"]) -> None:
        super().__init__()
        if kind == "scaled":
            self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))
            self.bias = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.kind = kind

    def forward(self, expectations: Tensor) -> Tensor:
        """Read shape (batch, 1) as logits of shape (batch,)."""
        value = expectations[..., 0]
        return self.scale * value + self.bias if self.kind == "scaled" else value


class HybridClassifier(nn.Module):
    """``features -> linear -> circuit -> reading``, in float64.

    Args:
        program: the circuit, with one observable.
        reading: see `Reading`.
        features: numbers a sample has.
        seed: of the initial weights.
        memory_limit_mb: of the engine, see `QuantumLayer`.
    """

    def __init__(
        self,
        program: Program,
        *,
        reading: Literal["sigmoid", "scaled"],
        features: int,
        seed: int = 0,
        memory_limit_mb: float = MEMORY_LIMIT_MB,
    ) -> None:
        super().__init__()
        self.program = program
        self.features = features
        self.memory_limit_mb = memory_limit_mb
        generator = torch.Generator().manual_seed(seed)
        self.encode = seeded_linear(features, program.inputs, generator)
        self.quantum = QuantumLayer(program, memory_limit_mb=memory_limit_mb, generator=generator, dtype=torch.float64)
        self.read = Reading(reading)

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (batch,), of features, shape (batch, features)."""
        logits: Tensor = self.read(self.quantum(self.encode(features)))
        return logits

    def run_as(self, program: Program, noise: NoiseModel | None = None) -> None:
        """Run another form of the circuit, such as its native one, with the same weights.

        Args:
            program: with the same inputs and weights.
            noise: what the engine puts after its gates.
        """
        weights = self.quantum.weights
        self.quantum = QuantumLayer(program, noise, memory_limit_mb=self.memory_limit_mb, dtype=weights.dtype)
        self.quantum.weights = weights

    @torch.no_grad()
    def circuit_inputs(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """What the circuit sees of features, shape (samples, features); shape (samples, inputs)."""
        inputs: NDArray[np.float64] = self.encode(torch.as_tensor(features, dtype=torch.float64)).numpy()
        return inputs

    @torch.no_grad()
    def probabilities(self, expectations: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of class 1, shape (samples,), from expectation values, shape (samples, 1)."""
        values: NDArray[np.float64] = torch.sigmoid(self.read(torch.as_tensor(expectations))).numpy()
        return values

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        """All weights by name."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}

    def quantum_weights(self) -> NDArray[np.float64]:
        """The circuit's weights, flat, in C order."""
        return self.tensors()[QUANTUM_WEIGHTS].ravel()


def seeded_linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer in float64 with torch's usual initial distribution, from a generator of its own."""
    layer = nn.Linear(inputs, outputs, dtype=torch.float64)
    bound = 1 / math.sqrt(inputs)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer


def pixel_circuit(name: str, numbers: int, observable: str) -> Program:
    """A circuit by name that takes so many numbers: one a wire as angles, or amplitudes on as few wires as hold them.

    Args:
        name: see `hqnn.circuits.names`.
        numbers: inputs of the circuit.
        observable: the Pauli word that is measured.
    """
    from hqnn.circuits.library import build  # brings PennyLane, which a stored model does not need
    from hqnn.circuits.names import parse_name

    if parse_name(name).embedding != "amplitude":
        return build(name, numbers, [observable])
    return replace(build(name, math.ceil(math.log2(numbers)), [observable]), inputs=numbers)


def save_classifier(path: str | os.PathLike[str], model: HybridClassifier, about: Mapping[str, Any]) -> str:
    """Write a classifier with what is needed to build it again.

    Args:
        path: of the safetensors file.
        model: trained.
        about: more that a reader should know.

    Returns:
        The fingerprint of its weights.
    """
    own = {"program": model.program.to_json(), "reading": model.read.kind, "features": model.features}
    counted = getattr(model.quantum, "executions", None)  # where PennyLane ran the circuit
    executions = {"executions": asdict(counted)} if counted else {}
    return write_model(path, model.tensors(), {**about, **own, **executions})


def load_classifier(
    path: str | os.PathLike[str], memory_limit_mb: float = MEMORY_LIMIT_MB
) -> tuple[HybridClassifier, str]:
    """Read a classifier, and the fingerprint its file was written with.

    Args:
        path: of the safetensors file.
        memory_limit_mb: of the engine, see `QuantumLayer`.

    Raises:
        UserError: the file is damaged or missing.
    """
    tensors, about = read_model(path)
    program = Program.from_json(about["program"])
    model = HybridClassifier(
        program, reading=about["reading"], features=about["features"], memory_limit_mb=memory_limit_mb
    )
    model.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return model, about["fingerprint"]


def require_trained_weights(model: HybridClassifier, bound: NDArray[np.float64], trained: str, where: str) -> None:
    """Prove that the weights bound to a circuit are those that were trained.

    Args:
        model: the classifier whose classical layers surround the circuit.
        bound: the weights about to run, read back from the bound circuit, flat; NaN for one that enters no gate.
        trained: fingerprint in the model's file.
        where: what is about to run, for the message.

    Raises:
        UserError: they differ.
    """
    own = model.tensors()
    weights = own[QUANTUM_WEIGHTS]
    about_to_run = np.where(np.isnan(bound), weights.ravel(), bound).reshape(weights.shape)
    found = fingerprint({**own, QUANTUM_WEIGHTS: about_to_run})
    if found != trained:
        raise UserError(
            f"the weights bound to the circuit of {where} are not the trained ones (fingerprint {found[:12]}, trained "
            f"{trained[:12]}), so nothing was run; train and compile again"
        )

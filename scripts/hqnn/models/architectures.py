"""Classifiers by the kind of their architecture, built anew or read from their file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from hqnn.circuits.program import Program
from hqnn.errors import UserError
from hqnn.models.classifier import Architecture, ClassicalClassifier, Classifier
from hqnn.models.convolutional import cnn_classifier
from hqnn.models.dressed import dressed_classifier, linear_classifier, mlp_classifier
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.models.layers import Scaled
from hqnn.models.parallel import parallel_classifier, parallel_twin_classifier
from hqnn.models.pixel import dense_twin_classifier, pixel_classifier, twin_of
from hqnn.models.quanv import kernel_parameters, quanv_classifier, quanv_cnn_classifier
from hqnn.store import read_model, write_model

HYBRID: dict[str, Callable[[Architecture, Program, torch.Generator, float], HybridClassifier]] = {
    "pixel": pixel_classifier,
    "dressed": dressed_classifier,
    "parallel": parallel_classifier,
    "quanv": quanv_classifier,
}
CLASSICAL: dict[str, Callable[[Architecture, torch.Generator], ClassicalClassifier]] = {
    "linear": linear_classifier,
    "mlp": mlp_classifier,
    "dense_twin": dense_twin_classifier,
    "cnn": cnn_classifier,
    "parallel_twin": parallel_twin_classifier,
    "cnn1": quanv_cnn_classifier,
    "cnn4": quanv_cnn_classifier,
}
EMBEDDING_SCALE = "embedding_scale"  # option of every kind with a circuit
ONE_KERNEL = ("quanv", "cnn1", "cnn4")


def build_classifier(
    architecture: Architecture,
    program: Program | None = None,
    *,
    seed: int = 0,
    memory_limit_mb: float = MEMORY_LIMIT_MB,
) -> Classifier:
    """Build a classifier with initial weights.

    Args:
        architecture: kind, sizes and options; the option ``embedding_scale`` of any kind with a circuit is what its
            inputs are multiplied by.
        program: the circuit, where the kind has one, or is the twin of a net that has.
        seed: of the initial weights.
        memory_limit_mb: of the engine.
    """
    generator = torch.Generator().manual_seed(seed)
    if program is not None and architecture.kind == "dense_twin":
        architecture = twin_of(architecture, program)
    if architecture.kind in CLASSICAL:
        return CLASSICAL[architecture.kind](architecture, generator)
    if program is None:
        raise UserError(f"a net of the kind {architecture.kind} has a circuit; name its program")
    model = HYBRID[architecture.kind](architecture, program, generator, memory_limit_mb)
    if architecture.options.get(EMBEDDING_SCALE, 1.0) != 1.0:
        model.encode = nn.Sequential(model.encode, Scaled(float(architecture.options[EMBEDDING_SCALE])))
    return model


def save_classifier(path: str | os.PathLike[str], model: Classifier, about: Mapping[str, Any]) -> str:
    """Write a classifier with what is needed to build it again.

    Args:
        path: of the safetensors file.
        model: trained.
        about: more that a reader should know.

    Returns:
        The fingerprint of its weights.
    """
    own: dict[str, Any] = {"architecture": model.architecture.plain(), "parameters": model.trainable()}
    if model.architecture.kind in ONE_KERNEL:
        own["kernel_parameters"] = kernel_parameters(model)
    if isinstance(model, HybridClassifier):
        own["program"] = model.program.to_json()
        counted = getattr(model.quantum, "executions", None)  # where PennyLane ran the circuit
        own |= {"executions": asdict(counted)} if counted else {}
    return write_model(path, model.tensors(), {**about, **own})


def read_classifier(
    path: str | os.PathLike[str], memory_limit_mb: float = MEMORY_LIMIT_MB
) -> tuple[Classifier, dict[str, Any]]:
    """Read a classifier, ready to classify, and what its file says about it.

    Args:
        path: of the safetensors file.
        memory_limit_mb: of the engine.

    Raises:
        UserError: the file is damaged or missing, or holds something else.
    """
    tensors, about = read_model(path)
    if "architecture" not in about:
        raise UserError(f"{path} holds no classifier of this project; name the model.safetensors of a run")
    plain = about["architecture"]
    architecture = Architecture(plain["kind"], tuple(plain["shape"]), plain["classes"], plain["options"])
    program = Program.from_json(about["program"]) if "program" in about else None
    model = build_classifier(architecture, program, memory_limit_mb=memory_limit_mb)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return model.eval(), about


def load_classifier(
    path: str | os.PathLike[str], memory_limit_mb: float = MEMORY_LIMIT_MB
) -> tuple[HybridClassifier, str]:
    """Read a hybrid classifier, and the fingerprint its file was written with.

    Args:
        path: of the safetensors file.
        memory_limit_mb: of the engine.

    Raises:
        UserError: the file is damaged or missing, or its classifier has no circuit.
    """
    model, about = read_classifier(path, memory_limit_mb)
    if not isinstance(model, HybridClassifier):
        raise UserError(f"{path} holds a classifier without a circuit; name the model of a quantum one")
    return model, about["fingerprint"]

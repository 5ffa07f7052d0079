"""Models with their initial weights, and what is read of predictions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.library import build_for
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program, save_compiled
from hqnn.execution.new_data.predictor import execution_by
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture

ODD = "ein <b>Bild $x_{$ {0} ü"  # text, wherever it stands
EXACT = execution_by("exact", (), shots=1, seed=0)


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_all(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([1 - probability, probability], axis=1) if probability.ndim == 1 else probability


def save(path: Path, kind: str, shape: tuple[int, ...], classes: int, wires: int = 3) -> Path:
    """A model with its initial weights."""
    circuit = "hadamard_angle_y-dressed-1" if kind == "dressed" else "angle_y-simplified_two_design-1"
    program = build_for(circuit, wires, () if kind == "dressed" else tuple(f"Z{w}" for w in range(max(1, classes - 1))))
    options: dict[str, Any] = {"delta": 1.0} if kind == "dressed" else {"reading": "scaled"}
    if kind == "cnn":
        options = {"channels": [3], "kernel": 3, "padding": 1, "poolings": 1, "dense": [], "normalised": []}
    net = build_classifier(Architecture(kind, shape, classes, options), program, seed=3)
    save_classifier(path, net, {})
    return path


def compiled(folder: Path, wires: int, observables: tuple[str, ...] = ("Z0",)) -> list[str]:
    native = [str(folder / "program.json"), str(folder / "program.qpy"), "ibmq_lima"]
    program = build_for("angle_y-simplified_two_design-1", wires, observables)
    save_compiled(native[1], native[0], compile_program(program, backend("ibmq_lima"), seed=0, layouts=1))
    return native

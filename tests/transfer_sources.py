"""Made-up runs on photographs, lying as the workflow would leave them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hqnn.circuits.program import Angle, Constant, Gate, Program, Rotation
from hqnn.data.samples import Samples
from hqnn.execution.predictions import write_predictions
from hqnn.metrics.evaluate import evaluate_study
from hqnn.metrics.published import read_published
from hqnn.store import add_column, new_table, write_model, write_table, write_text
from report_sources import Sources

PUBLISHED = Path(__file__).resolve().parents[1] / "resources" / "published"
CLASSES = {"masks": ("no_mask", "mask"), "cracks": ("no_crack", "crack")}
METHODS = {"backprop": "backprop", "finite_diff": "finite-diff", "parameter_shift": "parameter-shift"}
TRAINERS = {"masks": dict.fromkeys(("pennylane", "cirq", "qiskit"), "parameter-shift"), "cracks": METHODS}
PATHS = {"exact": 1.0, "shots": 1.0, "noisy-ibm_brisbane": 0.85, "hardware-ibm_brisbane": 0.82}
CIRCUIT = "hadamard_angle_y-dressed"
ROTATIONS = {"backprop": 1, "finite-diff": 8, "parameter-shift": 16}  # backward, four inputs and four weights


def dressed_program(layers: int = 1, wires: int = 4) -> Program:
    """The circuit of the dressed quantum net, its gates written by hand."""
    flip = np.eye(4)[[0, 1, 3, 2]].astype(complex)
    hadamard = np.array([[1, 1], [1, -1]]) / np.sqrt(2) + 0j
    gates = [Gate("Hadamard", (wire,), (), (Constant(hadamard),)) for wire in range(wires)]
    gates += [_rotation(wire, Angle(inputs=((wire, 1.0),))) for wire in range(wires)]
    for layer in range(layers):
        pairs = [(w, w + 1) for first in (0, 1) for w in range(first, wires - 1, 2)]
        gates += [Gate("CNOT", pair, (), (Constant(flip),)) for pair in pairs]
        gates += [_rotation(wire, Angle(weights=((layer * wires + wire, 1.0),))) for wire in range(wires)]
    words = tuple("I" * wire + "Z" + "I" * (wires - wire - 1) for wire in range(wires))
    return Program(wires, wires, (layers, wires), tuple(gates), words)


def make_transfer_sources(
    folder: Path,
    study: str = "masks",
    *,
    splits: Sequence[str] = ("60_20_40",),
    backbones: Sequence[str] = ("resnet18",),
    layers: int = 1,
    seeds: int = 3,
    trainer_seeds: int = 2,
    epochs: int = 6,
    side: int = 24,
    weights: str = "random",
    pictures: np.ndarray | None = None,
    classes: Sequence[str] = (),
    signal: float = 1.0,
    draws: int = 2,
) -> Sources:
    """Write a whole run of made-up numbers below a folder.

    Args:
        folder: where.
        study: masks or cracks.
        splits: names that say numbers of images.
        backbones: names.
        layers: the most layers of a circuit.
        seeds: of the engine's and the twins' runs.
        trainer_seeds: of the other trainers' runs.
        epochs: of every run.
        side: of the images.
        weights: kind of the backbones' weights.
        pictures: uint8, shape (images, side, side, 3); noise where None.
        classes: names; those of the study where none.
        signal: how much the predictions say of the labels; 0 is guessing.
        draws: of the bootstrap.
    """
    names = tuple(classes) or CLASSES[study]
    run = _Made(folder / "results" / study, study, names, epochs, signal, np.random.default_rng(0))
    run.images(side, pictures)
    for backbone in backbones:
        run.backbone(backbone, weights)
    for split in splits:
        sizes = [int(size) for size in split.split("_")[:3]]
        for seed in range(max(seeds, trainer_seeds)):
            run.split(split, seed, sizes)
        for backbone in backbones:
            for depth in range(1, layers + 1):
                run.quantum(split, f"{backbone}-{CIRCUIT}-{depth}", depth, seeds, trainer_seeds if depth == 1 else 0)
            for twin in ("linear", "mlp"):
                run.twin(split, f"{backbone}-{twin}", seeds)
    metrics = folder / "results" / study / "metrics.csv"
    models = [path.with_name("model.safetensors") for path in run.histories]
    published = read_published(PUBLISHED / f"{study}.csv")
    evaluate_study(
        metrics, predictions=run.predictions, histories=run.histories, models=models, published=published, draws=draws
    )
    return Sources(metrics, run.histories, run.predictions, [*run.artefacts, *models])


class _Made:
    """A run in the making."""

    def __init__(
        self, root: Path, study: str, classes: tuple[str, ...], epochs: int, signal: float, rng: np.random.Generator
    ) -> None:
        self.root, self.study, self.classes, self.epochs, self.rng = root, study, classes, epochs, rng
        self.signal = signal
        self.predictions: list[Path] = []
        self.histories: list[Path] = []
        self.artefacts: list[Path] = []
        self.labels = np.empty(0, np.uint8)
        self.parts: dict[tuple[str, int], np.ndarray] = {}

    def images(self, side: int, pictures: np.ndarray | None) -> None:
        total = 120 if pictures is None else len(pictures)
        self.labels = (np.arange(total) % len(self.classes)).astype(np.uint8)
        noise = self.rng.integers(0, 255, (total, side, side, 3), dtype=np.uint8)
        dropped = [{"source": "mask/odd <1>.jpg", "reason": "unreadable: truncated"}]
        about = {"classes": list(self.classes), "dropped": dropped, "conflicts": [{"source": "a", "like": "b"}]}
        self.artefacts.append(self.root / "sample" / "samples.h5")
        with new_table(self.artefacts[-1], about) as file:
            add_column(file, "images", noise if pictures is None else pictures)
            add_column(file, "labels", self.labels)

    def backbone(self, name: str, kind: str) -> None:
        self.artefacts.append(self.root / "sample" / name / "features.h5")
        with new_table(self.artefacts[-1], {"weights": {"kind": kind, "sha256": "ab" * 32, "seed": 0}}) as file:
            add_column(file, "labels", self.labels)

    def split(self, name: str, seed: int, sizes: Sequence[int]) -> None:
        train, validation, test = sizes
        parts = np.full(len(self.labels), 3, np.uint8)
        order = self.rng.permutation(len(parts))
        parts[order[:train]], parts[order[train : train + validation]] = 0, 2
        parts[order[train + validation : train + validation + test]] = 1
        codes = {"train": 0, "test": 1, "validation": 2, "unused": 3}
        counts = {
            p: np.bincount(self.labels[parts == c], minlength=len(self.classes)).tolist() for p, c in codes.items()
        }
        self.artefacts.append(self.root / f"sample-{name}" / f"seed{seed}" / "split.h5")
        write_table(self.artefacts[-1], {"split": parts}, {"counts": counts})
        self.parts[name, seed] = parts

    def quantum(self, split: str, model: str, depth: int, seeds: int, trainer_seeds: int) -> None:
        runs = [("ideal", seed, None) for seed in range(seeds)]
        runs += [(f"ideal-{t}", s, m) for t, m in TRAINERS[self.study].items() for s in range(trainer_seeds)]
        for phase, seed, method in runs:
            folder = self.root / f"sample-{split}" / model / phase / f"seed{seed}"
            about: dict[str, Any] = {"program": dressed_program(depth).to_json(), "parameters": 2062 + 4 * depth}
            if method:
                parts = self.parts[split, seed]
                trained, watched = ((parts == code).sum() * self.epochs for code in (0, 2))
                counted = {"forward": int(trained + watched), "backward": int(trained * ROTATIONS[method])}
                about |= {"executions": counted, "training": {"differentiation": method}}
            self._trained(folder, split, seed, 0.02 * depth if method is None else 0.8, about)
            signal = self._signal(0.45)
            for path, contrast in PATHS.items() if phase == "ideal" else [("exact", 1.0)]:
                noise = self.rng.normal(size=signal.shape) * (0.0 if path in ("exact", "noisy-ibm_brisbane") else 0.03)
                self._predicted(folder / path, split, seed, np.clip(contrast * signal + noise, -1, 1), quantum=True)
            if phase == "ideal" and seed == 0:
                self._bitstrings(folder / "bitstrings.csv")

    def twin(self, split: str, model: str, seeds: int) -> None:
        for seed in range(seeds):
            folder = self.root / f"sample-{split}" / model / "ideal" / f"seed{seed}"
            size = {"parameters": 2062 if model.endswith("mlp") else 1026}
            self._trained(folder, split, seed, 0.01, size)
            signal = self._signal(0.43)
            self._predicted(folder / "exact", split, seed, signal, quantum=False)

    def _trained(self, folder: Path, split: str, seed: int, seconds: float, about: dict[str, Any]) -> None:
        samples = int((self.parts[split, seed] == 0).sum())
        write_model(folder / "model.safetensors", {"w": np.ones(2)}, {**about, "train_samples": samples})
        epochs = np.arange(1, self.epochs + 1)
        loss = 0.3 + 0.4 * np.exp(-epochs / 6) + self.rng.normal(0, 0.01, len(epochs))
        table = pd.DataFrame({"epoch": epochs, "loss": loss, "accuracy": 1.05 - loss / 2})
        table["validation_loss"], table["validation_accuracy"] = loss + 0.03, 1.02 - loss / 2
        table["seconds"] = seconds
        self.histories.append(folder / "history.csv")
        write_text(self.histories[-1], table.to_csv(index=False))

    def _predicted(self, folder: Path, split: str, seed: int, signal: np.ndarray, *, quantum: bool) -> None:
        ids = np.flatnonzero(self.parts[split, seed] == 1)
        dataset, model, phase = folder.parts[-5:-2]
        path, _, backend = folder.name.partition("-")
        about = {"study": self.study, "dataset": dataset, "model": model, "phase": phase, "path": path, "seed": seed}
        about |= {"backend": backend or ("engine" if quantum else "torch"), "wall_s": 0.2}
        about |= {"weights_fingerprint": f"{seed:02x}" * 32, "shots": 1024 * (path in ("shots", "hardware"))}
        about |= {"jobs": int(path == "hardware"), "qpu_s": 1.5 * (path == "hardware")}
        samples = Samples(ids, np.empty((len(ids), 0)), self.labels[ids], ids * 0, self.classes)
        values = np.repeat(signal[ids].reshape(len(ids), -1)[:, :1], 4, axis=1) if quantum else None
        errors = np.full((len(ids), 4), 0.03 * (about["shots"] > 0)) if quantum else None
        self.predictions.append(folder / "predictions.h5")
        write_predictions(self.predictions[-1], samples, self._probability(signal[ids]), about, values, errors)

    def _signal(self, strength: float) -> np.ndarray:
        """Of two classes one number a sample, of more one for each class."""
        if len(self.classes) == 2:
            return self.rng.normal(size=len(self.labels)) * 0.3 + strength * self.signal * (2.0 * self.labels - 1)
        noise = self.rng.normal(size=(len(self.labels), len(self.classes))) * 0.3
        return np.asarray(noise + strength * self.signal * np.eye(len(self.classes))[self.labels])

    @staticmethod
    def _probability(signal: np.ndarray) -> np.ndarray:
        raised = np.exp(5 * signal)
        return np.asarray(raised / (1 + raised) if signal.ndim == 1 else raised / raised.sum(axis=1, keepdims=True))

    def _bitstrings(self, file: Path) -> None:
        exact = self.rng.dirichlet(np.ones(16))
        names = [f"{place:04b}" for place in range(16)]
        devices = ("default.qubit", "cirq.simulator", "qiskit.aer")
        rows = [
            pd.DataFrame(
                {"device": d, "bitstring": names, "count": self.rng.multinomial(1024, exact), "probability": exact}
            )
            for d in devices
        ]
        write_text(file, pd.concat(rows).to_csv(index=False))
        self.artefacts.append(file)


def _rotation(wire: int, angle: Angle) -> Gate:
    return Gate("RY", (wire,), (angle,), (Rotation("Y", angle),))

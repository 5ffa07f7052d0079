"""Made-up runs on small images, lying as the workflow would leave them."""

from __future__ import annotations

import json
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
from hqnn.report.style import svg_panel
from hqnn.store import add_column, new_table, write_model, write_text
from report_sources import Sources

PUBLISHED = Path(__file__).resolve().parents[1] / "resources" / "published" / "digits.csv"
FAMILY = {"parallel": (45_194, 0.93, 12.0), "parallel_twin": (45_434, 0.92, 10.0), "cnn": (372_234, 0.9, 15.0)}
KERNELS = {
    "quanv-axis_y-cnots_line_reversed-rotations_first": (654, 0.62),
    "quanv-axis_y-cnots_line-rotations_first": (654, 0.53),
    "quanv-axis_x-cnots_line-rotations_last": (654, 0.51),
    "quanv-axis_y-cnots_none-rotations_first": (654, 0.66),
    "cnn1": (174, 0.54),
    "cnn4": (666, 0.67),
}
PATHS = ("exact", "shots", "noisy-ibm_brisbane", "hardware-ibm_brisbane")
DRAWS = ("500_100_fresh", "500_100_fixed")
ANALYSED = ("zx_before.svg", "zx_after.svg", "fourier.svg", "gradients_by_qubits.svg", "gradients_by_depth.svg")


def make_digits_sources(
    folder: Path,
    data: str = "mnist",
    *,
    family: Sequence[str] = tuple(FAMILY),
    draws: Sequence[str] = DRAWS,
    seeds: int = 3,
    epochs: int = 6,
    samples: int = 300,
    source: str = "train-images-idx3-ubyte.gz#{}",
    classes: Sequence[str] = tuple("0123456789"),
) -> Sources:
    """Write a whole run of made-up numbers below a folder.

    Args:
        folder: where.
        data: name of the raw set.
        family: nets on the whole set.
        draws: names of small draws.
        seeds: of every run.
        epochs: of the nets on the whole set.
        samples: test images.
        source: how images are named, with ``{}`` for their numbers.
        classes: names.
    """
    run = _Made(folder / "results" / "digits", samples, tuple(classes), np.random.default_rng(0))
    run.images(data, source)
    for model in family:
        size, accuracy, seconds = FAMILY[model]
        for seed in range(seeds):
            own = run.root / data / model / "ideal" / f"seed{seed}"
            run.trained(own, size, epochs, seconds)
            for path in PATHS if model == "parallel" else PATHS[:1]:
                run.predicted(own / path, accuracy, 100 if path != "exact" else samples)
    for draw in draws:
        for model, (size, accuracy) in KERNELS.items():
            for seed in range(seeds):
                own = run.root / f"{data}-{draw}" / model / "ideal" / f"seed{seed}"
                run.trained(own, size, 2, 0.1)
                shift = 0.04 * (seed - 1) if draw.endswith("fresh") else 0.01 * (seed - 1)
                run.predicted(own / "exact", accuracy + shift, 100)
    for model in ("parallel", *(name for name in KERNELS if name.startswith("quanv"))):
        run.analysed(run.root / (data if model == "parallel" else f"{data}-{DRAWS[0]}") / model)
    metrics = folder / "results" / "digits" / "metrics.csv"
    models = [path.with_name("model.safetensors") for path in run.histories]
    published = read_published(PUBLISHED)
    evaluate_study(
        metrics, predictions=run.predictions, histories=run.histories, models=models, published=published, draws=20
    )
    return Sources(metrics, run.histories, run.predictions, run.artefacts)


class _Made:
    """A run in the making."""

    def __init__(self, root: Path, samples: int, classes: tuple[str, ...], rng: np.random.Generator) -> None:
        self.root, self.classes, self.rng = root, classes, rng
        self.predictions: list[Path] = []
        self.histories: list[Path] = []
        self.artefacts: list[Path] = []
        self.labels = (np.arange(samples) % len(classes)).astype(np.uint8)

    def images(self, data: str, source: str) -> None:
        about = {"classes": list(self.classes), "dropped": {"equal to another one": 7}, "kept_copies": 0}
        self.artefacts.append(self.root / data / "samples.h5")
        with new_table(self.artefacts[-1], about) as file:
            add_column(file, "images", self.rng.integers(0, 255, (len(self.labels), 8, 8, 1), dtype=np.uint8))
            add_column(file, "labels", self.labels)
            add_column(file, "split", (np.arange(len(self.labels)) % 5 == 0).astype(np.uint8))
            file["source"] = [source.format(place) for place in range(len(self.labels))]

    def trained(self, folder: Path, size: int, epochs: int, seconds: float) -> None:
        write_model(folder / "model.safetensors", {"w": np.ones(2)}, {"parameters": size, "train_samples": 500})
        epoch = np.arange(1, epochs + 1)
        loss = 0.02 + 0.3 * np.exp(-epoch / 2) * self.rng.uniform(0.8, 1.2, epochs)
        table = {"epoch": epoch, "loss": loss, "accuracy": 1 - loss / 4, "seconds": seconds}
        table |= {"test_loss": 0.03 + loss / 2, "test_accuracy": 0.99 - loss / 8}
        self.histories.append(folder / "history.csv")
        write_text(self.histories[-1], pd.DataFrame(table).to_csv(index=False))

    def predicted(self, folder: Path, accuracy: float, size: int) -> None:
        study, dataset, model, phase, seed = folder.parts[-6:-1]
        path, _, backend = folder.name.partition("-")
        quantum = model.startswith(("parallel", "quanv")) and model != "parallel_twin"
        shots = 1024 * (path in ("shots", "hardware"))
        about: dict[str, Any] = {"study": study, "dataset": dataset, "model": model, "phase": phase, "path": path}
        about |= {"seed": int(seed[4:]), "backend": backend or ("engine" if quantum else "torch"), "wall_s": 2.5}
        about |= {"weights_fingerprint": f"{int(seed[4:]):02x}" * 32, "shots": shots, "jobs": int(path == "hardware")}
        labels = self.labels[:size]
        right = np.zeros(size, dtype=bool)
        right[: round(accuracy * size)] = True
        said = np.where(self.rng.permutation(right), labels, (labels + 5) % len(self.classes))
        probability = np.full((size, len(self.classes)), 0.2 / (len(self.classes) - 1))
        probability[np.arange(size), said] = 0.8
        values = self.rng.uniform(-1, 1, (size, 4)) if quantum else None
        samples = Samples(np.arange(size), np.empty((size, 0)), labels, labels * 0, self.classes)
        self.predictions.append(folder / "predictions.h5")
        write_predictions(
            self.predictions[-1], samples, probability, about, values, None if values is None else values * 0
        )

    def analysed(self, folder: Path) -> None:
        self.artefacts.append(folder / "program.json")
        write_text(self.artefacts[-1], kernel_program().to_json())
        if folder.name not in ("parallel", next(iter(KERNELS))):
            return
        for name in ANALYSED:
            self.artefacts.append(folder / "analysis" / name)
            write_text(self.artefacts[-1], svg_panel(f"{name}-{folder.name}", lambda axes: None).decode())
        write_text(folder / "analysis" / "sentences.json", json.dumps([f"All is <well> with {folder.name}."]))
        self.artefacts.append(folder / "analysis" / "sentences.json")


def kernel_program() -> Program:
    """Rotations by inputs and weights, then CNOTs up the line; gates written by hand."""
    flip = np.eye(4)[[0, 1, 3, 2]].astype(complex)
    angles = [Angle(inputs=((w, 1.0),)) for w in range(4)] + [Angle(weights=((w, 1.0),)) for w in range(4)]
    gates = [Gate("RY", (place % 4,), (angle,), (Rotation("Y", angle),)) for place, angle in enumerate(angles)]
    gates += [Gate("CNOT", pair, (), (Constant(flip),)) for pair in ((2, 3), (1, 2), (0, 1))]
    return Program(4, 4, (4,), tuple(gates), ("ZIII", "IZII", "IIZI", "IIIZ"))

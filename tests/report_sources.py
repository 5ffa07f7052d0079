"""Made-up predictions, histories, maps and scores, lying as a run would leave them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hqnn.metrics.evaluate import evaluate_study
from hqnn.metrics.published import read_published
from hqnn.report.pixels.map_panel import change_map_panel
from hqnn.store import add_column, new_table, write_table, write_text

CITIES = ("brasilia", "montpellier", "norcia", "rio")
QUANTUM = "angle_y-simplified_two_design-3"
PATHS = {"exact": 1.0, "shots": 1.0, "noisy-ibm_brisbane": 0.81, "hardware-ibm_brisbane": 0.8}
REFERENCES = {"change_vector": 1.0, "logistic_regression": 0.85, "mlp": 1.05}
SETTINGS = {
    "seeds": [0, 1],
    "data": {"source": "path", "path": "oscd"},
    "training": {"learning_rate": 0.01, "epochs": 20},
}
PUBLISHED = Path(__file__).resolve().parents[1] / "resources" / "published" / "change.csv"


@dataclass(frozen=True)
class Sources:
    """The files a report is made from."""

    metrics: Path
    histories: list[Path]
    predictions: list[Path]
    artefacts: list[Path]


def make_sources(folder: Path, *, samples: int = 1200, subset: int = 200, seeds: int = 2, draws: int = 40) -> Sources:
    """Write a whole run of made-up numbers below a folder."""
    rng = np.random.default_rng(0)
    root = folder / "results" / "change" / "oscd"
    labels = (rng.random(samples) < 0.06).astype(np.uint8)
    city = rng.integers(len(CITIES), size=samples).astype(np.int16)
    store = root / "samples.h5"
    write_table(store, {"labels": labels, "city": city}, {"cities": list(CITIES)})
    chosen = np.sort(rng.choice(samples, subset, replace=False))
    predictions, histories, maps = [], [], []
    for seed in range(seeds):
        run = root / QUANTUM / "ideal" / f"seed{seed}"
        signal = 0.9 * np.tanh(rng.normal(-0.25 + 0.75 * labels + 0.1 * city * labels, 0.45))
        for path, contrast in PATHS.items():
            ids = np.arange(samples) if path == "exact" else chosen
            error = np.zeros(len(ids)) if path in ("exact", "noisy-ibm_brisbane") else np.full(len(ids), 0.03)
            values = np.clip(contrast * signal[ids] + rng.normal(size=len(ids)) * error, -1, 1)
            predictions.append(run / path / "predictions.h5")
            _write(predictions[-1], QUANTUM, path, seed, ids, labels[ids], values, error)
        histories.append(run / "history.csv")
        write_text(histories[-1], _history(rng))
    for model, strength in REFERENCES.items():
        for seed in range(1 if model == "change_vector" else seeds):
            probability = 1 / (1 + np.exp(-rng.normal(-0.4 + 1.3 * strength * labels, 0.9)))
            predictions.append(root / model / "ideal" / f"seed{seed}" / "exact" / "predictions.h5")
            _write(predictions[-1], model, "exact", seed, np.arange(samples), labels, None, None, probability)
    maps.append(root / QUANTUM / "ideal" / "seed0" / "maps")
    for name in CITIES[:2]:
        maps[0].mkdir(parents=True, exist_ok=True)
        (maps[0] / f"{name}.png").write_bytes(_map(rng))
    metrics = folder / "results" / "metrics.csv"
    evaluate_study(
        metrics, predictions=predictions, samples=store, published=read_published(PUBLISHED), draws=draws, seed=0
    )
    return Sources(metrics, histories, predictions, maps)


def _write(
    path: Path,
    model: str,
    run_by: str,
    seed: int,
    ids: np.ndarray,
    labels: np.ndarray,
    values: np.ndarray | None,
    error: np.ndarray | None,
    probability: np.ndarray | None = None,
) -> None:
    if values is not None:
        probability = 1 / (1 + np.exp(-values))
    assert probability is not None
    quantum = {
        "weights_fingerprint": f"{seed + 10:02x}" * 32,
        "program_digest": "5e" * 32,
        "shots": 1024 if error is not None and error.any() else 0,
        "jobs": int(run_by.startswith("hardware")),
        "qpu_s": 0.0,
        "calibration_digest": "c4" * 32 if "brisbane" in run_by else "",
    }
    about = {
        "study": "change",
        "dataset": "oscd",
        "model": model,
        "phase": "ideal",
        "path": run_by,
        "seed": seed,
        "backend": run_by.partition("-")[2] or ("engine" if values is not None else "scikit-learn"),
        "wall_s": 0.25,
        **(quantum if values is not None else {}),
    }
    nothing = np.empty((len(ids), 0))
    with new_table(path, about) as file:
        add_column(file, "sample", ids)
        add_column(file, "label", labels)
        add_column(file, "probability", probability)
        add_column(file, "predicted", (probability > 0.5).astype(np.uint8))
        file["expectation"] = nothing if values is None else values[:, None]
        file["standard_error"] = nothing if error is None else error[:, None]


def _history(rng: np.random.Generator) -> str:
    epochs = np.arange(1, 21)
    loss = 0.52 + 0.17 * np.exp(-epochs / 5) + rng.normal(0, 0.002, 20)
    accuracy = 0.76 - 0.2 * np.exp(-epochs / 4) + rng.normal(0, 0.003, 20)
    rows = [f"{e},{a!r},{b!r}" for e, a, b in zip(epochs, loss.tolist(), accuracy.tolist(), strict=True)]
    return "\n".join(["epoch,loss,accuracy", *rows]) + "\n"


def _map(rng: np.random.Generator) -> bytes:
    before = rng.random((40, 50, 3))
    truth = np.zeros((40, 50), dtype=bool)
    truth[10:20, 15:30] = True
    probability = np.clip(rng.normal(0.42 + 0.15 * truth, 0.06), 0, 1)
    return change_map_panel(before, before + 0.3 * truth[..., None], truth, probability)

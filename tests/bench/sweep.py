"""A sweep of many thousand small runs, of which one seed ran and the others are copies of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py

from hqnn.store import write_attributes

MODELS = ("hadamard_angle_y-dressed-1", "hadamard_angle_y-dressed-2", "hadamard_angle_y-dressed-3")


def sweep_config(seeds: int) -> dict[str, object]:
    """A study of three small circuits, a twin and a reference: 13 jobs a seed."""
    study = {
        "kind": "table",
        "qubits": 2,
        "models": list(MODELS),
        "splits": [{"train": 0.7, "validation": 0.15, "test": 0.15}],
        "baselines": {"logistic_regression": {}},
        "training": {"epochs": 2},
    }
    return {"seeds": list(range(seeds)), "execution": {"paths": ["exact", "shots"]}, "studies": {"sweep": study}}


def plant(results: Path, seeds: int) -> int:
    """Give every further seed copies of the first one's files, older than what is made of all of them.

    Args:
        results: of a run of `sweep_config(1)`.
        seeds: how many there shall be.

    Returns:
        The number of predictions and histories that there are then.
    """
    first = sorted(results.glob("sweep/**/seed0"))
    for folder in first:
        for seed in range(1, seeds):
            shutil.copytree(folder, folder.with_name(f"seed{seed}"), copy_function=shutil.copy2, dirs_exist_ok=True)
            _say_seed(folder.with_name(f"seed{seed}").rglob("predictions.h5"), seed)
    return sum(len(list(results.glob(f"sweep/**/{name}"))) for name in ("predictions.h5", "history.csv"))


def _say_seed(predictions: Iterator[Path], seed: int) -> None:
    for path in predictions:
        times = path.stat()
        with h5py.File(path, "r+") as file:
            write_attributes(file, {"seed": seed})
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

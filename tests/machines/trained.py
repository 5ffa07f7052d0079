"""A trained model, compiled for the test server's machine, and the samples that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.circuits.library import build_for
from hqnn.data.samples import Samples
from hqnn.execution.backends import backend, snapshot
from hqnn.execution.compilation import compile_program, save_compiled
from hqnn.execution.remote import Remote
from hqnn.models.architectures import build_classifier, save_classifier
from hqnn.models.classifier import Architecture
from hqnn.settings.machines import Machine
from hqnn.store import read_table, write_text

SETTINGS: Mapping[str, Any] = {
    "provider": "ibm",
    "backend": "ibm_quince",
    "poll_s": 0.01,
    "wait_s": 0.1,
    "settle_s": 0.05,
}
CONFIRMED = {"confirm": True}
SHOTS, WIRES = 64, 3


@dataclass(frozen=True)
class Trained:
    """Files of one model and of its native circuit."""

    folder: Path

    def remote(self, rows: int = 6, model: str = "model", shots: int = SHOTS, **settings: Any) -> Remote:
        rng = np.random.default_rng(0)
        samples = Samples(np.arange(rows), rng.normal(size=(rows, WIRES)), np.zeros(rows, np.uint8), np.zeros(rows))
        about = {"study": "s", "dataset": "d", "model": "m", "phase": "ideal", "seed": "0", "path": "hardware"}
        return Remote(
            "quince",
            Machine.model_validate({**SETTINGS, **settings}).model_dump(exclude_unset=True),
            self.folder / f"{model}.safetensors",
            self.folder / "program.qpy",
            self.folder / "program.json",
            self.folder / "quince.json",
            shots,
            samples,
            about,
        )


def train(folder: Path) -> Trained:
    name = "angle_y-simplified_two_design-1"
    write_text(folder / "quince.json", replace(snapshot("ibmq_lima"), name="quince").to_json())
    program = build_for(name, WIRES, ["Z1"])
    at = backend(str(folder / "quince.json"))
    save_compiled(folder / "program.qpy", folder / "program.json", compile_program(program, at, seed=0, layouts=1))
    for seed, model in enumerate(("model", "other")):
        net = build_classifier(Architecture("pixel", (WIRES,), options={"reading": "scaled"}), program, seed=seed)
        save_classifier(folder / f"{model}.safetensors", net, {})
    return Trained(folder)


def submit(remote: Remote, allowed: Mapping[str, Any] = CONFIRMED) -> None:
    remote.submit("submission.json", "calibration.json", allowed)


def collect(remote: Remote) -> NDArray[np.float64]:
    """The expectation values."""
    remote.collect("predictions.h5", "counts.h5", "submission.json")
    columns, _ = read_table("predictions.h5")
    return np.asarray(columns["expectation"])

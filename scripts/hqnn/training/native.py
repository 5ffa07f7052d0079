"""Device-oriented training: go on from a trained model with the circuit that a backend really runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.data.parts import TRAIN
from hqnn.data.samples import read_samples
from hqnn.engine.layer import require_memory
from hqnn.engine.memory import MemoryLimitError
from hqnn.errors import UserError
from hqnn.models.architectures import load_classifier, save_classifier
from hqnn.models.device import device_of
from hqnn.noise.coverage import require_noise
from hqnn.noise.model import NoiseModel
from hqnn.partials import remove_partials
from hqnn.settings.fitting import Regime
from hqnn.store import write_text
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.history import history_csv
from hqnn.training.stored import fit_stored


def train_native(
    output: str | os.PathLike[str],
    history: str | os.PathLike[str],
    *,
    samples: Sequence[str | os.PathLike[str]],
    start: str | os.PathLike[str],
    program: str | os.PathLike[str],
    noise: NoiseModel | None,
    training: Mapping[str, Any],
    seed: int,
    memory_limit_mb: float,
    device: str = "cpu",
    code: str = "",
    terminal: TextIO | None = None,
) -> None:
    """Train the native circuit from the weights of the phase before.

    Args:
        output: of the model.
        history: CSV of loss and accuracy per epoch.
        samples: the tables of the store.
        start: model file of the phase before.
        program: file of the native program.
        noise: after every gate and at readout; none in the phase ``device``.
        training: values of `hqnn.settings.fitting.Regime`.
        seed: of the order of samples.
        memory_limit_mb: of the engine.
        device: where torch computes, see `hqnn.models.device.device_of`.
        code: see `hqnn.training.checkpoints.Checkpoint`.
        terminal: where a progress bar goes.

    Raises:
        UserError: a file cannot be read, no gate of the program gets noise, or noise on so many wires needs too much
            memory.
    """
    model, fingerprint = load_classifier(start, memory_limit_mb)
    model.to(device_of(device))
    native = read_program(program)
    if noise is not None:
        require_noise(native, noise)
        _require_memory(native, noise, memory_limit_mb)
    model.run_as(native, noise)
    checkpoint = Checkpoint.beside(output, code)
    regime = Regime(**training)
    train = read_samples(samples, TRAIN)
    epochs = fit_stored(model, train, samples, regime, seed=seed, checkpoint=checkpoint, terminal=terminal)
    write_text(history, history_csv(epochs))
    about = {"training": dict(training), "seed": seed, "started_from": fingerprint, "native_program": native.digest}
    save_classifier(output, model, about if noise is None else {**about, "noise": noise.digest})
    remove_partials(checkpoint.path)


def _require_memory(program: Program, noise: NoiseModel, limit_mb: float) -> None:
    """Refuse to train where only trajectories are left, which have no gradients."""
    try:
        require_memory(program, noise, limit_mb)
    except MemoryLimitError as error:
        raise UserError(
            f"training under noise on {program.wires} wires needs exact values, since trajectories have no gradients: "
            f"{error}; or leave the noisy phase out"
        ) from error

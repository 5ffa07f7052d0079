"""Why a device differs from a simulator: the same weights under each part of its noise, alone and together.

Exact expectation values come from the engine. Shots are drawn from them: a Pauli word's parity is +1 or -1, so the mean
of N shots is ``2 B / N - 1`` with B binomial in N and ``(1 + <Z>) / 2``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from hqnn.circuits.program import Program
from hqnn.circuits.program_file import read_program
from hqnn.circuits.words import written
from hqnn.data.samples import Samples, read_samples
from hqnn.engine import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import snapshot
from hqnn.metrics.binary import THRESHOLD, BinaryMeasures
from hqnn.models.architectures import load_classifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.noise.coverage import is_noisy
from hqnn.noise.scales import Scales
from hqnn.noise.snapshot import Snapshot
from hqnn.noise.thermal import from_snapshot
from hqnn.store import whole_file

COLUMNS = (
    "dataset",
    "model",
    "backend",
    "source",
    "seed",
    "draw",
    "noise",
    "shots",
    "sampling",
    "metric",
    "value",
)
PARTS = {
    "relaxation": Scales(gates=0, readout=0),
    "depolarizing": Scales.alone("gates"),
    "readout": Scales.alone("readout"),
}
NOISES = ("none", *PARTS, "all")
SAMPLINGS = ("all", "balanced")
METRICS = (
    "accuracy",
    "balanced_accuracy",
    "sureness",
    "confidence",
    "confidence_std",
    "imbalance",
    "imbalance_normalised",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """Under what the weights are run.

    Attributes:
        noise: one of `NOISES`.
        shots: repetitions a sample; 0 for exact expectation values.
    """

    noise: str
    shots: int = 0


@dataclass(frozen=True)
class Weights:
    """One set of quantum weights.

    Attributes:
        source: ``trained``, or ``untrained`` where only the classical layers around them are.
        draw: which random draw; 0 for trained weights.
        values: shape (weights,), radians.
    """

    source: str
    draw: int
    values: Floats


def write_ablation(
    output: str | os.PathLike[str],
    *,
    samples: str | os.PathLike[str],
    models: Mapping[int, str | os.PathLike[str]],
    program: str | os.PathLike[str],
    backend: str,
    noise: Mapping[str, Any],
    shots: int,
    few_shots: Sequence[int],
    draws: int,
    seed: int,
    about: Mapping[str, str],
) -> None:
    """Run trained and untrained weights under every part of a backend's noise; write the scores as CSV.

    Args:
        output: of the table, columns `COLUMNS`; numbers with nine significant digits.
        samples: the store; all its test samples are run.
        models: training seed to model file, all of one circuit.
        program: file of that circuit's native program.
        backend: name or file of the calibration.
        noise: values of `hqnn.settings.execution.Noise`.
        shots: of the backend's usual run; they come on top of all noise.
        few_shots: numbers of shots without any noise.
        draws: of untrained weights, for each training seed.
        seed: of these draws and of the sampling.
        about: dataset and model, as columns.

    Raises:
        UserError: a file cannot be read, no gate of the program gets noise, or an observable is no Pauli word.
    """
    native = read_program(program)
    _require_words(native)
    machine = snapshot(backend)
    layers = noisy_layers(native, machine, noise)
    settings = (*(Setting(noise) for noise in NOISES), Setting("all", shots), *(Setting("none", n) for n in few_shots))
    test = read_samples(samples)
    tables = []
    for run, file in models.items():
        model, _ = load_classifier(file)
        generators = np.random.default_rng([seed, run]).spawn(2)
        weights = [Weights("trained", 0, model.quantum_weights()), *untrained(native, draws, generators[0])]
        table = ablation(model, layers, weights, settings, test, generators[1])
        tables.append(table.assign(**about, backend=machine.name, seed=run)[list(COLUMNS)])
    with whole_file(output) as partial:
        pd.concat(tables).to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def _require_words(program: Program) -> None:
    """Shots are drawn from expectation values, which is right for what is 1 or -1 alone."""
    for observable in program.observables:
        if not set(observable) <= set("IXYZ"):
            raise UserError(
                f"why a device differs is told of Pauli words, but the circuit measures {written(observable)}; set "
                "explanation.enabled to false, or name Pauli words as observables"
            )


def noisy_layers(
    program: Program, calibration: Snapshot, options: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, QuantumLayer]:
    """The native circuit in the engine, once for each of `NOISES`; a part that the calibration lacks is no noise.

    Relaxation is that of gates and waits, depolarising all else that gates do.

    Raises:
        UserError: no gate of the program gets any noise.
    """
    alone = {part: from_snapshot(calibration, **options, scales=scales) for part, scales in PARTS.items()}
    noises = {part: noise if is_noisy(program, noise) else None for part, noise in alone.items()}
    models = {"none": None, **noises, "all": from_snapshot(calibration, **options)}
    return {name: QuantumLayer(program, noise, dtype=torch.float64) for name, noise in models.items()}


def untrained(program: Program, draws: int, generator: np.random.Generator) -> list[Weights]:
    """Weights as a layer has them before training, uniform in [0, 2 pi)."""
    values = generator.uniform(0, 2 * math.pi, (draws, program.weights))
    return [Weights("untrained", draw, row) for draw, row in enumerate(values)]


def ablation(
    model: HybridClassifier,
    layers: Mapping[str, QuantumLayer],
    weights: Sequence[Weights],
    settings: Sequence[Setting],
    samples: Samples,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Score several sets of quantum weights, inside one model's classical layers, in several settings.

    Args:
        model: its encoding and reading are used with all weights.
        layers: the circuit under each noise, by name.
        weights: to be run; the layers' own are overwritten.
        settings: to run them in.
        samples: to predict.
        generator: of the sampling.

    Returns:
        `COLUMNS` from the source on, without the seed. Samplings are those of `hqnn.metrics.score.score`. Beside
        `METRICS` there are the mean and the standard deviation of <Z> over all samples.
    """
    inputs = torch.from_numpy(model.circuit_inputs(samples.features))
    rows = []
    for one in weights:
        exact = {name: _expectations(layer, one.values, inputs) for name, layer in layers.items()}
        for setting in settings:
            values = sampled(exact[setting.noise], setting.shots, generator)
            scores = _scores(samples.labels, model.probabilities(values), values)
            rows += [(one.source, one.draw, setting.noise, setting.shots, *score) for score in scores]
    return pd.DataFrame(rows, columns=["source", "draw", "noise", "shots", "sampling", "metric", "value"])


def sampled(expectations: Floats, shots: int, generator: np.random.Generator) -> Floats:
    """Means of so many shots of Pauli words with the given expectation values, any shape; themselves for 0 shots."""
    if shots == 0:
        return expectations
    plus = generator.binomial(shots, np.clip((1 + expectations) / 2, 0, 1))
    return np.asarray(2 * plus / shots - 1)


@torch.no_grad()
def _expectations(layer: QuantumLayer, weights: Floats, inputs: torch.Tensor) -> Floats:
    layer.weights.copy_(torch.from_numpy(weights).reshape(layer.weights.shape))
    values: Floats = layer(inputs).numpy()
    return values


def _scores(labels: NDArray[np.uint8], probability: Floats, values: Floats) -> Iterator[tuple[str, str, float]]:
    """Sampling, metric and value."""
    measures = BinaryMeasures(labels.astype(float), probability, (probability > THRESHOLD).astype(float))
    samplings = measures.samplings(np.ones((1, labels.size)))
    for metric, sampling in product(METRICS, SAMPLINGS):
        yield sampling, metric, float(samplings[sampling].values[metric][0])
    yield "all", "expectation_mean", float(values.mean())
    yield "all", "expectation_std", float(values.std())

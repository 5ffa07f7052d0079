"""Trained models along axes of execution, all of one job: under noise that is scaled, and by numbers of shots."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.data.samples import Files, Samples, read_samples
from hqnn.execution.backends import calibration_file
from hqnn.execution.exact import run_exact
from hqnn.execution.noisy import Noisy
from hqnn.execution.predict import ExecutionPath
from hqnn.metrics.points import SAME, point
from hqnn.metrics.table import write_metrics
from hqnn.models.architectures import load_classifier
from hqnn.models.device import device_of
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier
from hqnn.noise.scales import PARTS, Scales
from hqnn.training.checkpoints import Checkpoint
from hqnn.training.points import compute_points

NOISE, SHOTS = "noise", "shots"

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """One seed's model, and where its samples lie.

    Attributes:
        seed: that it was trained from.
        model: its file.
        samples: the tables of the store.
    """

    seed: int
    model: str | os.PathLike[str]
    samples: Files


def write_noise_curve(
    output: str | os.PathLike[str],
    trained: Sequence[Trained],
    *,
    program: str | os.PathLike[str],
    backend: str,
    noise: Mapping[str, Any],
    factors: Sequence[float],
    trajectories: int,
    subset: int,
    seed: int,
    about: Mapping[str, Any],
    code: str = "",
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    device: str = "cpu",
) -> None:
    """Run models under a backend's noise times each factor, all of it and each of its parts alone; write the points.

    The axis is ``noise`` for all noise together and ``noise_<part>`` for a part, see `hqnn.noise.scales.Scales`. Noise
    times zero, which is always among the points, and a part that the calibration lacks are the exact path. Where exact
    propagation needs too much memory, trajectories run on the subset of the samples, see `hqnn.execution.noisy.Noisy`.

    Args:
        output: of the tidy table.
        trained: the models.
        program: file of their native circuit.
        backend: name or file of the calibration.
        noise: values of `hqnn.settings.execution.Noise`.
        factors: from 0.
        trajectories: a sample.
        subset: how many samples.
        seed: of trajectories and subset.
        about: what the path of the result says: study, dataset, model, backend.
        code: see `hqnn.training.checkpoints.Checkpoint`; a killed curve goes on at the next point.
        memory_limit_mb: of the engine.
        device: see `hqnn.models.device.device_of`.
    """
    given = (trajectories, seed, memory_limit_mb)
    whole = Noisy(program, backend, noise, *given)
    nets = [_Net.of(one, whole.samples(subset), seed, memory_limit_mb, device) for one in trained]
    said = {**about, "phase": "ideal", "path": "noisy"}
    paths = [
        (Noisy(program, backend, {**noise, "scales": of_parts}, *given), axis, factor)
        for axis, scales in _scaled(sorted({0.0, *factors}))
        for factor, of_parts in scales
    ]
    points = [partial(net.under_noise, *path, said) for path in paths for net in nets]
    known = [[net.seed for net in nets], sorted({0.0, *factors}), dict(noise), *given, subset, device, said]
    files = [*_files(trained), program, calibration_file(backend)]
    write_metrics(Path(output), compute_points(points, Checkpoint.of_table(output, code), files=files, said=known))


def write_shots_curve(
    output: str | os.PathLike[str],
    trained: Sequence[Trained],
    *,
    shots: Sequence[int],
    subset: int,
    seed: int,
    about: Mapping[str, Any],
    code: str = "",
) -> None:
    """Sample models without noise by numbers of shots; write the points.

    Args:
        output: of the tidy table.
        trained: the models.
        shots: repetitions a sample.
        subset: how many samples.
        seed: of sampling and subset.
        about: what the path of the result says: study, dataset, model.
        code: as of `write_noise_curve`.
    """
    from hqnn.execution.sampled import Shots  # Qiskit and Aer, which no other axis needs

    nets = [_Net.of(one, subset, seed) for one in trained]
    said = {**about, "phase": "ideal", "path": "shots", "backend": "aer"}
    points = [partial(net.point, Shots(count, seed), SHOTS, count, said) for count in shots for net in nets]
    known = [[net.seed for net in nets], list(shots), subset, seed, said]
    checkpoint = Checkpoint.of_table(output, code)
    write_metrics(Path(output), compute_points(points, checkpoint, files=_files(trained), said=known))


def _files(trained: Sequence[Trained]) -> list[str | os.PathLike[str]]:
    """Models and samples."""
    tables = [[one.samples] if isinstance(one.samples, str | os.PathLike) else one.samples for one in trained]
    return [*(one.model for one in trained), *chain.from_iterable(tables)]


def _scaled(factors: Sequence[float]) -> Iterator[tuple[str, list[tuple[float, Scales]]]]:
    """The axes of scaled noise, with the scales at each factor."""
    yield NOISE, [(factor, Scales.whole(factor)) for factor in factors]
    for part in PARTS:
        yield f"{NOISE}_{part}", [(factor, Scales.alone(part, factor)) for factor in factors]


@dataclass(frozen=True)
class _Net:
    """A trained model with its inputs, and what it says of them without noise or sampling."""

    seed: int
    fingerprint: str
    model: HybridClassifier
    samples: Samples
    inputs: NDArray[np.float64]
    exact: Probabilities

    @classmethod
    def of(
        cls,
        one: Trained,
        subset: int | None,
        seed: int,
        memory_limit_mb: float = MEMORY_LIMIT_MB,
        device: str = "cpu",
    ) -> _Net:
        model, fingerprint = load_classifier(one.model, memory_limit_mb)
        model.to(device_of(device))
        samples = read_samples(one.samples, subset=subset, seed=seed)
        inputs = model.circuit_inputs(samples.features)
        exact = model.probabilities(run_exact(model, fingerprint, inputs).values)
        return cls(one.seed, fingerprint, model, samples, inputs, exact)

    def under_noise(self, path: Noisy, axis: str, factor: float, about: Mapping[str, Any]) -> pd.DataFrame:
        """Rows under noise; of the exact path where nothing gets any."""
        return self.point(path if path.is_noisy else None, axis, factor, about)

    def point(self, path: ExecutionPath | None, axis: str, at: float, about: Mapping[str, Any]) -> pd.DataFrame:
        """Rows of one path; of the exact one where None."""
        found = self.exact
        if path is not None:
            found = self.model.probabilities(path(self.model, self.fingerprint, self.inputs).values)
        said = {**about, "seed": self.seed, "classes": self.samples.classes}
        facts = {SAME: float((_answers(found) == _answers(self.exact)).mean())}
        return point(self.samples.labels, found, about=said, axis=axis, at=at, facts=facts)


def _answers(probability: Probabilities) -> NDArray[np.integer]:
    return np.asarray(probability > 0.5 if probability.ndim == 1 else probability.argmax(axis=1), dtype=np.int64)

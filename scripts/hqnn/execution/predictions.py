"""One schema for the predictions of every execution path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError
from hqnn.store import read_table, write_table

TRAIN, TEST = 0, 1


@dataclass(frozen=True)
class Samples:
    """Samples of one split of a store.

    Attributes:
        ids: their rows in the store, shape (samples,).
        features: shape (samples, features).
        labels: shape (samples,).
        groups: the city of each, shape (samples,).
    """

    ids: NDArray[np.int64]
    features: NDArray[np.float32]
    labels: NDArray[np.uint8]
    groups: NDArray[Any]


@dataclass(frozen=True)
class Expectations:
    """What an execution path gave.

    Attributes:
        values: expectation values, shape (samples, observables).
        standard_errors: of sampling, same shape; zero where nothing was sampled.
        program_digest: of the circuit that ran.
        backend: what it ran on.
        calibration_digest: of the backend's noise, empty without any.
        shots: repetitions of a circuit, 0 where expectation values are exact.
        jobs: how many were sent.
        qpu_s: seconds of quantum hardware.
    """

    values: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    program_digest: str
    backend: str
    calibration_digest: str = ""
    shots: int = 0
    jobs: int = 0
    qpu_s: float = 0.0


def read_samples(
    path: str | os.PathLike[str], split: int = TEST, *, subset: int | None = None, seed: int = 0
) -> Samples:
    """Read the samples of one split, all or a subset.

    Args:
        path: of the store.
        split: `TRAIN` or `TEST`.
        subset: how many to draw, in proportion to city and class; all where None or where there are no more.
        seed: of the draw.
    """
    columns, _ = read_table(path, "features", "labels", "split", "city")
    ids = np.flatnonzero(columns["split"] == split)
    if len(ids) == 0:
        raise UserError(f"{path} has no samples of one split; name train and test cities that have valid pixels")
    if subset is not None and subset < len(ids):
        strata = columns["city"][ids].astype(np.int64) * 2 + columns["labels"][ids]
        ids = ids[stratified(strata, subset, np.random.default_rng(seed))]
    return Samples(ids, columns["features"][ids], columns["labels"][ids], columns["city"][ids])


def stratified(strata: NDArray[Any], size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw without replacement so that every stratum keeps its share.

    Args:
        strata: the stratum of each sample, shape (samples,).
        size: how many to draw; at most as many as there are.
        generator: the source of randomness.

    Returns:
        Sorted indices, shape (size,).
    """
    shuffled = generator.permutation(len(strata))
    grouped = shuffled[np.argsort(strata[shuffled], kind="stable")]
    return np.sort(grouped[((np.arange(size) + 0.5) * len(strata) / size).astype(np.int64)])


def write_predictions(
    output: str | os.PathLike[str],
    samples: Samples,
    probability: NDArray[np.float64],
    about: Mapping[str, Any],
    values: NDArray[np.float64] | None = None,
    standard_errors: NDArray[np.float64] | None = None,
) -> None:
    """Write predictions in the one schema; class 1 where its probability is above 1/2.

    Args:
        output: of the predictions.
        samples: what was predicted.
        probability: of class 1, shape (samples,).
        about: the attributes.
        values: expectation values, shape (samples, observables); none for a classical model.
        standard_errors: same shape.
    """
    none = np.empty((len(samples.ids), 0))
    columns: dict[str, NDArray[Any]] = {
        "sample": samples.ids,
        "label": samples.labels,
        "expectation": none if values is None else values,
        "standard_error": none if standard_errors is None else standard_errors,
        "probability": probability,
        "predicted": (probability > 0.5).astype(np.uint8),
    }
    write_table(output, columns, {**about, "seed": int(about["seed"])})

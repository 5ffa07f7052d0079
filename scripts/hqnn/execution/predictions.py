"""One schema for the predictions of every execution path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.samples import Samples
from hqnn.store import write_table


@dataclass(frozen=True)
class Expectations:
    """What an execution path gave.

    Attributes:
        values: expectation values, shape (samples, ..., copies * observables).
        standard_errors: of sampling, same shape; zero where nothing was sampled.
        program_digest: of the circuit that ran.
        backend: what it ran on.
        calibration_digest: of the backend's noise, empty without any.
        shots: repetitions of a circuit, 0 where expectation values are exact.
        jobs: how many were sent.
        executions: bound circuits times shots that a real machine ran, 0 for a simulator.
        qpu_s: seconds of quantum hardware, as used or else as estimated.
        estimated_s: the same as estimated.
        price: of these seconds, in the config's currency; None where it says none.
        trajectories: that expectation values are means of, 0 where there are none.
    """

    values: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    program_digest: str
    backend: str
    calibration_digest: str = ""
    shots: int = 0
    jobs: int = 0
    executions: int = 0
    qpu_s: float = 0.0
    estimated_s: float = 0.0
    price: float | None = None
    trajectories: int = 0


def write_predictions(
    output: str | os.PathLike[str],
    samples: Samples,
    probability: NDArray[np.float64],
    about: Mapping[str, Any],
    values: NDArray[np.float64] | None = None,
    standard_errors: NDArray[np.float64] | None = None,
) -> None:
    """Write predictions in the one schema.

    Args:
        output: of the predictions.
        samples: what was predicted.
        probability: of class 1 of two, shape (samples,), which is predicted above 1/2; or of every class, shape
            (samples, classes), the likeliest of which is predicted.
        about: the attributes.
        values: expectation values, shape (samples, ...), stored as (samples, all); none for a classical model.
        standard_errors: same shape.
    """
    rows = len(samples.ids)
    none = np.empty((rows, 0))
    likeliest = probability > 0.5 if probability.ndim == 1 else probability.argmax(axis=1)
    columns: dict[str, NDArray[Any]] = {
        "sample": samples.ids,
        "label": samples.labels,
        "expectation": none if values is None else values.reshape(rows, -1),
        "standard_error": none if standard_errors is None else standard_errors.reshape(rows, -1),
        "probability": probability,
        "predicted": likeliest.astype(np.min_scalar_type(max(1, len(samples.classes) - 1))),
    }
    write_table(output, columns, {**about, "seed": int(about["seed"]), "classes": list(samples.classes)})

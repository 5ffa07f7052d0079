"""Run a trained model on samples by any execution path."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hqnn.data.samples import Samples
from hqnn.execution.predictions import Expectations, write_predictions
from hqnn.models.architectures import load_classifier
from hqnn.models.device import device_of
from hqnn.models.hybrid import MEMORY_LIMIT_MB, HybridClassifier


class ExecutionPath(Protocol):
    """A way to run a trained circuit on many inputs."""

    def __call__(self, model: HybridClassifier, trained: str, inputs: NDArray[np.float64]) -> Expectations:
        """Run it.

        Args:
            model: holds program and weights.
            trained: the fingerprint its file was written with.
            inputs: of the circuits, shape (samples, ..., copies * inputs).

        Raises:
            UserError: the weights about to run are not the trained ones.
        """


def predict(
    output: str | os.PathLike[str],
    *,
    samples: Samples,
    model: str | os.PathLike[str],
    path: ExecutionPath,
    about: Mapping[str, Any],
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    device: str = "cpu",
) -> None:
    """Run a trained model on samples and write its predictions.

    Args:
        output: of the predictions.
        samples: to predict.
        model: its file.
        path: how to run it.
        about: what the path of the result says: study, dataset, model, phase, seed, path.
        memory_limit_mb: of the engine.
        device: where torch computes, see `hqnn.models.device.device_of`.
    """
    classifier, trained = load_classifier(model, memory_limit_mb)
    classifier.to(device_of(device))
    started = time.perf_counter()
    inputs = classifier.circuit_inputs(samples.features)
    run = path(classifier, trained, inputs)
    seconds = time.perf_counter() - started
    circuits = classifier.quantum.copies * math.prod(inputs.shape[1:-1])  # of a sample
    facts = {k: v for k, v in asdict(run).items() if k not in ("values", "standard_errors")}
    write_predictions(
        output,
        samples,
        classifier.probabilities(run.values),
        {**about, **facts, "circuits": circuits, "weights_fingerprint": trained, "wall_s": seconds},
        run.values,
        run.standard_errors,
    )

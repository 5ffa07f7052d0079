"""Predictions of a classical network."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from hqnn.data.samples import Samples
from hqnn.execution.predictions import write_predictions
from hqnn.models.architectures import read_classifier


def predict_classical(
    output: str | os.PathLike[str],
    *,
    samples: Samples,
    model: str | os.PathLike[str],
    about: Mapping[str, Any],
) -> None:
    """Write what a trained network without a circuit says of samples.

    Args:
        output: of the predictions.
        samples: to predict.
        model: its file.
        about: what the path of the result says: study, dataset, model, seed.
    """
    classifier, said = read_classifier(model)
    started = time.perf_counter()
    probability = classifier.classify(samples.features)
    facts = {"wall_s": time.perf_counter() - started, "weights_fingerprint": said["fingerprint"]}
    place = {"phase": "ideal", "path": "exact", "backend": "torch"}
    write_predictions(output, samples, probability, {**about, **place, **facts})

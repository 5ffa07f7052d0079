"""Classical references by name: fitted on the train samples, run on the test samples."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from hqnn.data.parts import TRAIN
from hqnn.data.samples import read_samples
from hqnn.execution.predictions import write_predictions
from hqnn.models.baselines import change_vector_probability, logistic_regression, mlp
from hqnn.store import read_table
from hqnn.training.draws import epoch_order


def predict_baseline(
    output: str | os.PathLike[str],
    *,
    samples: str | os.PathLike[str],
    name: str,
    parameters: int,
    seed: int,
    about: Mapping[str, Any],
) -> None:
    """Fit one reference and write its predictions of the test samples.

    Args:
        output: of the predictions.
        samples: the store.
        name: ``change_vector``, ``logistic_regression`` or ``mlp``.
        parameters: how many trainable numbers the model it is compared with has; sets the width of the MLP.
        seed: of the balanced draws and of initial weights.
        about: what the path of the result says.
    """
    train, test = read_samples(samples, TRAIN), read_samples(samples)
    if name == "change_vector":
        lengths = read_table(samples, "change_vector_length")[0]["change_vector_length"]
        probability = change_vector_probability(lengths[test.ids], lengths[train.ids])
    else:
        order = epoch_order(train.labels, balanced=True, generator=np.random.default_rng(seed))
        drawn = train.features[order], train.labels[order]
        if name == "logistic_regression":
            fitted = logistic_regression(*drawn)
        else:
            fitted = mlp(*drawn, parameters=parameters, seed=seed)
        probability = fitted.predict_proba(test.features)[:, 1].astype(np.float64)
    write_predictions(output, test, probability, {**about, "model": name, "seed": seed, "backend": "scikit-learn"})

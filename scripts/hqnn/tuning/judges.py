"""What settings are worth: the mean score over folds of the train samples, each by what was fitted on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.folds import Fold
from hqnn.data.samples import Samples
from hqnn.errors import UserError
from hqnn.settings.fitting import Training
from hqnn.settings.spaces import CIRCUIT, circuit_name

RUNGS = 10  # reports of a trial


@dataclass(frozen=True)
class Material:
    """What a search sees.

    Attributes:
        train: the train samples, as they are trained on.
        scored: the same, as samples to test are seen.
        validation: the study's own, which choose an epoch where its training lets them; nothing else.
        folds: of the train samples.
        seed: of initial weights and of what is drawn in fitting.
    """

    train: Samples
    scored: Samples
    validation: Samples | None
    folds: Sequence[Fold]
    seed: int

    def fold_seed(self, place: int) -> int:
        """Of one fold."""
        return int(np.random.SeedSequence([self.seed, place]).generate_state(1)[0])


def balanced_accuracy(labels: NDArray[Any], probability: NDArray[np.float64]) -> float:
    """The mean over classes of the share of their samples that are told, of the classes that are there.

    Args:
        labels: shape (samples,).
        probability: of class 1 of two, shape (samples,), or of every class, shape (samples, classes).
    """
    predicted = probability > 0.5 if probability.ndim == 1 else probability.argmax(axis=1)
    hits = predicted.astype(np.int64) == labels
    return float(np.mean([hits[labels == one].mean() for one in np.unique(labels)]))


def rows_of(samples: Samples, places: NDArray[np.int64]) -> Samples:
    """Some of the samples."""
    versions = None if samples.augmented is None else samples.augmented[places]
    return replace(
        samples,
        ids=samples.ids[places],
        features=samples.features[places],
        labels=samples.labels[places],
        groups=samples.groups[places],
        augmented=versions,
    )


def parted(values: Mapping[str, Any], subject: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings by what they belong to: the parts of `hqnn.settings.chosen.Chosen`.

    Args:
        values: key to what was drawn.
        subject: the model, see `hqnn.settings.searches.Searches.subject`.
    """
    parts: dict[str, dict[str, Any]] = {"training": {}, "options": {}, "circuit": {}, "parameters": {}}
    if "parameters" in subject:
        return {**parts, "parameters": dict(values)}
    for key, value in values.items():
        if key not in CIRCUIT:
            parts["training" if key in Training.model_fields else "options"][key] = value
    if any(key in values for key in CIRCUIT):
        parts["circuit"] = {"name": circuit_name(subject["circuit"]["name"], values)}
    return parts


def own_values(subject: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the study itself names, which are tried first."""
    if "parameters" in subject:
        return dict(subject["parameters"])
    circuit = subject["circuit"]
    named = dict(zip(("embedding", "ansatz"), circuit["name"].split("-"), strict=False)) if circuit else {}
    layers = {"layers": int(circuit["name"].split("-")[2])} if circuit else {}
    return {"embedding_scale": 1.0, **subject["options"], **subject["training"], **named, **layers}


def require_two_classes(train: Samples) -> None:
    """Refuse samples of one class.

    Raises:
        UserError: they are.
    """
    if len(np.unique(train.labels)) < 2:
        raise UserError("the train samples are of a single class, so no settings can be told apart; add data")

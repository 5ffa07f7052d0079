"""What parameters of a classical reference or a quantum kernel are worth."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from hqnn.execution.references import as_vectors, fitted_probability, kernel_options
from hqnn.models.baselines import reference
from hqnn.tuning.judges import Material, balanced_accuracy, rows_of
from hqnn.tuning.search import Judge, Report


def reference_judge(subject: Mapping[str, Any], material: Material, of_kernels: Mapping[str, Any]) -> Judge:
    """Scores parameters of a reference.

    Args:
        subject: the reference, see `hqnn.settings.searches.Searches.subject`.
        material: samples and folds.
        of_kernels: what a quantum kernel takes further, see `hqnn.execution.references.kernel_options`.
    """
    said = dict(subject["parameters"])
    estimator = said.pop("estimator")
    with _quiet():
        train, scored = as_vectors(material.train, material.scored)

    def judge(values: Mapping[str, Any], report: Report) -> float:
        parameters = {**said, **values}
        options = kernel_options(estimator, parameters, seed=material.seed, **of_kernels)
        scores = []
        for place, fold in enumerate(material.folds):
            held = rows_of(scored, fold.held)
            with _quiet():
                probability, _ = fitted_probability(
                    estimator,
                    parameters,
                    material.fold_seed(place) % 2**31,
                    subject["balanced"],
                    options,
                    rows_of(train, fold.fitted),
                    held,
                )
            scores.append(balanced_accuracy(held.labels, probability))
            if place < len(material.folds) - 1:
                report(place, float(np.mean(scores)))
        return float(np.mean(scores))

    return judge


def usual_parameters(estimator: str) -> dict[str, Any]:
    """The values that a reference's parameters have where nobody says them."""
    made = reference(estimator, {}, seed=0, features=1, classes=2)
    found: dict[str, Any] = made.get_params(deep=False)
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of fits that are only tried."""
    library = logging.getLogger("hqnn")
    before = library.level
    library.setLevel(logging.ERROR)
    try:
        yield
    finally:
        library.setLevel(before)

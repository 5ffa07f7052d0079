"""Scores of change on every pixel of whole test scenes, as papers on change detection give them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hqnn.data.parts import PARTS, TEST, TRAIN
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.labelled import labelled_pixels
from hqnn.data.pixels.scene import Collection
from hqnn.data.samples import Samples, read_samples
from hqnn.execution.new_data.predictor import Predictor, execution_by
from hqnn.execution.references import fitted_reference
from hqnn.metrics.runs import Run, run_of
from hqnn.metrics.table import AS_SET, COLUMNS, POOLED, write_metrics
from hqnn.metrics.thresholds import EVERY_PIXEL, ThresholdCounts
from hqnn.models.baselines import reference_probability
from hqnn.models.hybrid import HybridClassifier
from hqnn.settings.chosen import read_chosen
from hqnn.store import open_table, read_attributes

log = logging.getLogger(__name__)

Counts = dict[str, ThresholdCounts]  # of each scene


@dataclass(frozen=True)
class Scored:
    """A trained model and what it says of scenes.

    Attributes:
        run: that trained it.
        backend: what ran it.
        predict: features, shape (pixels, features), to the probability of the second class, shape (pixels,).
        counts: of each scene that was read.
    """

    run: Run
    backend: str
    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    counts: Counts

    @classmethod
    def of(cls, model: Path, memory_limit_mb: float) -> Scored:
        """Read a model's file."""
        predict = Predictor(model, execution_by("exact", (), shots=1, seed=0), memory_limit_mb)
        backend = "engine" if isinstance(predict.classifier, HybridClassifier) else "torch"
        return cls(run_of(model), backend, lambda features: predict(features)[:, 1], {})

    @classmethod
    def by_reference(
        cls, about: Mapping[str, Any], reference: Mapping[str, Any], train: Samples, balanced: bool
    ) -> Scored:
        """Fit a reference as `predict_reference` does; `about` are attributes of the table of samples."""
        run = Run(about["study"], about["dataset"], reference["name"], "ideal", reference["seed"])
        said = {**reference["parameters"], **read_chosen(reference["tuned"]).parameters}
        fitted = fitted_reference(said.pop("estimator"), said, train, seed=run.seed, balanced=balanced)
        return cls(run, "scikit-learn", lambda features: reference_probability(fitted, features, 2), {})


def score_every_pixel(
    output: Path,
    *,
    collection: Collection,
    samples: str | os.PathLike[str],
    models: Sequence[Path],
    references: Sequence[Mapping[str, Any]] = (),
    balanced: bool = False,
    memory_limit_mb: float,
) -> None:
    """Score models on all labelled pixels of every test scene, without noise, and write the tidy table.

    The threshold of each model is that of greatest F1 on all labelled pixels of all train scenes together; labels of
    test scenes are only counted. Rows are of sampling `EVERY_PIXEL`: f1, precision, recall and iou of the second class
    for each test scene and pooled, and, pooled, `threshold` and `train_f1`. Rasters are read once, whatever the number
    of models. There are no rows, and a warning says why, where the classes are not two, or where pixels of one scene
    are dealt to train and to test.

    Args:
        output: CSV file, columns `COLUMNS`.
        collection: that the table of samples was made of.
        samples: that table; says how features are computed.
        models: files of trained models, under ``<study>/<dataset>/<model>/<phase>/seed<k>/``.
        references: fitted anew on train samples; of each `name`, `seed`, `parameters`, its estimator among them, and
            `tuned`, see `predict_reference`.
        balanced: whether they are fitted to draws of equally likely classes.
        memory_limit_mb: of the engine.

    Raises:
        UserError: a file is missing or damaged, or no train scene has a pixel of the second class.
    """
    with open_table(samples) as file:
        about = read_attributes(file)
    trained, tested = (_of_part(collection, code) for code in (TRAIN, TEST))
    reason = _why_not(about["classes"], trained, tested)
    if reason:
        log.warning("scores on every pixel are left out: %s", reason)
        write_metrics(output, [pd.DataFrame(columns=list(COLUMNS))])
        return
    train = read_samples(samples, TRAIN)
    scored = [Scored.of(model, memory_limit_mb) for model in models]
    scored += [Scored.by_reference(about, one, train, balanced) for one in references]
    for scene in (*trained, *tested):
        _count(collection, samples, scene, scored)
    write_metrics(output, [pd.DataFrame(_rows(one, trained, tested), columns=list(COLUMNS)) for one in scored])


def _of_part(collection: Collection, code: int) -> list[str]:
    return [listed.name for listed in collection.scenes if listed.part == PARTS[code]]


def _why_not(classes: Sequence[str], trained: Sequence[str], tested: Sequence[str]) -> str:
    """What stands against such scores; empty where nothing does."""
    if len(classes) != 2:
        return f"F1, precision and recall are of one of two classes, and there are {len(classes)}"
    if not trained or not tested:
        return "no whole scenes are trained on and others tested on, since pixels of a scene are dealt to both"
    return ""


def _count(collection: Collection, samples: str | os.PathLike[str], scene: str, scored: Sequence[Scored]) -> None:
    """Predict all labelled pixels of a scene by every model, window by window."""
    sampling, transform = read_transform(samples, scene)
    for one in scored:
        one.counts[scene] = ThresholdCounts()
    for piece in labelled_pixels(collection, scene, sampling):
        features = transform.transform(piece.pixels.raw)
        for one in scored:
            one.counts[scene].add(piece.labels, one.predict(features))


def _rows(one: Scored, trained: Sequence[str], tested: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Tidy rows of one model; only the train scenes decide its threshold."""
    train = sum((one.counts[name] for name in trained), ThresholdCounts())
    pooled = sum((one.counts[name] for name in tested), ThresholdCounts())
    threshold = train.best_threshold()
    about = {**asdict(one.run), "path": "exact", "backend": one.backend, "sampling": EVERY_PIXEL}
    nothing = {**dict.fromkeys(("low", "high", "published"), np.nan), **AS_SET}
    chosen = {"threshold": threshold, "train_f1": train.scores(threshold)["f1"]}
    groups = {POOLED: pooled, **{name: one.counts[name] for name in tested}}
    for group, counts in groups.items():
        own = {**counts.scores(threshold), **(chosen if group == POOLED else {})}
        for metric, value in own.items():
            yield {**about, "group": group, "metric": metric, "value": value, "samples": counts.pixels, **nothing}

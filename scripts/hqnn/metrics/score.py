"""Scores of one set of predictions, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hqnn.metrics.binary import THRESHOLD, BinaryMeasures
from hqnn.metrics.bootstrap import balanced_draw, bootstrap, interval
from hqnn.metrics.measures import Floats, Measured, Measures
from hqnn.metrics.multiclass import MulticlassMeasures
from hqnn.metrics.table import POOLED

Key = tuple[str, str, str]  # sampling, group, metric


def score(
    labels: ArrayLike,
    probability: ArrayLike,
    predicted: ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    balanced: bool = False,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Score predictions, pooled and by group, as they are and, where asked, class-balanced.

    Sampling `all` takes the samples as they are. `balanced` is as many draws with replacement as there are samples,
    both classes equally likely; its value is one seeded draw. Intervals are percentiles over bootstrap draws of samples
    or clusters within groups, without those where a metric is undefined; for `balanced` each is followed by the
    balanced draw, so that they speak of the samples that exist. Recall, precision and F1 of a class stand in a group of
    the class's name; where samples have groups of their own, they are metrics such as `recall_<class>` of each.

    Args:
        labels: classes counted from 0, shape (samples,).
        probability: of class 1 of two, in [0, 1], shape (samples,); or of every class, shape (samples, classes).
        predicted: class, shape (samples,); the likeliest where absent.
        classes: their names in the order of labels; their numbers where absent.
        groups: name of each sample's group, such as its scene, shape (samples,).
        clusters: number of what each sample belongs to, such as its photograph, shape (samples,); what is of one
            cluster is drawn together. A group of one cluster has no interval (NaN).
        balanced: whether to score class-balanced draws too; for two classes.
        draws: number of bootstrap draws; 0 leaves the intervals out (NaN).
        seed: of all draws; equal labels, groups and seed draw equal samples, so that models compare pair by pair.

    Returns:
        Columns sampling, group, metric, value, low, high (95 % interval), samples. A metric that is undefined (a rank
        metric of a group with one class, the precision where nothing is predicted as class 1) is NaN.

    Raises:
        ValueError: shapes differ, more than two classes are to be balanced, labels are no classes, or probabilities
            leave [0, 1] or do not sum to 1.
    """
    y, p, guess = _checked(labels, probability, predicted)
    names = _names(p, classes)
    if balanced and len(names) > 2:
        raise ValueError(f"draws balance two classes, not {len(names)}")
    parts = _parts(y, p, guess, names, None if groups is None else np.asarray(groups, dtype=str))
    sizes = {name: int((y == k).sum()) for k, name in enumerate(names)} | {p.group: p.members.size for p in parts}
    scored = _scored(parts, _clusters(y, clusters), balanced=balanced, draws=draws, seed=seed)
    return pd.DataFrame({**row, "samples": sizes[row["group"]]} for row in scored)


@dataclass(frozen=True)
class _Part:
    """Samples that are scored together, and the names of the classes."""

    group: str
    members: NDArray[np.int64]
    measures: Measures
    classes: Sequence[str]
    grouped: bool

    def named(self, measured: Measured) -> Iterator[tuple[tuple[str, str], Floats]]:
        """Each metric with the group and the name that it stands under."""
        yield from (((self.group, metric), value) for metric, value in measured.values.items())
        for metric, of_classes in measured.by_class.items():
            for name, value in zip(self.classes, of_classes, strict=True):
                yield ((self.group, f"{metric}_{name}") if self.grouped else (name, metric)), value


def _parts(
    labels: Floats, probability: Floats, predicted: Floats, classes: Sequence[str], groups: NDArray[np.str_] | None
) -> list[_Part]:
    """All samples, and those of each group."""
    measures = BinaryMeasures if probability.ndim == 1 else MulticlassMeasures
    members = {POOLED: np.arange(labels.size)}
    if groups is not None:
        members |= {str(group): np.flatnonzero(groups == group) for group in np.unique(groups)}
    return [
        _Part(
            group,
            own,
            measures(labels[own], probability[own], predicted[own]),
            classes,
            groups is not None,
        )
        for group, own in members.items()
    ]


def _scored(
    parts: Sequence[_Part], clusters: NDArray[np.int64], *, balanced: bool, draws: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Values with their intervals; without, where all that is drawn from is one cluster."""

    def several(members: NDArray[np.int64]) -> bool:
        return bool((clusters[members] != clusters[members[0]]).any())

    strata = [part.members for part in parts[1:] or parts]
    once, often = np.random.default_rng(seed).spawn(2)  # apart from whatever else was drawn with this seed
    point = _measured(parts, np.ones((1, clusters.size)), once, balanced)
    drawn = [_measured(parts, weights, often, balanced) for weights in bootstrap(strata, draws, often, clusters)]
    varied = {POOLED: any(map(several, strata))} | {part.group: several(part.members) for part in parts[1:]}
    for key, value in point.items():
        sampling, group, metric = key
        limits = interval([piece[key] for piece in drawn] if varied.get(group, varied[POOLED]) else [])
        yield {"sampling": sampling, "group": group, "metric": metric, "value": value[0], **limits}


def _measured(parts: Sequence[_Part], weights: Floats, rng: np.random.Generator, balanced: bool) -> dict[Key, Floats]:
    found: dict[Key, Floats] = {}
    for part in parts:
        own = weights if part.group == POOLED else weights[:, part.members]
        samplings = {"all": own}
        if balanced:
            samplings["balanced"] = balanced_draw(own, part.measures.labels, rng)
        for sampling, chosen in samplings.items():
            found |= {(sampling, *place): value for place, value in part.named(part.measures(chosen))}
    return found


def _names(probability: Floats, classes: Sequence[str] | None) -> list[str]:
    count = 2 if probability.ndim == 1 else probability.shape[1]
    names = [str(k) for k in range(count)] if classes is None else list(classes)
    if len(names) != count:
        raise ValueError(f"there are {len(names)} names of classes, but {count} probabilities")
    return names


def _clusters(labels: Floats, clusters: ArrayLike | None) -> NDArray[np.int64]:
    found = np.arange(labels.size) if clusters is None else np.asarray(clusters, dtype=np.int64)
    if found.shape != labels.shape:
        raise ValueError(f"labels and clusters have shapes {labels.shape} and {found.shape}")
    return found


def _checked(labels: ArrayLike, probability: ArrayLike, predicted: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    y, p = np.asarray(labels, dtype=float), np.asarray(probability, dtype=float)
    likeliest = p.argmax(axis=1) if p.ndim == 2 else p > THRESHOLD
    guess = np.asarray(likeliest if predicted is None else predicted, dtype=float)
    if not (y.ndim == 1 and p.ndim in (1, 2) and y.shape == p.shape[:1] == guess.shape) or y.size == 0:
        raise ValueError(f"labels, probability and predicted have shapes {y.shape}, {p.shape} and {guess.shape}")
    classes = 2 if p.ndim == 1 else p.shape[1]
    if not (np.isin(y, range(classes)).all() and np.isin(guess, range(classes)).all()):
        raise ValueError(f"labels and predicted classes must be whole numbers from 0 to {classes - 1}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]")
    if p.ndim == 2 and not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise ValueError("the probabilities of a sample must sum to 1")
    return y, p[:, 1] if classes == 2 and p.ndim == 2 else p, guess

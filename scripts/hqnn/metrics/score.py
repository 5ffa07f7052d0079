"""Scores of one set of predictions, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hqnn.metrics.binary import THRESHOLD, BinaryMeasures
from hqnn.metrics.bootstrap import Units, intervals
from hqnn.metrics.measures import Floats
from hqnn.metrics.multiclass import MulticlassMeasures
from hqnn.metrics.table import POOLED
from hqnn.metrics.tidy import EACH, Number

BOOTSTRAP = 20  # the purpose of the draws, beside their seed

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

    Sampling `all` takes the samples as they are. `balanced` weights both classes equally, which is the mean of draws
    of as many samples with both classes equally likely; counts are then what such a draw has on average. Intervals are
    percentiles over bootstrap draws of samples or clusters within groups, without those where a metric is undefined.
    Recall, precision and F1 of a class stand in a group of the class's name; where samples have groups of their own,
    they are metrics such as `recall_<class>` of each.

    Args:
        labels: classes counted from 0, shape (samples,).
        probability: of class 1 of two, in [0, 1], shape (samples,); or of every class, shape (samples, classes).
        predicted: class, shape (samples,); the likeliest where absent.
        classes: their names in the order of labels; their numbers where absent.
        groups: name of each sample's group, such as its scene, shape (samples,).
        clusters: number of what each sample belongs to, such as its photograph, shape (samples,); what is of one
            cluster is drawn together. A group of one cluster has no interval (NaN).
        balanced: whether to score with both classes weighted equally, too; for two classes.
        draws: number of bootstrap draws; 0 leaves the intervals out (NaN).
        seed: of the draws; equal groups, clusters and seed draw equal samples, so that models compare pair by pair.

    Returns:
        Columns sampling, group, metric, value, low, high (95 % interval), samples. A metric that is undefined (a rank
        metric of a group with one class, the precision where nothing is predicted as class 1) is NaN.

    Raises:
        ValueError: shapes differ, more than two classes are to be balanced, labels are no classes, or probabilities
            leave [0, 1] or do not sum to 1.
    """
    how = Scoring(classes, groups, clusters, balanced, draws, seed)
    return pd.DataFrame(scored_numbers(labels, probability, predicted, how), columns=list(EACH))


@dataclass(frozen=True)
class Scoring:
    """How to score, see `score`."""

    classes: Sequence[str] | None = None
    groups: ArrayLike | None = None
    clusters: ArrayLike | None = None
    balanced: bool = False
    draws: int = 1000
    seed: int = 0


def scored_numbers(
    labels: ArrayLike, probability: ArrayLike, predicted: ArrayLike | None, how: Scoring
) -> list[Number]:
    """What `score` gives, number by number."""
    y, p, guess = _checked(labels, probability, predicted)
    names = _names(p, how.classes)
    if how.balanced and len(names) > 2:
        raise ValueError(f"only two classes can be balanced, not {len(names)}")
    groups = None if how.groups is None else np.asarray(how.groups, dtype=str)
    members = _members(y.size, groups)
    units = Units.of(list(members.values())[1:] or [members[POOLED]], _clusters(y, how.clusters))
    parts = [_part(group, own, units, names, (y, p, guess), groups is not None) for group, own in members.items()]
    sizes = {name: int((y == k).sum()) for k, name in enumerate(names)} | {g: own.size for g, own in members.items()}
    scored = _scored(parts, units, balanced=how.balanced, draws=how.draws, seed=how.seed)
    return [(*place, *values, sizes[place[1]]) for place, values in scored]


@dataclass(frozen=True)
class _Part:
    """Samples that are scored together: whose units they are, and the names of the classes."""

    group: str
    units: slice
    measures: BinaryMeasures | MulticlassMeasures
    classes: Sequence[str]
    grouped: bool

    @property
    def varies(self) -> bool:
        """Whether draws differ: its units are several."""
        return bool(self.units.stop - self.units.start > 1)

    def measured(self, weights: Floats, balanced: bool) -> Iterator[tuple[Key, Floats]]:
        """Each metric under weights of shape (draws, all units), with what it stands under."""
        own = weights[:, self.units]
        if balanced and isinstance(self.measures, BinaryMeasures):
            samplings = self.measures.samplings(own)
        else:
            samplings = {"all": self.measures(own)}
        for sampling, found in samplings.items():
            yield from (((sampling, self.group, metric), value) for metric, value in found.values.items())
            for metric, of_classes in found.by_class.items():
                for name, value in zip(self.classes, of_classes, strict=True):
                    place = (self.group, f"{metric}_{name}") if self.grouped else (name, metric)
                    yield (sampling, *place), value


def _members(samples: int, groups: NDArray[np.str_] | None) -> dict[str, NDArray[np.int64]]:
    """Places of all samples, and of those of each group."""
    found = {POOLED: np.arange(samples)}
    if groups is not None:
        found |= {str(group): np.flatnonzero(groups == group) for group in np.unique(groups)}
    return found


def _part(
    group: str,
    members: NDArray[np.int64],
    units: Units,
    classes: Sequence[str],
    columns: tuple[Floats, Floats, Floats],
    grouped: bool,
) -> _Part:
    labels, probability, predicted = (column[members] for column in columns)
    own = units.of_sample[members]
    first = int(own.min())
    measures = BinaryMeasures if probability.ndim == 1 else MulticlassMeasures
    place = slice(first, int(own.max()) + 1)
    return _Part(group, place, measures(labels, probability, predicted, own - first), classes, grouped)


def _scored(
    parts: Sequence[_Part], units: Units, *, balanced: bool, draws: int, seed: int
) -> Iterator[tuple[Key, tuple[float, float, float]]]:
    """Values with their intervals; without, where all that is drawn from is one unit."""
    point = _measured(parts, np.ones((1, sum(units.sizes))), balanced)  # alone, or its last bit would follow the draws
    drawn = [_measured(parts, weights, balanced) for weights in units.drawn_from((seed, BOOTSTRAP), draws)]
    pieces = [np.stack([piece[key] for key in point]) for piece in drawn]
    limits = intervals(np.concatenate(pieces, axis=1) if pieces else np.empty((len(point), 0)))
    varied = {part.group: part.varies for part in parts} | {POOLED: max(units.sizes) > 1}
    for (key, value), (low, high) in zip(point.items(), limits.tolist(), strict=True):
        known = varied.get(key[1], varied[POOLED])
        yield key, (float(value[0]), low if known else np.nan, high if known else np.nan)


def _measured(parts: Sequence[_Part], weights: Floats, balanced: bool) -> dict[Key, Floats]:
    return {key: value for part in parts for key, value in part.measured(weights, balanced)}


def _names(probability: Floats, classes: Sequence[str] | None) -> list[str]:
    count = 2 if probability.ndim == 1 else probability.shape[1]
    names = [str(k) for k in range(count)] if classes is None else list(classes)
    if len(names) != count:
        raise ValueError(f"there are {len(names)} names of classes, but {count} probabilities")
    return names


def _clusters(labels: Floats, clusters: ArrayLike | None) -> NDArray[np.int64] | None:
    found = None if clusters is None else np.asarray(clusters, dtype=np.int64)
    if found is not None and found.shape != labels.shape:
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

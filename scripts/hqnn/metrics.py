"""Scores of predictions, with intervals, as one tidy table.

Every metric is a function of sample weights. The value has weight one for each sample; a bootstrap draw is a row of
multiplicities, so a thousand draws are a few matrix products and cumulative sums instead of a thousand evaluations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hqnn.errors import UserError
from hqnn.store import open_table, read_attributes, read_table, whole_file

COLUMNS = (
    "study",
    "dataset",
    "model",
    "phase",
    "path",
    "backend",
    "seed",
    "sampling",
    "group",
    "metric",
    "value",
    "low",
    "high",
    "samples",
    "published",
)
IDENTITY = COLUMNS[:7]
PUBLISHED_COLUMNS = ("dataset", "model", "phase", "path", "sampling", "metric", "value", "note", "source")
POOLED = "pooled"
SUBSET_SAMPLINGS = {"all": "subset", "balanced": "subset_balanced"}
THRESHOLD = 0.5
INTERVAL = (0.025, 0.975)
WEIGHTS_AT_ONCE = 2_000_000

Floats = NDArray[np.float64]


def score(
    labels: ArrayLike,
    probability: ArrayLike,
    predicted: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Score binary predictions, pooled and by group, as they are and class-balanced.

    `all` takes the samples as they are. `balanced` is study A's resampling: as many draws with replacement as there
    are samples, both classes equally likely; its value is one seeded draw. Intervals are the 2.5 and 97.5 % percentiles
    over bootstrap draws of samples within groups; for `balanced` each draw is followed by the balanced one, so that
    they speak of the pixels that exist and not of the number of draws. Draws where a metric is undefined are left out.

    Args:
        labels: 0 or 1, shape (samples,).
        probability: of class 1, in [0, 1], shape (samples,).
        predicted: class, shape (samples,); probability > 1/2 where absent.
        groups: name of each sample's group (its city), shape (samples,); without it there is only the pooled score.
        draws: number of bootstrap draws; 0 leaves the intervals out (NaN).
        seed: of all draws; equal labels, groups and seed draw equal samples, so that models compare pair by pair.

    Returns:
        Columns sampling, group, metric, value, low, high, samples. A metric that is undefined (a rank metric of a group
        with one class, the precision where nothing is predicted as change) is NaN.

    Raises:
        ValueError: shapes differ, labels are not 0 or 1, or probabilities leave [0, 1].
    """
    y, p, guess = _checked(labels, probability, predicted)
    strata = {} if groups is None else _strata(np.asarray(groups, dtype=str))
    members = {POOLED: np.arange(y.size)} | strata
    measures = {g: BinaryMeasures(y[m], p[m], guess[m]) for g, m in members.items()}

    once, often = np.random.default_rng(seed).spawn(2)  # apart from whatever else was drawn with this seed
    point = _measured(measures, members, np.ones((1, y.size)), once)
    pieces = _bootstrap(list((strata or members).values()), draws, often)
    parts = [_measured(measures, members, weights, often) for weights in pieces]
    return pd.DataFrame(
        {
            "sampling": sampling,
            "group": group,
            "metric": metric,
            "value": value[0],
            **_interval([part[sampling, group][metric] for part in parts]),
            "samples": members[group].size,
        }
        for (sampling, group), found in point.items()
        for metric, value in found.items()
    )


class BinaryMeasures:
    """All metrics of one set of binary predictions as functions of sample weights."""

    def __init__(self, labels: Floats, probability: Floats, predicted: Floats) -> None:
        """All of shape (samples,); labels and predicted 0 or 1."""
        self.labels = labels
        self._order = np.argsort(-probability, kind="stable")
        error = np.abs(labels - probability)
        self._usual_error = error.mean()  # differences from it keep the variance exact where it is small
        excess = error - self._usual_error
        self._terms = np.stack(
            [
                (1 - labels) * (1 - predicted),
                (1 - labels) * predicted,
                labels * (1 - predicted),
                labels * predicted,
                np.abs(probability - 0.5),
                excess,
                excess**2,
            ],
            axis=1,
        )
        # Equal scores are one step of the curves: only the last of them is a threshold.
        self._thresholds = np.flatnonzero(np.diff(probability[self._order], append=-1.0))

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        """Metrics under weights of shape (draws, samples); name to shape (draws,), NaN where undefined."""
        tn, fp, fn, tp, unsure, excess, excess2 = (weights @ self._terms).T
        total = tn + fp + fn + tp
        recall_change, recall_no_change = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
        roc_auc, average_precision = self._rank(weights)
        mean_excess = _ratio(excess, total)
        imbalance = (tn + fn) - (tp + fp)
        return {
            "accuracy": _ratio(tn + tp, total),
            "balanced_accuracy": (recall_change + recall_no_change) / 2,
            "recall_change": recall_change,
            "recall_no_change": recall_no_change,
            "precision": _ratio(tp, tp + fp),
            "f1": _ratio(2 * tp, 2 * tp + fp + fn),
            "iou": _ratio(tp, tp + fp + fn),
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "tn": tn,
            "fp": fp,
            "fn": fn,
            "tp": tp,
            "sureness": 2 * _ratio(unsure, total),
            "confidence": 1 - self._usual_error - mean_excess,
            "confidence_std": np.sqrt(np.maximum(_ratio(excess2, total) - mean_excess**2, 0)),
            "imbalance": imbalance,
            "imbalance_normalised": _ratio(imbalance, total),
        }

    def _rank(self, weights: Floats) -> tuple[Floats, Floats]:
        """Area under the ROC curve (trapezoids) and average precision (steps, as scikit-learn defines it)."""
        ordered = weights[:, self._order]
        seen = np.cumsum(ordered, axis=1)[:, self._thresholds]
        tp = np.cumsum(ordered * self.labels[self._order], axis=1)[:, self._thresholds]
        fp = seen - tp
        positives, negatives = tp[:, -1], fp[:, -1]
        gained = np.diff(tp, axis=1, prepend=0)
        area = (np.diff(fp, axis=1, prepend=0) * (tp - gained / 2)).sum(axis=1)
        steps = (gained * np.divide(tp, seen, out=np.zeros_like(tp), where=seen != 0)).sum(axis=1)
        return _ratio(area, positives * negatives), _ratio(steps, positives)


def evaluate(
    predictions: Path,
    samples: Path,
    subset: Sequence[int] | None = None,
    published: pd.DataFrame | None = None,
    *,
    seed: int = 0,
    draws: int = 1000,
) -> pd.DataFrame:
    """Score one predictions file.

    Args:
        predictions: table in the prediction schema; its attributes say what was run.
        samples: the table its sample numbers point into; by its column `city` scores are also given for each city.
        subset: sample numbers that the slow paths ran on; the file is then scored on these too, under `subset` and
            `subset_balanced`, so that like stands beside like.
        published: figures as `read_published` gives them.
        seed: of the bootstrap.
        draws: number of bootstrap draws.

    Returns:
        The tidy table, columns `COLUMNS`.

    Raises:
        UserError: the file is not in the schema, holds no valid probabilities or lacks samples of the subset.
    """
    columns, about = read_table(predictions, "sample", "label", "probability", "predicted")
    missing = [key for key in IDENTITY if key not in about]
    if missing:
        raise UserError(f"{predictions} does not say its {missing[0]!r}; delete it and run again")
    cities = _cities(samples, columns["sample"])

    def scored(kept: NDArray[np.bool_]) -> pd.DataFrame:
        labels, *rest = (columns[name][kept] for name in ("label", "probability", "predicted"))
        try:
            return score(labels, *rest, groups=None if cities is None else cities[kept], draws=draws, seed=seed)
        except ValueError as error:
            raise UserError(f"{predictions} cannot be scored ({error}); delete it and run again") from error

    parts = [scored(np.ones(columns["sample"].size, dtype=bool))]
    if subset is not None:
        parts.append(scored(_in_subset(predictions, columns["sample"], subset)).replace({"sampling": SUBSET_SAMPLINGS}))
    table = pd.concat(parts, ignore_index=True).assign(**{key: about[key] for key in IDENTITY})
    table["published"] = _published_beside(table, published)
    return table[list(COLUMNS)]


def write_metrics(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tidy tables as one CSV file, ordered by what was run; numbers with nine significant digits."""
    whole = pd.concat([t[list(COLUMNS)] for t in tables], ignore_index=True)
    whole = whole.sort_values(list(IDENTITY), kind="stable")
    with whole_file(path) as partial:
        whole.to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def read_metrics(path: Path) -> pd.DataFrame:
    """Read a tidy table.

    Raises:
        UserError: the file is missing or has other columns than `COLUMNS`.
    """
    return _read_csv(path, COLUMNS, numbers=("value", "low", "high", "published"))


def read_published(path: Path) -> pd.DataFrame:
    """Read a paper's figures.

    One row a figure, columns `PUBLISHED_COLUMNS`. An empty dataset or phase stands for any; a phase or path without a
    backend, such as device and not device-ibm_brisbane, for every backend's; `sampling` says which of ours a figure
    stands beside (all or balanced); `source` is the place in the paper.

    Raises:
        UserError: the file is missing or has other columns.
    """
    return _read_csv(path, PUBLISHED_COLUMNS, numbers=("value",))


def _read_csv(path: Path, columns: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in numbers})
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as a table ({error}); write it again") from error
    if tuple(table.columns) != tuple(columns):
        raise UserError(f"{path} has the columns {', '.join(table.columns)}; it needs {', '.join(columns)}")
    return table


def _checked(labels: ArrayLike, probability: ArrayLike, predicted: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    y, p = np.asarray(labels, dtype=float), np.asarray(probability, dtype=float)
    guess = (p > THRESHOLD).astype(float) if predicted is None else np.asarray(predicted, dtype=float)
    if not y.ndim == p.ndim == 1 or not y.shape == p.shape == guess.shape or y.size == 0:
        raise ValueError(f"labels, probability and predicted have shapes {y.shape}, {p.shape} and {guess.shape}")
    if not (np.isin(y, (0, 1)).all() and np.isin(guess, (0, 1)).all()):
        raise ValueError("labels and predicted classes must be 0 or 1")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]")
    return y, p, guess


def _strata(groups: NDArray[np.str_]) -> dict[str, NDArray[np.int64]]:
    return {str(group): np.flatnonzero(groups == group) for group in np.unique(groups)}


def _measured(
    measures: Mapping[str, BinaryMeasures],
    members: Mapping[str, NDArray[np.int64]],
    weights: Floats,
    rng: np.random.Generator,
) -> dict[tuple[str, str], dict[str, Floats]]:
    found = {}
    for group, measure in measures.items():
        own = weights if group == POOLED else weights[:, members[group]]
        found["all", group] = measure(own)
        found["balanced", group] = measure(_balanced(own, measure.labels, rng))
    return found


def _bootstrap(strata: Sequence[NDArray[np.int64]], draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Multiplicities of draws with replacement within strata, a bounded piece of shape (draws, samples) at a time."""
    samples = sum(s.size for s in strata)
    step = max(1, WEIGHTS_AT_ONCE // samples)
    for done in range(0, draws, step):
        count = min(step, draws - done)
        weights = np.empty((count, samples))
        for members in strata:
            size = members.size
            drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
            weights[:, members] = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
        yield weights


def _balanced(weights: Floats, labels: Floats, rng: np.random.Generator) -> Floats:
    """Draw as many samples as there are from each row, both classes equally likely; NaN where a row lacks a class."""
    samples = labels.size
    positives = (weights @ labels)[:, None]
    of_class = np.where(labels == 1, positives, samples - positives)
    drawn = np.full(weights.shape, np.nan)
    both = np.flatnonzero((positives[:, 0] > 0) & (positives[:, 0] < samples))
    drawn[both] = rng.multinomial(samples, weights[both] / (2 * of_class[both]))
    return drawn


def _interval(values: Sequence[Floats]) -> dict[str, float]:
    defined = np.concatenate(values or [np.empty(0)])
    defined = defined[~np.isnan(defined)]
    low, high = np.quantile(defined, INTERVAL) if defined.size else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator != 0)


def _cities(samples: Path, wanted: NDArray[np.int64]) -> NDArray[np.str_] | None:
    with open_table(samples) as file:
        if "city" not in file:
            return None
        city: NDArray[np.int64] = file["city"][()]
        return np.asarray(read_attributes(file)["cities"], dtype=str)[city[wanted]]


def _in_subset(predictions: Path, present: NDArray[np.int64], subset: Sequence[int]) -> NDArray[np.bool_]:
    absent = np.setdiff1d(np.asarray(subset), present)
    if absent.size:
        raise UserError(f"{predictions} lacks sample {absent[0]} of the subset; delete it and run again")
    return np.isin(present, np.asarray(subset))


def _published_beside(table: pd.DataFrame, published: pd.DataFrame | None) -> pd.Series[float]:
    if published is None:
        return pd.Series(np.nan, index=table.index)
    keys = ["dataset", "phase", "model", "path", "sampling", "metric"]
    figures: dict[tuple[Any, ...], float] = dict(
        zip(published[keys].itertuples(index=False, name=None), published["value"], strict=True)
    )
    wanted = table[[*keys, "backend"]].assign(
        sampling=table["sampling"].replace({subset: whole for whole, subset in SUBSET_SAMPLINGS.items()})
    )
    found = [
        next((figures[place] for place in _places(*row) if place in figures), np.nan)
        for row in wanted.itertuples(index=False, name=None)
    ]
    return pd.Series(found, index=table.index, dtype=float).where(table["group"] == POOLED)


def _places(dataset: str, phase: str, model: str, path: str, sampling: str, metric: str, backend: str) -> Iterator[Any]:
    """Where a published figure may stand that belongs beside a row, the most particular place first."""
    kind = path.split("-")[0]
    phases, paths = (phase, phase.split("-")[0], ""), (f"{kind}-{backend}", kind)
    return product((dataset, ""), phases, (model,), paths, (sampling,), (metric,))

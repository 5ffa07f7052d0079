"""From rows of numbers to features: a standardisation and PCA that train rows alone decide."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hqnn.data.features import FeatureTransform, fit_transform
from hqnn.data.moments import ROUNDING, Moments
from hqnn.data.parts import TRAIN
from hqnn.data.table.cells import shown
from hqnn.errors import UserError
from hqnn.store import add_column, file_digest, new_table, open_table, read_attributes, read_table

log = logging.getLogger(__name__)

CARRIED = ("study", "dataset", "classes")  # attributes of the samples that hold for their features
MAX_STANDARDISED = 4096  # features without a PCA, whose matrix is square
FLAT = 1e-10  # share of the variance below which a component is rounding

Floats = NDArray[np.float64]


def write_features(
    output: str | os.PathLike[str],
    samples: str | os.PathLike[str],
    split: str | os.PathLike[str],
    *,
    components: int | None,
    whiten: bool,
    about: Mapping[str, Any] | None = None,
) -> FeatureTransform:
    """Fit a transform on the train rows of a table, and write the features of all its rows.

    The table has the rows of the samples: `features` float32 (samples, features) and `labels`. Attributes: `explained`,
    the share of the variance that each feature holds, `components`, `whiten`, `feature_names` of the raw features, and
    sha256 of `samples` and `split`. Group `transform` holds the fit, see `read_features_transform`.

    Args:
        output: the table.
        samples: what `prepare_table` wrote.
        split: what `write_table_split` wrote for it.
        components: number of principal components of the standardised columns; None for these columns themselves.
        whiten: scale components to unit variance among train rows.
        about: more attributes.

    Raises:
        UserError: the split is of other samples, or the train rows do not have so many components.
    """
    digest = file_digest(samples)
    parts, dealt = read_table(split, "split")
    if dealt["samples"] != digest:
        raise UserError(f"{split} was made for other samples than {samples}; delete it and run again")
    columns, said = read_table(samples, "raw", "labels")
    raw, names = columns["raw"], said["feature_names"]
    transform = fit_rows(raw[parts["split"] == TRAIN], components=components, whiten=whiten)
    varies = np.ptp(raw, axis=0) > 0  # of other columns, `prepare_table` has spoken
    constant = [names[column] for column in np.flatnonzero(varies & (transform.components == 0).all(axis=0))]
    if constant:
        log.warning("%s: left out what never varies among train rows, columns %s", samples, shown(constant))
    carried = {key: value for key, value in said.items() if key in CARRIED}
    fitted = {"components": components, "whiten": whiten, "feature_names": names, "samples": digest}
    fitted |= {"split": file_digest(split), "explained": transform.explained.tolist()}
    with new_table(output, {**carried, **fitted, **(about or {})}) as file:
        add_column(file, "features", transform.transform(raw))
        add_column(file, "labels", columns["labels"])
        transform.save(file.create_group("transform"))
    return transform


def read_features_transform(features: str | os.PathLike[str]) -> tuple[tuple[str, ...], FeatureTransform]:
    """Read how features are computed.

    Args:
        features: what `write_features` wrote.

    Returns:
        Names of the raw features in their order, and the transform of them.
    """
    with open_table(features) as file:
        return tuple(read_attributes(file)["feature_names"]), FeatureTransform.load(file["transform"])


def fit_rows(raw: NDArray[np.floating[Any]], *, components: int | None, whiten: bool) -> FeatureTransform:
    """Fit a standardisation and a PCA; a column that never varies counts for nothing.

    Where columns are more than rows, the axes come from the rows' products instead of the columns' correlation, which
    is the same and costs rows² · columns.

    Args:
        raw: shape (rows, columns).
        components: how many, at most one a column; None for the standardised columns themselves.
        whiten: scale components to unit variance.

    Raises:
        UserError: there are fewer than two rows, nothing varies, or the rows do not have so many components.
    """
    count = len(raw)
    if count < 2:
        raise UserError(f"the split has {count} train rows, which nothing can be fitted on; make train larger")
    varies = np.ptp(raw, axis=0) > 0
    if not varies.any():
        raise UserError(f"the {count} train rows are all alike; make train larger, or take other columns")
    transform = _standardisation(raw) if components is None else _principal_components(raw, components, whiten)
    return replace(transform, components=transform.components * varies)


def _principal_components(raw: NDArray[np.floating[Any]], components: int, whiten: bool) -> FeatureTransform:
    count, width = raw.shape
    components, limit = min(components, width), min(width, count - 1)
    if components > limit:
        raise UserError(
            f"{components} components are more than {count} train rows with {width} columns have; set "
            f"features.components to {limit} or less"
        )
    if width > count:
        transform = _fit_wide(raw, components, whiten)
    else:
        transform = fit_transform(_moments(raw), groups=1, components=components, whiten=whiten)
    varied = int((transform.explained > FLAT).sum())
    if varied < components:
        raise UserError(
            f"{components} components are more than the {varied} in which the train rows vary; set "
            f"features.components to {varied} or less"
        )
    return transform


def _moments(raw: NDArray[np.floating[Any]]) -> Moments:
    moments = Moments()
    moments.add(raw)
    return moments


def _standardisation(raw: NDArray[np.floating[Any]]) -> FeatureTransform:
    width = raw.shape[1]
    if width > MAX_STANDARDISED:
        raise UserError(
            f"{width:,} columns are too many to take as they are; set features.components to the number of principal "
            "components that are to remain"
        )
    return fit_transform(_moments(raw), groups=width, components=width, whiten=False)


def _fit_wide(raw: NDArray[np.floating[Any]], components: int, whiten: bool) -> FeatureTransform:
    """What `fit_transform` gives, of more columns than rows."""
    values = raw.astype(np.float64)
    mean = values.mean(axis=0)
    values -= mean
    deviation = np.sqrt((values**2).mean(axis=0))
    scale = np.where(deviation > ROUNDING * np.abs(mean), deviation, 1.0)
    values /= scale
    spread, rows = np.linalg.eigh(values @ values.T / len(values))
    spread, rows = np.clip(spread[::-1], 0.0, None), rows[:, ::-1]
    axes = rows[:, :components].T @ values
    axes /= np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    axes *= np.sign(axes[np.arange(components), np.abs(axes).argmax(axis=1)])[:, None]
    variances, explained = spread[:components], spread[:components] / (spread.sum() or 1.0)
    whitening = np.sqrt(np.where(variances > 0, variances, 1.0)) if whiten else np.ones(components)
    return FeatureTransform(mean, scale, axes, whitening, explained, np.array(np.inf))

"""From bands to a few features: layouts, and a standardisation and PCA that are fitted while data stream by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.errors import UserError, nearest

Floats = NDArray[np.float64]
RawFeatures = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.float32]]


@dataclass(frozen=True)
class Layout:
    """What is computed of a pixel before the PCA.

    Attributes:
        raw: function of both dates, shape (2, bands, rows + 2 margin, columns + 2 margin), and of where they are valid,
            shape (rows + 2 margin, columns + 2 margin), that gives raw features, shape (raw features, rows, columns),
            NaN where it has none. Invalid pixels are NaN in its input.
        margin: how many pixels around a pixel it looks at.
        groups: into how many equal parts the raw features are cut; each has its own PCA and as many components.
    """

    raw: RawFeatures
    margin: int = 0
    groups: int = 1


def spectra(raw: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """All bands of date 1, then all of date 2."""
    return raw.reshape(-1, *valid.shape)


LAYOUTS: Mapping[str, Layout] = {"per_date": Layout(spectra, groups=2), "joint": Layout(spectra)}


def layout_named(name: str) -> Layout:
    """Look up a layout.

    Raises:
        UserError: there is none of this name.
    """
    if name not in LAYOUTS:
        raise UserError(f"feature layout {name!r} is unknown{nearest(name, LAYOUTS)}")
    return LAYOUTS[name]


@dataclass
class Moments:
    """Count, mean and scatter of vectors that come in pieces, in float64.

    Merged as in Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
    (1979), which loses nothing when values are far from zero.
    """

    count: int = 0
    mean: Floats = field(default_factory=lambda: np.zeros(()))
    scatter: Floats = field(default_factory=lambda: np.zeros(()))

    def add(self, vectors: NDArray[Any]) -> None:
        """Take in vectors, shape (vectors, dimensions)."""
        if len(vectors) == 0:
            return
        piece = vectors.astype(np.float64)
        mean = piece.mean(axis=0)
        piece -= mean
        shift, total = mean - self.mean, self.count + len(vectors)
        self.scatter = self.scatter + piece.T @ piece + np.outer(shift, shift) * (self.count * len(vectors) / total)
        self.mean = self.mean + shift * (len(vectors) / total)
        self.count = total

    @property
    def deviation(self) -> Floats:
        """Standard deviation (of the population) of each dimension."""
        return np.sqrt(np.diagonal(self.scatter) / self.count)


@dataclass(frozen=True)
class FeatureTransform:
    """A fitted map from raw features to features: ((raw - mean) / scale) @ components.T / deviation.

    Attributes:
        mean: of each raw feature, shape (raw features,).
        scale: their standard deviations, 1 where a feature is constant.
        components: rows are principal axes, zero outside their group; shape (features, raw features).
        deviation: of each feature where it is whitened, else 1; shape (features,).
        explained: share of its group's variance that each feature holds, shape (features,).
    """

    mean: Floats
    scale: Floats
    components: Floats
    deviation: Floats
    explained: Floats

    def transform(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Compute features, shape (samples, features), of raw features, shape (samples, raw features)."""
        standardised = (raw - self.mean) / self.scale
        return np.asarray(standardised @ (self.components / self.deviation[:, None]).T, dtype=np.float32)

    def save(self, group: h5py.Group) -> None:
        """Write its arrays into a group of an HDF5 file."""
        for name in self.__dataclass_fields__:
            group.create_dataset(name, data=getattr(self, name))

    @classmethod
    def load(cls, group: h5py.Group) -> FeatureTransform:
        """Read what `save` wrote."""
        return cls(**{name: group[name][()] for name in cls.__dataclass_fields__})


def fit_transform(moments: Moments, *, groups: int, components: int, whiten: bool) -> FeatureTransform:
    """Fit a standardisation and a PCA of each group of raw features.

    Equal to scikit-learn's StandardScaler and PCA(svd_solver="full") on the same vectors; as there, the largest loading
    of an axis is positive.

    Args:
        moments: of the raw features.
        groups: equal parts of the raw features, each with a PCA of its own.
        components: of all groups together.
        whiten: scale features to unit variance.

    Raises:
        UserError: there is nothing to fit, or components do not fit the groups.
    """
    if moments.count < 2:
        raise UserError("there are fewer than two valid pixels to fit the features on; check the images for nodata")
    size = len(moments.mean) // groups
    if components % groups or components // groups > size:
        raise UserError(
            f"{components} components cannot be cut into {groups} parts of at most {size}; choose another number"
        )
    scale = np.where(moments.deviation > 0, moments.deviation, 1.0)
    correlation = moments.scatter / moments.count / np.outer(scale, scale)
    axes = np.zeros((components, len(scale)))
    variances, explained = np.zeros(components), np.zeros(components)
    kept = components // groups
    for group in range(groups):
        own, chosen = slice(group * size, (group + 1) * size), slice(group * kept, (group + 1) * kept)
        axes[chosen, own], variances[chosen], explained[chosen] = _principal(correlation[own, own], kept)
    deviation = np.sqrt(variances) if whiten else np.ones(components)
    deviation[deviation == 0] = 1.0
    return FeatureTransform(moments.mean, scale, axes, deviation, explained)


def _principal(covariance: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """The first axes as rows, their variances, and the shares of the whole."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.clip(values[::-1], 0.0, None)
    axes = vectors.T[::-1][:count]
    largest = axes[np.arange(count), np.abs(axes).argmax(axis=1)]
    total = values.sum() or 1.0
    return axes * np.sign(largest)[:, None], values[:count], values[:count] / total

"""From raw features to features: a standardisation and PCA that are fitted while data stream by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hqnn.data.moments import Floats, Moments
from hqnn.errors import UserError

AT_ONCE = 1 << 14  # samples, in double precision


@dataclass(frozen=True)
class FeatureTransform:
    """A fitted map from raw features to features: ((raw - mean) / scale) @ components.T / deviation, clipped.

    Attributes:
        mean: of each raw feature, shape (raw features,).
        scale: their standard deviations, 1 where a feature is constant.
        components: rows are principal axes, zero outside their group; shape (features, raw features).
        deviation: of each feature where it is whitened, else 1; shape (features,).
        explained: share of its group's variance that each feature holds, shape (features,).
        clip: features are cut off at this value and its negative, shape ().
    """

    mean: Floats
    scale: Floats
    components: Floats
    deviation: Floats
    explained: Floats
    clip: Floats

    def transform(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Compute features, shape (samples, features), of raw features, shape (samples, raw features)."""
        matrix = (self.components / self.deviation[:, None] / self.scale).T
        features = np.empty((len(raw), matrix.shape[1]), dtype=np.float32)
        for first in range(0, len(raw), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            features[some] = ((raw[some] - self.mean) @ matrix).clip(-self.clip, self.clip)
        return features

    def save(self, group: h5py.Group) -> None:
        """Write its arrays into a group of an HDF5 file."""
        for name in self.__dataclass_fields__:
            group.create_dataset(name, data=getattr(self, name))

    @classmethod
    def load(cls, group: h5py.Group) -> FeatureTransform:
        """Read what `save` wrote."""
        return cls(**{name: group[name][()] for name in cls.__dataclass_fields__})


def fit_transform(
    moments: Moments, *, groups: int, components: int, whiten: bool, clip: float = np.inf
) -> FeatureTransform:
    """Fit a standardisation and a PCA of each group of raw features.

    Equal to scikit-learn's StandardScaler and PCA(svd_solver="full") on the same vectors; as there, the largest loading
    of an axis is positive.

    Args:
        moments: of the raw features.
        groups: equal parts of the raw features, each with a PCA of its own.
        components: of all groups together.
        whiten: scale features to unit variance.
        clip: cut features off at this value and its negative.

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
    correlation = moments.correlation
    axes = np.zeros((components, len(correlation)))
    variances, explained = np.zeros(components), np.zeros(components)
    kept = components // groups
    for group in range(groups):
        own, chosen = slice(group * size, (group + 1) * size), slice(group * kept, (group + 1) * kept)
        axes[chosen, own], variances[chosen], explained[chosen] = _principal(correlation[own, own], kept)
    deviation = np.sqrt(variances) if whiten else np.ones(components)
    deviation[deviation == 0] = 1.0
    return FeatureTransform(moments.mean, moments.scale, axes, deviation, explained, np.array(clip))


def _principal(covariance: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """The first axes as rows, their variances, and the shares of the whole."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.clip(values[::-1], 0.0, None)
    axes = vectors.T[::-1][:count]
    largest = axes[np.arange(count), np.abs(axes).argmax(axis=1)]
    total = values.sum() or 1.0
    return axes * np.sign(largest)[:, None], values[:count], values[:count] / total

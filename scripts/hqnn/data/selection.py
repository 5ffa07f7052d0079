"""Features chosen among many candidates by how well they part the classes of train samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hqnn.data.features import FeatureTransform
from hqnn.data.moments import Floats, Moments
from hqnn.errors import UserError

RIDGE = 1e-3  # of variances within classes, so that copies of a feature add nothing


def select_features(
    moments: Moments, of_class: Sequence[Moments], *, components: int, clip: float = np.inf
) -> FeatureTransform:
    """Choose raw features one by one, each the one that parts the classes best with those before; standardise them.

    Classes are parted by tr(W^-1 B) of the features chosen (Hotelling, Lawley; of two classes Fisher's criterion), W
    the covariance within classes and B that of their means, every class with equal weight. Only sums that stream by are
    needed, and nothing is random. The cost grows with components^4 times candidates.

    Args:
        moments: of the raw features of all train samples.
        of_class: of those of each class.
        components: how many are chosen.
        clip: cut features off at this value and its negative.

    Returns:
        A transform whose components each take one raw feature; `explained` is the share that each adds of the value
        that all candidates together have.

    Raises:
        UserError: fewer than two classes have train samples, or there are fewer candidates than are to be chosen.
    """
    known = [one for one in of_class if one.count > 1]
    if len(known) < 2:
        raise UserError("fewer than two classes have train pixels to choose features by; label more pixels to train on")
    candidates = len(moments.mean)
    if components > candidates:
        raise UserError(f"features.components is {components} but there are {candidates} candidates; choose fewer")
    within, between = _scatters(moments.scale, known)
    chosen, values = list[int](), [0.0]
    for _ in range(components):
        rest = np.setdiff1d(np.arange(candidates), chosen)
        trials = np.concatenate([np.tile(np.array(chosen, dtype=int), (len(rest), 1)), rest[:, None]], axis=1)
        parted = _parted(within, between, trials)
        chosen.append(int(rest[parted.argmax()]))
        values.append(float(parted.max()))
    (whole,) = _parted(within, between, np.arange(candidates)[None])
    axes = np.eye(candidates)[chosen]
    explained = np.diff(values) / (whole or 1.0)
    return FeatureTransform(moments.mean, moments.scale, axes, np.ones(components), explained, np.array(clip))


def chosen_of(transform: FeatureTransform) -> list[int]:
    """Which raw features a transform of `select_features` takes, in the order in which they were chosen."""
    return [int(place) for place in transform.components.argmax(axis=1)]


def _scatters(scale: Floats, of_class: Sequence[Moments]) -> tuple[Floats, Floats]:
    """Covariance within classes and of their means, of features in units of `scale`."""
    units = np.outer(scale, scale)
    within = np.mean([one.scatter / one.count for one in of_class], axis=0) / units
    means = np.stack([one.mean for one in of_class]) / scale
    centred = means - means.mean(axis=0)
    return within + RIDGE * np.eye(len(scale)), centred.T @ centred / len(of_class)


def _parted(within: Floats, between: Floats, trials: np.ndarray) -> Floats:
    """The criterion of sets of features, shape (sets,), from their numbers, shape (sets, features)."""
    rows, columns = trials[:, :, None], trials[:, None, :]
    solved = np.linalg.solve(within[rows, columns], between[rows, columns])
    return np.asarray(np.trace(solved, axis1=1, axis2=2))

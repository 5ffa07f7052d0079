"""Standardisation and PCA from a stream, against scikit-learn on the whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from hqnn.data.features import FeatureTransform, fit_transform
from hqnn.data.moments import Moments
from hqnn.errors import UserError


def bands(seed: int, samples: int = 400, width: int = 12) -> np.ndarray:
    """Correlated columns, far from zero as reflectances are."""
    rng = np.random.default_rng(seed)
    return (1500 + 300 * rng.standard_normal((samples, width)) @ rng.standard_normal((width, width))).astype(np.float32)


def streamed(values: np.ndarray, cuts: Sequence[int] = (0, 1, 7, 250)) -> Moments:
    moments = Moments()
    for piece in np.split(values, cuts):
        moments.add(piece)
    return moments


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 8), (2, 8), (3, 3), (1, 12)]), st.booleans())
def test_features_equal_scikit_learns_group_by_group(seed: int, shape: tuple[int, int], whiten: bool) -> None:
    groups, components = shape
    raw = bands(seed)
    fitted = fit_transform(streamed(raw), groups=groups, components=components, whiten=whiten)
    expected, explained = [], []
    for part in np.split(raw.astype(np.float64), groups, axis=1):
        pca = PCA(components // groups, svd_solver="full")
        found = pca.fit_transform(StandardScaler().fit_transform(part))
        expected.append(found / found.std(axis=0) if whiten else found)
        explained.append(pca.explained_variance_ratio_)
    np.testing.assert_allclose(fitted.transform(raw), np.hstack(expected), atol=2e-4)  # float32 of values up to 30
    np.testing.assert_allclose(fitted.explained, np.concatenate(explained), rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=5).map(sorted))
def test_moments_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    raw = bands(3)
    moments = streamed(raw, cuts)
    assert moments.count == len(raw)
    np.testing.assert_allclose(moments.mean, raw.astype(np.float64).mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(moments.scatter / len(raw), np.cov(raw.T, ddof=0, dtype=np.float64), rtol=1e-9)


def test_a_constant_band_stays_finite_and_counts_for_nothing() -> None:
    raw = bands(5)
    raw[:, 4] = 77
    fitted = fit_transform(streamed(raw), groups=1, components=12, whiten=True)
    features = fitted.transform(raw)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(fitted.transform(raw + 50 * (np.arange(12) == 4))[:, :11], features[:, :11], atol=1e-4)


def test_a_fit_comes_back_from_its_file(tmp_path: Path) -> None:
    raw = bands(6)
    fitted = fit_transform(streamed(raw), groups=2, components=4, whiten=True, clip=1.5)
    with h5py.File(tmp_path / "fit.h5", "w") as file:
        fitted.save(file.create_group("transform"))
    with h5py.File(tmp_path / "fit.h5") as file:
        loaded = FeatureTransform.load(file["transform"])
    np.testing.assert_array_equal(loaded.transform(raw), fitted.transform(raw))


@pytest.mark.parametrize("whiten", [True, False])
def test_groups_of_one_are_standardised_and_clipped_and_no_more(whiten: bool) -> None:
    raw = bands(7)
    fitted = fit_transform(streamed(raw), groups=12, components=12, whiten=whiten, clip=1.5)
    standardised = StandardScaler().fit_transform(raw.astype(np.float64))
    assert np.abs(standardised).max() > 2
    np.testing.assert_allclose(fitted.transform(raw), standardised.clip(-1.5, 1.5), atol=1e-5)
    np.testing.assert_allclose(fitted.explained, 1)


@pytest.mark.parametrize(("groups", "components"), [(2, 7), (2, 14), (1, 13)])
def test_components_that_do_not_fit_are_refused(groups: int, components: int) -> None:
    with pytest.raises(UserError, match=f"{components} components"):
        fit_transform(streamed(bands(0)), groups=groups, components=components, whiten=True)

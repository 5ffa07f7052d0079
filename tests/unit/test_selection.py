"""Features chosen among candidates in windows, against planted classes, scikit-learn and loops over pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hqnn.data.moments import Moments
from hqnn.data.pixels import neighbourhood
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.neighbourhood import NeighbourhoodFeatures, candidate_names
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.selection import RIDGE, chosen_of, select_features
from hqnn.data.synthetic.pairs import write_sample
from hqnn.errors import UserError
from hqnn.store import read_table


def moments_of(vectors: NDArray[np.float64]) -> Moments:
    moments = Moments()
    moments.add(vectors)
    return moments


def test_the_features_that_part_the_classes_are_chosen_and_no_copy_of_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [900, 80, 20])
    raw = rng.normal(3, 5, (1000, 12))
    raw[:, 7] += 15 * (labels == 1)
    raw[:, 4] = raw[:, 7] + rng.normal(0, 0.5, 1000)  # nearly a copy
    raw[:, 2] += 10 * (labels == 2)
    of_class = [moments_of(raw[labels == label]) for label in range(3)]
    fitted = select_features(moments_of(raw), of_class, components=2)
    assert set(chosen_of(fitted)) in ({7, 2}, {4, 2})
    chosen = raw[:, chosen_of(fitted)]
    np.testing.assert_allclose(fitted.transform(raw), (chosen - chosen.mean(0)) / chosen.std(0), rtol=1e-5, atol=1e-5)
    assert 0.9 < fitted.explained.sum() <= 1
    with pytest.raises(UserError, match="12 candidates"):
        select_features(moments_of(raw), of_class, components=13)
    with pytest.raises(UserError, match="fewer than two classes"):
        select_features(moments_of(raw), [of_class[0], Moments()], components=2)


def test_the_criterion_of_all_features_is_fisher_s() -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3))
    labels = np.repeat([0, 1], 200)
    raw[labels == 1] += 1.5
    two = [moments_of(raw[labels == label]) for label in (0, 1)]
    scale = moments_of(raw).scale
    within = (two[0].scatter + two[1].scatter) / 400 / np.outer(scale, scale) + RIDGE * np.eye(3)
    apart = (two[1].mean - two[0].mean) / scale
    theirs = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(raw / scale, labels).coef_[0]
    ours = np.linalg.solve(within, apart)
    assert abs(ours @ theirs) / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.999
    best = max(range(3), key=lambda place: apart[place] ** 2 / within[place, place])
    assert chosen_of(select_features(moments_of(raw), two, components=3))[0] == best


def test_candidates_are_means_textures_and_changes_of_valid_pixels_in_windows() -> None:
    rng = np.random.default_rng(2)
    side, windows, bands = 9, (1, 5), ("red", "green")
    row, column = 4, 4
    dates = rng.gamma(2, 100, (2, 2, side, side)).astype(np.float32)
    valid = rng.random((side, side)) > 0.2
    valid[row, column] = True
    dates[:, :, ~valid] = np.nan
    features = NeighbourhoodFeatures.of_image([dates[:, :, valid]], windows)
    names = candidate_names(bands, 2, windows)
    planes = features(np.pad(dates, ((0, 0), (0, 0), (2, 2), (2, 2)), "symmetric"), np.pad(valid, 2, "symmetric"))
    assert planes.shape == (len(names), side, side)
    np.testing.assert_array_equal(np.isnan(planes).all(axis=0), ~valid)
    kept = dates[:, :, valid].astype(np.float64)
    z = np.arcsinh((dates - kept.mean(2)[..., None, None]) / kept.std(2)[..., None, None])
    around = z[:, :, 2:7, 2:7][:, :, valid[2:7, 2:7]]
    expected = {
        "mean of red at date 1 in 1 x 1": z[0, 0, row, column],
        "change of the mean of green to date 2 in 1 x 1": abs(z[1, 1, row, column] - z[0, 1, row, column]),
        "mean of green at date 2 in 5 x 5": around[1, 1].mean(),
        "texture of red at date 2 in 5 x 5": np.log(around[1, 0].std() + neighbourhood.FLOOR),
        "change of the mean of red to date 2 in 5 x 5": abs(around[1, 0].mean() - around[0, 0].mean()),
        "change of green to date 2 in 5 x 5": np.log(
            np.sqrt(((around[1, 1] - around[0, 1]) ** 2).mean()) + neighbourhood.FLOOR
        ),
    }
    for name, value in expected.items():
        assert planes[names.index(name), row, column] == pytest.approx(value, rel=1e-4, abs=1e-5), name


def test_features_are_chosen_on_train_scenes_alone_and_read_back_for_any_scene(tmp_path: Path) -> None:
    write_sample(tmp_path / "pairs", seed=3, train=2, test=1, side=60)
    kinds = {"bands": "rgb", "layout": "neighbourhood", "windows": (1, 5), "components": 4, "stride": 2}
    tables = []
    for name, test in (("own.h5", ["cedar"]), ("other.h5", ["birch"])):
        train = [city for city in ("alder", "birch", "cedar") if city not in test][:1]
        collection = open_oscd(tmp_path / "pairs", train=train, test=test)
        prepare_pixels(collection, tmp_path / name, **kinds)  # type: ignore[arg-type]
        tables.append(read_table(tmp_path / name))
    (columns, about), (_, other) = tables
    assert len(about["chosen"]) == 4
    assert about["chosen"] == other["chosen"]  # trained on the same scene, tested on others
    sampling, transform = read_transform(tmp_path / "own.h5", "cedar")
    with open_oscd(tmp_path / "pairs").open("cedar") as pair:
        (pixels,) = sampling.read(pair)
    at = {(row, column): raw for row, column, raw in zip(pixels.rows, pixels.columns, pixels.raw, strict=True)}
    own = np.flatnonzero(columns["scene"] == about["scenes"].index("cedar"))
    raw = np.stack([at[columns["row"][i], columns["column"][i]] for i in own])
    np.testing.assert_allclose(transform.transform(raw), columns["features"][own], atol=1e-5)

"""Samples that are not independent: drawn together, and found in the tables that say so."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.metrics.bootstrap import bootstrap
from hqnn.metrics.clusters import BLOCK, Origins
from hqnn.metrics.evaluate import evaluate, evaluate_study
from hqnn.metrics.score import score
from hqnn.metrics.table import read_metrics
from hqnn.store import write_table

LIMITS = ["value", "low", "high"]
ABOUT = {"study": "s", "model": "m", "phase": "ideal", "path": "exact", "backend": "engine", "seed": 0}


def made_up(samples: int, seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=samples)
    probability = rng.dirichlet(np.ones(classes) + 3 * np.eye(classes)[labels][0], size=samples)
    return labels, probability, rng.integers(3, size=samples)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), classes=st.integers(2, 4))
def test_one_sample_a_cluster_is_the_plain_bootstrap(seed: int, classes: int) -> None:
    labels, probability, scene = made_up(30, seed, classes)
    clusters = np.random.default_rng(seed).permutation(30)
    plain = score(labels, probability, groups=scene, draws=20, seed=seed)
    pd.testing.assert_frame_equal(
        score(labels, probability, groups=scene, clusters=clusters, draws=20, seed=seed), plain
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), copies=st.integers(2, 4))
def test_copies_in_clusters_leave_intervals_as_wide_as_they_were(seed: int, copies: int) -> None:
    labels, probability, _ = made_up(40, seed, 3)
    clusters = np.tile(np.arange(40), copies)
    distinct = score(labels, probability, draws=60, seed=seed)
    whole = score(np.tile(labels, copies), np.tile(probability, (copies, 1)), clusters=clusters, draws=60, seed=seed)
    pd.testing.assert_frame_equal(whole[LIMITS], distinct[LIMITS], rtol=1e-9)


def test_copies_taken_as_independent_make_intervals_too_narrow() -> None:
    labels, probability, _ = made_up(300, 0, 3)
    labels, probability = np.tile(labels, 4), np.tile(probability, (4, 1))
    tables = (score(labels, probability, clusters=c, draws=400) for c in (np.tile(np.arange(300), 4), None))
    wide, narrow = ((t["high"] - t["low"])[t["metric"] == "log_loss"].item() for t in tables)
    assert wide == pytest.approx(2 * narrow, rel=0.2)


def test_clusters_are_drawn_whole_and_within_strata() -> None:
    clusters = np.array([7, 7, 3, 3, 3, 7, 9, 9])
    strata = [np.arange(5), np.arange(5, 8)]
    (weights,) = bootstrap(strata, 500, np.random.default_rng(0), clusters)
    for together in ([0, 1], [2, 3, 4], [6, 7]):
        assert (weights[:, together] == weights[:, together[:1]]).all()
    assert (weights[:, 0] + weights[:, 2] == 2).all()
    assert (weights[:, 5] + weights[:, 6] == 2).all()
    assert not (weights[:, 0] == weights[:, 5]).all()


def test_a_group_in_one_cluster_has_no_interval() -> None:
    labels, probability, _ = made_up(40, 1)
    scenes = np.repeat(["a", "b"], 20)
    table = score(labels, probability, groups=scenes, clusters=np.repeat([0, 1, 2], [20, 10, 10]), draws=20)
    known = table.groupby("group")["low"].apply(lambda low: low.notna().any())
    assert known.to_dict() == {"a": False, "b": True, "pooled": True}
    assert score(labels, probability, clusters=np.zeros(40), draws=20)["low"].isna().all()


def test_balanced_clusters_of_unequal_size_have_equal_classes() -> None:
    labels, probability, _ = made_up(400, 2)
    clusters = np.random.default_rng(0).integers(12, size=400) ** 2
    table = score(labels, probability, clusters=clusters, balanced=True, draws=200).query("sampling == 'balanced'")
    counts = table.query("metric in ('fn', 'tp') and group == 'pooled'")
    assert counts["value"].sum() == pytest.approx(200)
    assert counts["low"].sum() < 200 < counts["high"].sum()
    assert table.query("metric == 'balanced_accuracy'")["low"].notna().all()


def write_scored(file: Path, dataset: str, ids: np.ndarray, labels: np.ndarray, classes: list[str]) -> None:
    probability = np.random.default_rng(3).dirichlet(np.ones(len(classes)), size=len(ids))
    columns = {"sample": ids, "label": labels, "probability": probability, "predicted": probability.argmax(axis=1)}
    write_table(file, columns, {**ABOUT, "dataset": dataset, "classes": classes})


def test_pixels_of_a_block_belong_together(tmp_path: Path) -> None:
    row, column = np.mgrid[:70, :70].reshape(2, -1)
    write_table(tmp_path / "where.h5", {"row": row, "column": column}, {})
    clusters = Origins([tmp_path / "where.h5"]).clusters(np.arange(4900), "scenes")
    assert clusters is not None
    sizes = sorted(np.bincount(clusters).tolist())
    assert sizes == [6 * 6, *[6 * BLOCK] * 4, *[BLOCK * BLOCK] * 4]
    assert len(set(clusters[(row < BLOCK) & (column < BLOCK)].tolist())) == 1


def test_photographs_belong_to_the_group_of_their_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    samples, split, other = (tmp_path / name for name in ("samples.h5", "split.h5", "other.h5"))
    groups = {"group_site": np.array([4, 4, 5, 5]), "group_source_image": np.array([0, 1, 2, 2])}
    write_table(samples, {"labels": np.array([0, 1, 0, 1]), **groups}, {})
    write_table(split, {"split": np.zeros(4)}, {"name": "70_15_15_site", "group": "site"})
    write_table(other, {"split": np.zeros(4)}, {"name": "70_15_15", "group": None})
    ids = np.array([0, 1, 3])
    found = {
        name: Origins([samples, split, other]).clusters(ids, f"walls-{name}") for name in ("70_15_15_site", "70_15_15")
    }
    assert {name: len(set(one.tolist())) for name, one in found.items() if one is not None} == {
        "70_15_15_site": 2,
        "70_15_15": 3,
    }
    assert Origins([split]).clusters(ids, "walls-70_15_15_site") is None
    assert "no table has the column group_site, by which walls-70_15_15_site was split" in caplog.text
    assert Origins([]).clusters(ids, "walls") is None


def test_scored_samples_of_one_photograph_have_wider_intervals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = np.arange(60) % 3
    predictions, samples, one = (tmp_path / name for name in ("predictions.h5", "samples.h5", "one.h5"))
    write_scored(predictions, "walls-all", np.arange(60), labels, ["sound", "crack", "spall"])
    write_table(samples, {"group_source_image": np.arange(60) // 20}, {})
    write_table(one, {"group_source_image": np.zeros(60)}, {})
    plain, wide = (
        evaluate(predictions, tables, draws=200).query("metric == 'log_loss'").iloc[0] for tables in (None, samples)
    )
    assert plain["value"] == pytest.approx(wide["value"], rel=1e-12)
    assert wide["high"] - wide["low"] != pytest.approx(plain["high"] - plain["low"], rel=1e-3)
    with caplog.at_level(logging.WARNING):
        evaluate_study(tmp_path / "metrics.csv", predictions=[predictions], samples=[one], draws=20)
    assert "no intervals for pooled: all samples" in caplog.text
    assert read_metrics(tmp_path / "metrics.csv")["low"].isna().all()

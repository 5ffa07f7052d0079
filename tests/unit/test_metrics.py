"""Scores against scikit-learn, and bootstrap intervals against their definition."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from hqnn.errors import UserError
from hqnn.metrics import (
    COLUMNS,
    PUBLISHED_COLUMNS,
    evaluate,
    read_metrics,
    read_published,
    score,
    write_metrics,
)
from hqnn.store import read_table, write_table

RESOURCES = Path(__file__).resolve().parents[2] / "resources" / "published"
PREDICTIONS = 400
CITIES = ["rio", "norcia", "paris"]


def pick(table: pd.DataFrame, metric: str, sampling: str = "all", group: str = "pooled") -> pd.Series:
    rows = table.query("metric == @metric and sampling == @sampling and group == @group")
    assert len(rows) == 1
    return rows.iloc[0]


def made_up(samples: int, seed: int, share: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(samples) < share).astype(np.uint8)
    probability = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.15), 0, 1), 2)
    return labels, probability, rng.integers(len(CITIES), size=samples)


def by_sklearn(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    guess = (p > 0.5).astype(int)
    tn, fp, fn, tp = sk.confusion_matrix(y, guess, labels=[0, 1]).ravel()
    return {
        "accuracy": sk.accuracy_score(y, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(y, guess),
        "recall_change": sk.recall_score(y, guess),
        "recall_no_change": sk.recall_score(y, guess, pos_label=0),
        "precision": sk.precision_score(y, guess, zero_division=np.nan),
        "f1": sk.f1_score(y, guess),
        "iou": sk.jaccard_score(y, guess),
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
        "sureness": 2 * np.mean(np.abs(p - 0.5)),
        "confidence": 1 - np.mean(np.abs(y - p)),
        "confidence_std": np.std(np.abs(y - p)),
        "imbalance": np.sum(guess == 0) - np.sum(guess == 1),
        "imbalance_normalised": np.mean(guess == 0) - np.mean(guess == 1),
    }


@settings(max_examples=60, deadline=None)
@given(
    data=st.integers(2, 40).flatmap(
        lambda n: st.tuples(
            arrays(np.uint8, n, elements=st.integers(0, 1)),
            arrays(float, n, elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.7, 1.0])),
        )
    )
)
def test_every_metric_equals_scikit_learn_with_ties(data: tuple[np.ndarray, np.ndarray]) -> None:
    labels, probability = data
    if labels.min() == labels.max():
        labels = labels.copy()
        labels[0] = 1 - labels[0]
    table = score(labels, probability, draws=0).query("sampling == 'all'").set_index("metric")["value"]
    expected = by_sklearn(labels, probability)
    assert list(table.index) == list(expected)
    np.testing.assert_allclose(table.to_numpy(), list(expected.values()), rtol=1e-12, atol=1e-12)


def test_weights_mean_repeated_samples() -> None:
    """A bootstrap draw scored by weights is that draw scored by scikit-learn."""
    from hqnn.metrics import BinaryMeasures

    labels, probability, _ = made_up(200, seed=1, share=0.3)
    labels = labels.astype(float)
    rng = np.random.default_rng(2)
    weights = rng.multinomial(200, np.full(200, 1 / 200), size=5).astype(float)
    found = BinaryMeasures(labels, probability, (probability > 0.5).astype(float))(weights)
    for draw, counts in enumerate(weights.astype(int)):
        expected = by_sklearn(np.repeat(labels, counts), np.repeat(probability, counts))
        for metric, value in expected.items():
            assert found[metric][draw] == pytest.approx(value, abs=1e-12), metric


def test_one_class_leaves_only_what_is_defined() -> None:
    table = score([0, 0, 0], [0.1, 0.2, 0.3], draws=50)
    undefined = set(table[table["value"].isna() & (table["sampling"] == "all")]["metric"])
    assert undefined == {
        "balanced_accuracy", "recall_change", "precision", "f1", "iou", "roc_auc", "average_precision",
    }  # fmt: skip
    assert pick(table, "accuracy")["value"] == 1
    assert table[table["sampling"] == "balanced"]["value"].isna().all()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Recall of a coin that is right in 80 % of the cases, 200 experiments of 300 samples."""
    rng = np.random.default_rng(3)
    hits = 0
    for trial in range(200):
        labels = np.ones(300)
        row = pick(score(labels, (rng.random(300) < 0.8) * 1.0, draws=200, seed=trial), "recall_change")
        hits += row["low"] <= 0.8 <= row["high"]
    assert 0.89 <= hits / 200 <= 0.99  # binomial, three standard errors about .95


def test_the_bootstrap_stays_within_groups() -> None:
    """Groups that are each all right or all wrong leave accuracy nothing to vary."""
    labels = np.ones(60)
    probability = np.repeat([0.9, 0.1], [40, 20])
    row = pick(score(labels, probability, groups=np.repeat(["a", "b"], [40, 20]), draws=100), "accuracy")
    assert row["low"] == row["high"] == row["value"] == pytest.approx(2 / 3)
    free = pick(score(labels, probability, draws=100), "accuracy")
    assert free["low"] < 2 / 3 < free["high"]


def test_balanced_draws_have_equal_classes_and_honest_intervals() -> None:
    labels, probability, _ = made_up(4000, seed=4, share=0.02)
    table = score(labels, probability, draws=300)
    counts = {m: pick(table, m, "balanced")["value"] for m in ("tn", "fp", "fn", "tp")}
    assert sum(counts.values()) == 4000
    assert abs(counts["fn"] + counts["tp"] - 2000) < 4 * np.sqrt(1000)
    plain, drawn = pick(table, "recall_change"), pick(table, "recall_change", "balanced")
    assert drawn["value"] == pytest.approx(plain["value"], abs=0.05)
    assert drawn["high"] - drawn["low"] > 0.9 * (plain["high"] - plain["low"])  # 80 pixels, not 2000 draws


def test_the_same_seed_gives_the_same_table_and_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probability, city = made_up(300, seed=5)
    first = score(labels, probability, groups=city, draws=60, seed=1)
    pd.testing.assert_frame_equal(first, score(labels, probability, groups=city, draws=60, seed=1))
    assert not first.equals(score(labels, probability, groups=city, draws=60, seed=2))
    monkeypatch.setattr("hqnn.metrics.WEIGHTS_AT_ONCE", 300 * 7)
    again = score(labels, probability, groups=city, draws=60, seed=1)
    np.testing.assert_array_equal(first["value"], again["value"])
    assert (first["low"] - again["low"]).abs().max() < 20  # other draws of the same law


def test_draws_are_independent_of_predictions_made_with_the_same_seed() -> None:
    labels = np.repeat([0, 1], [1150, 46])
    probability = np.random.default_rng(0).random(labels.size)
    table = score(labels, probability, draws=0, seed=0)
    plain, drawn = (pick(table, "roc_auc", sampling)["value"] for sampling in ("all", "balanced"))
    assert drawn == pytest.approx(plain, abs=0.06)  # about four standard errors of the draw


def test_two_models_are_scored_on_the_same_draws() -> None:
    labels, probability, city = made_up(500, seed=8)
    probability = np.where(probability == 0.5, 0.51, probability)
    model, opposite = (score(labels, p, groups=city, draws=20, seed=1) for p in (probability, 1 - probability))
    for one, other in (("tn", "fp"), ("tp", "fn")):
        for bound in ("value", "low", "high"):
            assert pick(model, one, "balanced")[bound] == pick(opposite, other, "balanced")[bound]


@pytest.mark.parametrize(
    ("labels", "probability", "words"),
    [
        ([0, 2], [0.1, 0.2], "0 or 1"),
        ([0, 1], [0.1, np.nan], r"\[0, 1\]"),
        ([0, 1], [0.1, 1.2], r"\[0, 1\]"),
        ([0, 1, 1], [0.1, 0.2], "shapes"),
        ([], [], "shapes"),
    ],
)
def test_what_is_no_prediction_is_refused(labels: list[int], probability: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score(labels, probability)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    labels, probability, city = made_up(1000, seed=6)
    samples, predictions = tmp_path / "samples.h5", tmp_path / "predictions.h5"
    write_table(samples, {"labels": labels, "city": city.astype(np.int16)}, {"cities": CITIES})
    chosen = np.arange(1000)[-PREDICTIONS:]
    write_predictions(predictions, chosen, labels[chosen], probability[chosen])
    return predictions, samples


def write_predictions(path: Path, sample: np.ndarray, labels: np.ndarray, probability: np.ndarray) -> None:
    write_table(
        path,
        {
            "sample": sample,
            "label": labels,
            "expectation": probability[:, None],
            "standard_error": np.zeros((len(sample), 1)),
            "probability": probability,
            "predicted": (probability > 0.5).astype(np.uint8),
        },
        {
            "study": "change",
            "dataset": "oscd",
            "model": "angle_y-simplified_two_design-3",
            "phase": "ideal",
            "path": "exact",
            "backend": "engine",
            "seed": 3,
        },
    )


def test_a_predictions_file_becomes_tidy_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, samples = files
    subset = list(range(700, 800))
    table = evaluate(predictions, samples, subset, read_published(RESOURCES / "change.csv"), draws=20)
    assert tuple(table.columns) == COLUMNS
    assert set(table["sampling"]) == {"all", "balanced", "subset", "subset_balanced"}
    assert set(table["group"]) == {"pooled", *CITIES}
    assert pick(table, "accuracy")["samples"] == PREDICTIONS
    assert pick(table, "accuracy", "subset")["samples"] == len(subset)
    per_city = table.query("sampling == 'all' and metric == 'tp' and group != 'pooled'")["value"].sum()
    assert per_city == pick(table, "tp")["value"]
    assert pick(table, "accuracy", "balanced")["published"] == 0.74
    assert np.isnan(pick(table, "accuracy")["published"])
    assert table[table["group"] != "pooled"]["published"].isna().all()

    hardware = tmp_path / "hardware.h5"
    columns, about = read_table(predictions)
    write_table(hardware, columns, {**about, "path": "hardware", "backend": "ibm_brisbane"})
    device_run = evaluate(hardware, samples, subset, read_published(RESOURCES / "change.csv"), draws=0)
    assert pick(device_run, "accuracy", "subset_balanced")["published"] == 0.56694

    write_metrics(tmp_path / "metrics.csv", [table, table.assign(seed=1)])
    read = read_metrics(tmp_path / "metrics.csv")
    assert list(read["seed"].unique()) == [1, 3]
    np.testing.assert_allclose(read["value"][len(table) :], table["value"], rtol=1e-8)


def test_a_file_that_cannot_be_scored_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, samples = files
    with pytest.raises(UserError, match=r"predictions\.h5 lacks sample 3 of the subset"):
        evaluate(predictions, samples, [3, 700])
    broken = tmp_path / "broken.h5"
    write_predictions(broken, np.arange(3), np.array([0, 1, 1]), np.array([0.2, np.nan, 0.4]))
    with pytest.raises(UserError, match=r"broken\.h5 cannot be scored \(probabilities"):
        evaluate(broken, samples)
    with pytest.raises(UserError, match=r"absent\.csv cannot be read as a table"):
        read_metrics(tmp_path / "absent.csv")


@pytest.mark.parametrize("study", ["change", "masks", "digits", "cracks"])
def test_published_figures_are_complete_rows(study: str) -> None:
    table = read_published(RESOURCES / f"{study}.csv")
    assert tuple(table.columns) == PUBLISHED_COLUMNS
    assert table["value"].notna().all()
    assert (table[["model", "metric", "sampling", "source"]] != "").all(axis=None)
    assert not table.duplicated(["dataset", "model", "phase", "path", "sampling", "metric", "note"]).any()


def test_scoring_is_warning_free() -> None:
    labels, probability, city = made_up(100, seed=7, share=0.03)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score(labels, probability, groups=city, draws=30)

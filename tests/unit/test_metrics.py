"""Scores against scikit-learn, and bootstrap intervals against their definition."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from hqnn.metrics.binary import BinaryMeasures
from hqnn.metrics.bootstrap import INTERVAL, bootstrap
from hqnn.metrics.multiclass import MulticlassMeasures, confusion_matrix
from hqnn.metrics.score import BOOTSTRAP, score

CITIES = ["rio", "norcia", "paris"]
PIXELS = ("no_change", "change")


def pick(table: pd.DataFrame, metric: str, sampling: str = "all", group: str = "pooled") -> pd.Series:
    rows = table.query("metric == @metric and sampling == @sampling and group == @group")
    assert len(rows) == 1
    return rows.iloc[0]


def made_up(samples: int, seed: int, share: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(samples) < share).astype(np.uint8)
    probability = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.15), 0, 1), 2)
    return labels, probability, rng.integers(len(CITIES), size=samples)


def kappa(y: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> float:
    """By scikit-learn; NaN where all is of one class and said so."""
    if len(set(y) | set(guess)) == 1:
        return float("nan")
    return float(sk.cohen_kappa_score(y, guess, sample_weight=weights))


def by_sklearn(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    guess = (p > 0.5).astype(int)
    tn, fp, fn, tp = sk.confusion_matrix(y, guess, labels=[0, 1]).ravel()
    return {
        "accuracy": sk.accuracy_score(y, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(y, guess),
        "kappa": kappa(y, guess),
        "precision": sk.precision_score(y, guess, zero_division=np.nan),
        "recall": sk.recall_score(y, guess),
        "f1": sk.f1_score(y, guess),
        "macro_f1": sk.f1_score(y, guess, average="macro"),
        "iou": sk.jaccard_score(y, guess),
        "mcc": sk.matthews_corrcoef(y, guess) if 0 < guess.mean() < 1 else np.nan,
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "log_loss": sk.log_loss(y, p, labels=[0, 1]),
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


def by_class(y: np.ndarray, guess: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    found = sk.precision_recall_fscore_support(y, guess, labels=range(classes), zero_division=np.nan)
    return dict(zip(("precision", "recall", "f1"), found[:3], strict=True))


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
    table = score(labels, probability, classes=PIXELS, draws=0).set_index(["group", "metric"])["value"]
    expected = by_sklearn(labels, probability)
    assert list(table["pooled"].index) == list(expected)
    np.testing.assert_allclose(table["pooled"].to_numpy(), list(expected.values()), rtol=1e-12, atol=1e-12)
    of_classes = by_class(labels, (probability > 0.5).astype(int), 2)
    for metric, values in of_classes.items():
        np.testing.assert_allclose([table[name, metric] for name in PIXELS], values, err_msg=metric)


def test_weights_mean_repeated_samples() -> None:
    """A bootstrap draw scored by weights is that draw scored by scikit-learn."""
    labels, probability, _ = made_up(200, seed=1, share=0.3)
    labels = labels.astype(float)
    rng = np.random.default_rng(2)
    weights = rng.multinomial(200, np.full(200, 1 / 200), size=5).astype(float)
    found = BinaryMeasures(labels, probability, (probability > 0.5).astype(float))(weights).values
    for draw, counts in enumerate(weights.astype(int)):
        expected = by_sklearn(np.repeat(labels, counts), np.repeat(probability, counts))
        for metric, value in expected.items():
            assert found[metric][draw] == pytest.approx(value, abs=1e-12), metric


def several(samples: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of many classes, some of them rare."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, samples, p=rng.dirichlet(np.full(classes, 0.7)))
    logits = rng.normal(size=(samples, classes)) + 2.0 * np.eye(classes)[labels]
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def several_by_sklearn(y: np.ndarray, p: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    guess, given = p.argmax(axis=1), {"sample_weight": weights}
    present = np.unique(y)
    return {
        "accuracy": sk.accuracy_score(y, guess, **given),
        "balanced_accuracy": sk.recall_score(y, guess, labels=present, average="macro", **given),
        "kappa": kappa(y, guess, weights),
        "macro_f1": sk.f1_score(y, guess, average="macro", **given),
        "mcc": sk.matthews_corrcoef(y, guess, **given) if len(set(guess)) > 1 else np.nan,
        "roc_auc": np.mean([sk.roc_auc_score(y == k, p[:, k], **given) for k in present])
        if len(present) > 1
        else np.nan,
        "log_loss": sk.log_loss(y, p, labels=range(p.shape[1]), **given),
    }


@settings(max_examples=40, deadline=None)
@given(
    classes=st.integers(3, 6),
    samples=st.integers(6, 40),
    levels=st.sampled_from([2, 4, 50]),
    seed=st.integers(0, 2**16),
)
def test_metrics_of_several_classes_equal_scikit_learn_with_ties(
    classes: int, samples: int, levels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=samples)
    labels[:2] = 0, 1
    shares = 1.0 + rng.integers(levels, size=(samples, classes))
    probability = shares / shares.sum(axis=1, keepdims=True)
    weights = rng.integers(1, 4, size=samples).astype(float)
    measures = MulticlassMeasures(labels.astype(float), probability, probability.argmax(axis=1).astype(float))
    found = {name: value[0] for name, value in measures(weights[None]).values.items()}
    assert found == pytest.approx(several_by_sklearn(labels, probability, weights), nan_ok=True)


@pytest.mark.parametrize(("samples", "classes", "seed"), [(30, 3, 0), (300, 10, 1), (400, 47, 2), (12, 10, 3)])
def test_metrics_of_many_classes_equal_scikit_learn(samples: int, classes: int, seed: int) -> None:
    labels, probability = several(samples, classes, seed)
    guess = probability.argmax(axis=1)
    table = score(labels, probability, draws=0).set_index(["group", "metric"])
    expected = several_by_sklearn(labels, probability)
    assert list(table.loc["pooled"].index) == list(expected)
    np.testing.assert_allclose(table.loc["pooled", "value"], list(expected.values()), rtol=1e-12)
    numbers = [str(k) for k in range(classes)]
    for metric, values in by_class(labels, guess, classes).items():
        np.testing.assert_allclose([table.loc[(k, metric), "value"] for k in numbers], values, err_msg=metric)
    assert [table.loc[(k, "recall"), "samples"] for k in numbers] == np.bincount(labels, minlength=classes).tolist()
    np.testing.assert_array_equal(
        confusion_matrix(labels, guess, classes), sk.confusion_matrix(labels, guess, labels=range(classes))
    )


def test_weights_of_many_classes_mean_what_scikit_learn_means() -> None:
    labels, probability = several(250, 7, 4)
    rng = np.random.default_rng(5)
    guess = probability.argmax(axis=1)
    weights = np.stack([rng.gamma(1.0, size=250), *rng.multinomial(250, np.full(250, 1 / 250), size=3)])
    measures = MulticlassMeasures(labels.astype(float), probability, guess.astype(float))
    found = measures(weights)
    for draw, row in enumerate(weights):
        drawn = row > 0
        expected = several_by_sklearn(labels[drawn], probability[drawn], row[drawn])
        assert {name: value[draw] for name, value in found.values.items()} == pytest.approx(expected, rel=1e-12)
        counts = sk.confusion_matrix(labels, guess, labels=range(7), sample_weight=row)
        np.testing.assert_allclose(measures.confusion(weights)[draw], counts, atol=1e-12)


def test_two_classes_score_alike_in_both_forms() -> None:
    labels, probability, _ = made_up(300, seed=9, share=0.4)
    both, said = np.stack([1 - probability, probability], axis=1), probability > 0.5
    short = score(labels, probability, draws=40)
    pd.testing.assert_frame_equal(score(labels, both, said, draws=40), short)
    many = MulticlassMeasures(labels.astype(float), both, said.astype(float))(np.ones((1, 300)))
    found = short.set_index(["group", "metric"])["value"]
    assert {name: value[0] for name, value in many.values.items()} == pytest.approx(
        dict(found["pooled"][list(many.values)])
    )
    for metric, values in many.by_class.items():
        np.testing.assert_allclose(values[:, 0], [found[name, metric] for name in "01"])


def test_samples_in_groups_give_each_group_the_recall_of_each_class() -> None:
    labels, probability, city = made_up(300, seed=10, share=0.3)
    table = score(labels, probability, classes=PIXELS, groups=np.array(CITIES)[city], draws=0)
    assert set(table["group"]) == {"pooled", *CITIES}
    own = city == CITIES.index("rio")
    for metric, values in by_class(labels[own], (probability[own] > 0.5).astype(int), 2).items():
        for name, expected in zip(PIXELS, values, strict=True):
            assert pick(table, f"{metric}_{name}", group="rio")["value"] == pytest.approx(expected)


def test_one_class_leaves_only_what_is_defined() -> None:
    table = score([0, 0, 0], [0.1, 0.2, 0.3], balanced=True, draws=50)
    plain = table[(table["sampling"] == "all") & (table["group"] == "pooled")]
    assert set(plain[plain["value"].isna()]["metric"]) == {
        "balanced_accuracy", "kappa", "precision", "recall", "f1", "iou", "mcc", "roc_auc", "average_precision",
    }  # fmt: skip
    assert pick(table, "accuracy")["value"] == 1
    assert table[table["sampling"] == "balanced"]["value"].isna().all()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Recall of a coin that is right in 80 % of the cases, 200 experiments of 300 samples."""
    rng = np.random.default_rng(3)
    hits = 0
    for trial in range(200):
        labels = np.ones(300)
        row = pick(score(labels, (rng.random(300) < 0.8) * 1.0, draws=200, seed=trial), "recall")
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


def test_balanced_classes_weigh_equally_and_have_honest_intervals() -> None:
    labels, probability, _ = made_up(4000, seed=4, share=0.02)
    table = score(labels, probability, balanced=True, draws=300)
    counts = {m: pick(table, m, "balanced")["value"] for m in ("tn", "fp", "fn", "tp")}
    assert counts["fn"] + counts["tp"] == pytest.approx(2000) == counts["tn"] + counts["fp"]
    for metric in ("recall", "roc_auc"):  # 80 pixels, however much they weigh
        plain, equal = (pick(table, metric, sampling)[["value", "low", "high"]] for sampling in ("all", "balanced"))
        np.testing.assert_allclose(equal.astype(float), plain.astype(float), rtol=1e-12)


def test_balanced_is_the_mean_of_class_balanced_draws() -> None:
    """As the papers draw: as many samples as there are, with replacement, both classes equally likely."""
    labels, probability, _ = made_up(600, seed=6, share=0.1)
    table = score(labels, probability, balanced=True, draws=0).query("sampling == 'balanced' and group == 'pooled'")
    rng = np.random.default_rng(1)
    chances = np.where(labels == 1, 0.5 / labels.sum(), 0.5 / (1 - labels.astype(int)).sum())
    drawn = [rng.choice(600, 600, p=chances) for _ in range(60)]
    scores = pd.DataFrame([by_sklearn(labels[rows], probability[rows]) for rows in drawn])[table["metric"]]
    error = scores.std().to_numpy() / np.sqrt(60)
    assert (np.abs(scores.mean().to_numpy() - table["value"].to_numpy()) < 4.5 * error + 2e-3).all()


def test_the_same_seed_gives_the_same_table_and_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probability, city = made_up(300, seed=5)
    given = {"groups": city, "balanced": True, "draws": 60}
    first = score(labels, probability, **given, seed=1)
    pd.testing.assert_frame_equal(first, score(labels, probability, **given, seed=1))
    assert not first.equals(score(labels, probability, **given, seed=2))
    monkeypatch.setattr("hqnn.metrics.bootstrap.WEIGHTS_AT_ONCE", 300 * 7)
    again = score(labels, probability, **given, seed=1)
    np.testing.assert_array_equal(first["value"], again["value"])
    assert (first["low"] - again["low"]).abs().max() < 20  # other draws of the same law


def test_intervals_are_percentiles_of_what_scikit_learn_says_of_the_same_draws() -> None:
    labels, probability, city = made_up(250, seed=12, share=0.3)
    clusters = np.random.default_rng(0).integers(40, size=250)
    for known in ({}, {"clusters": clusters}):
        table = score(labels, probability, groups=city, draws=15, seed=3, **known)
        strata = [np.flatnonzero(city == one) for one in range(len(CITIES))]
        rng = np.random.default_rng(np.random.SeedSequence([3, BOOTSTRAP]))
        drawn = np.concatenate(list(bootstrap(strata, 15, rng, known.get("clusters")))).astype(int)
        scores = pd.DataFrame([by_sklearn(np.repeat(labels, w), np.repeat(probability, w)) for w in drawn])
        for metric in scores:
            row = pick(table, metric)
            assert [row["low"], row["high"]] == pytest.approx(list(np.nanquantile(scores[metric], INTERVAL))), metric


def test_two_models_are_scored_on_the_same_draws() -> None:
    labels, probability, city = made_up(500, seed=8)
    probability = np.where(probability == 0.5, 0.51, probability)
    model, opposite = (
        score(labels, p, groups=city, balanced=True, draws=20, seed=1) for p in (probability, 1 - probability)
    )
    for one, other in (("tn", "fp"), ("tp", "fn")):
        for bound in ("value", "low", "high"):
            assert pick(model, one, "balanced")[bound] == pick(opposite, other, "balanced")[bound]


@pytest.mark.parametrize(
    ("labels", "probability", "words"),
    [
        ([0, 2], [0.1, 0.2], "from 0 to 1"),
        ([0, 3], [[0.1, 0.2, 0.7]] * 2, "from 0 to 2"),
        ([0, 1], [[0.1, 0.2, 0.6]] * 2, "sum to 1"),
        ([0, 1], [0.1, np.nan], r"\[0, 1\]"),
        ([0, 1], [0.1, 1.2], r"\[0, 1\]"),
        ([0, 1, 1], [0.1, 0.2], "shapes"),
        ([], [], "shapes"),
    ],
)
def test_what_is_no_prediction_is_refused(labels: list[int], probability: list[object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score(labels, probability)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": ["a", "b"]}, "2 names of classes, but 3"),
        ({"balanced": True}, "only two classes can be balanced, not 3"),
        ({"clusters": [0]}, r"shapes \(2,\) and \(1,\)"),
    ],
)
def test_what_does_not_fit_the_predictions_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score([0, 2], [[0.1, 0.2, 0.7]] * 2, **given)


def test_scoring_is_warning_free() -> None:
    labels, probability, city = made_up(100, seed=7, share=0.03)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score(labels, probability, groups=city, balanced=True, draws=30)
        score(*several(60, 10, 6), draws=30)

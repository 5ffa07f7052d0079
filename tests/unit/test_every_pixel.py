"""Scores on every pixel of whole test scenes, against scikit-learn on all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import f1_score, jaccard_score, precision_recall_curve, precision_score, recall_score

from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import UNLABELLED, Listed
from hqnn.errors import UserError
from hqnn.execution.every_pixel import score_every_pixel
from hqnn.metrics.table import POOLED, read_metrics, write_metrics
from hqnn.metrics.thresholds import LEVELS, ThresholdCounts
from hqnn.models.architectures import read_classifier
from hqnn.report.pixels.every_pixel import official_sentence
from hqnn.store import new_table
from trained_models import of_all, save

SIDE = 40
PARTS = {"north": "train", "south": "train", "east": "test", "west": "test"}


@dataclass
class Patch:
    """A scene in memory: two dates of three bands, with pixels that are invalid and such that have no label."""

    name: str
    values: NDArray[np.float32]
    known: NDArray[np.uint8]
    shape: tuple[int, int] = (SIDE, SIDE)
    crs: Any = None
    transform: Affine = field(default_factory=Affine.identity)
    dates: int = 2
    bands: tuple[str, ...] = ("red", "green", "blue")
    placeholders: NDArray[np.float32] = field(default_factory=lambda: np.full((2, 2, 3), np.nan, np.float32))

    def read(self, rows: range, columns: range) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        found = self.values[:, :, rows.start : rows.stop, columns.start : columns.stop]
        return found, np.isfinite(found).all(axis=(0, 1))

    def labels(self, rows: range, columns: range) -> NDArray[np.uint8]:
        return self.known[rows.start : rows.stop, columns.start : columns.stop]


@dataclass
class Town:
    """A collection of such scenes."""

    patches: dict[str, Patch]
    root: Path = Path("town")
    classes: tuple[str, ...] = ("same", "changed")
    bands: tuple[str, ...] = ("red", "green", "blue")
    dates: int = 2
    lacks: dict[str, str] = field(default_factory=dict)

    parts: dict[str, str] = field(default_factory=lambda: PARTS)

    @property
    def scenes(self) -> tuple[Listed, ...]:
        return tuple(Listed(name, self.parts[name], ()) for name in self.patches)

    @contextmanager
    def open(self, name: str) -> Iterator[Patch]:
        yield self.patches[name]

    def about(self) -> dict[str, Any]:
        return {}


def town(seed: int = 0) -> Town:
    rng = np.random.default_rng(seed)
    patches = {}
    for name in PARTS:
        values = rng.normal(size=(2, 3, SIDE, SIDE)).astype(np.float32)
        labels = (values[1, 0] - values[0, 0] > 1.5).astype(np.uint8)
        values[:, :, rng.random((SIDE, SIDE)) < 0.05] = np.nan
        labels[rng.random((SIDE, SIDE)) < 0.3] = UNLABELLED
        patches[name] = Patch(name, values, labels)
    return Town(patches)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table of samples and a model."""
    folder = tmp_path_factory.mktemp("every_pixel")
    prepare_pixels(town(), folder / "samples.h5", components=4, stride=2, about={"study": "town", "dataset": "sample"})
    run = folder / "town/sample/angle_y/ideal/seed0"
    run.mkdir(parents=True)
    return folder / "samples.h5", save(run / "model.safetensors", "pixel", (4,), 2)


def best_f1(labels: NDArray[np.uint8], probability: NDArray[np.float64]) -> float:
    """Of all thresholds that are told apart."""
    precision, recall, _ = precision_recall_curve(labels, np.floor(probability * LEVELS).clip(max=LEVELS - 1))
    return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())


def scored(place: Town, trained: tuple[Path, Path], output: Path, name: str = "angle_y") -> pd.DataFrame:
    samples, model = trained
    linear = {"name": "regression", "seed": 3, "parameters": {"estimator": "logistic_regression"}, "tuned": ()}
    score_every_pixel(
        output, collection=place, samples=samples, models=[model], references=[linear], memory_limit_mb=500
    )
    found = read_metrics(output)
    return found[found["model"] == name].set_index(["group", "metric"])


def test_scores_are_scikit_learn_s_on_all_labelled_pixels(trained: tuple[Path, Path], tmp_path: Path) -> None:
    place = town()
    found = scored(place, trained, tmp_path / "scores.csv")
    model, _ = read_classifier(trained[1])
    labels, probability = {}, {}
    for name, patch in place.patches.items():
        sampling, transform = read_transform(trained[0], name)
        (pixels,) = Sampling(sampling.bands, sampling.layout).read(patch)
        own = patch.known[pixels.within]
        kept = own != UNLABELLED
        labels[name], said = own[kept], of_all(model.classify(transform.transform(pixels.raw[kept])))
        probability[name] = said[:, 1]
    threshold = found["value"][POOLED, "threshold"]
    train = np.concatenate([labels["north"], labels["south"]])
    of_train = np.concatenate([probability["north"], probability["south"]])
    assert found["value"][POOLED, "train_f1"] == pytest.approx(best_f1(train, of_train), abs=1e-8)
    groups = {"east": ["east"], "west": ["west"], POOLED: ["east", "west"]}
    for group, names in groups.items():
        y, guess = np.concatenate([labels[n] for n in names]), np.concatenate([probability[n] for n in names])
        assert found["samples"][group, "f1"] == len(y)
        for metric, theirs in zip(
            ("f1", "precision", "recall", "iou"),
            (f1_score, precision_score, recall_score, jaccard_score),
            strict=True,
        ):
            assert found["value"][group, metric] == pytest.approx(theirs(y, guess >= threshold), abs=1e-8)


def test_labels_of_test_scenes_decide_no_threshold(trained: tuple[Path, Path], tmp_path: Path) -> None:
    plain, planted, swapped = (town() for _ in range(3))
    for place, names in ((planted, ("east", "west")), (swapped, ("north", "south"))):
        for name in names:
            known = place.patches[name].known
            place.patches[name].known = np.where(known == UNLABELLED, known, 1 - known).astype(np.uint8)
    own, other, moved = (
        scored(place, trained, tmp_path / f"{number}.csv")["value"]
        for number, place in enumerate((plain, planted, swapped))
    )
    assert own[POOLED, "threshold"] == other[POOLED, "threshold"] != moved[POOLED, "threshold"]
    assert own["east", "f1"] != other["east", "f1"]


@settings(max_examples=20)
@given(
    arrays(np.float64, st.integers(2, 60), elements=st.floats(0, 1)),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1),
)
def test_counts_give_what_scikit_learn_gives_at_any_threshold(
    probability: NDArray[np.float64], seed: int, share: float
) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, len(probability))
    labels[0] = 1
    counts, half = ThresholdCounts(), ThresholdCounts()
    cut = len(labels) // 2
    half.add(labels[:cut], probability[:cut])
    counts.add(labels[cut:], probability[cut:])
    together = half + counts
    threshold = np.floor(share * (LEVELS - 1)) / LEVELS
    guess = probability >= threshold
    scores = together.scores(threshold)
    assert together.pixels == len(labels)
    assert scores["f1"] == pytest.approx(f1_score(labels, guess, zero_division=0))
    assert scores["iou"] == pytest.approx(jaccard_score(labels, guess, zero_division=0))
    assert scores["recall"] == pytest.approx(recall_score(labels, guess))
    assert np.isnan(scores["precision"]) if not guess.any() else scores["precision"] == precision_score(labels, guess)
    assert together.scores(together.best_threshold())["f1"] == pytest.approx(best_f1(labels, probability))


def test_a_reference_that_is_fitted_anew_beats_untrained_weights(trained: tuple[Path, Path], tmp_path: Path) -> None:
    fitted, untrained = (scored(town(), trained, tmp_path / name, name) for name in ("regression", "angle_y"))
    assert set(fitted["seed"]) == {3}
    assert fitted["value"]["west", "f1"] > untrained["value"]["west", "f1"] + 0.2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes": ("same", "changed", "lost")}, "there are 3"),
        ({"parts": dict.fromkeys(PARTS, "")}, "dealt to both"),
    ],
)
def test_scores_that_mean_nothing_are_left_out_and_it_is_said(
    change: dict[str, Any], words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = replace(town(), **change)
    with new_table(tmp_path / "samples.h5", {"classes": list(place.classes)}):
        pass
    score_every_pixel(
        tmp_path / "scores.csv", collection=place, samples=tmp_path / "samples.h5", models=[], memory_limit_mb=1
    )
    assert words in caplog.text
    scores = read_metrics(tmp_path / "scores.csv")
    assert scores.empty
    write_metrics(tmp_path / "metrics.csv", [scores, scores])


def test_a_threshold_needs_a_train_pixel_of_the_second_class() -> None:
    counts = ThresholdCounts()
    counts.add(np.zeros(3), np.array([0.1, 0.5, 1.0]))
    with pytest.raises(UserError, match="no pixel to choose a threshold by"):
        counts.best_threshold()


def test_the_page_names_the_official_cities_that_are_not_there() -> None:
    said = official_sentence(["brasilia", "rio", "utopia"])
    assert "Of the 10 official test cities of OSCD, 2 were scored (brasilia, rio)" in said
    assert "chongqing were not there" in said
    assert said.endswith("also scored: utopia.")

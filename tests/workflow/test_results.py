"""What a finished run holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio

from checkout import Checkout
from hqnn.report.pixels.scene_layers import SceneLayers
from hqnn.store import read_model, read_table

MODEL = "results/change/sample/angle_y-simplified_two_design-3"
MODELS = {
    "change": MODEL,
    "masks": "results/masks/sample-70_15_15/resnet18-hadamard_angle_y-dressed-1",
    "digits": "results/digits/sample/parallel",
}
PATHS = ("exact", "shots", "noisy-ibmq_lima", "hardware-ibmq_lima")
SUBSET = 24


def predictions(checkout: Checkout, model: str, path: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    return read_table(checkout.folder / model / "ideal/seed0" / path / "predictions.h5")


@pytest.fixture(scope="module")
def metrics(finished: Checkout) -> pd.DataFrame:
    return pd.read_csv(finished.folder / "results/metrics.csv")


@pytest.mark.parametrize("study", MODELS)
def test_every_path_says_which_weights_ran_and_they_are_the_trained_ones(finished: Checkout, study: str) -> None:
    _, about = read_model(finished.folder / MODELS[study] / "ideal/seed0/model.safetensors")
    for path in PATHS:
        assert predictions(finished, MODELS[study], path)[1]["weights_fingerprint"] == about["fingerprint"]


@pytest.mark.parametrize("study", MODELS)
def test_paths_that_sample_run_on_the_same_samples_in_one_job(finished: Checkout, study: str) -> None:
    exact, _ = predictions(finished, MODELS[study], "exact")
    for path in ("shots", "hardware-ibmq_lima"):
        columns, about = predictions(finished, MODELS[study], path)
        np.testing.assert_array_equal(columns["sample"], predictions(finished, MODELS[study], "shots")[0]["sample"])
        assert len(columns["sample"]) == min(SUBSET, len(exact["sample"]))
        assert set(columns["sample"]) <= set(exact["sample"])
        assert about["jobs"] == 1


@pytest.mark.parametrize("study", MODELS)
@pytest.mark.parametrize(("sampled", "truth"), [PATHS[1::-1], PATHS[:1:-1]])
def test_sampled_values_lie_within_their_statistical_error(
    finished: Checkout, study: str, sampled: str, truth: str
) -> None:
    columns, about = predictions(finished, MODELS[study], sampled)
    known, _ = predictions(finished, MODELS[study], truth)
    value = dict(zip(known["sample"], known["expectation"], strict=True))
    expected = np.array([value[sample] for sample in columns["sample"]])
    spread = np.sqrt(np.maximum(1 - expected**2, 1 / about["shots"]) / about["shots"])
    scores = (columns["expectation"] - expected) / spread
    assert np.abs(scores).max() < 5
    assert 0.5 < scores.std() < 1.6
    within = np.abs(expected) < 0.9  # beyond, few shots say little of their own error
    assert within.any()
    np.testing.assert_allclose(columns["standard_error"][within], spread[within], rtol=0.5)


@pytest.mark.parametrize("study", ["masks", "digits"])
def test_a_table_of_samples_says_what_its_path_says(finished: Checkout, study: str) -> None:
    about = read_table(finished.folder / f"results/{study}/sample/samples.h5", "labels")[1]
    assert (about["study"], about["dataset"]) == (study, "sample")


def test_metrics_are_tidy_and_cover_every_path_baseline_and_city(metrics: pd.DataFrame) -> None:
    assert set(metrics["study"]) == {"change", "cover", "masks", "digits", "rows"}
    assert not metrics.duplicated(list(metrics.columns[: list(metrics.columns).index("value")])).any()
    for study, table in metrics.groupby("study"):
        assert set(table["path"]) == ({"exact", "shots", "noisy", "hardware"} if study in MODELS else {"exact"})
        assert {"all", "train"} <= set(table["sampling"]), study
        exact = table.query("path == 'exact' and sampling == 'all' and group == 'pooled' and metric == 'accuracy'")
        assert len(exact) == table.query("path == 'exact' and sampling == 'all'")["model"].nunique()
        assert (exact["low"] <= exact["value"]).all() and (exact["value"] <= exact["high"]).all()
    change = metrics.query("study == 'change'")
    assert {"change_vector", "logistic_regression", "mlp", "unet_small"} < set(change["model"])
    assert set(change["sampling"]) == {"all", "balanced", "subset", "subset_balanced", "train"}
    assert change["group"].nunique() == 3
    assert {"resnet18-mlp", "parallel_twin"} < set(metrics["model"])


def test_digits_are_predicted_among_ten_classes(finished: Checkout, metrics: pd.DataFrame) -> None:
    for model in (MODELS["digits"], "results/digits/sample/parallel_twin", "results/digits/sample-60_40_fresh/cnn1"):
        columns, about = predictions(finished, model, "exact")
        assert columns["probability"].shape == (len(columns["sample"]), 10)
        np.testing.assert_allclose(columns["probability"].sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_array_equal(columns["predicted"], columns["probability"].argmax(axis=1))
        assert about["classes"] == [str(number) for number in range(10)]
    recall = metrics.query("study == 'digits' and model == 'parallel' and metric == 'recall' and path == 'exact'")
    assert set(recall.query("sampling == 'all'")["group"]) == {str(number) for number in range(10)}


def test_facts_of_training_stand_beside_the_scores(finished: Checkout, metrics: pd.DataFrame) -> None:
    trained = metrics.query("sampling == 'train'")
    for study, model in MODELS.items():
        facts = trained[(trained["study"] == study) & (trained["model"] == Path(model).name)].set_index("metric")
        folder = finished.folder / model / "ideal/seed0"
        history, (_, about) = pd.read_csv(folder / "history.csv"), read_model(folder / "model.safetensors")
        assert facts.loc["parameters", "value"] == about["parameters"]
        assert facts.loc["epochs", "value"] == len(history) == about["training"]["epochs"]
        assert facts.loc["train_loss", "value"] == pytest.approx(history["loss"].iloc[-1], rel=1e-6)
        assert facts.loc["training_s", "value"] > 0
    assert "validation_accuracy" in set(trained.query("study == 'masks'")["metric"])
    assert "test_accuracy" in set(trained.query("study == 'digits'")["metric"])


def test_change_maps_lie_where_the_city_lies(finished: Checkout) -> None:
    maps = sorted((finished.folder / MODEL / "ideal/seed0/maps").glob("*.tif"))
    assert len(maps) == 2
    for file in maps:
        images = finished.folder / "results/raw/sample_pairs_0/images" / file.stem / "imgs_1"
        source = next(images.glob("*B02.tif"))
        with rasterio.open(file) as made, rasterio.open(source) as given:
            assert (made.crs, made.transform, made.shape) == (given.crs, given.transform, given.shape)
            assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.with_suffix(".png").stat().st_size > 10_000


def test_what_the_page_looks_through_is_the_map_its_model_and_its_images(finished: Checkout) -> None:
    for file in sorted((finished.folder / MODEL / "ideal/seed0/maps").glob("*.h5")):
        layers = SceneLayers.read(file)
        thin = slice(None, None, layers.step)
        with rasterio.open(file.with_suffix(".tif")) as made:
            np.testing.assert_allclose(layers.probability[..., 1], made.read(1)[thin, thin], atol=1e-6)
        probability = 1 / (1 + np.exp(-layers.expectation[..., 0]))  # as the study reads its observable
        np.testing.assert_allclose(layers.probability[..., 1], probability, atol=1e-6)
        images = finished.folder / "results/raw/sample_pairs_0/images" / file.stem
        for place, date in enumerate(layers.dates):
            for band, name in enumerate(layers.bands):
                with rasterio.open(next((images / f"imgs_{date}").glob(f"*{name}.tif"))) as given:
                    np.testing.assert_array_equal(layers.values[:, :, place, band], given.read(1)[thin, thin])


def test_every_job_has_a_log_and_nothing_is_half_written(finished: Checkout) -> None:
    results = finished.folder / "results"
    assert len(list(results.rglob("*.log"))) >= 36
    assert {f.name for f in results.rglob(".*")} <= {".snakemake_timestamp"}
    assert {f.name for f in results.rglob("*") if f.suffix in (".part", ".pt")} <= {
        "checkpoint.pt"
    }  # of the last epoch


def test_the_page_needs_nothing_else_and_has_every_study(finished: Checkout) -> None:
    page = (finished.folder / "results/report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "") and 'src="data:image' in page
    for name in (Path(model).name for model in MODELS.values()):
        assert name in page


def test_snakemake_s_own_report_is_made(finished: Checkout) -> None:
    finished.snakemake("--report", "own.zip")
    assert (finished.folder / "own.zip").stat().st_size > 100_000

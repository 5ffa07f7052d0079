"""What a finished run holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio

from checkout import Checkout
from hqnn.store import read_model, read_table

MODEL = "results/change/sample/angle_y-simplified_two_design-3"
PATHS = ("exact", "shots", "noisy-ibm_brisbane", "hardware-ibm_brisbane")


def predictions(folder: Path, path: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    return read_table(folder / MODEL / "ideal/seed0" / path / "predictions.h5")


def test_every_path_says_which_weights_ran_and_they_are_the_trained_ones(finished: Checkout) -> None:
    _, about = read_model(finished.folder / MODEL / "ideal/seed0/model.safetensors")
    for path in PATHS:
        assert predictions(finished.folder, path)[1]["weights_fingerprint"] == about["fingerprint"]


def test_paths_that_sample_run_on_the_same_samples_in_one_job(finished: Checkout) -> None:
    exact, _ = predictions(finished.folder, "exact")
    for path in ("shots", "hardware-ibm_brisbane"):
        columns, about = predictions(finished.folder, path)
        np.testing.assert_array_equal(columns["sample"], predictions(finished.folder, "shots")[0]["sample"])
        assert len(columns["sample"]) == 40 < len(exact["sample"])
        assert set(columns["sample"]) <= set(exact["sample"])
        assert about["jobs"] == 1


@pytest.mark.parametrize(("sampled", "truth"), [("shots", "exact"), ("hardware-ibm_brisbane", "noisy-ibm_brisbane")])
def test_sampled_values_lie_within_their_statistical_error(finished: Checkout, sampled: str, truth: str) -> None:
    columns, about = predictions(finished.folder, sampled)
    known, _ = predictions(finished.folder, truth)
    value = dict(zip(known["sample"], known["expectation"][:, 0], strict=True))
    expected = np.array([value[sample] for sample in columns["sample"]])
    spread = np.sqrt((1 - expected**2) / about["shots"])
    scores = (columns["expectation"][:, 0] - expected) / spread
    assert np.abs(scores).max() < 5
    assert 0.5 < scores.std() < 1.6
    np.testing.assert_allclose(columns["standard_error"][:, 0], spread, rtol=0.5)


def test_metrics_are_tidy_and_cover_every_path_baseline_and_city(finished: Checkout) -> None:
    table = pd.read_csv(finished.folder / "results/metrics.csv")
    assert set(table["path"]) == {"exact", "shots", "noisy", "hardware"}
    assert {"change_vector", "logistic_regression", "mlp", "unet_small"} < set(table["model"])
    assert {"all", "balanced", "subset", "subset_balanced"} <= set(table["sampling"])
    assert table["group"].nunique() == 3
    exact = table.query("path == 'exact' and sampling == 'all' and group == 'pooled' and metric == 'accuracy'")
    assert (exact["low"] <= exact["value"]).all() and (exact["value"] <= exact["high"]).all()


def test_change_maps_lie_where_the_city_lies(finished: Checkout) -> None:
    maps = sorted((finished.folder / MODEL / "ideal/seed0/maps").glob("*.tif"))
    assert len(maps) == 2
    for file in maps:
        images = finished.folder / "results/raw/sample_oscd/images" / file.stem / "imgs_1"
        source = next(images.glob("*B02.tif"))
        with rasterio.open(file) as made, rasterio.open(source) as given:
            assert (made.crs, made.transform, made.shape) == (given.crs, given.transform, given.shape)
            assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.with_suffix(".png").stat().st_size > 10_000


def test_every_job_has_a_log_and_nothing_is_half_written(finished: Checkout) -> None:
    results = finished.folder / "results"
    assert len(list(results.rglob("*.log"))) >= 12
    assert {f.name for f in results.rglob(".*")} <= {".snakemake_timestamp"}


def test_the_page_needs_nothing_else(finished: Checkout) -> None:
    page = (finished.folder / "results/report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "") and 'src="data:image' in page


def test_snakemake_s_own_report_is_made(finished: Checkout) -> None:
    finished.snakemake("--report", "own.zip")
    assert (finished.folder / "own.zip").stat().st_size > 100_000

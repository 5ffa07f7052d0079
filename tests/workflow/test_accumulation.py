"""Results of several runs stand beside each other, and none takes another's away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from checkout import Checkout, copy_checkout

NARROW: dict[str, Any] = {"features": {"components": 2}, "data": {"name": "mine"}}


def rows(name: str, **keys: Any) -> dict[str, Any]:
    """A study without a quantum model, which takes seconds."""
    baselines = {"forest": {"estimator": "RandomForestClassifier", "n_estimators": 5}}
    study = {"kind": "table", "models": [], "twins": [], "baselines": baselines, "seeds": [0], **keys}
    return {"evaluation": {"draws": 10}, "studies": {name: study}}


@pytest.fixture(scope="module")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_checkout(root, tmp_path_factory.mktemp("accumulated") / "hqnn")


def run(checkout: Checkout, config: dict[str, object]) -> None:
    file = checkout.folder / "one.yaml"
    file.write_text(yaml.safe_dump(config))
    checkout.snakemake("--configfile", "one.yaml")


def studies(checkout: Checkout) -> dict[str, set[str]]:
    table = pd.read_csv(checkout.folder / "results/metrics.csv")
    return {str(study): set(own["dataset"]) for study, own in table.groupby("study")}


def test_two_variants_of_a_study_stand_side_by_side_in_one_command(checkout: Checkout) -> None:
    wide, narrow = rows("wide", features={"components": None}, title="The wide one"), rows("narrow", **NARROW)
    run(checkout, {**wide, "studies": {**wide["studies"], **narrow["studies"]}})
    assert studies(checkout) == {"wide": {"sample-70_15_15"}, "narrow": {"mine-70_15_15"}}
    table = pd.read_csv(checkout.folder / "results/metrics.csv").query("metric == 'log_loss' and group == 'pooled'")
    assert table.groupby("study")["value"].first()[["wide", "narrow"]].nunique() == 2


def test_a_run_keeps_what_other_runs_left_and_a_removed_study_goes(checkout: Checkout) -> None:
    results = checkout.folder / "results"
    before = {name: (results / f"{name}/metrics.csv").read_bytes() for name in ("wide", "narrow")}
    run(checkout, rows("narrow", **{**NARROW, "features": {"components": 3}}))
    assert studies(checkout) == {"wide": {"sample-70_15_15"}, "narrow": {"mine-70_15_15"}}
    assert (results / "wide/metrics.csv").read_bytes() == before["wide"]
    assert (results / "narrow/metrics.csv").read_bytes() != before["narrow"]
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "The wide one" in page and 'id="narrow-mine-70_15_15"' in page
    own = (results / "narrow/report.html").read_text(encoding="utf-8")
    assert "The wide one" not in own and 'id="narrow-mine-70_15_15"' in own

    for file in (results / "wide").glob("*.*"):
        file.unlink()
    checkout.snakemake("--configfile", "one.yaml")
    assert set(studies(checkout)) == {"narrow"}


def test_snakemake_s_own_report_follows_any_run_of_the_same_config(checkout: Checkout) -> None:
    checkout.snakemake("--configfile", "one.yaml", "--report", "own.zip")
    assert (checkout.folder / "own.zip").stat().st_size > 50_000

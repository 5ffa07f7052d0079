"""Results of several runs stand beside each other, and none takes another's away."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from checkout import Checkout, copy_checkout


def rows(name: str, **keys: object) -> dict[str, object]:
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


def test_a_run_keeps_what_other_runs_left_and_a_removed_study_goes(checkout: Checkout) -> None:
    run(checkout, rows("first", title="The first of them"))
    run(checkout, rows("second", features={"components": 3}, data={"name": "mine"}))
    assert studies(checkout) == {"first": {"sample-70_15_15"}, "second": {"mine-70_15_15"}}
    page = (checkout.folder / "results/report.html").read_text(encoding="utf-8")
    assert "The first of them" in page and 'id="second-mine-70_15_15"' in page
    own = (checkout.folder / "results/second/report.html").read_text(encoding="utf-8")
    assert "The first of them" not in own and 'id="second-mine-70_15_15"' in own
    first = (checkout.folder / "results/first/metrics.csv").read_bytes()

    run(checkout, rows("second", features={"components": 4}, data={"name": "mine"}))
    assert (checkout.folder / "results/first/metrics.csv").read_bytes() == first
    assert set(studies(checkout)) == {"first", "second"}

    for file in (checkout.folder / "results/first").glob("*.*"):
        file.unlink()
    checkout.snakemake("--configfile", "one.yaml")
    assert set(studies(checkout)) == {"second"}


def test_two_variants_of_a_study_stand_side_by_side_in_one_command(checkout: Checkout) -> None:
    both = rows("wide", features={"components": None})
    both["studies"]["narrow"] = rows("narrow", features={"components": 2})["studies"]["narrow"]  # type: ignore[index]
    run(checkout, both)
    assert {"wide", "narrow"} <= set(studies(checkout))
    table = pd.read_csv(checkout.folder / "results/metrics.csv").query("metric == 'log_loss' and group == 'pooled'")
    assert table.groupby("study")["value"].first()[["wide", "narrow"]].nunique() == 2


def test_snakemake_s_own_report_follows_any_run_of_the_same_config(checkout: Checkout) -> None:
    run(checkout, rows("second", features={"components": 4}, data={"name": "mine"}))
    checkout.snakemake("--configfile", "one.yaml", "--report", "own.zip")
    assert (checkout.folder / "own.zip").stat().st_size > 50_000

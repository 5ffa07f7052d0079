"""Embeddings by ansätze as a table and as a heat map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from hqnn.circuits.names import parse_name
from hqnn.metrics.published import read_published
from hqnn.metrics.table import AS_SET, COLUMNS
from hqnn.report.grid import grid_panels, grid_table
from hqnn.settings.model import read_settings

MODELS = ("amplitude-bellman-4", "angle_y-bellman-4", "amplitude-strongly_entangling-1", "mlp")


def metrics(models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    """Three seeds of each model, and rows that do not belong in the grid."""
    rows = [
        (model, phase, path, seed, sampling, group, metric, 0.6 + 0.1 * place + 0.01 * seed)
        for place, model in enumerate(models)
        for seed in range(3)
        for phase, path, sampling, group, metric in (
            ("ideal", "exact", "balanced", "pooled", "accuracy"),
            ("ideal", "exact", "balanced", "rio", "accuracy"),
            ("ideal", "exact", "all", "pooled", "accuracy"),
            ("ideal", "shots", "balanced", "pooled", "accuracy"),
            ("device-x", "exact", "balanced", "pooled", "accuracy"),
            ("ideal", "exact", "balanced", "pooled", "f1"),
        )
    ]
    table = pd.DataFrame(rows, columns=["model", "phase", "path", "seed", "sampling", "group", "metric", "value"])
    wanted = (table[["phase", "path", "sampling", "group", "metric"]] == rows[0][1:3] + rows[0][4:7]).all(axis=1)
    table["value"] = table["value"].where(wanted, 0.123)
    published = {"angle_y-bellman-4": 0.52}
    return table.assign(
        study="change",
        dataset="made",
        backend="engine",
        low=np.nan,
        high=np.nan,
        samples=500,
        published=table["model"].map(published),
        **AS_SET,
    )[list(COLUMNS)]


def test_every_cell_holds_mean_spread_and_published_figure() -> None:
    table = grid_table(metrics())
    assert table.head == ("embedding", "bellman ×4", "strongly entangling ×1")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["amplitude", "0.610", "0.810"],
        ["angle y", "0.710", "–"],
    ]
    (_, first, _), (_, second, _) = table.rows
    assert (first.spread, first.published) == (f"{0.01 * np.sqrt(2 / 3):.3f}", "")
    assert second.published == "0.520"
    assert "500 test samples" in table.caption and "3 seeds" in table.caption


def test_the_heat_map_writes_every_number_and_every_hole() -> None:
    ours, theirs = (str(image.content) for image in grid_panels(metrics()).images)
    for words in ("0.610", "0.710", "0.810", "± 0.008", "–"):
        assert words in ours
    assert "0.520" in theirs and "0.710" not in theirs
    unpublished = grid_panels(metrics().assign(published=np.nan))
    assert len(unpublished.images) == 1


def test_where_nothing_is_drawn_class_balanced_the_balanced_accuracy_of_all_samples_stands() -> None:
    table = metrics().query("sampling == 'all'").assign(metric="balanced_accuracy", published=np.nan)
    table["value"] = 0.2 + 0.01 * table["seed"]
    told = grid_table(table, classes=7)
    assert told.caption.startswith("Balanced accuracy, without noise, of 500 test samples")
    assert told.rows[0][1].text == "0.210"
    assert "0.210" in grid_panels(table, classes=7).images[0].content
    undefined = table.assign(value=np.nan)
    assert grid_table(undefined, classes=7).rows[0][1].text == "–"
    assert len(grid_panels(undefined, classes=7).images) == 1


@pytest.mark.parametrize("models", [("mlp",), MODELS[:2], (MODELS[0], MODELS[2], "logistic_regression")])
def test_models_that_span_no_grid_give_none(models: tuple[str, ...]) -> None:
    assert grid_table(metrics(models)).rows == ()
    assert grid_panels(metrics(models)).images == ()


def test_the_study_s_config_is_its_whole_table(root: Path) -> None:
    config = yaml.safe_load((root / "config/studies/change_grid.yaml").read_text())
    models = read_settings(config).studies["change_grid"].models
    assert len({(parse_name(m).embedding, (parse_name(m).ansatz, parse_name(m).layers)) for m in models}) == 12
    figures = read_published(root / "resources/published/change.csv")
    table_1 = figures[figures["source"].str.contains("Table 1")]
    assert set(models) == set(table_1["model"])

"""Tables, sentences and the page against the numbers they were made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hqnn.errors import UserError
from hqnn.metrics.published import read_published
from hqnn.metrics.runs import run_of
from hqnn.metrics.table import read_metrics
from hqnn.report import figures, tables
from hqnn.report.findings import findings, weights_sentence
from hqnn.report.page import write_report
from hqnn.report.pixels.map_panel import FALSE_ALARM, HIT, MISS, change_map_panel
from hqnn.report.runs import paired, read_predictions
from hqnn.report.style import inline_svg, marks
from hqnn.store import read_table, write_table, write_text
from report_sources import CITIES, PUBLISHED, QUANTUM, SETTINGS, Sources, make_sources


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return make_sources(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def metrics(sources: Sources) -> pd.DataFrame:
    return read_metrics(sources.metrics)


def report(output: Path, sources: Sources, **changed: Any) -> str:
    given = {**vars(sources), "settings": SETTINGS, "published": [PUBLISHED], **changed}
    write_report(output, **given)
    return output.read_text(encoding="utf-8")


def values(metrics: pd.DataFrame, metric: str, sampling: str = "all", model: str = QUANTUM) -> pd.Series:
    rows = metrics.query("metric == @metric and sampling == @sampling and model == @model and group == 'pooled'")
    return rows[rows["path"] == "exact"]["value"]


def test_a_results_table_shows_mean_and_spread_over_seeds(metrics: pd.DataFrame) -> None:
    table = tables.results(metrics, "all")
    assert [row[0].text for row in table.rows] == [QUANTUM, "change_vector", "logistic_regression", "mlp"]
    cell = table.rows[0][table.head.index("ROC AUC")]
    seeds = values(metrics, "roc_auc")
    assert (cell.text, cell.spread) == (f"{seeds.mean():.3f}", f"{seeds.std(ddof=0):.3f}")
    assert table.rows[1][table.head.index("ROC AUC")].spread == ""  # one seed has no spread
    assert "1,200 test samples" in table.caption
    assert "Path: exact" in table.caption


def test_published_figures_stand_beside_ours_with_their_notes(metrics: pd.DataFrame) -> None:
    study = tables.results(metrics, "balanced", tables.STUDY)
    assert study.rows[0][study.head.index("accuracy")].published == "0.740"
    beside = tables.beside_published(metrics, read_published(PUBLISHED))
    (row,) = [r for r in beside.rows if r[2].text == "hardware, ibm_brisbane" and r[4].text == "accuracy"]
    assert row[7].text.startswith("0.567 [")
    assert "untrained quantum layer by mistake" in beside.caption


def test_all_paths_are_compared_on_the_same_samples(metrics: pd.DataFrame) -> None:
    table = tables.results(metrics, "subset")
    assert [row[1].text for row in table.rows[:4]] == [
        "exact", "shots", "noisy, ibm_brisbane", "hardware, ibm_brisbane",
    ]  # fmt: skip
    assert "200 test samples" in table.caption


def test_a_markdown_table_has_as_many_fields_in_every_line(metrics: pd.DataFrame) -> None:
    for table in (tables.results(metrics, "all"), tables.by_city(metrics, "roc_auc"), tables.confusion(metrics)):
        lines = [line for line in tables.markdown(table).splitlines() if line.startswith("|")]
        assert len(lines) == len(table.rows) + 2
        assert {line.count("|") for line in lines} == {len(table.head) + 1}


def test_what_is_undefined_is_a_dash(metrics: pd.DataFrame) -> None:
    blank = metrics.assign(value=metrics["value"].mask(metrics["metric"] == "roc_auc"))
    cell = tables.results(blank, "all").rows[0][2]
    assert (cell.text, cell.spread) == (tables.DASH, "")


def test_findings_follow_the_numbers(metrics: pd.DataFrame) -> None:
    references = {"change_vector", "logistic_regression", "mlp"}
    first, second, *_ = findings(metrics, references)
    assert f"ROC AUC {values(metrics, 'roc_auc').mean():.3f}" in first
    assert "less" in second
    worse = metrics.assign(
        value=metrics["value"].where((metrics["metric"] != "roc_auc") | (metrics["model"] != QUANTUM), 0.51)
    )
    assert "more" in findings(worse, references)[1]


def test_weights_that_differ_between_paths_are_said(sources: Sources, tmp_path: Path) -> None:
    read = [read_predictions(path) for path in sources.predictions]
    assert weights_sentence(read)[0]
    planted = tmp_path / "planted.h5"
    columns, about = read_table(sources.predictions[1])
    write_table(planted, columns, {**about, "weights_fingerprint": "f" * 64})
    agree, sentence = weights_sentence([*read, read_predictions(planted)])
    assert not agree
    assert sentence.startswith("In 1 training run ")


def test_paths_are_paired_by_sample_and_not_by_position(sources: Sources) -> None:
    exact, shots = (read_predictions(path) for path in sources.predictions[:2])
    ours, theirs, error = paired(exact, shots)
    assert len(ours) == len(shots.columns["sample"])
    assert np.abs(ours - theirs).max() < 6 * error.max()


def test_equal_inputs_give_equal_bytes(sources: Sources, tmp_path: Path) -> None:
    assert report(tmp_path / "a.html", sources) == report(tmp_path / "b.html", sources)


def test_the_page_asks_nothing_of_a_network_and_escapes_what_it_shows(sources: Sources, tmp_path: Path) -> None:
    page = report(tmp_path / "page.html", sources, settings={"name": "<script>alert(1)</script>", "deep": {"key": [1]}})
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"|url\((?!#)[^)]*\)|@import', page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "deep.key" in page
    ids = re.findall(r'\bid="([^"]+)"', re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))) <= set(ids)
    assert all(word in page for word in (QUANTUM, *CITIES, "0a" * 32, "5e" * 32, "c4" * 32))


def test_a_page_stands_with_little_to_show(sources: Sources, tmp_path: Path) -> None:
    """One exact run, no cities, no maps, no histories."""
    metrics = tmp_path / "metrics.csv"
    table = read_metrics(sources.metrics).query("model == @QUANTUM and group == 'pooled' and seed == 0")
    table[table["path"].eq("exact") & table["sampling"].isin(["all", "balanced"])].to_csv(metrics, index=False)
    few = {"metrics": metrics, "histories": [], "artefacts": [], "predictions": sources.predictions[:1]}
    page = report(tmp_path / "page.html", sources, **few)
    assert "Change maps" not in page
    assert "Execution paths on the same samples" not in page


@pytest.mark.parametrize(
    ("content", "words"),
    [("epoch,loss\n1,0.5\n", "has no column 'accuracy'"), ("", "cannot be read as a training history")],
)
def test_a_bad_history_is_named(sources: Sources, tmp_path: Path, content: str, words: str) -> None:
    bad = tmp_path / "change" / "oscd" / QUANTUM / "ideal" / "seed0" / "history.csv"
    write_text(bad, content)
    with pytest.raises(UserError, match=words):
        report(tmp_path / "page.html", sources, histories=[bad])
    assert not (tmp_path / "page.html").exists()


def test_a_path_says_whose_run_it_is() -> None:
    run = run_of(Path("results/change/oscd/mlp/ideal/seed12/history.csv"))
    assert (run.study, run.dataset, run.model, run.phase, run.seed) == ("change", "oscd", "mlp", "ideal", 12)
    with pytest.raises(UserError, match="does not lie under"):
        run_of(Path("history.csv"))


def test_a_map_colours_hits_false_alarms_and_misses() -> None:
    from io import BytesIO

    from PIL import Image

    truth = np.zeros((30, 30), dtype=bool)
    truth[:10] = True
    probability = np.full((30, 30), 0.3)
    probability[:5] = probability[20:] = 0.7
    probability[:, :3] = np.nan
    image = change_map_panel(np.zeros((30, 30, 3)), np.ones((30, 30, 3)), truth, probability)
    pixels = np.asarray(Image.open(BytesIO(image)).convert("RGB")).reshape(-1, 3)
    shares = [(pixels == tuple(bytes.fromhex(colour[1:]))).all(axis=1).sum() for colour in (HIT, FALSE_ALARM, MISS)]
    assert shares[0] == pytest.approx(shares[2], rel=0.1)  # five rows of each, and the key
    assert shares[1] > 1.7 * shares[0]  # ten rows


def test_figures_are_reproducible_svg_that_takes_the_colours_of_the_page(metrics: pd.DataFrame) -> None:
    names = marks([QUANTUM, "mlp", "logistic_regression", "change_vector"])
    rows = metrics[(metrics["sampling"] == "all") & (metrics["path"] == "exact")]
    image = figures.per_city(rows, "roc_auc", names)
    assert image == figures.per_city(rows, "roc_auc", names)
    inline = inline_svg(image, 'a "label" <b>')
    assert inline.startswith('<svg role="img" aria-label="a &#34;label&#34; &lt;b&gt;"')
    assert "currentColor" in inline
    assert "#1c1d20" not in inline
    assert all(city in inline for city in CITIES)

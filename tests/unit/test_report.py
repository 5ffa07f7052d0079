"""Tables, sentences and the page against the numbers they were made from."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image

from hqnn.errors import UserError
from hqnn.export import paper
from hqnn.export.page_parts import page_parts
from hqnn.metrics.published import read_published
from hqnn.metrics.runs import run_of
from hqnn.metrics.table import read_metrics
from hqnn.report import figures, tables
from hqnn.report.ablation import published_steps
from hqnn.report.difference import Difference
from hqnn.report.findings import findings, weights_sentence
from hqnn.report.page import write_report
from hqnn.report.pixels.map_panel import FALSE_ALARM, HIT, MISS, SceneMap, map_panel
from hqnn.report.runs import paired, read_predictions
from hqnn.report.study import StudyFiles, study_chapter, write_study
from hqnn.report.style import inline_svg, marks, svg_panel
from hqnn.report.words import full_path
from hqnn.store import read_table, write_table, write_text
from report_sources import (
    CHANGE,
    CITIES,
    PUBLISHED,
    QUANTUM,
    make_pixels,
    make_rows,
    overview_of,
    page_of,
    values,
)

TWO = (*tables.OF_TWO, "recall_change", "recall_no_change")
AWKWARD = ("<b>", '"quoted"', "ä ö", "{v2}", r"$\foo$", r"--><i>\g<1>")


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    return make_pixels(tmp_path_factory.mktemp("change"))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    made = make_rows(tmp_path_factory.mktemp("rows"), classes=AWKWARD, draws=10)
    return replace(made, title="A <u>title</u>", settings={"name": "<script>alert(1)</script>", "deep": {"key": [1]}})


@pytest.fixture(scope="module")
def pages(change: StudyFiles, rows: StudyFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pages of both studies."""
    folder = tmp_path_factory.mktemp("pages")
    for files in (change, rows):
        write_study(folder / f"{files.name}.html", folder / f"{files.name}.json", files)
    return folder


@pytest.fixture(scope="module")
def metrics(change: StudyFiles) -> pd.DataFrame:
    table = read_metrics(change.metrics)
    table["path"] = [full_path(*pair) for pair in zip(table["path"], table["backend"], strict=True)]
    return table


def without_svg(page: str) -> str:
    return re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)


def test_a_results_table_shows_mean_and_spread_over_seeds(metrics: pd.DataFrame) -> None:
    table = tables.results(metrics, "all", TWO)
    assert [row[0].text for row in table.rows] == [QUANTUM, "change_vector", "logistic_regression", "mlp"]
    cell = table.rows[0][table.head.index("ROC AUC")]
    seeds = values(metrics, "roc_auc")
    assert (cell.text, cell.spread) == (f"{seeds.mean():.3f}", f"{seeds.std(ddof=0):.3f}")
    assert table.rows[1][table.head.index("ROC AUC")].spread == ""  # one seed has no spread
    assert table.head[-2:] == ("recall,\nchange", "recall,\nno_change")
    assert "1,200 test samples" in table.caption
    assert "Path: exact" in table.caption


def test_published_figures_stand_beside_ours_with_their_notes(metrics: pd.DataFrame) -> None:
    study = tables.results(metrics, "balanced", tables.SURENESS)
    assert study.rows[0][study.head.index("accuracy")].published == "0.740"
    beside = tables.beside_published(metrics, read_published(PUBLISHED))
    (row,) = [r for r in beside.rows if r[2].text == "hardware, ibm_brisbane" and r[4].text == "accuracy"]
    assert row[7].text.startswith("0.567 [")
    assert "untrained quantum layer by mistake" in beside.caption
    assert published_steps(read_published(PUBLISHED), QUANTUM)
    assert published_steps(read_published(), QUANTUM) == {}


def test_all_paths_are_compared_on_the_same_samples(metrics: pd.DataFrame) -> None:
    table = tables.results(metrics, "subset", TWO)
    assert [row[1].text for row in table.rows[:4]] == [
        "exact", "shots", "noisy, ibm_brisbane", "hardware, ibm_brisbane",
    ]  # fmt: skip
    assert "200 test samples" in table.caption


def test_a_markdown_table_has_as_many_fields_in_every_line(metrics: pd.DataFrame) -> None:
    for table in (tables.results(metrics, "all", TWO), tables.by_scene(metrics, "roc_auc", CHANGE)):
        lines = [line for line in tables.markdown(table).splitlines() if line.startswith("|")]
        assert len(lines) == len(table.rows) + 2
        assert {line.count("|") for line in lines} == {len(table.head) + 1}


def test_below_each_scene_stand_its_samples_and_those_of_the_second_class(
    change: StudyFiles, metrics: pd.DataFrame
) -> None:
    columns, about = read_table(change.artefacts[0], "labels", "scene")
    table = tables.by_scene(metrics, "roc_auc", CHANGE)
    assert "of these change." in table.caption
    for place, name in enumerate(about["scenes"]):
        labels = columns["labels"][columns["scene"] == place]
        assert f"{name}\n{len(labels)}, {labels.sum()}" in table.head


def test_what_is_undefined_is_a_dash(metrics: pd.DataFrame) -> None:
    blank = metrics.assign(value=metrics["value"].mask(metrics["metric"] == "roc_auc"))
    cell = tables.results(blank, "all", TWO).rows[0][2]
    assert (cell.text, cell.spread) == (tables.DASH, "")


def test_recall_of_each_class_stands_by_its_name_wherever_the_tidy_table_has_it(rows: StudyFiles) -> None:
    told = read_predictions(rows.predictions[0])
    found = tables.named_by_class(read_metrics(rows.metrics), told.classes)
    assert set(found["group"]) == {"pooled"}
    counts = np.bincount(told.columns["label"]).tolist()
    table = tables.of_classes(found, "recall", told.classes, counts)
    runs = [read_predictions(path) for path in rows.predictions if QUANTUM in str(path) and path.parts[-2] == "exact"]
    for label, line in enumerate(table.rows):
        hits = [(one.columns["predicted"] == label)[one.columns["label"] == label].mean() for one in runs]
        assert (line[0].text, line[1].text) == (told.classes[label], str(counts[label]))
        assert line[table.head.index(QUANTUM)].text == f"{np.mean(hits):.3f}"


def test_findings_follow_the_numbers(metrics: pd.DataFrame) -> None:
    references = {"change_vector", "logistic_regression", "mlp"}
    better = metrics.assign(
        value=metrics["value"].where((metrics["metric"] != "roc_auc") | (metrics["model"] != QUANTUM), 0.99)
    )
    told = Difference(-0.02, -0.03, -0.01, 3)
    first, second, *_ = findings(metrics, references, lambda ours, theirs: told)
    assert f"ROC AUC {values(metrics, 'roc_auc').mean():.3f}" in first
    assert f"more. On the same samples {QUANTUM} differs from it in balanced accuracy −0.020" in second
    assert second.endswith("(95 % interval −0.030 to −0.010, 3 seeds): worse.")
    assert findings(better, references, lambda ours, theirs: None)[1].endswith("less.")
    noise = [
        said
        for said in findings(metrics, references, lambda ours, theirs: told)
        if said.startswith("The noise of ibm_brisbane")
    ]
    assert len(noise) == 1
    assert "lowers confidence" in noise[0]
    assert "the ranking stays" in noise[0]


def test_weights_that_differ_between_paths_are_said(change: StudyFiles, tmp_path: Path) -> None:
    read = [read_predictions(path) for path in change.predictions]
    assert weights_sentence(read)[0]
    planted = tmp_path / "planted.h5"
    columns, about = read_table(change.predictions[1])
    write_table(planted, columns, {**about, "weights_fingerprint": "f" * 64})
    agree, sentence = weights_sentence([*read, read_predictions(planted)])
    assert not agree
    assert sentence.startswith("In 1 training run ")


def test_paths_are_paired_by_sample_and_not_by_position(change: StudyFiles) -> None:
    exact, shots = (read_predictions(path) for path in change.predictions[:2])
    ours, theirs, error = paired(exact, shots)
    assert len(ours) == len(shots.columns["sample"])
    assert np.abs(ours - theirs).max() < 6 * error.max()


def test_equal_inputs_give_equal_bytes(rows: StudyFiles, pages: Path, tmp_path: Path) -> None:
    assert page_of(tmp_path, rows) == (pages / "measurements.html").read_text(encoding="utf-8")


def test_a_page_of_two_studies_asks_nothing_of_a_network_and_its_links_lead_somewhere(
    pages: Path, tmp_path: Path
) -> None:
    write_report(tmp_path / "report.html", [pages / "measurements.json", pages / "change.json"])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"|url\((?!#)[^)]*\)|@import', page)
    ids = re.findall(r'\bid="([^"]+)"', without_svg(page))
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', without_svg(page))) <= set(ids)
    assert {"change-oscd", "measurements-plots-50_10_40"} <= set(ids)
    assert all(word in page for word in (QUANTUM, *CITIES, "0a" * 32, "5e" * 32, "c4" * 32))


def test_names_are_shown_as_they_are_and_never_as_markup(pages: Path) -> None:
    page = (pages / "measurements.html").read_text(encoding="utf-8")
    own = re.findall(r"<script[^>]*>", page)
    assert set(own) <= {'<script type="module">', *re.findall(r'<script type="application/json" class="[a-z]+">', page)}
    page = without_scripts(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "deep.key" in page
    assert not re.search(r"<b>|<i>|<u>", re.sub(r"<i style=[^>]*></i>", "", page))
    matrix = next(svg for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL) if "confusion matrix" in svg)
    for place in (without_svg(page), matrix):
        told = place.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
        assert all(f">{name}<" in told for name in AWKWARD)


def test_a_label_of_a_drawing_may_hold_whatever_a_pattern_understands() -> None:
    def draw(axes: Axes) -> None:
        axes.set_title(r"$\foo$")

    image = svg_panel("any", draw)
    assert r'aria-label="\g&lt;9&gt; \1 $\foo$"' in inline_svg(image, r"\g<9> \1 $\foo$")
    assert r">$\foo$<" in inline_svg(image, "any")


def test_rows_of_a_table_are_not_called_pixels_and_what_is_wrong_with_them_is_said(
    rows: StudyFiles, pages: Path
) -> None:
    page = (pages / "measurements.html").read_text(encoding="utf-8")
    assert "Rows of 20 groups of plot are trained on and tested on" in page
    assert "Left out: 1 row (empty cells)." in page
    assert "bootstrap intervals over rows." in page
    assert not re.search(r"\bpixels?\b|\bscenes?\b|\bcit(y|ies)\b", without_scripts(without_svg(page)))
    assert "●" not in page
    (folder,) = {path.parent.parent for path in rows.artefacts if path.name == "split.h5"}
    columns, about = read_table(folder / "seed0" / "split.h5")
    counts = dict(zip(about["classes"], about["counts"]["train"], strict=True))
    assert f"<td>{counts['ä ö']}</td>" in page
    assert columns["split"].size == sum(map(sum, about["counts"].values()))


def test_the_overview_compares_with_the_best_reference_on_the_same_samples(pages: Path, metrics: pd.DataFrame) -> None:
    (row,) = overview_of(pages, "change")
    means = {m: values(metrics, "balanced_accuracy", model=m).mean() for m in metrics["model"].unique()}
    ours, best = means.pop(QUANTUM), max(means, key=means.__getitem__)
    beside = row["reference"]
    assert (beside["name"], beside["value"]) == (best, f"{means[best]:.3f}")
    assert beside["difference"] == f"{ours - means[best]:+.3f}".replace("-", "−")
    low, high = (float(limit.replace("−", "-")) for limit in beside["limits"].split(" to "))
    assert low < ours - means[best] < high
    assert overview_of(pages, "measurements")[0]["twin"]["name"] == "dense_twin"


def test_the_best_reference_is_the_one_that_its_search_on_train_samples_says(
    change: StudyFiles, metrics: pd.DataFrame, tmp_path: Path
) -> None:
    means = {m: values(metrics, "balanced_accuracy", model=m).mean() for m in ("mlp", "logistic_regression")}
    worse = min(means, key=means.__getitem__)
    files = []
    for model in means:
        files.append(tmp_path / model / "settings.json")
        chosen: dict[str, Any] = {part: {} for part in ("training", "options", "circuit", "parameters")}
        said = {"dataset": metrics["dataset"].iloc[0], "model": model, "seed": 0, "chosen": chosen, "trials": 1,
                "best": 0, "asked": 1, "score": 0.8 + (model == worse) / 9, "folds": 3, "importances": {}}  # fmt: skip
        write_text(files[-1], json.dumps(said))
        write_text(
            files[-1].with_name("trials.csv"),
            f'number,state,score,seconds,values\n0,complete,{said["score"]},1,"{{}}"\n',
        )
    chapter = study_chapter(replace(change, searches=tuple(files)))
    assert chapter.overview[0]["reference"]["name"] == worse
    assert "of its search, on train samples" in chapter.html


def test_a_chapter_and_the_overview_say_one_verdict_of_a_pair(pages: Path) -> None:
    chapter = json.loads((pages / "measurements.json").read_text(encoding="utf-8"))
    beside = chapter["overview"][0]["reference"]
    interval = f"95 % interval {beside['limits']}, " if beside["limits"] else ""
    said = f"in balanced accuracy {beside['difference']} ({interval}"
    assert said in chapter["html"]
    assert beside["verdict"] in chapter["html"].partition(said)[2].partition("</p>")[0]


def test_every_rival_and_every_path_has_a_verdict(pages: Path) -> None:
    chapter = json.loads((pages / "change.json").read_text(encoding="utf-8"))
    (best,) = (row["reference"]["name"] for row in chapter["overview"])
    table = chapter["html"].partition('verdicts">')[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in table.split("<tr>")[2:]]
    pairs = {(row[0].strip(), row[1].strip()): row[2].strip() for row in rows}
    assert pairs[QUANTUM, best] == chapter["overview"][0]["reference"]["verdict"]
    assert (f"{QUANTUM}, noisy, ibm_brisbane", "exact") in pairs
    assert (f"{QUANTUM}, hardware, ibm_brisbane", "noisy, ibm_brisbane") in pairs
    assert all(pairs.values())


def test_a_page_stands_with_little_to_show(change: StudyFiles, tmp_path: Path) -> None:
    """One exact run, no scenes, no maps, no histories."""
    table = read_metrics(change.metrics).query("model == @QUANTUM and group == 'pooled' and seed == 0")
    few = table[table["path"].eq("exact") & table["sampling"].isin(["all", "balanced"])].assign(published=np.nan)
    few.to_csv(tmp_path / "metrics.csv", index=False)
    given: dict[str, Any] = {"histories": [], "artefacts": [], "predictions": change.predictions[:1], "published": ()}
    page = page_of(tmp_path, replace(change, metrics=tmp_path / "metrics.csv", **given))
    assert "Every pixel of each mapped scene" not in page
    assert "Execution paths on the same samples" not in page
    assert "On the paper's own terms" not in page
    assert "Sureness and balance" in page
    assert "●" not in page


@pytest.mark.parametrize(
    ("content", "words"),
    [("epoch,loss\n1,0.5\n", "has no column 'accuracy'"), ("", "cannot be read as a training history")],
)
def test_a_bad_history_is_named(change: StudyFiles, tmp_path: Path, content: str, words: str) -> None:
    bad = tmp_path / "change" / "oscd" / QUANTUM / "ideal" / "seed0" / "history.csv"
    write_text(bad, content)
    with pytest.raises(UserError, match=words):
        write_study(tmp_path / "page.html", tmp_path / "chapter.json", replace(change, histories=[bad]))
    assert not (tmp_path / "page.html").exists()


def test_a_chapter_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "chapter.json", '{"study": "half"}')
    with pytest.raises(UserError, match=r"chapter\.json cannot be read as a chapter of the page"):
        write_report(tmp_path / "page.html", [tmp_path / "chapter.json"])


def test_a_path_says_whose_run_it_is() -> None:
    run = run_of(Path("results/change/oscd/mlp/ideal/seed12/history.csv"))
    assert (run.study, run.dataset, run.model, run.phase, run.seed) == ("change", "oscd", "mlp", "ideal", 12)
    with pytest.raises(UserError, match="does not lie under"):
        run_of(Path("history.csv"))


def test_a_map_colours_hits_false_alarms_and_misses() -> None:
    truth = np.zeros((30, 30), dtype=np.uint8)
    truth[:10] = 1
    probability = np.full((30, 30), 0.3)
    probability[:5] = probability[20:] = 0.7
    probability[:, :3] = np.nan
    dates = [np.zeros((30, 30, 3)), np.ones((30, 30, 3))]
    image = map_panel(dates, SceneMap.of_two(("no_change", "change"), probability), truth)
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


def test_every_figure_and_table_of_a_page_is_a_file_of_its_own_for_a_paper(
    pages: Path, rows: StudyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "pdf", lambda svg, command: svg.encode())  # fonts take a third of a second a figure
    page = (pages / f"{rows.name}.html").read_text(encoding="utf-8")
    paper.write_paper(tmp_path / "paper", pages / f"{rows.name}.html", "make paper STUDY=rows")
    svgs, pdfs, tex = (sorted((tmp_path / "paper").rglob(f"*.{suffix}")) for suffix in ("svg", "pdf", "tex"))
    assert len(svgs) == len(pdfs) == page.count("<svg") > 3
    assert len(tex) == page.count("<thead>") > 3
    for svg, drawn in zip(svgs, pdfs, strict=True):
        text = svg.read_text(encoding="utf-8")
        said = re.findall("<desc>(.*)</desc>", text)
        assert said[0] and said[0].endswith("make paper STUDY=rows")
        assert "currentColor" not in text and "var(" not in text
        assert drawn.read_text(encoding="utf-8") == text
    legends = [[one.name for one in drawing.legend] for drawing in page_parts(page)[0] if "training" in drawing.name]
    assert legends and all(QUANTUM in legend for legend in legends)
    for file in tex:
        table = file.read_text(encoding="utf-8")
        columns = re.search(r"\\begin\{tabular\}\{([lr]+)\}", table)
        body = table.partition("\\toprule\n")[2].partition("\\bottomrule")[0].splitlines()
        assert columns and {len(re.findall(r" & ", row)) + 1 for row in body if row != "\\midrule"} == {len(columns[1])}
        assert "\\caption{}" not in table or file.stem.startswith("overview") or "settings" in file.stem
    assert r"\$\textbackslash{}foo\$" in "".join(file.read_text(encoding="utf-8") for file in tex)

"""What the page says of small images, against the numbers it was made from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits_sources import KERNELS, PUBLISHED, kernel_program, make_digits_sources
from hqnn.metrics.published import read_published
from hqnn.metrics.table import read_metrics
from hqnn.report.difference import Difference
from hqnn.report.images import findings as findings
from hqnn.report.images import tables as tables
from hqnn.report.images.figures import varied
from hqnn.report.runs import read_predictions
from hqnn.report.study import StudyFiles, write_study
from report_sources import Sources

HYBRID = "quanv-axis_y-cnots_line_reversed-rotations_first"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return make_digits_sources(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def metrics(sources: Sources) -> pd.DataFrame:
    return read_metrics(sources.metrics)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(PUBLISHED)


@pytest.fixture(scope="module")
def page(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(tmp_path_factory.mktemp("page"), sources)


def report(folder: Path, sources: Sources) -> str:
    said = {"name": "digits", "kind": "images", "title": "Small images", "source": "path", "settings": {}}
    files = StudyFiles(**said, **vars(sources), published=[PUBLISHED])
    write_study(folder / "report.html", folder / "chapter.json", files)
    return (folder / "report.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def family(metrics: pd.DataFrame, **accuracy: list[float]) -> pd.DataFrame:
    """The nets on the whole set, with other accuracies."""
    rows = metrics[metrics["dataset"] == "mnist"].copy()
    for model, values in accuracy.items():
        own = (rows["model"] == model) & (rows["metric"] == "accuracy") & (rows["path"] == "exact")
        own &= (rows["sampling"] == "all") & (rows["group"] == "pooled")
        rows.loc[own, "value"] = rows.loc[own, "seed"].map(dict(enumerate(values)))
    return rows


def test_the_page_has_every_section_and_no_clash_of_anchors(page: str) -> None:
    for title in ("Results on the whole set", "Loss and accuracy by epoch", "What is taken for what",
                  "The same weights by every path", "Circuits as kernels of a convolution", "The circuit of parallel",
                  "The circuit of quanv (RY first, CNOTs line reversed)"):  # fmt: skip
        assert f"<h2>{title}</h2>" in page
    assert "All is &lt;well&gt; with parallel." in page
    outside = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    anchors = re.findall(r'\bid="([^"]+)"', outside)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', outside)) <= set(anchors)


def test_equal_inputs_give_equal_bytes(page: str, sources: Sources, tmp_path: Path) -> None:
    assert report(tmp_path, sources) == page


def test_results_stand_beside_the_printed_ones(metrics: pd.DataFrame, published: pd.DataFrame) -> None:
    table = tables.results(metrics[metrics["dataset"] == "mnist"], published, "mnist")
    assert [row[0].text for row in table.rows] == ["parallel", "parallel_twin", "cnn"]
    parallel = dict(zip(table.head, table.rows[0], strict=True))
    assert (parallel["parameters"].text, parallel["parameters"].published) == ("45,194", "45,194")
    assert parallel["accuracy,\n%"].published == "99.21"
    assert parallel["test loss"].published == "0.0274"
    assert parallel["time of\nan epoch"].text == "12.0 s"
    assert table.rows[1][1].published == ""  # MNIST's printed CNN is not the fair twin


def test_a_printed_cnn_of_the_twin_s_size_stands_beside_the_twin(tmp_path: Path, published: pd.DataFrame) -> None:
    made = make_digits_sources(tmp_path, "cifar10", family=("parallel", "parallel_twin"), draws=(), seeds=1, epochs=2,
                               source="train/cat/{}.JPG")  # fmt: skip
    rows = tables.with_kin(read_metrics(made.metrics), published, "cifar10")
    twin = tables.results(rows, published, "cifar10").rows[1]
    assert (twin[0].text, twin[1].published) == ("parallel_twin", "81,698")
    page = words(report(tmp_path, made))
    assert "JPEG copies of CIFAR-10" in page
    assert "swapped in the table" in page  # the note on the paper's accuracy
    assert "Circuits as kernels" not in page


@pytest.mark.parametrize("names", [("sea", "ice", "cloud"), tuple(f"kind_{k}" for k in range(16)), ("no", "yes")])
def test_any_number_of_classes_has_a_chapter(tmp_path: Path, names: tuple[str, ...]) -> None:
    made = make_digits_sources(tmp_path, "tiles", family=("parallel", "cnn"), draws=(), seeds=1, epochs=2, samples=160,
                               classes=names)  # fmt: skip
    page = words(report(tmp_path, made))
    assert [words in page for words in ("(OA)", " kappa ", " ROC AUC ")] == 3 * [len(names) > 2]
    assert "What is taken for what" in page
    assert ("The same as a table" in page) == (len(names) <= 4)


def test_nets_that_no_paper_has_are_told_too(metrics: pd.DataFrame, published: pd.DataFrame) -> None:
    rows = metrics[metrics["dataset"] == "mnist"].replace({"model": {"parallel": "encoder-angle_y-basic-2"}})
    assert findings.family_findings(rows, lambda *pair: None)[0].startswith(
        "encoder-angle_y-basic-2 is right on 93.00 ± 0.00 % of the 300"
    )
    assert tables.results(rows, published, "mnist").rows[2][0].text == "encoder-angle_y-basic-2"


def test_doubts_about_layers_are_said_before_any_number() -> None:
    assert "do not fix the layers" in findings.warnings("medical_mnist", set())[0]
    assert findings.warnings("mnist", {"jpg"}) == findings.warnings("cifar10", {"bin#0"}) == []


def test_images_are_counted_with_what_was_left_out() -> None:
    about = {"dropped": {"equal to another one": 1440}, "kept_copies": 0}
    assert (
        findings.image_words(about, (5, 5))
        == "10 images of 2 classes, 5 of each; left out: 1,440 equal to another one."
    )
    said = findings.image_words({"dropped": {}, "kept_copies": 1}, (5, 900, 7))
    assert said.startswith("912 images of 3 classes, 5 to 900 of each; 1 image equal to another one")


def test_what_the_quantum_part_buys_is_paired_over_seeds(metrics: pd.DataFrame) -> None:
    ours, twin = [0.94, 0.95, 0.948], [0.90, 0.99, 0.95]
    found = Difference(0.02, 0.01, 0.03, 3)
    rows = family(metrics, parallel=ours, parallel_twin=twin)
    _, said, printed = findings.family_findings(rows, lambda *pair: found if pair[1] == "parallel_twin" else None)
    gaps = 100 * (np.array(ours) - twin)
    assert f"{gaps.mean():+.2f} ± {gaps.std():.2f} points".replace("-", "−") in said
    assert "45,434 parameters" in said
    assert said.endswith("it differs in balanced accuracy +0.020 (95 % interval +0.010 to +0.030, 3 seeds): better.")
    assert "372,234 parameters against 45,194" in printed
    assert "no measure of the quantum part" in printed


def test_kernels_are_ranked_and_stand_beside_the_published_circuit(
    metrics: pd.DataFrame, published: pd.DataFrame
) -> None:
    small = metrics[metrics["dataset"] != "mnist"]
    table = tables.kernels(small, published, {HYBRID: kernel_program()})
    assert [row[1].text for row in table.rows] == [
        "none",
        "line reversed (23 12 01)",
        "line",
        "line",
        "–",
        "–",
        "not said",
    ]
    assert table.head[-2:] == ("500 train,\n100 test,\nfresh", "500 train,\n100 test,\nfixed")
    assert [row[-1].published for row in table.rows] == ["", "", "", "", "66.0", "53.0", "67.0"]
    best = [row for row in table.rows if row[-1].best]
    assert [row[0].text for row in best] == ["cnn4"]
    fresh = table.rows[1][-2]
    assert (fresh.text, fresh.spread) == ("62.0", "3.3")  # 58, 62 and 66 %


def test_kernel_sentences_are_honest(metrics: pd.DataFrame, published: pd.DataFrame) -> None:
    small = metrics[metrics["dataset"] != "mnist"]
    found = Difference(-0.05, -0.07, -0.03, 3)
    best, beside = findings.kernel_findings(small, published, lambda draw: lambda *pair: found)
    assert "RY first, CNOTs line reversed, the best of 3 with CNOTs by this very number, reaches 62.0 ± 3.3 %" in best
    assert "the worst, RX last, CNOTs line, 51.0" in best
    assert "published ● 67 %" in best
    told = "from which the circuit differs in balanced accuracy −0.050 (95 % interval −0.070 to −0.030, 3 seeds): worse"
    assert f"(cnn4) 67.0 ± 3.3 %, {told}" in beside
    assert f"without any CNOT 66.0 ± 3.3 %, {told}" in beside
    (spread,) = findings.draw_findings(small)
    assert "3.3 points where every seed draws its images, 0.8 where" in spread


def test_mistakes_are_counted(sources: Sources) -> None:
    one = next(one for one in map(read_predictions, sources.predictions) if one.path == "exact")
    said = findings.confused(one, tuple("abcdefghij"))
    pairs = pd.DataFrame({name: one.columns[name] for name in ("label", "predicted")}).query("label != predicted")
    assert f"wrong on {len(pairs)} images" in said
    assert f"({pairs.value_counts().iloc[0]} times)" in said


def test_paths_are_compared_on_the_same_samples_with_jobs_and_time(sources: Sources, metrics: pd.DataFrame) -> None:
    read = [one for one in map(read_predictions, sources.predictions) if one.run.model == "parallel"]
    named = metrics.assign(path=metrics["path"] + metrics["backend"].map(lambda b: f"-{b}" if "ibm" in b else ""))
    table = tables.by_path(named[named["model"] == "parallel"], read)
    assert [row[1].text for row in table.rows] == ["exact", "shots", "noisy, ibm_brisbane", "hardware, ibm_brisbane"]
    assert "100 samples, the same for all" in table.caption
    assert [cell.text for cell in table.rows[3][-3:]] == ["1,024", "1", "2.50 s"]


def test_the_observable_that_varies_most_is_drawn(sources: Sources) -> None:
    read = [one for one in map(read_predictions, sources.predictions) if one.quantum and one.run.model == "parallel"]
    flat = read[0].columns["expectation"]
    flat[:, :3] = 0.25
    kept = varied(read)
    assert len(kept) == len(read)
    np.testing.assert_array_equal(kept[0].columns["expectation"], flat[:, 3:])


def test_a_set_with_small_kernels_alone_has_a_chapter(tmp_path: Path) -> None:
    made = make_digits_sources(tmp_path, "sample", family=(), draws=("500_all_fresh",), seeds=1)
    made = Sources(made.metrics, made.histories, made.predictions, [])
    page = words(report(tmp_path, made))
    assert "Results on the whole set" not in page
    assert "500 train, all test, fresh" in page
    assert "●" not in page.partition("What ran where")[0]  # nothing is published of this set
    assert all(tables.Kernel.of(model) for model in KERNELS if model.startswith("quanv"))

"""What the page says of several machines, of mitigation and of training there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hqnn.metrics.published import read_published
from hqnn.metrics.runs import Run
from hqnn.metrics.table import POOLED, read_metrics
from hqnn.report.chapter import Block, Chapter, Material, Shown, Words
from hqnn.report.machine_training import trained_there
from hqnn.report.machines import Machines, with_machines
from hqnn.report.mitigation import mitigations
from hqnn.report.runs import read_predictions
from hqnn.report.study import StudyFiles
from hqnn.report.tables import DASH
from hqnn.report.words import full_path, signed
from hqnn.store import read_table
from report_sources import EXACT, make_pixels

PATHS = {
    **EXACT,
    "noisy-kolkata": 0.9,
    "hardware-kolkata": 0.8,
    "hardware-kolkata+readout": 0.95,
    "noisy-lima": 0.5,
    "hardware-lima": 0.0,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    folder = tmp_path_factory.mktemp("machines")
    return make_pixels(folder, paths=PATHS, published=(), references=(), samples=400, draws=10)


@pytest.fixture(scope="module")
def material(files: StudyFiles) -> Material:
    metrics = read_metrics(files.metrics)
    metrics["path"] = [full_path(*pair) for pair in zip(metrics["path"], metrics["backend"], strict=True)]
    return Material(metrics, list(map(read_predictions, files.predictions)), [], files.artefacts, pd.DataFrame())


def sections_of(material: Material) -> dict[str, tuple[Block, ...]]:
    """Blocks of the sections that are added to a chapter, by their titles."""
    chapter = with_machines(Chapter("change", "oscd", (), (), True, "", ()), material)
    return {one.title: one.blocks for one in chapter.sections}


def test_the_machine_that_is_better_on_the_same_samples_is_to_be_taken(material: Material) -> None:
    advice, matrix = sections_of(material)["Machines"]
    assert isinstance(advice, Words)
    assert isinstance(matrix, Shown)
    assert advice.paragraphs[0].startswith("Take kolkata: mean balanced accuracy over 1 model on the machines: kolkata")
    assert advice.paragraphs[1] == (
        "kolkata is better than lima for 1 of 1 model, worse for 0; for 0 it cannot be told."
    )
    assert advice.paragraphs[2].startswith("The noise models foretold the same")
    counted = material.metrics[(material.metrics["path"] == "hardware-lima") & (material.metrics["group"] == POOLED)]
    subset = counted[(counted["sampling"] == "subset") & (counted["metric"] == "balanced_accuracy")]["value"]
    first, second = matrix.table.rows
    assert [row[2].text for row in (first, second)] == ["kolkata", "lima"]
    assert second[3].text == f"{subset.mean():.3f}"
    assert float(second[5].text) == pytest.approx(float(first[3].text) - float(second[3].text), abs=2e-3)
    assert [row[-1].text for row in (first, second)] == [DASH, "better"]


def test_a_machine_alone_is_compared_with_nothing(material: Material) -> None:
    alone = replace(material, predictions=[one for one in material.predictions if "lima" not in one.path])
    found = sections_of(alone)
    assert not found["Machines"]
    assert found["Error mitigation"]


def test_mitigation_is_told_by_its_error_against_exact_values_of_the_same_samples(files: StudyFiles) -> None:
    read = [read_predictions(file) for file in files.predictions]
    table = mitigations(Material(pd.DataFrame(), read, [], [], pd.DataFrame()))
    assert table is not None
    assert [(row[2].text, row[3].text) for row in table.rows] == [("kolkata", "none"), ("kolkata", "readout")]
    exact = {one.run.seed: one for one in read if one.path == "exact" and one.quantum}
    for row, contrast in zip(table.rows, (0.8, 0.95), strict=True):
        errors = []
        for one in read:
            if one.path == "hardware-kolkata":
                whole, _ = read_table(files.predictions[0].parents[2] / f"seed{one.run.seed}/exact/predictions.h5",
                                      "expectation")  # fmt: skip
                errors.append((contrast - 1) * whole["expectation"][one.columns["sample"]])
        assert len(errors) == len(exact)
        assert row[5].text == signed(float(np.mean(errors)), 4)
        assert float(row[6].text) == pytest.approx(np.sqrt(np.mean(np.square(errors), axis=(1, 2))).mean(), abs=1e-4)


def test_machines_that_no_run_shares_are_no_matrix(files: StudyFiles) -> None:
    read = [read_predictions(file) for file in files.predictions]
    apart = [replace(one, run=replace(one.run, model="other")) if one.path.endswith("lima") else one for one in read]
    assert not list(Machines(Material(pd.DataFrame(), apart, [], [], pd.DataFrame())).blocks())


def test_training_on_a_machine_says_jobs_and_time_a_pass_beside_what_was_published(root: Path) -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2], "samples": [49, 8], "loss": [0.5, 0.25], "accuracy": [0.5, 0.75], "jobs": [7, 1],
         "rows": [833, 136], "executions": [852992, 139264], "qpu_s": [228.5, 37.0], "kept": [0, 1]}
    )  # fmt: skip
    run = Run("cracks", "concrete", "net", "hardware-ibmq_kolkata", 0)
    published = read_published(root / "resources/published/cracks.csv")
    table = trained_there(Material(pd.DataFrame(), [], [(run, history)], [], published))
    assert table is not None
    ours, *theirs = [[cell.text for cell in row] for row in table.rows]
    assert ours[3:6] == ["8", "969", "992,256"]
    assert ours[6] == "3:48 min"
    assert ours[8:] == ["0.500 → 0.250", "pass 2"]
    assert ["● ibmq_kolkata, 4:4:92", "17 h 02 min"] in [[row[1], row[7]] for row in theirs]
    assert trained_there(Material(pd.DataFrame(), [], [], [], published)) is None

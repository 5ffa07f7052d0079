"""What a study's page says of its classes: of many, of those that are guessed, and of those that are never tested."""

from __future__ import annotations

from pathlib import Path

from hqnn.metrics.table import read_metrics
from hqnn.report import tables
from hqnn.report.study import study_chapter
from report_sources import SMALL, make_pixels, overview_of, page_of, values

SIXTEEN = tuple(f"class number {k}" for k in range(16))


def test_a_study_of_sixteen_classes_says_what_it_is_and_what_it_cannot_say(tmp_path: Path) -> None:
    small = {**SMALL, "samples": 1500, "leaks": True, "untested": (3,)}
    crops = make_pixels(tmp_path, "crops", classes=SIXTEEN, scenes=("pines",), draws=20, **small)
    page = page_of(tmp_path, crops)
    assert "drawn at random from the same scenes" in page
    assert "No test pixel is of class class number 3" in page
    assert "16 expectation values for 16 classes (Z0, Z1, Z2, …, X7), chosen by the number of classes" in page
    assert "Bands: B02, B03, B04, B08 (4 of 13)" in page
    assert "120 pixels invalid in some band" in page
    assert "Recall of each class" in page
    assert "overall accuracy (OA)" in page
    assert "Sureness" not in page
    assert "●" not in page
    (row,) = overview_of(tmp_path, "chapter")
    assert row["value"] == f"{values(read_metrics(crops.metrics), 'balanced_accuracy').mean():.3f}"


def test_a_study_that_guesses_is_said_to(tmp_path: Path) -> None:
    guess = make_pixels(tmp_path, "guess", classes=("wood", "water", "soil"), signal=0.0, draws=20, **SMALL)
    chapter = study_chapter(guess)
    assert chapter.html.count("cannot be told from guessing") >= 1
    assert chapter.overview[0]["note"] == "chance not excluded"
    assert chapter.overview[0]["reference"]["verdict"] in ("cannot be told", "not worse by more than 0.02")


def test_two_classes_of_which_one_is_never_tested_divide_nothing_by_zero(tmp_path: Path) -> None:
    half = make_pixels(tmp_path, "half", untested=(1,), draws=5, **SMALL)
    chapter = study_chapter(half)
    assert chapter.overview[0]["value"] == tables.DASH
    assert chapter.overview[0]["reference"]["name"] == tables.DASH
    assert "No test pixel is of class change" in chapter.html

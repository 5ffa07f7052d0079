"""Pages of three and of sixteen classes, and what depends on how many there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hqnn.metrics.published import read_published
from hqnn.metrics.runs import Run, read_history
from hqnn.metrics.table import read_metrics
from hqnn.report import panels
from hqnn.report.chapter import Chapter, Figures, Material, Pictures, Shown, Thumbnails
from hqnn.report.classes import shortened
from hqnn.report.colours import in_colours
from hqnn.report.doubts import chance_findings, doubts, learning_findings
from hqnn.report.photographs.chapter import photograph_chapters
from hqnn.report.runs import Predictions, read_predictions
from hqnn.report.style import marks
from hqnn.report.tables import Table
from hqnn.report.words import full_path, metric_name
from report_sources import Sources
from transfer_sources import make_transfer_sources

LAND = ("AnnualCrop", "HerbaceousVegetation", "HerbaceousCrop")
SIXTEEN = tuple(f"class number {k}" for k in range(16))


def material(sources: Sources) -> Material:
    metrics = read_metrics(sources.metrics)
    metrics["path"] = [full_path(*pair) for pair in zip(metrics["path"], metrics["backend"], strict=True)]
    return Material(
        metrics=metrics,
        predictions=[read_predictions(path) for path in sources.predictions],
        histories=[read_history(path) for path in sources.histories],
        artefacts=sources.artefacts,
        published=read_published(),
    )


def results(chapter: Chapter, name: str) -> Table:
    (section,) = [one for one in chapter.sections if one.name == name]
    return next(block.table for block in section.blocks if isinstance(block, Shown))


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


@pytest.mark.parametrize(("classes", "signal"), [(LAND, 1.0), (SIXTEEN, 0.0)])
def test_a_chapter_of_many_classes_renders(tmp_path: Path, classes: tuple[str, ...], signal: float) -> None:
    made = make_transfer_sources(tmp_path, splits=("40_20_60",), seeds=3, trainer_seeds=0, epochs=2, side=8,
                                 classes=classes, signal=signal, draws=100)  # fmt: skip
    (chapter,) = photograph_chapters(material(made))
    sections = {one.name: one.blocks for one in chapter.sections}
    table = results(chapter, "results-40_20_60")
    head = ("accuracy, %", "balanced accuracy, %", "kappa", "macro F1", "ROC AUC", "log loss", "parameters")
    assert table.head == ("model", *head)
    assert "–" not in {cell for row in texts(table) for cell in row}
    assert "(OA)" in table.caption
    by_title = {getattr(block, "title", ""): block for block in sections["results-40_20_60"]}
    matrices, pictures = by_title["Confusion matrices"], by_title["Test images"]
    assert isinstance(matrices, Figures if len(classes) == 3 else Pictures)
    assert isinstance(pictures, Thumbnails)
    at_chance = [said for said in doubts(material(made)) if "is at chance, no better than guessing" in said]
    assert len(at_chance) == (3 if signal == 0 else 0)
    if signal == 0:
        assert f"guessing among {len(classes)} classes gives {100 / len(classes):.1f} %" in at_chance[0]
        assert "of each true class the surest" in pictures.gallery.caption
        assert {picture.true for picture in pictures.gallery.pictures} == set(classes)
        picture = matrices.images[0].content
        assert all(f">{name}<" in picture for name in (*shortened(SIXTEEN), "all"))
    assert {"training-40_20_60", "paths-40_20_60", "circuit"} <= {name for name, blocks in sections.items() if blocks}


def test_long_names_of_classes_stay_apart_when_they_are_cut() -> None:
    assert shortened(["crop", "permanent crop"]) == ["crop", "permanent c…"]
    assert shortened(["class number 1", "class number 2"]) == ["class …ber 1", "class …ber 2"]
    alike = ["class number 1 of ten", "class number 2 of ten"]
    assert shortened(alike) == alike


@pytest.mark.parametrize(
    ("limits", "classes", "words"),
    [
        ((0.30, 0.38), 3, "is at chance"),
        ((0.20, 0.32), 3, "is worse than guessing"),
        ((0.34, 0.40), 3, ""),
        ((0.48, 0.52), 2, "is at chance"),
        ((np.nan, np.nan), 2, ""),
    ],
)
def test_a_model_that_is_not_above_chance_is_said_to_be_so(
    limits: tuple[float, float], classes: int, words: str
) -> None:
    row = {"model": "m", "phase": "ideal", "path": "exact", "sampling": "all", "group": "pooled"}
    row |= {"metric": "balanced_accuracy", "value": 0.35, "low": limits[0], "high": limits[1]}
    said = chance_findings(pd.DataFrame([row]), classes)
    assert len(said) == bool(words)
    assert words in "".join(said)


def test_a_model_whose_loss_still_falls_at_the_end_is_said_to_be_learning() -> None:
    epochs = np.arange(40)
    still, done = pd.DataFrame({"loss": np.exp(-epochs / 40)}), pd.DataFrame({"loss": 0.3 + np.exp(-epochs / 4)})
    overfitting = still.assign(validation_loss=1 + epochs / 40)
    (said,) = learning_findings({"slow": [still, still], "done": [done], "memory": [overfitting]}, "60:20:20: ")
    assert said.startswith("60:20:20: slow (10 %) was still learning")
    assert not learning_findings({"one": [still[:1]]})


@pytest.mark.parametrize(
    ("labels", "probability", "drawn"),
    [
        (np.array([0, 1, 1, 0]), np.array([0.1, 0.7, 0.4, 0.3]), 2),
        (np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.7, 0.3]]), 2),
        (np.array([1, 1, 1, 1]), np.array([0.1, 0.7, 0.4, 0.3]), 0),
        (np.array([0, 0, 0, 2]), np.full((4, 3), 1 / 3), 0),  # rare classes, whose mean label is below 1
    ],
)
def test_curves_are_drawn_of_two_classes_alone(labels: np.ndarray, probability: np.ndarray, drawn: int) -> None:
    columns = {"label": labels, "probability": probability}
    one = Predictions(Run("s", "d", "m", "ideal", 0), "exact", {"classes": ["bare_soil", "wood", "lake"]}, columns)
    found = panels.curves([one], marks(["m"]))
    assert len(found.images) == drawn
    assert all("wood" in image.content for image in found.images)


def test_metrics_of_a_class_are_named_by_it() -> None:
    assert metric_name("recall_bare_soil") == "recall, bare soil"
    assert metric_name("f1_wood") == "F1, wood"


@pytest.mark.parametrize(("dtype", "bands", "depth"), [("uint16", 13, 3), ("float32", 2, 1), ("uint8", 4, 3)])
def test_images_of_any_bands_have_a_picture(dtype: str, bands: int, depth: int) -> None:
    images = np.random.default_rng(0).integers(0, 200, (3, 8, 8, bands)).astype(dtype)
    picture = in_colours(images)
    assert (picture.dtype, picture.shape) == (np.uint8, (3, 8, 8, depth))
    assert np.ptp(picture) == 255
    grey = np.zeros((1, 4, 4, 1), dtype=np.uint8)
    assert in_colours(grey) is grey


def test_bands_of_known_names_are_shown_in_true_colour() -> None:
    names = ["B02", "B03", "B04", "B08"]
    images = np.zeros((1, 1, 4, 4))
    images[0, 0, :, 2] = [0, 1, 2, 3]
    assert in_colours(images, names)[0, 0, -1].tolist() == [255, 0, 0]

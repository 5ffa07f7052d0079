"""What the page says of photographs, against the numbers it was made from."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hqnn.circuits.program import Angle, Program
from hqnn.metrics.published import read_published
from hqnn.metrics.runs import Run, read_history
from hqnn.metrics.table import read_metrics
from hqnn.report import sheets
from hqnn.report.chapter import Chapter, Figures, Folded, Material, Pictures, Shown, Thumbnails
from hqnn.report.circuits import angle_words, circuit_drawing, circuit_image
from hqnn.report.confusion import confusion_blocks
from hqnn.report.difference import Difference
from hqnn.report.gallery import mistakes
from hqnn.report.image_table import ImageTable
from hqnn.report.photographs import figures as drawn
from hqnn.report.photographs import tables as told
from hqnn.report.photographs.chapter import photograph_chapters
from hqnn.report.photographs.findings import backbone_warnings, split_findings
from hqnn.report.runs import Predictions, read_predictions
from hqnn.report.study import StudyFiles, write_study
from hqnn.report.tables import Table
from hqnn.report.words import (
    clock,
    duration,
    full_path,
    metric_name,
    path_names,
    percent,
    points,
    signed,
    split_name,
    trainer_name,
)
from hqnn.store import write_table
from report_sources import Sources
from transfer_sources import CIRCUIT, PUBLISHED, dressed_program, make_transfer_sources

MODEL = f"resnet18-{CIRCUIT}-1"


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return make_transfer_sources(tmp_path_factory.mktemp("masks"), "masks", seeds=3, trainer_seeds=1, epochs=16)


@pytest.fixture(scope="module")
def cracks(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("cracks")
    return make_transfer_sources(folder, "cracks", splits=("70_15_15",), layers=2, seeds=2, epochs=3, weights="file")


def material(sources: Sources, study: str) -> Material:
    metrics = read_metrics(sources.metrics)
    metrics["path"] = [full_path(*pair) for pair in zip(metrics["path"], metrics["backend"], strict=True)]
    return Material(
        metrics=metrics,
        predictions=[read_predictions(path) for path in sources.predictions],
        histories=[read_history(path) for path in sources.histories],
        artefacts=sources.artefacts,
        published=read_published(PUBLISHED / f"{study}.csv"),
    )


@pytest.fixture(scope="module")
def of_masks(masks: Sources) -> Chapter:
    (chapter,) = photograph_chapters(material(masks, "masks"))
    return chapter


@pytest.fixture(scope="module")
def of_cracks(cracks: Sources) -> Chapter:
    (chapter,) = photograph_chapters(material(cracks, "cracks"))
    return chapter


def tables_of(chapter: Chapter, name: str) -> dict[str, Table]:
    """Tables of a section by their titles."""
    (section,) = [one for one in chapter.sections if one.name == name]
    shown = {block.title: block.table for block in section.blocks if isinstance(block, Shown)}
    return shown | {block.summary: block.table for block in section.blocks if isinstance(block, Folded)}


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def pixels(sheet: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(sheet)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (duration(0.5), "0.50 s"),
        (duration(2180), "36:20 min"),
        (duration(13192), "219:52 min"),
        (duration(61290), "17 h 02 min"),
        (duration(369000), "4 d 06 h"),
        (clock(8.34), "0:08.3"),
        (clock(59.97), "1:00"),
        (clock(4988), "83:08"),
        (metric_name("train_accuracy_epoch_3"), "train accuracy, epoch 3"),
        (split_name("sample-70_15_15_site"), "70:15:15 by site"),
        (split_name("a_b-240_50_rest"), "240:50:rest"),
        (path_names(["shots", "noisy-ibm_brisbane", "exact", "shots"]), "exact; shots; noisy, ibm_brisbane"),
        (percent([0.93, 0.95]), "94.0 ± 1.0"),
        (percent([0.9312], 2), "93.12"),
        (points([-0.01, -0.03]), "−2.0 ± 1.0"),
        (signed(-0.004, 2), "+0.00"),
        (trainer_name("ideal"), "engine"),
        (trainer_name("ideal-finite_diff"), "finite differences"),
        (angle_words(Angle(np.pi / 2, ((1, -1.0),), ((12, 2.0),))), "−x₁+2·θ₁₂+π/2"),
        (angle_words(Angle(-np.pi)), "−π"),
    ],
)
def test_numbers_and_names_read_as_people_say_them(said: str, words: str) -> None:
    assert said == words


def test_a_circuit_shows_every_gate_and_goes_on_below_when_it_is_long() -> None:
    picture = circuit_drawing(dressed_program(), "dressed").decode()
    assert picture.count(">H<") == 4
    assert picture.count(">RY<") == 8
    assert all(f">{letter}{'₀₁₂₃'[place]}<" in picture for letter in "xθ" for place in range(4))
    assert picture.count("⟨Z⟩") == 4
    short, long = (_height(dressed_program(layers)) for layers in (1, 6))
    assert long > 1.9 * short
    assert circuit_drawing(dressed_program(), "dressed").decode() == picture


def _height(program: Program) -> float:
    content = circuit_image(program, "any").content
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', content)
    assert box
    assert float(box[1]) < 900
    return float(box[2])


def test_the_quantum_net_stands_beside_its_twins(masks: Sources, of_masks: Chapter) -> None:
    table = tables_of(of_masks, "results-60_20_40")[""]
    assert [row[0] for row in texts(table)] == [MODEL, "resnet18-linear", "resnet18-mlp"]
    values = read_metrics(masks.metrics).query(
        "model == @MODEL and phase == 'ideal' and path == 'exact' and sampling == 'all' and metric == 'accuracy'"
    )["value"]
    cell = table.rows[0][table.head.index("accuracy, %")]
    assert (cell.text, cell.spread) == (f"{100 * values.mean():.1f}", f"{100 * values.std(ddof=0):.1f}")
    assert [row[-1] for row in texts(table)] == ["2,066", "1,026", "2,062"]
    assert table.head[-1] == "parameters"


def test_a_twin_stands_beside_with_its_size_and_the_verdict() -> None:
    ours = pd.DataFrame({"seed": range(4), "model": MODEL, "value": 0.9})
    twin = ours.assign(model="resnet18-mlp", value=0.9 + np.array([0.01, -0.01, 0.012, -0.009]))
    rows = pd.concat([ours, twin]).assign(
        dataset="s-1_1_1",
        phase="ideal",
        path="exact",
        sampling="all",
        group="pooled",
        metric="accuracy",
        published=0.95,
        samples=15,
    )
    found = Difference(-0.001, -0.02, 0.018, 4)
    asked = []
    (said,) = split_findings(rows, {"resnet18-mlp"}, lambda *pair: asked.append(pair) or found)
    assert asked == [(MODEL, "resnet18-mlp")]
    assert "right on 90.0 ± 0.0 % of the test images (4 seeds), published ● 95.0 %" in said
    assert "The MLP of equal size: 90.1 ± 1.0 against 90.0 ± 0.0 %; the quantum net differs in balanced" in said
    assert said.endswith("accuracy −0.001 (95 % interval −0.020 to +0.018, 4 seeds): cannot be told.")


def test_simulators_are_compared_by_epoch_beside_the_published_figures(of_masks: Chapter) -> None:
    found = tables_of(of_masks, "trainers-60_20_40")
    assert [row[0] for row in texts(found[MODEL])] == ["engine", "PennyLane", "Cirq", "Qiskit"]
    assert [row[-1] for row in texts(found[MODEL])] == ["1.0", "40.0", "40.0", "40.0"]  # as the made-up seconds are
    assert found[MODEL].rows[3][found[MODEL].head.index("training time")].published == "219:52 min"
    epochs = found["Train accuracy by epoch"]
    assert [row[0] for row in texts(epochs)] == [str(e) for e in (1, 2, 3, 4, *range(7, 17))]
    assert [row[4].published for row in epochs.rows[:4]] == ["68.8", "81.2", "91.2", "90.4"]
    assert [cell.published for cell in epochs.rows[-1]] == ["", "", "97.5", "97.5", "97.1"]
    assert {"Train loss by epoch", "Validation accuracy by epoch"} <= set(found)


def test_trainers_are_compared_on_the_seeds_that_all_have(masks: Sources) -> None:
    rows = read_metrics(masks.metrics).query("model == @MODEL")
    assert set(rows["seed"]) == {0, 1, 2}
    assert set(told.of_common_seeds(rows)["seed"]) == {0}
    assert len(told.of_common_seeds(rows[rows["phase"] == "ideal"])) == len(rows[rows["phase"] == "ideal"])


def test_executions_are_held_against_the_formula(cracks: Sources, of_cracks: Chapter) -> None:
    table = tables_of(of_cracks, "trainers-70_15_15")["Executions"]
    assert texts(table) == [
        ["backpropagation", "backprop", "1 × 255", "255", "✓", "1 × 210", "210", "✓"],
        ["finite differences", "finite-diff", "1 × 255", "255", "✓", "8 × 210", "1,680", "✓"],
        ["parameter shift", "parameter-shift", "1 × 255", "255", "✓", "16 × 210", "3,360", "✓"],
    ]
    one = material(cracks, "cracks")
    forward = one.metrics["metric"].eq("executions_forward")
    more = replace(one, metrics=one.metrics.assign(value=one.metrics["value"] * (1 + forward)))
    (chapter,) = photograph_chapters(more)
    assert tables_of(chapter, "trainers-70_15_15")["Executions"].rows[0][4].text == "× 2.000"


def test_times_by_layers_stand_beside_the_published_minutes(of_cracks: Chapter) -> None:
    table = tables_of(of_cracks, "depth-70_15_15")[""]
    assert table.head == ("layers", "resnet18\ntraining time", "resnet18\naccuracy, %")
    assert [(row[0].text, row[1].text, row[1].published) for row in table.rows] == [
        ("1", "0:00.1", "36:20"),
        ("2", "0:00.1", "44:28"),
    ]


def test_paths_and_published_device_runs_share_a_table(of_cracks: Chapter) -> None:
    table = tables_of(of_cracks, "paths-70_15_15")[""]
    assert [row[1] for row in texts(table)] == [
        "exact", "shots", "noisy, ibm_brisbane", "hardware, ibm_brisbane", "● hardware, ibmq_lima [1]",
    ]  # fmt: skip
    assert [row[-2:] for row in texts(table)[-2:]] == [["0.20 s", "1.50 s"], ["4 d 06 h", "240:00 min"]]
    assert {len(row) for row in table.rows} == {len(table.head)}
    assert "one epoch; 4 days 6 h 30 min" in table.caption


def test_random_weights_and_label_conflicts_are_said_before_any_number(of_masks: Chapter, of_cracks: Chapter) -> None:
    assert "resnet18 has random weights" in of_masks.warnings[0]
    assert "like in another class" in of_masks.warnings[1]
    assert not any("random" in warning for warning in of_cracks.warnings)
    both = {name: {"weights": {"kind": "random", "sha256": ""}} for name in ("resnet18", "vgg16")}
    assert backbone_warnings(both)[0].startswith("resnet18, vgg16 have random weights")


def test_images_are_counted_by_class_and_part(of_masks: Chapter) -> None:
    found = tables_of(of_masks, "images")
    rows = texts(found[""])
    assert rows[0] == ["all", "", "60", "60", "120"]
    assert [row[1] for row in rows[1:]] == ["train", "validation", "test"]
    assert [row[-1] for row in rows[1:]] == ["60", "20", "40"]
    assert texts(found["1 file left out, with reasons"]) == [["mask/odd <1>.jpg", "unreadable: truncated"]]


def test_a_sheet_stays_small_and_equal_pictures_give_equal_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 96, 96, 1), dtype=np.uint8)
    thumbnails = [sheets.Thumbnail(image, "mask 0.98") for image in noise]
    assert len(sheets.contact_sheet(thumbnails)) < 400_000  # of pictures that nothing can compress
    few = thumbnails[:3]
    assert sheets.contact_sheet(few) == sheets.contact_sheet(few)


def test_a_gallery_has_the_surest_mistakes_of_each_class_with_their_own_images(tmp_path: Path) -> None:
    labels, said = np.array([0, 0, 0, 1, 1, 1, 0, 0]), np.array([0, 1, 1, 1, 0, 1, 1, 1])
    sure = np.array([0.9, 0.6, 0.8, 0.7, 0.55, 0.9, 0.7, 0.65])
    shades = np.broadcast_to((10 + 30 * np.arange(8, dtype=np.uint8))[:, None, None, None], (8, 5, 5, 1))
    write_table(tmp_path / "samples.h5", {"images": shades[::-1], "labels": labels}, {"classes": ["plain", "crack"]})
    probability = np.where(said == 1, sure, 1 - sure)
    columns = {"sample": np.arange(8)[::-1], "label": labels, "predicted": said, "probability": probability}
    one = Predictions(Run("cracks", "s-1_1_1", MODEL, "ideal", 0), "exact", {}, columns)
    table = ImageTable.read(tmp_path / "samples.h5")
    few = mistakes(table, one, 3)
    assert few
    assert [(picture.true, picture.said, picture.sure) for picture in few.pictures] == [
        ("plain", "crack", 0.8), ("plain", "crack", 0.7), ("crack", "plain", pytest.approx(0.55)),
    ]  # fmt: skip
    assert [pixels(_data(picture.address)).mean() for picture in few.pictures] == [70, 190, 130]
    assert "5 of 8 test images are wrong; 3 are here, of each true class the surest ones" in few.caption
    whole = drawn.tested_images(table, one)
    assert whole
    assert [picture.wrong for picture in whole.pictures] == (labels != said).tolist()
    assert "Framed: the 5 wrong ones" in whole.caption
    assert mistakes(table, replace(one, columns={**columns, "predicted": labels}), 3) is None


def _data(address: str) -> bytes:
    return b64decode(address.partition("base64,")[2])


def test_a_confusion_matrix_counts_over_seeds(masks: Sources) -> None:
    read = [one for one in material(masks, "masks").predictions if (one.run.phase, one.path) == ("ideal", "exact")]
    own = [one for one in read if one.run.model == MODEL]
    shown, table = confusion_blocks(own, ("no_mask", "mask"))
    assert isinstance(shown, Figures)
    assert isinstance(table, Folded)
    mean = np.mean([((one.columns["label"] == 1) & (one.columns["predicted"] == 0)).sum() for one in own])
    (image,) = shown.panels.images
    said = f"{mean:,.1f}".removesuffix(".0")
    assert f">{said}<" in image.content
    assert "3 seeds" in shown.panels.caption
    assert table.table.head == ("model", "true class", "predicted\nno_mask", "predicted\nmask", "all")
    assert texts(table.table)[1][:3] == [MODEL, "mask", said]


def test_photographs_have_a_page_of_their_own(masks: Sources, tmp_path: Path) -> None:
    said = {"name": "masks", "kind": "photographs", "title": "Photographs", "source": "path", "settings": {}}
    files = StudyFiles(**said, **vars(masks), published=[PUBLISHED / "masks.csv"])
    write_study(tmp_path / "page.html", tmp_path / "chapter.json", files)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    plain = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    ids = re.findall(r'\bid="([^"]+)"', plain)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', plain)) <= set(ids)
    assert "masks-sample-circuit" in ids
    assert "odd &lt;1&gt;.jpg" in text
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text)
    assert len(text) < 2_000_000


def test_a_chapter_stands_with_nothing_but_predictions(masks: Sources) -> None:
    whole = material(masks, "masks")
    kept = whole.metrics.query("model == @MODEL and phase == 'ideal' and path == 'exact' and sampling == 'all'")
    own = [one for one in whole.predictions if (one.run.model, one.run.phase, one.path) == (MODEL, "ideal", "exact")]
    (chapter,) = photograph_chapters(replace(whole, metrics=kept, predictions=own, histories=[], artefacts=[]))
    assert [one.name for one in chapter.sections if one.blocks] == ["results-60_20_40"]
    assert chapter.warnings == ()


def test_the_bitstrings_of_each_simulator_and_the_test_images_are_drawn(of_masks: Chapter) -> None:
    (circuit,) = [one for one in of_masks.sections if one.name == "circuit"]
    picture, bars = circuit.blocks
    assert isinstance(picture, Pictures)
    assert len(bars.panels.images) == 3
    assert "1,024 shots" in bars.panels.caption
    (results,) = [one for one in of_masks.sections if one.name == "results-60_20_40"]
    assert any(isinstance(block, Thumbnails) and block.title == "Test images" for block in results.blocks)


def test_of_models_that_differ_in_layers_the_shallowest_is_drawn() -> None:
    names = [f"{b}-{CIRCUIT}-{depth}" for b in ("vgg16", "resnet18") for depth in (2, 1, 6)]
    assert told.principal(names) == [f"resnet18-{CIRCUIT}-1", f"vgg16-{CIRCUIT}-1"]


def test_without_a_circuit_nothing_is_said_of_depths(masks: Sources) -> None:
    rows = read_metrics(masks.metrics).query("model == 'resnet18-linear'")
    assert not rows.empty
    assert not told.depths(rows, {"resnet18-linear"}).rows

"""New images through a trained classifier: what features of a table would give, file by file."""

from __future__ import annotations

import csv
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from hqnn.circuits.library import build_for
from hqnn.data.photographs.prepare import prepare_images
from hqnn.errors import UserError
from hqnn.execution import classify as classifying
from hqnn.execution import features as extracting
from hqnn.execution.classify import BATCH, classify_images
from hqnn.execution.features import extract_features
from hqnn.models.architectures import build_classifier, read_classifier, save_classifier
from hqnn.models.backbones import Backbone
from hqnn.models.classifier import Architecture
from hqnn.report.sheets import write_classified_sheet
from hqnn.store import read_table

CLASSES = ("no_mask", "mask")
VIEWS = ("centre", "whole_mirrored")
ONE_VIEW = (VIEWS[:1], "crop")


class Pooled(nn.Module):
    """A tiny backbone: 512 numbers from means of the columns."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=2).flatten(1)[:, :512]


def load(name: str, weights: str, *, seed: int) -> Backbone:
    return Backbone(name, Pooled(), {"kind": "file", "sha256": weights})


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (classifying, extracting):
        monkeypatch.setattr(module, "load_backbone", load)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for number in range(14):
        file = folder / CLASSES[number % 2] / f"face {number:02d}.{'png' if number % 3 else 'jpg'}"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(256, size=(6, 5, 3), dtype=np.uint8)).resize((80, 60)).save(file)
    return folder


@pytest.fixture(params=[ONE_VIEW, (VIEWS, "stretch")], ids=["one view", "two views of stretched images"])
def trained(request: pytest.FixtureRequest, images: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A table of features of the images, and a model of such features."""
    views, fit = request.param
    samples, features, model = (tmp_path / name for name in ("samples.h5", "features.h5", "model.safetensors"))
    prepare_images(samples, images, classes=CLASSES, duplicates="keep", fit=fit, about={"study": "masks"})
    extract_features(features, samples=samples, backbone="resnet18", weights="one", views=views)
    net = build_classifier(
        Architecture("dressed", (512,), 2, {"delta": 1.0}), build_for("hadamard_angle_y-dressed-1", 2), seed=3
    )
    save_classifier(model, net, {})
    return features, model


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def classified(output: Path, images: Path, trained: tuple[Path, Path], weights: str = "one") -> list[dict[str, str]]:
    features, model = trained
    classify_images(output, images, model=model, features=features, weights=weights)
    return rows_of(output)


def test_a_folder_gets_what_the_features_of_its_table_give(
    images: Path, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = {row["file"]: row for row in classified(tmp_path / "new.csv", images, trained)}
    features, model = trained
    columns, _ = read_table(features)
    samples, _ = read_table(features.with_name("samples.h5"))
    expected = read_classifier(model)[0].classify(columns.get("views", columns["features"]))
    assert len(rows) == len(expected) == 14
    for source, probability in zip(samples["source"], expected, strict=True):
        row = rows[source.decode()]
        assert float(row["probability_mask"]) == pytest.approx(probability, abs=2e-6)
        assert float(row["probability_no_mask"]) == pytest.approx(1 - probability, abs=2e-6)
        assert (row["predicted"], row["note"]) == (CLASSES[int(probability > 0.5)], "")


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_one_file_is_its_row_of_the_folder_and_a_picture(
    images: Path, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    all_rows = classified(tmp_path / "all.csv", images, trained)
    one = images / all_rows[3]["file"]
    (row,) = classified(tmp_path / "one.csv", one, trained)
    assert (row["file"], row["predicted"]) == (one.as_posix(), all_rows[3]["predicted"])
    assert float(row["probability_mask"]) == pytest.approx(float(all_rows[3]["probability_mask"]), abs=2e-6)
    for name, place in (("all", images), ("one", one)):
        write_classified_sheet(tmp_path / f"{name}.png", tmp_path / f"{name}.csv", place)
    assert Image.open(tmp_path / "all.png").size > Image.open(tmp_path / "one.png").size


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_an_unreadable_image_is_noted_and_the_others_are_classified(
    images: Path, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    shutil.copytree(images, folder)
    whole = sorted(folder.rglob("*.png"))
    whole[0].write_bytes(whole[0].read_bytes()[:100])
    (folder / "notes.jpg").write_text("no image")
    (folder / "notes.txt").write_text("not looked at")
    rows = {row["file"]: row for row in classified(tmp_path / "new.csv", folder, trained)}
    for name in (whole[0].relative_to(folder).as_posix(), "notes.jpg"):
        assert rows[name]["predicted"] == rows[name]["probability_mask"] == ""
        assert "cannot be read as an image" in rows[name]["note"]
    assert sum(row["predicted"] != "" for row in rows.values()) == 13 == len(rows) - 2
    write_classified_sheet(tmp_path / "new.png", tmp_path / "new.csv", folder)
    (row,) = classified(tmp_path / "none.csv", folder / "notes.jpg", trained)
    write_classified_sheet(tmp_path / "none.png", tmp_path / "none.csv", folder / "notes.jpg")
    assert (row["predicted"], Image.open(tmp_path / "none.png").format) == ("", "PNG")


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_other_weights_and_empty_folders_are_refused(images: Path, trained: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"weights 'two' of resnet18 are not those that .*features\.h5 was made with"):
        classified(tmp_path / "new.csv", images, trained, weights="two")
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(UserError, match=f"{place.name} is no image and no folder with images"):
            classified(tmp_path / "new.csv", place, trained)
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_four_batches_need_no_more_memory_than_one(images: Path, trained: tuple[Path, Path], tmp_path: Path) -> None:
    source, peaks = sorted(images.rglob("*.png"))[0], []
    for batches in (1, 4):
        folder = tmp_path / str(batches)
        folder.mkdir()
        for number in range(batches * BATCH):
            (folder / f"{number}.png").symlink_to(source)
        tracemalloc.start()
        assert len(classified(tmp_path / "new.csv", folder, trained)) == batches * BATCH
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]

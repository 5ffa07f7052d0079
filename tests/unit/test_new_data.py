"""New data of every kind through a trained model: what its samples would give, whatever the files are called."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.photographs.prepare import prepare_photographs
from hqnn.data.table.features import write_features
from hqnn.data.table.prepare import prepare_table
from hqnn.data.table.splits import write_table_split
from hqnn.errors import UserError
from hqnn.execution import features as extracting
from hqnn.execution import noisy
from hqnn.execution.features import extract_features
from hqnn.execution.new_data import photographs
from hqnn.execution.new_data.image_rows import BATCH
from hqnn.execution.new_data.predictor import Execution, Predictor, execution_by
from hqnn.models.architectures import read_classifier
from hqnn.models.backbones import Backbone
from hqnn.models.hybrid import HybridClassifier
from hqnn.report.new_data import predict_new
from hqnn.settings.predicted import NewData, read_target
from hqnn.settings.splits import Split
from hqnn.store import read_table
from trained_models import EXACT, ODD, compiled, of_all, rows_of, save

CLASSES = ("no_mask", "mask")
VIEWS = ("centre", "whole_mirrored")
ONE_VIEW = (VIEWS[:1], "crop")


# --- which data a target asks for ---


def test_a_target_says_data_path_and_backend(tmp_path: Path) -> None:
    new = {"mine": str(tmp_path)}
    for asked, path, named in (
        ("mine", "exact", ""),
        ("mine-exact", "exact", ""),
        ("mine-shots", "shots", ""),
        ("mine-noisy-ibmq_lima", "noisy", "ibmq_lima"),
        ("mine-hardware-ibmq_lima", "hardware", "ibmq_lima"),
    ):
        assert read_target(asked, new, has_circuit=True) == NewData("mine", str(tmp_path), path, named)


@pytest.mark.parametrize(
    ("asked", "new", "has_circuit", "said"),
    [
        ("mine", {}, True, r"the config names none; say where they lie, such as --config 'new=\{mine: FOLDER\}'"),
        ("mien", {"mine": "data"}, True, r"'new' has no 'mien', .*did you mean 'mine'"),
        ("mine-nosy-x", {"mine": "data"}, True, r"the execution path 'nosy'; did you mean 'noisy'"),
        ("mine-noisy", {"mine": "data"}, True, "names no backend; write predicted/mine-noisy-BACKEND"),
        ("mine-shots-x", {"mine": "data"}, True, "names a backend, which the path 'shots' has not"),
        ("mine-shots", {"mine": "data"}, False, "'shots' of a model without a circuit; write predicted/mine"),
        (
            "mine",
            {"mine": "dato"},
            True,
            r"'new.mine' is '.*dato', which is no file and no folder; did you mean 'data'",
        ),
        ("mine", {"mine": "no/where"}, True, r"is '.*no/where', which is no file and no folder; name your data"),
    ],
)
def test_a_wrong_target_is_a_sentence(
    tmp_path: Path, asked: str, new: dict[str, str], has_circuit: bool, said: str
) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match=said):
        read_target(asked, {name: str(tmp_path / place) for name, place in new.items()}, has_circuit=has_circuit)


# --- a model and a path as one function ---


def test_pieces_give_what_the_whole_gives_and_samples_are_drawn_anew(tmp_path: Path) -> None:
    model = save(tmp_path / "model.safetensors", "pixel", (4,), 2)
    features = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    whole = Predictor(model, EXACT)(features)
    np.testing.assert_allclose(Predictor(model, Execution(EXACT.path_of, 4))(features), whole, atol=1e-12)
    np.testing.assert_allclose(whole, of_all(read_classifier(model)[0].classify(features)), atol=1e-12)
    shots = execution_by("shots", (), shots=64, seed=1)
    same = np.repeat(features[:1], 2, axis=0)
    drawn = Predictor(model, Execution(shots.path_of, 1))(same)
    assert drawn[0, 0] != drawn[1, 0]
    np.testing.assert_array_equal(Predictor(model, Execution(shots.path_of, 1))(same), drawn)
    assert Predictor(model, EXACT)(features[:0]).shape == (0, 2)


def test_a_noisy_path_is_planned_once_for_all_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = save(tmp_path / "model.safetensors", "pixel", (4,), 2)
    features = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    by = execution_by("noisy", compiled(tmp_path, 3), shots=1, seed=0)
    planned: list[int] = []
    run_as = HybridClassifier.run_as

    def counted(net: HybridClassifier, *native: Any) -> None:
        planned.append(1)
        run_as(net, *native)

    monkeypatch.setattr(HybridClassifier, "run_as", counted)
    pieces = Predictor(model, Execution(by.path_of, 2))(features)
    assert len(planned) == 1
    again = noisy.Noisy(tmp_path / "program.json", "ibmq_lima")
    net, about = read_classifier(model)
    assert isinstance(net, HybridClassifier)
    values = again(net, about["fingerprint"], net.circuit_inputs(features)).values
    np.testing.assert_allclose(pieces, of_all(net.probabilities(values)), atol=1e-12)
    assert not np.allclose(pieces, Predictor(model, EXACT)(features), atol=1e-4)


# --- photographs ---


class Pooled(nn.Module):
    """A tiny backbone: 512 numbers from means of the columns."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=2).flatten(1)[:, :512]


def load(name: str, weights: str, *, seed: int) -> Backbone:
    return Backbone(name, Pooled(), {"kind": "file", "sha256": weights})


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (photographs, extracting):
        monkeypatch.setattr(module, "load_backbone", load)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for number in range(14):
        file = folder / CLASSES[number % 2] / f"{ODD} {number:02d}.{'png' if number % 3 else 'jpg'}"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(256, size=(6, 5, 3), dtype=np.uint8)).resize((80, 60)).save(file)
    return folder


Trained = tuple[list[str], Path]


@pytest.fixture(params=[ONE_VIEW, (VIEWS, "stretch")], ids=["one view", "two views of stretched images"])
def trained(request: pytest.FixtureRequest, images: Path, tmp_path: Path) -> Trained:
    """Tables of features and of images, and a model of such features."""
    views, fit = request.param
    samples, features = tmp_path / "samples.h5", tmp_path / "features.h5"
    prepare_photographs(samples, images, classes=CLASSES, duplicates="keep", fit=fit, about={"study": "masks"})
    extract_features(features, samples=samples, backbone="resnet18", weights="one", views=views)
    return [str(features), str(samples)], save(tmp_path / "model.safetensors", "dressed", (512,), 2, 2)


def classified(output: Path, place: Path, trained: Trained, weights: str = "one") -> list[dict[str, str]]:
    fitted, model = trained
    reading = {"weights": weights}
    predict_new(output, place, kind="photographs", fitted=fitted, reading=reading, model=model, execution=EXACT)
    assert {file.name for file in output.iterdir()} == {"predictions.csv", "sheet.png"}
    assert Image.open(output / "sheet.png").format == "PNG"
    return rows_of(output / "predictions.csv")


def test_photographs_get_what_the_features_of_their_table_give(images: Path, trained: Trained, tmp_path: Path) -> None:
    rows = {row["file"]: row for row in classified(tmp_path / "new", images, trained)}
    (features, table), model = trained
    columns, _ = read_table(features)
    samples, _ = read_table(table)
    expected = read_classifier(model)[0].classify(columns.get("views", columns["features"]))
    assert len(rows) == len(expected) == 14
    for source, probability in zip(samples["source"], expected, strict=True):
        row = rows[source.decode()]
        assert float(row["probability_mask"]) == pytest.approx(probability, abs=2e-6)
        assert float(row["probability_no_mask"]) == pytest.approx(1 - probability, abs=2e-6)
        assert (row["predicted"], row["note"]) == (CLASSES[int(probability > 0.5)], "")


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_an_unreadable_photograph_is_noted_and_one_file_is_its_row_of_the_folder(
    images: Path, trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    shutil.copytree(images, folder)
    whole = sorted(folder.rglob("*.png"))
    whole[0].write_bytes(whole[0].read_bytes()[:100])
    (folder / "notes.jpg").write_text("no image")
    for unseen in ("notes.txt", ".hidden.png"):
        (folder / unseen).write_text("not looked at")
    rows = {row["file"]: row for row in classified(tmp_path / "all", folder, trained)}
    for name in (whole[0].relative_to(folder).as_posix(), "notes.jpg"):
        assert rows[name]["predicted"] == rows[name]["probability_mask"] == ""
        assert "cannot be read as an image" in rows[name]["note"]
    assert sum(row["predicted"] != "" for row in rows.values()) == 13 == len(rows) - 2
    (row,) = classified(tmp_path / "none", folder / "notes.jpg", trained)
    assert row["predicted"] == ""
    (row,) = classified(tmp_path / "one", whole[1], trained)
    of_folder = rows[whole[1].relative_to(folder).as_posix()]
    assert (row["file"], row["predicted"]) == (whole[1].as_posix(), of_folder["predicted"])
    assert float(row["probability_mask"]) == pytest.approx(float(of_folder["probability_mask"]), abs=2e-6)


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_other_weights_and_empty_folders_are_refused_and_leave_nothing(
    images: Path, trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"weights 'two' of resnet18 are not those that .*features\.h5 was made with"):
        classified(tmp_path / "out/new", images, trained, weights="two")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty is no image and no folder with images"):
        classified(tmp_path / "out/new", tmp_path / "empty", trained)
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize("trained", [ONE_VIEW], indirect=True)
def test_four_batches_of_photographs_need_little_more_memory_than_one(
    images: Path, trained: Trained, tmp_path: Path
) -> None:
    source, peaks = sorted(images.rglob("*.png"))[0], []
    for batches in (2, 5):  # the sheet holds the first 60
        folder = tmp_path / str(batches)
        folder.mkdir()
        for number in range(batches * BATCH):
            (folder / f"{number}.png").symlink_to(source)
        tracemalloc.start()
        assert len(classified(tmp_path / f"new {batches}", folder, trained)) == batches * BATCH
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# --- small images ---


def small_images(folder: Path, rng: np.random.Generator) -> Path:
    for number in range(12):
        file = folder / f"{number % 3}" / f"{number:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(8, 8), dtype=np.uint8)).save(file)
    return folder


def test_small_images_get_what_their_table_gives_and_what_was_changed_is_noted(tmp_path: Path) -> None:
    folder = small_images(tmp_path / "set", np.random.default_rng(1))
    prepare_small_images(folder, tmp_path / "samples.h5", kind="class_folders")
    model = save(tmp_path / "model.safetensors", "cnn", (8, 8, 1), 3)
    first = Image.open(folder / "0/00.png")
    first.resize((16, 16), Image.Resampling.NEAREST).convert("RGB").save(folder / f"{ODD}.png")
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(folder / "deep.png")
    fitted = [str(tmp_path / "samples.h5")]
    predict_new(tmp_path / "new", folder, kind="images", fitted=fitted, reading={}, model=model, execution=EXACT)
    rows = {row["file"]: row for row in rows_of(tmp_path / "new/predictions.csv")}
    samples, _ = read_table(tmp_path / "samples.h5")
    expected = read_classifier(model)[0].classify(samples["images"])
    for source, probabilities in zip(samples["source"], expected, strict=True):
        row = rows.pop(source.decode())
        found = [float(row[f"probability_{name}"]) for name in "012"]
        np.testing.assert_allclose(found, probabilities, atol=2e-6)
        assert (row["predicted"], row["note"]) == (str(probabilities.argmax()), "")
    assert rows[f"{ODD}.png"]["note"] == "colours taken as grey; brought from 16 x 16 to 8 x 8 pixels"
    assert rows[f"{ODD}.png"]["predicted"]
    assert "1 band of 16 bits but the model takes 1 band of 8 bits" in rows["deep.png"]["note"]
    assert rows["deep.png"]["predicted"] == ""


# --- rows of a table ---


def test_rows_are_matched_by_name_and_a_label_is_carried_through(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(40, 3)).round(6)
    lines = [f"s{i},{a},{b},{c},{'yes' if a > 0 else 'no'}" for i, (a, b, c) in enumerate(numbers.tolist())]
    (tmp_path / "old.csv").write_text("id,a,b,c,label\n" + "\n".join(lines))
    samples, split, features = (tmp_path / name for name in ("samples.h5", "split.h5", "features.h5"))
    prepare_table(samples, tmp_path / "old.csv")
    write_table_split(samples, split, Split(train=0.6, validation=0.0, test=0.4), seed=0)
    write_features(features, samples, split, components=2, whiten=True)
    model = save(tmp_path / "model.safetensors", "pixel", (2,), 2)
    expected = read_classifier(model)[0].classify(read_table(features)[0]["features"])
    moved = [f"{c},{ODD},{a},{'yes' if a > 0 else ''},{b}" for a, b, c in numbers.tolist()]
    (tmp_path / "new.csv").write_text("c,note,a,label,b\n" + "\n".join(moved), encoding="utf-8")

    def predicted(place: str) -> list[dict[str, str]]:
        given: dict[str, Any] = {"fitted": [str(features)], "reading": {"label": "", "id": "", "empty": "stop"}}
        predict_new(tmp_path / "out", tmp_path / place, kind="table", model=model, execution=EXACT, **given)
        return rows_of(tmp_path / "out/predictions.csv")

    rows = predicted("new.csv")
    assert list(rows[0]) == ["row", "given", "predicted", "probability_no", "probability_yes"]
    np.testing.assert_allclose([float(row["probability_yes"]) for row in rows], expected, atol=2e-6)
    assert [row["given"] for row in rows] == ["yes" if a > 0 else "" for a in numbers[:, 0]]
    assert [row["id"] for row in predicted("old.csv")] == [f"s{i}" for i in range(40)]
    (tmp_path / "less.csv").write_text("a,bb,c\n1,2,3\n")
    with pytest.raises(UserError, match=r"less.csv lacks the column 'b'; did you mean 'bb'"):
        predicted("less.csv")

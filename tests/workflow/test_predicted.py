"""New data of every kind through a trained model, each asked for as one folder."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from checkout import Checkout

RAW = "results/raw"
CIRCUIT = "angle_y-simplified_two_design-3"
MAPS = {"summary.csv", "moor.tif", "moor.png"}
IMAGES = {"predictions.csv", "sheet.png"}


def new_pairs(finished: Checkout, folder: Path) -> Path:
    """Images of two dates, nothing else."""
    return Path(shutil.copytree(finished.folder / f"{RAW}/sample_pairs_0/images", folder / "images")).parent


def new_scene(finished: Checkout, folder: Path) -> Path:
    """A raster alone."""
    return Path(shutil.copy(finished.folder / f"{RAW}/sample_scenes_0/images/moor.tif", folder))


def new_photographs(finished: Checkout, folder: Path) -> Path:
    """A folder with a file that is no image."""
    shutil.copytree(finished.folder / f"{RAW}/sample_faces_0/mask", folder, dirs_exist_ok=True)
    (folder / "broken.jpg").write_text("no image")
    return folder


def new_digits(finished: Checkout, folder: Path) -> Path:
    """A scan in colours."""
    Image.new("RGB", (56, 56), (200, 200, 200)).save(folder / "seven.png")
    return folder / "seven.png"


def new_rows(finished: Checkout, folder: Path) -> Path:
    """Rows with their labels."""
    return Path(shutil.copy(finished.folder / f"{RAW}/sample_table_0/table.csv", folder))


@pytest.mark.parametrize(
    ("run", "given", "ways", "files", "head"),
    [
        (
            f"change/sample/{CIRCUIT}",
            new_pairs,
            ("", "-noisy-ibmq_lima"),
            None,
            "scene,class,number,pixels,share,area_ha",
        ),
        (
            f"cover/sample/{CIRCUIT}",
            new_scene,
            ("", "-noisy-ibmq_lima"),
            MAPS,
            "scene,class,number,pixels,share,area_ha",
        ),
        ("masks/sample-70_15_15/resnet18-mlp", new_photographs, ("",), IMAGES, "file,predicted,probability_no_mask,"),
        ("digits/sample/parallel", new_digits, ("-exact", "-shots"), IMAGES, "file,predicted,probability_0,"),
        (f"rows/sample-70_15_15/{CIRCUIT}", new_rows, ("",), {"predictions.csv"}, "id,given,predicted,probability_"),
    ],
    ids=["change", "cover", "masks", "digits", "rows"],
)
def test_new_data_are_predicted_by_every_path_that_is_asked_for(
    finished: Checkout,
    tmp_path: Path,
    run: str,
    given: Callable[[Checkout, Path], Path],
    ways: Sequence[str],
    files: set[str] | None,
    head: str,
) -> None:
    folder = tmp_path / "new data ü"
    folder.mkdir()
    place = given(finished, folder)
    targets = [f"results/{run}/ideal/seed0/predicted/mine{way}" for way in ways]
    finished.snakemake("--config", f"new={{mine: '{place}'}}", "--", *targets)
    written = []
    for target in (finished.folder / name for name in targets):
        found = {file.name for file in target.iterdir() if not file.name.startswith(".")}
        assert files is None or found == files
        table = next(target / name for name in ("summary.csv", "predictions.csv") if name in found)
        assert table.read_text(encoding="utf-8").startswith(head)
        written.append(b"".join(file.read_bytes() for file in (table, *sorted(target.glob("*.tif")))))
        for picture in target.glob("*.png"):
            assert Image.open(picture).format == "PNG"
        with table.open(encoding="utf-8", newline="") as file:
            noted = {Path(row["file"]).name: row["note"] for row in csv.DictReader(file) if "file" in row}
        assert all(noted.get(name, "what") for name in ("broken.jpg", "seven.png"))
    assert len(set(written)) == len(targets)  # noise and sampling show


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mien", "config key 'new' has no 'mien', which predicted/mien asks for; did you mean 'mine'?"),
        ("mine", "config key 'new.mine' is 'nowhere', which is no file and no folder"),
    ],
)
def test_what_the_config_lacks_is_said_before_anything_runs(finished: Checkout, asked: str, said: str) -> None:
    target = f"results/change/sample/{CIRCUIT}/ideal/seed0/predicted/{asked}"
    done = finished.snakemake("-n", "--config", "new={mine: nowhere}", "--", target, check=False)
    assert done.returncode != 0
    assert said in done.stdout

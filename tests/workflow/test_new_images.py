"""New images through a trained model, each asked for as one file."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from PIL import Image

from checkout import Checkout

RUN = "results/masks/sample-70_15_15/resnet18-mlp/ideal/seed0"


def test_a_table_and_a_picture_of_a_folder_and_of_one_file(finished: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "new photographs"
    shutil.copytree(finished.folder / "results/raw/sample_masks/mask", folder)
    one = sorted(folder.glob("*.png"))[0]
    (folder / "broken.jpg").write_bytes(one.read_bytes()[:200])
    targets = [f"{RUN}/classified/{name}.csv" for name in ("folder", "one")]
    finished.snakemake("--config", f"classify={{folder: '{folder}', one: '{one}'}}", "--", *targets, cores=1)
    tables = []
    for target in (finished.folder / name for name in targets):
        with target.open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
        assert Image.open(target.with_suffix(".png")).format == "PNG"
    rows = {row["file"]: row for row in tables[0]}
    assert rows.keys() == {file.name for file in folder.iterdir()}
    assert "cannot be read as an image" in rows.pop("broken.jpg")["note"]
    for row in rows.values():
        assert float(row["probability_mask"]) + float(row["probability_no_mask"]) == pytest.approx(1, abs=2e-6)
        assert float(row[f"probability_{row['predicted']}"]) >= 0.5
    (alone,) = tables[1]
    assert alone["file"] == one.as_posix()
    assert float(alone["probability_mask"]) == pytest.approx(float(rows[one.name]["probability_mask"]), abs=1e-5)

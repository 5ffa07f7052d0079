"""Small files of measurements and images, as users have them, for damages."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
from affine import Affine
from PIL import Image

from digits_files import random_parts
from hqnn.data.pixels.tiffs import write_band, write_bands

SIDE, ROWS = 24, 24


def write_scenes(folder: Path) -> None:
    generator = np.random.default_rng(0)
    options = {"driver": "GTiff", "crs": "EPSG:32632"}
    for number, name in enumerate(("fen", "moor")):
        place = options | {"transform": Affine(10, 0, 500_000 + 5_000 * number, 0, -10, 5_400_000)}
        values = generator.integers(1, 4000, (3, SIDE, SIDE)).astype(np.uint16)
        write_bands(folder / f"{name}.tif", values, place | {"compress": ("deflate", None)[number]}, ("B02", "B03", ""))
        write_band(folder / f"{name}_label.tif", 1 + values[0] % 2, place | {"nodata": 0})
    rows = ("scene,date,file,label,split", "fen,,fen.tif,fen_label.tif,train", "moor,,moor.tif,moor_label.tif,test")
    (folder / "scenes.csv").write_text("\n".join(rows) + "\n")
    (folder / "classes.csv").write_text("value,name\n1,wet\n2,dry\n")


def write_images(folder: Path) -> None:
    generator = np.random.default_rng(0)
    with (folder / "groups.csv").open("w", newline="") as file:
        groups = csv.writer(file)
        groups.writerow(("file", "site"))
        for name in ("cat", "dog"):
            (folder / name).mkdir()
            for number, suffix in enumerate(("png", "jpg", "tif", "png", "bmp", "png")):
                path = folder / name / f"{number}.{suffix}"
                Image.fromarray(generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(path)
                groups.writerow((f"{name}/{path.name}", f"site {number % 3}"))


def write_image_npz(folder: Path) -> None:
    parts = random_parts(side=8, train=20, test=10)
    arrays = {f"{part}_images": content.images for part, content in parts.items()}
    labels = {f"{part}_labels": content.labels % 3 for part, content in parts.items()}
    np.savez_compressed(folder / "set.npz", **arrays, **labels)


def rows() -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(0).normal(size=(ROWS, 3)).round(3)
    return values, np.array(["oak", "elm", "ash"])[np.arange(ROWS) % 3]


def write_csv(folder: Path) -> None:
    values, labels = rows()
    with (folder / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "a", "b", "c", "group", "label"))
        table.writerows((f"r{row}", *values[row], f"p{row // 4}", labels[row]) for row in range(ROWS))


def write_parquet(folder: Path) -> None:
    values, labels = rows()
    columns = {name: values[:, place] for place, name in enumerate("abc")}
    pyarrow.parquet.write_table(pa.table({**columns, "label": labels}), folder / "rows.parquet")


def write_npz(folder: Path) -> None:
    values, labels = rows()
    np.savez(folder / "rows.npz", features=values, labels=labels)


def write_hdf5(folder: Path) -> None:
    values, labels = rows()
    with h5py.File(folder / "rows.h5", "w") as file:
        file["features"], file["labels"] = values, labels.astype("S3")

"""A table of scenes that is wrong: one sentence that names the file, and no half-written table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from hqnn.data.pixels.layouts_of_scenes import open_collection
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.errors import UserError

SIDE = 20
PLACE = Affine(10, 0, 500_000, 0, -10, 5_000_000)
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": PLACE}
HEADER = "scene,date,file,label,split,band"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scenes of two dates and two bands."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    rows = [HEADER]
    for name, split in (("a", "train"), ("b", "test")):
        for date in (1, 2):
            write_bands(root / f"{name}{date}.tif", rng.integers(1, 900, (2, SIDE, SIDE), dtype=np.uint16), UTM)
            rows.append(f"{name},{date},{name}{date}.tif,{name}.tif,{split},")
        write_band(root / f"{name}.tif", rng.integers(1, 3, (SIDE, SIDE), dtype=np.uint8), UTM)
    (root / "scenes.csv").write_text("\n".join(rows), encoding="utf-8")
    return root


def table(old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / "scenes.csv").read_text(encoding="utf-8")
        assert old in text
        (root / "scenes.csv").write_text(text.replace(old, new), encoding="utf-8")

    return change


def classes(text: str) -> Callable[[Path], None]:
    return lambda root: (root / "classes.csv").write_text(text, encoding="utf-8")


def latin(root: Path) -> None:
    (root / "scenes.csv").write_bytes((root / "scenes.csv").read_text().replace("b,", "bäh,").encode("latin-1"))


def raster(name: str, bands: int = 2, dtype: str = "uint16", **options: object) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        values = np.random.default_rng(1).integers(1, 3, (bands, SIDE, SIDE)).astype(dtype)
        write_bands(root / name, values, UTM | options)

    return change


def label(value: float, dtype: str = "uint8") -> Callable[[Path], None]:
    def change(root: Path) -> None:
        for name in ("a", "b"):
            write_band(root / f"{name}.tif", np.full((SIDE, SIDE), value, dtype=dtype), UTM)

    return change


def palette(root: Path) -> None:
    write_band(root / "a1.tif", np.ones((SIDE, SIDE), dtype=np.uint8), UTM | {"photometric": "palette"})
    with rasterio.open(root / "a1.tif", "r+") as file:
        file.write_colormap(1, {1: (255, 0, 0, 255)})


def small_label(root: Path) -> None:
    write_band(root / "b.tif", np.ones((SIDE, SIDE - 1), dtype=np.uint8), UTM)


def unseen_class(root: Path) -> None:
    write_band(root / "b.tif", np.full((SIDE, SIDE), 5, dtype=np.uint8), UTM)


AWAY = {"transform": Affine(10, 0, 900_000, 0, -10, 5_000_000)}
HALF = {"transform": PLACE @ Affine.translation(0.5, 0)}
BARE = {"crs": None, "transform": Affine.identity()}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (table("label,", "labels,"), r"scenes\.csv has a column 'labels', .* did you mean 'label'"),
        (
            table("a,2,", "a,2.10.2020,"),
            r"scene 'a' the date '2\.10\.2020' .* order cannot be told; write dates as YYYY",
        ),
        (table("a1.tif", "c1.tif"), r"names the file c1\.tif in line 2, which does not exist"),
        (table("2,b2.tif,b.tif", "2,b2.tif,none.tif"), r"names the label none\.tif in line 5"),
        (table("2,b2.tif,b.tif", "2,b2.tif,a.tif"), r"scene 'b' two labels, b\.tif and a\.tif"),
        (table("b.tif,test", "b.tif,tests"), r"split 'tests' in line 4; did you mean 'test'"),
        (table("b,2,b2.tif,b.tif,test", "b,2,b2.tif,b.tif,train"), r"scene 'b' two splits, test and train"),
        (table("b,2,", "b,1,"), r"scene 'b' 1 dates but 'a' 2"),
        (table("a,", "a/b,"), r"scene 'a/b' in line 2"),
        (table("a,1", ",1"), r"no scene in line 2"),
        (table("\nb,", "\npooled,"), r"a scene is called 'pooled', as tables call all scenes together; rename it"),
        (table("a1.tif,a.tif,train,", "a1.tif,a.tif,train,,,x"), r"8 cells in line 2 but 6 columns"),
        (table("train,", "train,red"), r"a1\.tif holds 2 bands but is named as the one band 'red'"),
        (table("b.tif", ""), r"scene 'b' the split 'test' but no label"),
        (lambda root: (root / "scenes.csv").unlink(), r"scenes\.csv cannot be read"),
        (lambda root: (root / "scenes.csv").write_text(HEADER), r"scenes\.csv has no row"),
        (latin, r"scenes\.csv.* UTF-8"),
        (raster("b2.tif", **AWAY), r"b2\.tif and \S+b1\.tif of scene 'b' do not overlap"),
        (raster("b2.tif", **BARE), r"b2\.tif of scene 'b' has no georeference but"),
        (raster("b2.tif", crs=None), r"b2\.tif of scene 'b' has no coordinate reference system but"),
        (raster("b2.tif", dtype="complex64"), r"b2\.tif holds complex numbers"),
        (palette, r"a1\.tif has a palette"),
        (lambda root: (root / "a1.tif").write_bytes(b""), r"a1\.tif cannot be opened"),
        (small_label, r"b\.tif has 20 x 19 pixels but its scene has 20 x 20"),
        (raster("b.tif", 1, "uint8", **HALF), r"b\.tif lies on another grid than its scene"),
        (raster("b.tif", 1, "uint8", crs="EPSG:32633"), r"b\.tif has another coordinate reference system"),
        (raster("b.tif", 3, "uint8"), r"b\.tif has 3 bands; a label"),
        (label(1.5, "float32"), r"a\.tif holds 1\.5; the classes of a label are whole numbers"),
        (label(0), r"every pixel of every label in \S+data is unlabelled"),
        (label(3), r"labels in \S+data have one class, 3"),
        (unseen_class, r"class '5' has test samples \(in b\) but no train sample"),
        (classes("value\n1"), r"classes\.csv has no column 'name'"),
        (classes("value,name\nx,wood"), r"classes\.csv has the value 'x' in line 2"),
        (classes("value,name\n1,wood\n1,lake"), r"names the value 1 twice, in line 3"),
        (classes("value,name\n1,wood\n2,wood"), r"names two classes 'wood'"),
        (classes("value,name\n0,none"), r"names the value 0, which unlabelled says"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    folder: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(folder)
    with pytest.raises(UserError, match=message) as error:
        prepare_pixels(open_collection("scenes", folder), tmp_path / "out" / "samples.h5", components=2, stride=2)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"bands": "below20"}, r"names 'below20', which the scenes do not have; did you mean 'below20m'"),
        ({"bands": "rgb"}, r"features\.bands is 'rgb', which needs band B02, but the scenes' bands are B1, B2"),
        ({"bands": [3]}, r"names band 3 but the scenes have 2"),
        ({"bands": ["B1", "B1"]}, r"names band 'B1' twice"),
        ({"layout": "residual", "components": 8}, r"compares two dates of the 13 Sentinel-2 bands but .* no band B01"),
    ],
)
def test_bands_that_do_not_exist_are_named(
    folder: Path, tmp_path: Path, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepare_pixels(open_collection("scenes", folder), tmp_path / "samples.h5", **{"components": 2, **asked})


def test_a_table_without_labels_can_be_predicted_but_not_prepared(folder: Path, tmp_path: Path) -> None:
    text = (folder / "scenes.csv").read_text()
    for old in ("a.tif,train", "b.tif,test"):
        text = text.replace(old, ",")
    (folder / "scenes.csv").write_text(text)
    collection = open_collection("scenes", folder)
    assert [scene.part for scene in collection.scenes] == ["predict", "predict"]
    with collection.open("a") as scene, pytest.raises(UserError, match="names no label of scene 'a'"):
        scene.labels(range(2), range(2))
    with pytest.raises(UserError, match="has no scene with labels"):
        prepare_pixels(collection, tmp_path / "samples.h5")


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"train": ["c"]}, "has no scene 'c' to train on"),
        ({"train": ["a"], "test": ["a"]}, "scene 'a' is named for two parts"),
        ({"train": [], "test": ["a"]}, r"no scene in \S+ is to be trained on"),
    ],
)
def test_lists_that_cannot_be_are_refused(
    folder: Path, tmp_path: Path, lists: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepare_pixels(open_collection("scenes", folder, **lists), tmp_path / "samples.h5", components=2)


def test_an_unknown_layout_gets_the_nearest_name(folder: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'scenes'"):
        open_collection("scene", folder)

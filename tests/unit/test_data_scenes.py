"""Scenes of a table: what is read is what the rasters say, on one grid, and classes are the labels' numbers."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from hqnn.data.pixels.bands import BANDS, chosen_bands
from hqnn.data.pixels.columns import read_transform
from hqnn.data.pixels.layouts_of_scenes import open_collection
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.pictures import false_colour, truth
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.rasters import map_scene
from hqnn.data.pixels.scene import UNLABELLED, Scene
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import write_band, write_bands
from hqnn.data.synthetic.pairs import write_sample
from hqnn.data.synthetic.scenes import write_scenes
from hqnn.store import read_table

SHAPE = (12, 16)
UTM = {"driver": "GTiff", "crs": "EPSG:32632", "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}


def whole(scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return scene.read(*map(range, scene.shape))


def numbers(bands: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint16]:
    return np.random.default_rng(bands).integers(1, 9000, (bands, *shape), dtype=np.uint16)


def write_table_of(folder: Path, *rows: str, header: str = "scene,date,file,label,split") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenes.csv").write_text("\n".join((header, *rows)), encoding="utf-8")
    return folder


def labelled(folder: Path, values: NDArray[Any], **options: Any) -> str:
    write_band(folder / "label.tif", values, UTM | options)
    return "label.tif"


@pytest.fixture
def halves(tmp_path: Path) -> NDArray[np.uint8]:
    """A label of the classes 1 and 2 beside a raster that is not there yet."""
    values = np.ones(SHAPE, dtype=np.uint8)
    values[:, 8:] = 2
    labelled(tmp_path, values)
    return values


def test_a_table_of_oscd_s_files_gives_what_oscd_gives(tmp_path: Path) -> None:
    """Thirteen rasters a date on three grids, a date smaller than the other, labels without georeference."""
    root = tmp_path / "pairs"
    write_sample(root, seed=2, train=2, test=1, side=75)
    pairs = open_oscd(root)
    rows = []
    for listed in pairs.scenes:
        for number, path in enumerate(listed.files[:-1]):
            label = listed.files[-1].relative_to(root) if number == 3 else ""
            date = path.parent.name.removeprefix("imgs_")
            rows.append(f"{listed.name},{date},{path.relative_to(root)},{label},{listed.part},{BANDS[number % 13]}")
    write_table_of(root, *reversed(rows), header="scene,date,file,label,split,band")
    table = open_collection("scenes", root, unlabelled=(), grid="native")
    assert (table.dates, set(table.bands), table.classes) == (2, set(BANDS), ("1", "2"))
    for name in ("alder", "birch", "cedar"):
        with pairs.open(name) as ours, table.open(name) as theirs:
            assert (ours.shape, ours.crs) == (theirs.shape, theirs.crs)
            np.testing.assert_array_equal(truth(ours), truth(theirs))
    for collection, output in ((pairs, "a.h5"), (table, "b.h5")):
        prepare_pixels(collection, tmp_path / output, layout="residual", stride=4)
    (a, _), (b, about) = (read_table(tmp_path / name) for name in ("a.h5", "b.h5"))
    own = np.array(["alder", "birch", "cedar"])
    order = np.argsort(own[a["scene"]], kind="stable"), np.argsort(np.array(about["scenes"])[b["scene"]], kind="stable")
    for name in ("features", "labels", "split", "row", "column", "change_vector_length"):
        np.testing.assert_allclose(a[name][order[0]], b[name][order[1]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "bad"),
    [({"nodata": 0}, 0), ({"nodata": 65535}, 65535), ({}, None)],
    ids=["nodata 0", "nodata 65535", "mask"],
)
def test_what_a_raster_calls_invalid_is_masked_in_all_bands(
    tmp_path: Path, halves: NDArray[np.uint8], options: dict[str, Any], bad: int | None
) -> None:
    values = numbers(3)
    if bad is not None:
        values[1, 3, 4] = bad
    write_bands(tmp_path / "a.tif", values, UTM | options, ("red", "", "blue"))
    if bad is None:
        with rasterio.open(tmp_path / "a.tif", "r+") as file:
            mask = np.full(SHAPE, 255, dtype=np.uint8)
            mask[3, 4] = 0
            file.write_mask(mask)
    collection = open_scenes(write_table_of(tmp_path, "one,,a.tif,label.tif,train"))
    assert (collection.bands, collection.dates) == (("red", "B2", "blue"), 1)
    with collection.open("one") as scene:
        raw, valid = whole(scene)
        np.testing.assert_array_equal(scene.labels(*map(range, SHAPE)), halves - 1)
    assert np.argwhere(~valid).tolist() == [[3, 4]]
    np.testing.assert_array_equal(raw[0][:, valid], values[:, valid])
    assert np.isnan(raw[0, :, 3, 4]).all()


def test_alpha_is_a_mask_and_scale_and_offset_are_applied_and_said(tmp_path: Path, halves: NDArray[np.uint8]) -> None:
    values = numbers(4)
    values[3] = 65535
    values[3, 5, 6] = 0
    write_bands(tmp_path / "a.tif", values, UTM | {"photometric": "rgb", "alpha": "yes"})
    with rasterio.open(tmp_path / "a.tif", "r+") as file:
        file.scales, file.offsets = (0.5, 1, 1, 1), (-3, 0, 0, 0)
        assert file.colorinterp[3].name == "alpha"
    collection = open_scenes(write_table_of(tmp_path, "one,,a.tif,label.tif,train"))
    assert collection.about()["scaled"] == [{"scale": 0.5, "offset": -3.0, "bands": 1}]
    with collection.open("one") as scene:
        raw, valid = whole(scene)
    assert np.argwhere(~valid).tolist() == [[5, 6]]
    np.testing.assert_array_equal(raw[0, 0][valid], values[0][valid] * 0.5 - 3)
    np.testing.assert_array_equal(raw[0, 1:][:, valid], values[1:3][:, valid])


def test_the_grid_is_the_finest_of_the_first_date(tmp_path: Path) -> None:
    """Coarse rasters of another CRS and extent are interpolated onto it; date 2 may be finer."""
    sizes = {"coarse": 20, "fine": 10, "later": 5}
    for name, metres in sizes.items():
        side = 400 // metres
        ramp = np.add.outer(np.arange(side), 3 * np.arange(side)).astype(np.float32) * metres + metres * 2
        place = Affine(metres, 0, 500_000, 0, -metres, 5_000_000)
        write_band(tmp_path / f"{name}.tif", ramp, UTM | {"transform": place})
    write_band(tmp_path / "label.tif", np.eye(40, dtype=np.uint8) + 1, UTM)
    rows = ("one,2,later.tif,,,b", "one,1,coarse.tif,label.tif,train,a", "one,1,fine.tif,,,b", "one,2,later.tif,,,a")
    write_table_of(tmp_path, rows[1], rows[2], rows[0], header="scene,date,file,label,split,band")
    (tmp_path / "scenes.csv").write_text(
        (tmp_path / "scenes.csv").read_text() + "\none,2,coarse.tif,,,a", encoding="utf-8"
    )
    collection = open_scenes(tmp_path)
    assert (collection.bands, collection.dates, collection.about()["date_names"]) == (("a", "b"), 2, ["1", "2"])
    with collection.open("one") as scene:
        raw, valid = whole(scene)
    assert (scene.shape, scene.transform.a, valid.all()) == ((40, 40), 10, True)
    inner = np.s_[4:-4, 4:-4]  # beyond the middle of the outer coarse pixels nothing is known but their own value
    np.testing.assert_allclose(np.diff(raw[0, 0][inner], axis=1), 30, rtol=1e-5)
    np.testing.assert_allclose(np.diff(raw[1, 1][inner], axis=0), 10, rtol=1e-5)


def test_classes_are_the_values_present_in_ascending_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    values = np.full(SHAPE, 300, dtype=np.uint16)
    values[:4], values[4:6], values[6] = 11, 0, 7
    labelled(tmp_path, values, nodata=7)
    write_bands(tmp_path / "a.tif", numbers(2), UTM)
    folder = write_table_of(tmp_path, "one,,a.tif,label.tif,train")
    (folder / "classes.csv").write_bytes("\ufeffvalue,name\r\n300,Wälder\r\n\r\n".encode())
    collection = open_scenes(folder)
    assert collection.classes == ("11", "Wälder")
    assert "does not name the value 11" in caplog.text
    with collection.open("one") as scene:
        found = truth(scene)
    np.testing.assert_array_equal(found, np.select([values == 11, values == 300], [0, 1], UNLABELLED))
    assert open_scenes(folder, unlabelled=()).classes == ("0", "11", "Wälder")


def test_a_table_may_have_a_mark_returns_empty_rows_and_notes(tmp_path: Path, halves: NDArray[np.uint8]) -> None:
    write_bands(tmp_path / "a.tif", numbers(2), UTM)
    lines = ("note,scene , date,file,label,split", ",,,,,", '"x, y",one,1, a.tif ,label.tif,test', ",two,1,a.tif,,", "")
    (tmp_path / "scenes.csv").write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    collection = open_scenes(tmp_path / "scenes.csv", train=["one"])
    assert [(scene.name, scene.part) for scene in collection.scenes] == [("one", "train"), ("two", "predict")]
    with collection.open("two") as scene:
        assert whole(scene)[1].all()


def test_bands_are_chosen_by_name_number_or_set() -> None:
    names = ("B02", "B03", "B04", "NIR")
    assert chosen_bands("rgb", names) == ("B02", "B03", "B04")
    assert chosen_bands("all", names) == names
    assert chosen_bands(("NIR", 1), names) == ("NIR", "B02")
    assert chosen_bands("NIR", names) == ("NIR",)


@pytest.fixture(scope="module")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes") / "cover"
    write_scenes(folder, 0)
    return folder


def test_land_cover_can_be_learnt_but_not_trivially(cover: Path, tmp_path: Path) -> None:
    prepare_pixels(open_scenes(cover), tmp_path / "samples.h5", components=4, stride=3)
    table, about = read_table(tmp_path / "samples.h5")
    assert (about["dates"], about["leaks"], len(about["band_names"])) == (1, False, 6)
    assert about["classes"] == ["open_land", "forest", "built_up"]
    assert "change_vector_length" not in table
    train = table["split"] == 0
    model = LogisticRegression(class_weight="balanced", max_iter=2000)
    model.fit(table["features"][train], table["labels"][train])
    found = balanced_accuracy_score(table["labels"][~train], model.predict(table["features"][~train]))
    assert 0.75 < found < 0.95


def test_the_synthetic_set_depends_on_the_seed_alone(cover: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        write_scenes(tmp_path / str(seed), seed)
    files = sorted(path.relative_to(cover) for path in cover.rglob("*") if path.is_file())
    assert len(files) == 8
    assert all((cover / f).read_bytes() == (tmp_path / "0" / f).read_bytes() for f in files)
    assert not any((cover / f).read_bytes() == (tmp_path / "1" / f).read_bytes() for f in files if f.suffix == ".tif")


def test_a_scene_of_one_date_has_the_same_features_per_date_and_joint(cover: Path, tmp_path: Path) -> None:
    for layout in ("per_date", "joint"):
        prepare_pixels(open_scenes(cover), tmp_path / f"{layout}.h5", components=3, bands="rgbnir", layout=layout)
    first, second = (
        read_table(tmp_path / f"{layout}.h5", "features")[0]["features"] for layout in ("per_date", "joint")
    )
    np.testing.assert_array_equal(first, second)


def test_a_map_of_many_classes_has_the_class_and_each_probability(cover: Path, tmp_path: Path) -> None:
    collection = open_scenes(cover)
    prepare_pixels(collection, tmp_path / "samples.h5", components=3, stride=1)
    table, about = read_table(tmp_path / "samples.h5")

    def predict(features: NDArray[np.float32]) -> NDArray[np.float64]:
        weights = np.exp(features.astype(np.float64))
        return weights / weights.sum(axis=1, keepdims=True)

    with collection.open("moor") as scene:
        map_scene(
            scene, *read_transform(tmp_path / "samples.h5", "moor"), predict, tmp_path / "m.tif", about["classes"]
        )
        picture = false_colour(scene)
        with rasterio.open(tmp_path / "m.tif") as file:
            assert (file.crs, file.transform, file.shape) == (scene.crs, scene.transform, scene.shape)
            assert json.loads(file.tags()["classes"]) == {"0": "open_land", "1": "forest", "2": "built_up"}
            assert file.descriptions == ("class", *(f"probability_{name}" for name in about["classes"]))
            mapped = file.read()
    own = table["scene"] == about["scenes"].index("moor")
    at = mapped[:, table["row"][own], table["column"][own]]
    np.testing.assert_allclose(at[1:].T, predict(table["features"][own]), atol=1e-5)
    np.testing.assert_array_equal(at[0], at[1:].argmax(axis=0))
    assert picture.shape == (*scene.shape, 3)
    assert np.isfinite(mapped).all()


def test_many_zeros_without_a_nodata_tag_are_said(
    tmp_path: Path, halves: NDArray[np.uint8], caplog: pytest.LogCaptureFixture
) -> None:
    values = numbers(2)
    values[:, :2] = 0
    write_bands(tmp_path / "a.tif", values, UTM)
    collection = open_scenes(write_table_of(tmp_path, "one,,a.tif,label.tif,train"))
    with caplog.at_level(logging.WARNING, logger="hqnn.data"):
        prepare_pixels(collection, tmp_path / "samples.h5", components=2, stride=1)
    assert "one: 16.7 % of the samples are 0 in all bands" in caplog.text


def test_bands_that_not_all_scenes_have_are_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_scenes(tmp_path / "s", 0)
    moor = tmp_path / "s/images/moor.tif"
    with rasterio.open(moor) as file:
        values, profile, names = file.read(), file.profile, file.descriptions
    with rasterio.open(moor, "w", **{**profile, "count": len(names) - 1}) as file:
        file.write(values[:-1])
        file.descriptions = names[:-1]
    collection = open_scenes(tmp_path / "s")
    assert collection.bands == names[:-1]
    assert f"left out: {names[-1]}" in caplog.text
    with collection.open("moor") as scene:
        assert scene.bands == names[:-1]

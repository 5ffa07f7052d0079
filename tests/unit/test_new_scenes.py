"""New scenes through a trained model: maps of what their samples would give, in every layout."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rasterio.transform import from_origin

from hqnn.data.pixels import scene
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.prepare import prepare_pixels
from hqnn.data.pixels.scenes import open_scenes
from hqnn.data.pixels.tiffs import write_bands
from hqnn.data.synthetic.pairs import write_sample
from hqnn.data.synthetic.scenes import write_scenes
from hqnn.errors import UserError
from hqnn.execution.new_data.gathered_maps import gather_new_maps, list_new_scenes
from hqnn.execution.new_data.map_summary import pixel_hectares
from hqnn.execution.new_data.predictor import Execution, Predictor, execution_by, seed_of
from hqnn.report.pixels.map_panel import SceneMap, class_colours, map_panel
from hqnn.report.pixels.scene_maps import map_new_scene
from hqnn.store import read_table
from trained_models import EXACT, ODD, compiled, rows_of, save

PIXELS = {"layout": "oscd", "grid": "native"}


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "WINDOW_ROWS", 32)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, the table of all their pixels, and a model."""
    folder = tmp_path_factory.mktemp("pairs")
    write_sample(folder / "pairs", seed=4, train=1, test=1, side=60)
    prepare_pixels(open_oscd(folder / "pairs"), folder / "samples.h5", stride=1, components=4)
    save(folder / "model.safetensors", "pixel", (4,), 2)
    return folder


def mapped(
    output: Path, place: Path, trained: Path, reading: dict[str, Any] = PIXELS, execution: Execution = EXACT
) -> dict[tuple[str, str], dict[str, str]]:
    """Every scene of a place by itself, then all of them together, as jobs of the workflow do it."""
    samples, model = trained / "samples.h5", trained / "model.safetensors"
    list_new_scenes(output.with_suffix(".json"), place, samples=samples, reading=reading)
    folders = [output.with_suffix(".scenes") / name for name in json.loads(output.with_suffix(".json").read_text())]
    for folder in folders:
        map_new_scene(folder, place, folder.name, samples=samples, reading=reading, model=model, execution=execution)
    gather_new_maps(output, folders)
    return {(row["scene"], row["class"]): row for row in rows_of(output / "summary.csv")}


def test_pairs_without_labels_are_mapped_as_their_samples_are_predicted(pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(pairs / "pairs/images", tmp_path / "new/images", ignore=shutil.ignore_patterns("*.txt"))
    summary = mapped(tmp_path / "exact", tmp_path / "new", pairs)
    assert {f.name for f in (tmp_path / "exact").iterdir()} == {
        "summary.csv", "alder.tif", "alder.png", "birch.tif", "birch.png",
    }  # fmt: skip
    table, _ = read_table(pairs / "samples.h5")
    native = compiled(tmp_path, 3)
    by = execution_by("noisy", native, shots=1, seed=0)
    mapped(tmp_path / "noisy", tmp_path / "new", pairs, execution=by)
    own = table["scene"] == 1
    for path, execution in (("exact", EXACT), ("noisy", by)):
        expected = np.full((60, 60), np.nan)
        found = Predictor(pairs / "model.safetensors", execution)(table["features"][own])
        expected[table["row"][own], table["column"][own]] = found[:, 1]
        with rasterio.open(tmp_path / path / "birch.tif") as file:
            np.testing.assert_allclose(file.read(1), expected, atol=1e-6)
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.crs == CRS.from_epsg(4326)
            if path == "exact":
                count = int(file.read(2).sum())
    assert summary["birch", "change"] == {
        "scene": "birch",
        "class": "change",
        "number": "1",
        "pixels": str(count),
        "share": f"{count / 3600:.6f}",
        "area_ha": "",
    }


def test_bands_that_a_model_does_not_read_are_not_read(pairs: Path, tmp_path: Path) -> None:
    collection = open_oscd(pairs / "pairs")
    prepare_pixels(collection, tmp_path / "samples.h5", stride=1, components=4, bands=("B02", "B03", "B11"))
    shutil.copy(pairs / "model.safetensors", tmp_path)
    shutil.copytree(pairs / "pairs/images", tmp_path / "new/images")
    whole = mapped(tmp_path / "whole", tmp_path / "new", tmp_path)
    for file in (tmp_path / "new/images").rglob("*B09.tif"):
        with rasterio.open(file, "r+") as source:
            source.nodata = 1
            source.write(np.ones((1, *source.shape), np.uint16))
    assert mapped(tmp_path / "without", tmp_path / "new", tmp_path) == whole
    assert int(whole["birch", "change"]["pixels"]) + int(whole["birch", "no_change"]["pixels"]) == 3600
    for name in ("birch.tif", "birch.png"):
        assert (tmp_path / "without" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_window_without_a_valid_pixel_has_no_class(pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(pairs / "pairs/images/birch", tmp_path / "new/images/birch")
    with rasterio.open(next(tmp_path.rglob("imgs_2/*B02.tif")), "r+") as source:
        source.nodata = 0
        source.write(np.zeros((1, 28, 60), np.uint16), window=((32, 60), (0, 60)))
    mapped(tmp_path / "out", tmp_path / "new", pairs)
    with rasterio.open(tmp_path / "out/birch.tif") as file:
        np.testing.assert_array_equal(np.isfinite(file.read(1)).sum(axis=1), [60] * 32 + [0] * 28)


def test_labels_of_new_scenes_add_to_the_picture_and_nothing_else(pairs: Path, tmp_path: Path) -> None:
    labelled = mapped(tmp_path / "with", pairs / "pairs", pairs)
    shutil.copytree(pairs / "pairs/images", tmp_path / "new/images")
    assert mapped(tmp_path / "without", tmp_path / "new", pairs) == labelled
    sizes = [Image.open(tmp_path / name / "birch.png").size for name in ("with", "without")]
    pictures = [(tmp_path / name / "birch.png").read_bytes() for name in ("with", "without")]
    assert sizes[0] == sizes[1]  # six panels and a key, either way
    assert pictures[0] != pictures[1]


@pytest.fixture(scope="module")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes of one date in three classes, the table of all their pixels, and a model."""
    folder = tmp_path_factory.mktemp("cover")
    write_scenes(folder / "scenes", 0)
    prepare_pixels(open_scenes(folder / "scenes"), folder / "samples.h5", stride=3, layout="joint", components=4)
    save(folder / "model.safetensors", "pixel", (4,), 3)
    return folder


def test_a_table_of_scenes_and_a_raster_alone_give_the_same_map(cover: Path, tmp_path: Path) -> None:
    reading = {"layout": "scenes", "unlabelled": [0]}
    shutil.copytree(cover / "scenes/images", tmp_path / "images")
    shutil.copy(tmp_path / "images/moor.tif", tmp_path / f"{ODD}.tif")
    one = tmp_path / f"{ODD}.tif"
    (tmp_path / "scenes.csv").write_text(f"scene,date,file,label,split\n{one.stem},,images/moor.tif,,\n")
    results = [mapped(tmp_path / f"out{i}", place, cover, reading) for i, place in enumerate((one, tmp_path))]
    assert results[0] == results[1]
    maps = [rasterio.open(tmp_path / f"out{i}/{one.stem}.tif").read() for i in range(2)]
    np.testing.assert_array_equal(*maps)
    assert (tmp_path / f"out0/{one.stem}.png").is_file()
    assert [name for _, name in results[0]] == ["open_land", "forest", "built_up"]
    rows = list(results[0].values())
    assert sum(int(row["pixels"]) for row in rows) == 150**2
    assert sum(float(row["area_ha"]) for row in rows) == pytest.approx(150**2 / 100)
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=2e-6)
    table, _ = read_table(cover / "samples.h5")
    own = table["scene"] == 2
    expected = Predictor(cover / "model.safetensors", EXACT)(table["features"][own])
    found = maps[0][:, table["row"][own], table["column"][own]]
    np.testing.assert_allclose(found[1:], expected.T, atol=1e-6)
    np.testing.assert_array_equal(found[0], 1 + expected.argmax(axis=1))  # the labels' own numbers
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert rasterio.open(tmp_path / f"out0/{one.stem}.tif").tags()["classes"] == (
        '{"1": "open_land", "2": "forest", "3": "built_up"}'
    )


def test_a_cube_without_ground_truth_is_mapped_and_pixels_without_values_are_counted(tmp_path: Path) -> None:
    from hqnn.data.pixels.cube import open_cube

    cube = np.random.default_rng(5).normal(size=(40, 30, 6)).astype(np.float32)
    (tmp_path / "old").mkdir()
    np.save(tmp_path / "old/cube.npy", cube)
    np.save(tmp_path / "old/truth.npy", np.tile(np.repeat([1, 2, 3], 10), (40, 1)))
    prepare_pixels(open_cube(tmp_path / "old"), tmp_path / "samples.h5", stride=1, layout="joint", components=4)
    save(tmp_path / "model.safetensors", "pixel", (4,), 3)
    cube[0, :5, 2] = np.nan
    np.save(tmp_path / "new.npy", cube)
    summary = mapped(tmp_path / "out", tmp_path / "new.npy", tmp_path, {"layout": "cube", "labels": "truth.npy"})
    assert summary["new", ""]["pixels"] == "5"
    assert sum(int(row["pixels"]) for row in summary.values()) == 1200


@pytest.mark.parametrize(  # every pair of two of them
    ("classes", "dates", "labelled"),
    [
        *((2, 1, False), (2, 2, True), (2, 6, False)),
        *((3, 1, True), (3, 2, False), (3, 6, True)),
        *((40, 1, False), (40, 2, True), (40, 6, True)),
    ],
)
def test_every_map_has_a_picture_and_names_are_text(classes: int, dates: int, labelled: bool) -> None:
    rng = np.random.default_rng(6)
    numbers = rng.integers(classes, size=(20, 30)).astype(np.uint8)
    numbers[:, 0] = scene.UNLABELLED
    names = tuple(f"{ODD} {number}" for number in range(classes))
    found = SceneMap(names, numbers, np.where(numbers == scene.UNLABELLED, np.nan, 0.6))
    picture = map_panel([rng.random((20, 30, 3))] * dates, found, numbers if labelled else None)
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).reshape(-1, 3)
    for colour in class_colours(classes)[: min(classes, 7)]:
        assert (pixels == tuple(bytes.fromhex(colour[1:]))).all(axis=1).any()
    assert len(set(class_colours(classes))) == classes


def write_raster(path: Path, names: Sequence[str]) -> Path:
    options = {"driver": "GTiff", "crs": "EPSG:32632", "transform": from_origin(0, 0, 10, 10)}
    write_bands(path, np.ones((len(names), 20, 20), dtype=np.uint16), options, names)
    return path


@pytest.mark.parametrize(
    ("names", "of", "said"),
    [
        (("B02", "B03", "B04", "B8", "B11", "B12"), "cover", r"scene new has no band 'B08'; did you mean 'B8'"),
        (("B02",), "pairs", "has scenes of 1 date but the model was trained on 2 dates"),
    ],
)
def test_scenes_that_a_model_cannot_take_are_a_sentence_and_leave_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, names: Sequence[str], of: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        mapped(tmp_path / "out/new", write_raster(tmp_path / "new.tif", names), request.getfixturevalue(of))
    assert not (tmp_path / "out/new").exists()
    assert not [file for file in (tmp_path / "out").rglob("*") if file.suffix in {".tif", ".png", ".csv"}]


def test_a_fit_on_images_is_done_anew_on_a_new_scene(pairs: Path, tmp_path: Path) -> None:
    shutil.copy(pairs / "model.safetensors", tmp_path)
    prepare_pixels(open_oscd(pairs / "pairs"), tmp_path / "samples.h5", stride=1, components=4, fit="image")
    shutil.copytree(pairs / "pairs/images", tmp_path / "new/images")
    (tmp_path / "new/images/birch").rename(tmp_path / "new/images/willow")
    mapped(tmp_path / "out", tmp_path / "new", tmp_path)
    table, _ = read_table(tmp_path / "samples.h5")
    own = table["scene"] == 1
    expected = Predictor(tmp_path / "model.safetensors", EXACT)(table["features"][own])
    with rasterio.open(tmp_path / "out/willow.tif") as file:
        found = file.read(1)[table["row"][own], table["column"][own]]
    np.testing.assert_allclose(found, expected[:, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("code", "hectares"), [(32632, 0.01), (2263, 0.01 * 0.3048006096**2), (3857, None), (4326, None)]
)
def test_areas_are_said_where_coordinates_are_lengths_on_the_ground(code: int, hectares: float | None) -> None:
    found = pixel_hectares(CRS.from_epsg(code), from_origin(0, 0, 10, 10))
    assert found == (None if hectares is None else pytest.approx(hectares))
    assert pixel_hectares(None, from_origin(0, 0, 10, 10)) is None


def test_only_a_scene_whose_files_are_replaced_is_known_by_another_digest(cover: Path, tmp_path: Path) -> None:
    shutil.copytree(cover / "scenes", tmp_path / "scenes")

    def listed() -> dict[str, dict[str, Any]]:
        reading = {"layout": "scenes", "unlabelled": [0]}
        list_new_scenes(tmp_path / "new.json", tmp_path / "scenes", samples=cover / "samples.h5", reading=reading)
        return dict(json.loads((tmp_path / "new.json").read_text(encoding="utf-8")))

    before = listed()
    shutil.copy2(tmp_path / "scenes/images/moor.tif", tmp_path / "copy.tif")
    (tmp_path / "copy.tif").replace(tmp_path / "scenes/images/moor.tif")  # same bytes, same times
    after = listed()
    assert {name for name in before if before[name] != after[name]} == {"moor"}
    assert len(after) > 1
    assert after["moor"]["bytes"] == before["moor"]["bytes"] > (tmp_path / "scenes/images/moor.tif").stat().st_size


def test_scenes_that_are_sampled_draw_apart_and_as_they_would_alone() -> None:
    seeds = {seed_of(seed, name) for seed in range(3) for name in ("alder", "birch", ODD)}
    assert len(seeds) == 9
    assert max(seeds) < 2**30
